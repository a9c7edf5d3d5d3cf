"""docs/pictures/engine.svg: from a recipe to rows, memory and machine code. The rows are those of a real plan."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape

from dllab.engine.prepare import plan_of, prepared
from dllab.engine.question import question_of
from dllab.plan.row import Row
from dllab.recipe import load

RECIPE = """data: moons
model:
  - dense: 8
  - relu
  - dense: classes
optimizer: adam
"""
WIDTH, HEIGHT = 1000, 648
STYLE = """
.back{fill:#ffffff} .box{fill:#eef4fa;stroke:#4a7ba6} .row{fill:#f6f8fa} .ink{fill:#1f2328} .faint{fill:#59636e}
.line{stroke:#4a7ba6;fill:none} .tip{fill:#4a7ba6}
.epoch{fill:#8250df} .forward{fill:#0969da} .backward{fill:#bc4c00} .totals{fill:#59636e} .update{fill:#1a7f37}
@media (prefers-color-scheme: dark) {
.back{fill:#0d1117} .box{fill:#15202d;stroke:#6ea8d8} .row{fill:#161b22} .ink{fill:#e6edf3} .faint{fill:#9198a1}
.line{stroke:#6ea8d8} .tip{fill:#6ea8d8}
.epoch{fill:#bc8cff} .forward{fill:#58a6ff} .backward{fill:#f0883e} .totals{fill:#9198a1} .update{fill:#3fb950}
}
"""
MONO = "'DejaVu Sans Mono', ui-monospace, Menlo, Consolas, monospace"
CHAIN = (
    ("recipe", "recipe.recipe", "checked text"),
    ("question", "engine.question", "all but the numbers"),
    ("plan", "plan.plan", "programs of rows"),
    ("bound program", "engine.binding", "a table of addresses"),
    ("steps", "core.loop", "walked in machine code"),
)
REGISTERS = (
    ("parameters", "all weights, then all biases"),
    ("gradients", "the same layout, once a shard"),
    ("optimizer", "m and v of Adam"),
    ("running", "statistics of batch norm"),
    ("work", "what a step makes, once a shard"),
    ("column:…", "the data, where they were loaded"),
    ("history", "loss and norm of 4096 steps"),
)
PHASES = {"epoch": "epoch", "forward": "forward", "backward": "backward", "totals": "check", "update": "update"}


def rows() -> list[tuple[str, Row]]:
    """The rows of the train program, each with its phase."""
    recipe = load(RECIPE)
    program = plan_of(recipe, question_of(recipe, prepared(recipe))).program("train")
    made = []
    for i, row in enumerate(program.rows):
        phase = "epoch" if i < program.step else "forward" if i < program.backward else "backward"
        phase = "totals" if row.layer == "totals" else "update" if i >= program.update else phase
        if row.kernel is not None:
            made.append((phase, row))
    return made


def operands(row: Row) -> str:
    """`work: y x   parameters: w b`, registers marked: what lies where; counters, rates and other scalars left out."""
    places: dict[str, list[str]] = {}
    for name, value in row.operands.items():
        register = value.register.split(":")[0]
        if register not in ("constants", "counters", "sizes", "rates"):
            places.setdefault(register, []).append(name)
    return "   ".join(f'<tspan class="ink">{register}</tspan> {" ".join(names)}' for register, names in places.items())


def engine() -> str:
    """The picture as SVG."""
    pieces = [*_chain(), *_table(rows()), *_memory(), *_code()]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img">\n<title>A recipe becomes rows of kernel calls over memory</title>\n<style>{STYLE}</style>\n'
        f'<rect class="back" width="{WIDTH}" height="{HEIGHT}" rx="10"/>\n'
        f'<g font-family="sans-serif" font-size="13">\n{"".join(pieces)}</g>\n</svg>\n'
    )


def _text(x: int, y: int, text: str, style: str = "ink", size: int = 13, more: str = "") -> str:
    return f'<text class="{style}" x="{x}" y="{y}" font-size="{size}" {more}>{escape(text)}</text>\n'


def _box(x: int, y: int, width: int, height: int) -> str:
    return f'<rect class="box" x="{x}" y="{y}" width="{width}" height="{height}" rx="6"/>\n'


def _arrow(*points: tuple[int, int]) -> str:
    """A line along these points, with a tip that looks to the right, left or down."""
    path = "M" + "L".join(f"{x} {y}" for x, y in points)
    (x0, y0), (x, y) = points[-2:]
    back = 8 if x < x0 else -8
    tip = f"M{x} {y}l{back} -4v8z" if y == y0 else f"M{x} {y}l-4 -8h8z"
    return f'<path class="line" stroke-width="1.5" d="{path}"/><path class="tip" d="{tip}"/>\n'


def _mono(bold: bool = False) -> str:
    return f'font-family="{MONO}"' + (' font-weight="bold"' if bold else "")


def _chain() -> Iterable[str]:
    width, gap = 172, 23
    for i, (name, where, what) in enumerate(CHAIN):
        x = 24 + i * (width + gap)
        yield _box(x, 24, width, 70)
        yield _text(x + 12, 46, name, size=15, more='font-weight="bold"')
        yield _text(x + 12, 65, where, size=11, more=_mono())
        yield _text(x + 12, 83, what, "faint", 12)
        if i:
            yield _arrow((x - gap, 59), (x, 59))


def _table(made: list[tuple[str, Row]]) -> Iterable[str]:
    x, y, height = 104, 160, 23
    yield _text(24, 128, "the train program of a small net: one row, one call", size=14, more='font-weight="bold"')
    yield _text(x + 8, 150, "kernel", "faint", 12) + _text(x + 208, 150, "where its operands lie", "faint", 12)
    last = ""
    for i, (phase, row) in enumerate(made):
        assert row.kernel is not None
        top = y + i * height
        if phase != last:
            yield _text(24, top + 15, PHASES[phase], phase, 12, 'font-weight="bold"')
        yield f'<rect class="{phase}" x="{x - 5}" y="{top}" width="5" height="{height - 2}"/>\n'
        yield f'<rect class="row" x="{x}" y="{top}" width="556" height="{height - 2}"/>\n'
        title = row.kernel.title.split(".", 1)[1]
        yield _text(x + 8, top + 15, title, size=11, more=_mono()) + (
            f'<text class="faint" x="{x + 208}" y="{top + 15}" font-size="12" xml:space="preserve">{operands(row)}</text>\n'
        )
        last = phase
    end = y + len(made) * height
    yield _arrow((340, end), (340, end + 14), (14, end + 14), (14, y + height + 10), (20, y + height + 10))
    yield _text(352, end + 18, "the next step: no return to Python for some 40 ms", "faint", 12)


def _memory() -> Iterable[str]:
    x, y = 706, 124
    yield _box(x, y, 270, 46 + 34 * len(REGISTERS)) + _text(x + 14, y + 24, "memory", size=15, more='font-weight="bold"')
    for i, (name, what) in enumerate(REGISTERS):
        top = y + 50 + 34 * i
        yield _text(x + 14, top, name, size=12, more=_mono(True)) + _text(x + 14, top + 15, what, "faint", 12)
    yield _arrow((660, 200), (706, 200))


def _code() -> Iterable[str]:
    x, y = 706, 428
    lines = (
        ("core.kernel", True), ("plain loops over arrays, with shapes", False),
        ("core.compiler", True), ("compiles each once, for its types", False),
        ("core.cache", True), ("keeps the machine code, by a digest of", False),
        ("sources, compiler, flags, processor", False),
        ("core.native", True), ("loads it; its address stands in the row", False),
    )  # fmt: skip
    yield _box(x, y, 270, 204) + _text(x + 14, y + 24, "machine code", size=15, more='font-weight="bold"')
    top = y + 32
    for text, name in lines:
        top += 20 if name else 16
        yield _text(x + 14, top, text, "ink" if name else "faint", 12, _mono(True) if name else "")
    yield _arrow((660, 520), (706, 520))
