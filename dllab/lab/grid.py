"""The members of a sweep: every combination of the values of some keys, or so many drawn at random, each with every seed.

    optimizer.lr=0.1,0.01                 these values
    model[0].dense.units=range(8,33,8)    whole numbers as Python counts them: 8, 16, 24, 32
    train.weight_decay=linear(0,0.1,5)    five numbers at equal distances, both ends among them
    optimizer.lr=log(0.001,1,4)           four numbers at equal ratios, both ends among them

Drawn at random, `linear(a,b)` and `log(a,b)` need no count: any number between the ends may come.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from dllab.core import rng

STREAM_SWEEP = 5
"""Of random numbers; those that training draws are below it (core/rng.py)."""

RATE = "optimizer.lr"
"""Changes fastest: a net planned once is trained with all its rates, without a recipe read anew."""

ONE_PLAN = re.compile(r"(train\.(epochs|steps|evaluate_every|early_stop|checkpoint)|schedule|about|expect)\b")
"""Keys that change next: a net planned once serves all their values (training/series.py)."""

MOST = 10_000_000
"""Members of a sweep."""

EXAMPLES = "such as optimizer.lr=0.1,0.01 or optimizer.lr=log(0.001,1,7) or model[0].dense.units=range(8,33,8)"


DIGITS = 6
"""Of numbers between two ends."""


class NoGrid(ValueError):
    """Axes that make no sweep; `hint` says what to write."""

    def __init__(self, problem: str, hint: str = EXAMPLES) -> None:
        super().__init__(problem)
        self.problem, self.hint = problem, hint


@dataclass(frozen=True)
class Axis:
    """A key and its values, as texts; or `between`, the ends of a continuous range, in equal ratios where `log`.

    `ordered`: the values are those of a range, equally far from each other.
    """

    key: str
    values: tuple[str, ...] = ()
    between: tuple[float, float] | None = None
    log: bool = False
    ordered: bool = field(default=False, compare=False)

    def drawn(self, share: float) -> str:
        """The value at a share of the way, in [0, 1)."""
        if self.between is None:
            return self.values[int(share * len(self.values))]
        low, high = self.between
        number = low * (high / low) ** share if self.log else low + (high - low) * share
        short = f"{number:.{DIGITS}g}"
        return short if low <= float(short) <= high else _text(min(max(number, low), high))


@dataclass(frozen=True)
class Watch:
    """A figure at the evaluations of a run, and what it must not be worse than at each, None where anything will do."""

    metric: str
    higher: bool
    bars: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class Member:
    """One run of a sweep: its number, the changes to the recipe, as texts `key=value`, and the seed.

    `watch`: what it must come up to on the way.
    """

    index: int
    overrides: tuple[str, ...]
    seed: int
    watch: Watch | None = None


@dataclass(frozen=True)
class Grid:
    """All members, each made when it is asked for. `sample`: so many settings drawn at random, else all combinations.

    `axes` stand as they were given; keys that need no other net change faster than the others, the learning rate faster
    than these, and seeds faster still.
    """

    axes: tuple[Axis, ...]
    seeds: Sequence[int] = (0,)
    sample: int | None = None

    @property
    def settings(self) -> int:
        """How many settings there are, each of them once for every seed."""
        if self.sample is not None:
            return self.sample
        return math.prod(len(axis.values) for axis in self.axes)

    def __len__(self) -> int:
        return self.settings * len(self.seeds)

    def __iter__(self) -> Iterator[Member]:
        return map(self.member, range(len(self)))

    def member(self, index: int) -> Member:
        """The member of that number, from 0."""
        setting, seed = divmod(index, len(self.seeds))
        return Member(index, self.setting(setting), self.seeds[seed])

    def setting(self, number: int) -> tuple[str, ...]:
        """The changes of that setting, from 0, in the order in which the axes were given."""
        if self.sample is not None:
            return tuple(f"{axis.key}={axis.drawn(share)}" for axis, share in zip(self.axes, self.shares(number)))
        found: dict[str, str] = {}
        for axis in self.order:
            number, place = divmod(number, len(axis.values))
            found[axis.key] = axis.values[place]
        return tuple(f"{axis.key}={found[axis.key]}" for axis in self.axes)

    def shares(self, number: int) -> list[float]:
        """What is drawn for a setting: a number in [0, 1) for every axis."""
        return [float(share) for share in rng.uniform(rng.key(self.seeds[0], STREAM_SWEEP, number), len(self.axes))]

    @property
    def order(self) -> list[Axis]:
        """The axes, the one that changes fastest first."""
        return sorted(self.axes, key=lambda axis: 0 if axis.key == RATE else 2 - same_net(axis.key))


def same_net(key: str) -> bool:
    """Whether a net that is planned once serves all values of a key."""
    return key == RATE or bool(ONE_PLAN.match(key))


def grid_of(texts: Sequence[str], *, seeds: Sequence[int] = (0,), sample: int | None = None) -> Grid:
    """The grid of axes written as `key=values`. Raises NoGrid."""
    axes = tuple(axis_of(text, counted=sample is None) for text in texts)
    keys = [axis.key for axis in axes]
    for key in keys:
        if keys.count(key) > 1:
            raise NoGrid(f"{key} is given twice", "give all its values at once: key=v1,v2")
    if sample is not None and not axes:
        raise NoGrid("there is nothing to draw: no key has values", EXAMPLES)
    grid = Grid(axes, seeds, sample)
    if len(grid) > MOST:
        raise NoGrid(f"{len(grid):,} members are too many", f"up to {MOST:,} can be; --sample N draws some of them")
    return grid


def axis_of(text: str, *, counted: bool) -> Axis:
    """A key with its values; `counted`: a range must say how many values it has. Raises NoGrid."""
    key, equals, said = text.partition("=")
    key, said = key.strip(), said.strip()
    if not equals or not key:
        raise NoGrid(f"{text!r} gives a key no values", EXAMPLES)
    if not said:  # takes a key out, as in every override
        return Axis(key, ("",))
    call = re.fullmatch(r"(range|linear|log)\s*\((.*)\)", said)
    if call is None:
        return Axis(key, _values(key, said))
    numbers = [_number(text, part) for part in call[2].split(",")]
    if call[1] == "range":
        return Axis(key, _range(text, numbers), ordered=True)
    return _spread(text, key, call[1] == "log", numbers, counted)


def _values(key: str, said: str) -> tuple[str, ...]:
    """The parts between commas that stand in no brackets and no quotes."""
    parts, depth, quote, start = [], 0, "", 0
    for place, letter in enumerate(said):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "[{(":
            depth += 1
        elif letter in ")}]":
            depth -= 1
        elif letter == "," and depth <= 0:
            parts.append(said[start:place].strip())
            start = place + 1
    parts.append(said[start:].strip())
    for number, part in enumerate(parts):
        if not part:
            raise NoGrid(f"{key}={said}: a value is missing between the commas", "write key=v1,v2,v3")
        if part in parts[:number]:
            raise NoGrid(f"{key}={said}: {part} stands there twice", "leave one out; --seeds N repeats every setting")
    return tuple(parts)


def _number(text: str, part: str) -> float:
    try:
        number = float(part)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise NoGrid(f"{text}: {part.strip() or 'nothing'} is no number", EXAMPLES)
    return number


def _range(text: str, numbers: Sequence[float]) -> tuple[str, ...]:
    """As Python's range, for any numbers: from the first, by the step, up to but without the end."""
    if not 1 <= len(numbers) <= 3:
        raise NoGrid(f"{text}: range takes an end, or a first and an end, or these and a step", "range(8,33,8)")
    first, end, step = (0.0, numbers[0], 1.0) if len(numbers) == 1 else (*numbers, 1.0)[:3]
    steps = 0.0 if step == 0 else (end - first) / step
    if not math.isfinite(steps):
        raise _too_far(text)
    count = math.ceil(steps - 1e-9)
    if count < 1:
        raise NoGrid(f"{text} holds no number", "range(8,33,8) is 8, 16, 24, 32: by the step, without the end")
    if count > MOST:
        raise NoGrid(f"{text} holds {count:,} numbers", f"up to {MOST:,} can be")
    return _different(text, tuple(_text(first + step * number) for number in range(count)))


def _spread(text: str, key: str, log: bool, numbers: Sequence[float], counted: bool) -> Axis:
    name = "log" if log else "linear"
    if len(numbers) == 2 and counted:
        raise NoGrid(f"{text}: how many values?", f"{name}(a,b,n) has n values; --sample N draws any between a and b")
    if len(numbers) not in (2, 3):
        raise NoGrid(f"{text}: {name} takes two ends and how many values", f"{name}(a,b,n)")
    low, high = numbers[:2]
    if not low < high:
        raise NoGrid(f"{text}: the first end must be below the second", f"{name}({_text(high)},{_text(low)},...)")
    if log and low <= 0:
        raise NoGrid(f"{text}: equal ratios never reach {_text(low)}", "let it begin above 0")
    if not math.isfinite(high / low if log else high - low):
        raise _too_far(text)
    if len(numbers) == 2:
        return Axis(key, between=(low, high), log=log)
    count = int(numbers[2])
    if count != numbers[2] or not 2 <= count <= MOST:
        raise NoGrid(f"{text}: {_text(numbers[2])} is no count of values", f"{name}(a,b,n) with n from 2 on")
    ends = Axis(key, between=(low, high), log=log)
    inner = [ends.drawn(number / (count - 1)) for number in range(1, count - 1)]
    return Axis(key, _different(text, (_text(low), *inner, _text(high))), ordered=True)


def _too_far(text: str) -> NoGrid:
    return NoGrid(f"{text}: the ends are too far from each other to be reckoned with", "bring them nearer")


def _different(text: str, values: tuple[str, ...]) -> tuple[str, ...]:
    """The values, if rounding has left them apart."""
    if len(set(values)) < len(values):
        hint = "take fewer values, or ends farther from each other: values are rounded"
        raise NoGrid(f"{text}: the ends are too near to each other for {len(values):,} different values", hint)
    return values


def _text(number: float) -> str:
    """A number as short as it can be without another meaning to the eye: 12 digits."""
    return f"{number:.12g}"
