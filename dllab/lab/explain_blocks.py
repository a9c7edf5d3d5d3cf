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
    "transformer_block": "a block: what attention and then dense layers make (f1, f2) is added to what goes past them",
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
    sums_inside = _inner_sums(here)
    value = float(here.y[(here.n, *here.place)])
    inner = [info for info in here.moment.inside.infos if info.path.startswith(f"{here.info.path}.")]
    end = next((info.path for info in inner if info.output is here.info.output), "the last of them")
    y = Equation(f"y{at(*here.place)}", "{}", ((f"y{at(*here.place)} of {end}", value),), value)
    return Told((says, *sums_inside, y), ("dy goes to the last of them as it is",) if here.dy is not None else ())


def _inner_sums(here: Here) -> list[Equation]:
    """Of a transformer block: the sums that stand before its end."""
    if here.info.kind != "transformer_block":
        return []
    name, whole, found, before = at(*here.place), (here.n, *here.place), list[Equation](), "x"
    for row, letter in zip((row for row in here.rows if row.kernel is join.add), "ace"):
        if row.operands["y"] is not here.info.output:
            terms = ((f"{before}{name}", float(here.read(row, "x")[whole])),
                     (f"f{len(found) + 1}{name}", float(here.read(row, "f")[whole])))  # fmt: skip
            found.append(Equation(f"{letter}{name}", "{} + {}", terms, float(here.read(row, "y")[whole])))
            before = letter
    return found


def _sum(here: Here, says: str, sums: list[Row]) -> Told:
    name, whole = at(*here.place), (here.n, *here.place)
    first, more = sums[0], sums[1:]
    inner = _inner_sums(here)
    letters = ("s", "f") if here.info.kind == "residual" else ("y1", "y2")
    if inner:
        letters = inner[-1].left.partition("[")[0], f"f{len(inner) + 1}"
    terms = [(letters[0], first.operands["x"]), (letters[1], first.operands["f"])]
    terms += [(f"y{number}", row.operands["x"]) for number, row in enumerate(more, 3)]
    operands = tuple((letter + name, float(here.numbers(value)[whole])) for letter, value in terms)
    y = Equation(f"y{name}", " + ".join(["{}"] * len(terms)), operands, float(here.y[whole]))
    return Told((says, *inner, y), tuple(_handed(here, terms)))


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
