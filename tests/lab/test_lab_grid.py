"""Grids: what values a text gives, members by number, what is drawn at random."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import pytest

from dllab.lab.grid import Grid, NoGrid, axis_of, grid_of


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a=1,2,3", ["1", "2", "3"]),
        (" a = 1 , 2 ", ["1", "2"]),
        ("a=5", ["5"]),
        ("a=", [""]),
        ("a=[1,2],[3]", ["[1,2]", "[3]"]),
        ("a={x: 1, y: 2},z", ["{x: 1, y: 2}", "z"]),
        ("a='x,y',\"z,w\"", ["'x,y'", '"z,w"']),
        ("a=x=1,y=2", ["x=1", "y=2"]),
        ("a=range(4)", ["0", "1", "2", "3"]),
        ("a=range(8,33,8)", ["8", "16", "24", "32"]),
        ("a=range(3,0,-1)", ["3", "2", "1"]),
        ("a=range(0,0.3,0.1)", ["0", "0.1", "0.2"]),
        ("a=linear(0,0.1,5)", ["0", "0.025", "0.05", "0.075", "0.1"]),
        ("a=linear(0,1,4)", ["0", "0.333333", "0.666667", "1"]),
        ("a=log(0.001,1,4)", ["0.001", "0.01", "0.1", "1"]),
        ("a=log (1e-3, 1e3, 3)", ["0.001", "1", "1000"]),
        ("a=log(1,2,3)", ["1", "1.41421", "2"]),
    ],
)
def test_values(text: str, values: list[str]) -> None:
    assert list(axis_of(text, counted=True).values) == values


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a", "gives a key no values"),
        ("=1", "gives a key no values"),
        ("a=1,,2", "a value is missing between the commas"),
        ("a=1,", "a value is missing between the commas"),
        ("a=1,2,1", "1 stands there twice"),
        ("a=range()", "nothing is no number"),
        ("a=range(1,2,3,4)", "range takes an end"),
        ("a=range(5,1)", "holds no number"),
        ("a=range(1,5,0)", "holds no number"),
        ("a=range(0,1e9)", "holds 1,000,000,000 numbers"),
        ("a=range(0,inf)", "inf is no number"),
        ("a=linear(0,x,5)", "x is no number"),
        ("a=linear(0,1)", "how many values?"),
        ("a=log(0.1,1)", "how many values?"),
        ("a=log(1)", "log takes two ends and how many values"),
        ("a=linear(1,0,5)", "the first end must be below the second"),
        ("a=log(0,1,5)", "equal ratios never reach 0"),
        ("a=log(0.1,1,1)", "1 is no count of values"),
        ("a=log(0.1,1,2.5)", "2.5 is no count of values"),
    ],
)
def test_what_makes_no_axis(text: str, said: str) -> None:
    with pytest.raises(NoGrid, match=said.replace("?", r"\?")) as caught:
        axis_of(text, counted=True)
    assert caught.value.hint


def test_what_makes_no_grid() -> None:
    for arguments, said in [
        ({"texts": ["a=1", "a=2"]}, "a is given twice"),
        ({"texts": [], "sample": 3}, "nothing to draw"),
        ({"texts": ["a=range(10000)", "b=range(10000)"]}, "100,000,000 members are too many"),
        ({"texts": ["a=1,2"], "seeds": range(6_000_000)}, "12,000,000 members are too many"),
    ]:
        with pytest.raises(NoGrid, match=said):
            grid_of(**arguments)  # type: ignore[arg-type]


def test_every_combination_comes_once_with_every_seed() -> None:
    grid = grid_of(["a=1,2,3", "optimizer.lr=0.1,0.2", "train.epochs=5,6"], seeds=range(7, 9))
    members = list(grid)
    assert len(members) == len(grid) == 3 * 2 * 2 * 2 and [m.index for m in members] == list(range(24))
    pairs = [(*m.overrides, m.seed) for m in members]
    wanted = itertools.product(("a=1", "a=2", "a=3"), ("optimizer.lr=0.1", "optimizer.lr=0.2"),
                               ("train.epochs=5", "train.epochs=6"), (7, 8))  # fmt: skip
    assert sorted(pairs) == sorted(wanted)
    assert members[17] == grid.member(17)


def test_seeds_change_fastest_then_rates_then_what_needs_no_other_net() -> None:
    grid = grid_of(["a=1,2", "schedule=cosine,constant", "optimizer.lr=1,2"], seeds=(0, 1))
    assert [axis.key for axis in grid.order] == ["optimizer.lr", "schedule", "a"]
    changes = [sum(x != y for x, y in itertools.pairwise(column)) for column in
               zip(*((m.overrides[0], m.overrides[1], m.overrides[2], m.seed) for m in grid))]  # fmt: skip
    assert changes == [1, 3, 7, 15]


def test_one_member_where_nothing_varies() -> None:
    (member,) = grid_of([])
    assert (member.overrides, member.seed) == ((), 0)


# ---- drawn at random ---------------------------------------------------------------------------------------------------


def drawn(text: str, count: int, seed: int = 3) -> list[str]:
    grid = grid_of([text], sample=count, seeds=(seed,))
    return [member.overrides[0].partition("=")[2] for member in grid]


def test_draws_are_spread_evenly() -> None:
    linear = [float(x) for x in drawn("a=linear(2,4)", 4000)]
    logs = [math.log10(float(x)) for x in drawn("a=log(0.001,10)", 4000)]
    for values, low, high in ((linear, 2, 4), (logs, -3, 1)):
        assert low <= min(values) and max(values) <= high
        counts = Counter(int((value - low) / (high - low) * 8 - 1e-12) for value in values)
        assert all(abs(counts[part] - 500) < 100 for part in range(8)), counts  # about 4.8 standard deviations
    listed = Counter(drawn("a=x,y,z", 3000))
    assert all(abs(listed[value] - 1000) < 120 for value in "xyz"), listed


def test_draws_depend_on_the_seed_and_the_number_alone() -> None:
    assert drawn("a=log(1,9)", 20) == drawn("a=log(1,9)", 20) == drawn("a=log(1,9)", 50)[:20]
    assert drawn("a=log(1,9)", 20) != drawn("a=log(1,9)", 20, seed=4)


def test_axes_are_drawn_apart() -> None:
    grid = grid_of(["a=linear(0,1)", "b=linear(0,1)"], sample=2000)
    pairs = [[float(text.partition("=")[2]) for text in member.overrides] for member in grid]
    mean = sum(a * b for a, b in pairs) / len(pairs)
    assert abs(mean - 0.25) < 0.025, "the product of two independent shares"


def test_every_seed_has_the_same_drawn_settings() -> None:
    grid = grid_of(["a=linear(0,1)"], sample=5, seeds=range(3, 6))
    assert [m.seed for m in grid] == [3, 4, 5] * 5
    assert len({m.overrides for m in grid}) == 5 and grid.member(4).overrides == grid.member(3).overrides


def test_what_is_drawn_stays_between_the_ends() -> None:
    axis = axis_of("a=linear(0,0.99999999)", counted=False)
    assert float(axis.drawn(0.999999999)) <= 0.99999999
    assert axis_of("a=log(1.00000001,1.00000002)", counted=False).drawn(0.5) not in ("1", "1.0")


def test_a_million_members_need_no_memory() -> None:
    grid = Grid(grid_of(["a=range(1000)"]).axes, range(1000))
    assert grid.member(999_999).overrides == ("a=999",) and grid.member(999_999).seed == 999
