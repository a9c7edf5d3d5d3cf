"""Explanations of blocks: layers around other layers, which add up what comes out of them, or put it side by side."""

from __future__ import annotations

from dllab.lab.explain_here import Here, Told, at
from dllab.lab.explanation import Block, Equation
from dllab.ops import join
from dllab.plan.row import Row
from dllab.symbols import Value

INSIDE = {
    "residual": "a block: s goes past the layers inside (through a shortcut, if it has one), f is what they make",
    "branches": "a block of paths, whose layers follow",
    "bidirectional": "a block: the layers ahead read from the first step on, those of back from the last",
    "repeat": "a block: the layers inside follow one another",
    "transformer_block": "a block: s is what goes past attention and dense layers, f what they add",
}


def block(here: Here) -> Told:
    """What happens at its end: a sum, one of several outputs side by side, or nothing."""
    says = INSIDE.get(here.info.kind, "a block, whose layers follow")
    ends = [row for row in here.rows if row.operands.get("y") is here.info.output]
    sums = [row for row in ends if row.kernel in (join.add, join.add_more)]
    if sums:
        return _sum(here, says, sums)
    part = next((row for row in ends if row.kernel is join.put and _holds(here, row)), None)
    if part is not None:
        return _part(here, says, part)
    value = float(here.y[(here.n, *here.place)])
    inner = [info for info in here.moment.inside.infos if info.path.startswith(f"{here.info.path}.")]
    end = next((info.path for info in inner if info.output is here.info.output), "the last of them")
    y = Equation(f"y{at(*here.place)}", "{}", ((f"y{at(*here.place)} of {end}", value),), value)
    return Told((says, y), ("dy goes to the last of them as it is",) if here.dy is not None else ())


def _sum(here: Here, says: str, sums: list[Row]) -> Told:
    name, whole = at(*here.place), (here.n, *here.place)
    first, more = sums[0], sums[1:]
    letters = ("s", "f") if here.info.kind in ("residual", "transformer_block") else ("y1", "y2")
    terms = [(letters[0], first.operands["x"]), (letters[1], first.operands["f"])]
    terms += [(f"y{number}", row.operands["x"]) for number, row in enumerate(more, 3)]
    operands = tuple((letter + name, float(here.numbers(value)[whole])) for letter, value in terms)
    y = Equation(f"y{name}", " + ".join(["{}"] * len(terms)), operands, float(here.y[whole]))
    return Told((says, y), tuple(_handed(here, terms)))


def _handed(here: Here, terms: list[tuple[str, Value]]) -> list[Block]:
    """A sum hands its gradient to all of its terms."""
    if here.dy is None:
        return []
    name, whole = at(*here.place), (here.n, *here.place)
    blocks: list[Block] = ["a sum hands dy to all of its terms as it is"]
    dy = (f"dy{name}", float(here.dy[whole]))
    for letter, value in terms:
        slope = None if value is here.info.input or here.adds_up(value) else here.gradient(value)
        if slope is not None:
            blocks.append(Equation(f"d{letter}{name}", "{}", (dy,), float(slope[whole])))
    if here.adds_up(here.info.input):
        blocks.append("what comes back past the layers and what comes back through them is added up below the block")
    return blocks


def _holds(here: Here, row: Row) -> bool:
    start = int(here.read(row, "at"))
    return start <= here.place[-1] < start + row.operands["x"].features


def _part(here: Here, says: str, row: Row) -> Told:
    """Outputs side by side: the one that the chosen number comes from."""
    *where, f = here.place
    value, column = row.operands["x"], f - int(here.read(row, "at"))
    maker = next((info.path for info in here.moment.inside.infos if info.output is value), "the other way, turned round")
    place = (*where, column)
    source = (f"y{at(*place)} of {maker}", float(here.numbers(value)[(here.n, *place)]))
    name = at(*here.place)
    y = Equation(f"y{name}", "{}", (source,), float(here.y[(here.n, *here.place)]))
    blocks: list[Block] = []
    slope = None if here.dy is None or here.adds_up(value) else here.gradient(value)
    if here.dy is not None and slope is not None:
        operands = ((f"dy{name}", float(here.dy[(here.n, *here.place)])),)
        blocks = [f"each part of dy goes back to {maker} and the others",
                  Equation(f"dy{at(*place)} of {maker}", "{}", operands, float(slope[(here.n, *place)]))]  # fmt: skip
    return Told((says + "; what they give is put side by side", y), tuple(blocks))
