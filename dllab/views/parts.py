"""The catalogue: lists of parts with their first lines, and the page of one part."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from dllab.catalogue import Part, summary
from dllab.page import CODE_INDENT, meaning, page_of
from dllab.recipe.errors import show
from dllab.recipe.forms import family_of, fields_of, noun, own_first, takes_parts
from dllab.recipe.wording import takes

Parts = dict[str, type[Part]]


class Plain:
    """A renderable without the spaces that fill its lines up to the edge."""

    def __init__(self, inner: RenderableType) -> None:
        self.inner = inner

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The lines of the inner renderable, each cut after its last visible character."""
        for line in console.render_lines(self.inner, options, pad=False):
            kept = list(line)
            while kept and not kept[-1].text.strip() and not (kept[-1].style and kept[-1].style.bgcolor):
                kept.pop()
            if kept and not (kept[-1].style and kept[-1].style.bgcolor):
                kept[-1] = Segment(kept[-1].text.rstrip(), kept[-1].style)
            yield from kept
            yield Segment.line()


def family_view(family: str, known: Parts, command: str, others: Sequence[str] = ()) -> RenderableType:
    """Every part of a family, group by group, with the first line of its page and the names of its options.

    `command` shows the page of one of them, `others` are the commands of other lists.
    """
    blocks: list[RenderableType] = []
    width = max(map(len, known), default=0)
    for group, members in grouped(known).items():
        table = _grid(width)
        for name, part in members.items():
            said = Text(summary(part))
            options = ", ".join(own_options(part))
            table.add_row(name, Text.assemble(said, (f"\noptions: {options}" if options else "", "dim")))
        blocks += [Text(group or family, style="bold underline"), table, Text()]
    more = f" Other lists: `dllab` {', '.join(others)}." if others else ""
    return Plain(Group(*blocks, inline(f"`dllab {command} NAME` explains one of them.{more}")))


def grouped(known: Parts) -> dict[str, Parts]:
    """The parts of a family under the headings of their groups, both sorted; those without a group come first."""
    names = sorted({part.group for part in known.values()})
    return {group: {name: part for name, part in sorted(known.items()) if part.group == group} for group in names}


def pages_view(pages: Sequence[tuple[str, type[Part]]]) -> RenderableType:
    """The pages of parts that share a name, one after the other."""
    blocks: list[RenderableType] = []
    for family, part in pages:
        blocks += [Text("\n") if blocks else Text(), page_view(family, part)]
    return Group(*blocks[1:])


def page_view(family: str, part: type[Part]) -> RenderableType:
    """The page of a part: what it is, examples, what each option means and takes, where it comes from."""
    page = page_of(part)
    blocks: list[RenderableType] = [Text.assemble((part.name, "bold"), f"  ({noun(family)})"), Text(), inline(page.title)]
    for block in rendered(page.body):
        blocks += [Text(), block]
    if fields_of(part):
        blocks += [Text(), Text("Options", style="bold"), options_view(part)]
    if page.source:
        blocks += [Text(), Text.assemble(("Source: ", "bold"), inline(page.source))]
    return Plain(Group(*blocks))


def options_view(part: type[Part]) -> RenderableType:
    """Each option with what it means, what it takes, and its default."""
    rows = options_of(part)
    table = _grid(max(len(f"{row['name']}") for row in rows) + 2)
    for row in rows:
        name = f"{row['name']} *" if row["name"] == part.main else f"{row['name']}"
        table.add_row(name, Text.assemble(inline(f"{row['means']}"), "\n" if row["means"] else "", (range_of(row), "dim")))
    if part.main is None:
        return table
    short = f"* `{part.name}: VALUE` is short for `{part.name}: {{{part.main}: VALUE}}`."
    return Group(table, inline(short))


def range_of(option: dict[str, Any]) -> str:
    """`a number above 0; 0.01 by default`, of a row of options_of."""
    default = option["default"]
    shown = f"{default:g}" if isinstance(default, float) else show(default).strip("'")
    usual = "" if default is None else f"; {shown} by default"
    return f"{option['takes']}; needed" if option["needed"] else f"{option['takes']}{usual}"


def document(families: dict[str, Parts]) -> dict[str, Any]:
    """The JSON document of a list: family to part to first line."""
    return {family: {name: summary(part) for name, part in sorted(known.items())} for family, known in families.items()}


def page_document(family: str, part: type[Part]) -> dict[str, Any]:
    """The JSON document of a page."""
    page = page_of(part)
    return {
        "name": part.name,
        "family": family,
        "group": part.group or None,
        "main": part.main,
        "documentation": inspect.getdoc(part) or "",
        "options": options_of(part),
        "examples": list(page.examples),
        "source": page.source,
    }


def own_options(part: type[Part]) -> list[str]:
    """The names of the options a part declares, or shares with some of its family; not those of the whole family."""
    base = next(cls for cls in reversed(part.__mro__) if Part in cls.__mro__[1:])
    return [name for name in own_first(part) if name not in fields_of(base)]


def options_of(part: type[Part]) -> list[dict[str, object]]:
    """`name`, `means`, `takes` (both in words), `needed` and `default` of every option; the part's own come first."""
    return [
        {
            "name": name,
            "means": meaning(part, name),
            "takes": _takes(fields_of(part)[name]),
            "needed": fields_of(part)[name].is_required(),
            "default": _default(fields_of(part)[name]),
        }
        for name in own_first(part)
    ]


def rendered(text: str) -> Iterator[RenderableType]:
    """The blocks of a documentation text: paragraphs, lists of options, and examples indented by four."""
    for paragraph in re.split(r"\n\s*\n", text.strip("\n")):
        lines = paragraph.split("\n")
        if all(line.startswith(CODE_INDENT) for line in lines):
            code = [Text(line.strip(), style="cyan") for line in lines]
            indents = [len(line) - len(line.lstrip()) for line in lines]
            yield Group(*(Padding(line, (0, 0, 0, indent)) for line, indent in zip(code, indents)))
        elif lines[0].startswith("- "):
            yield _items(lines)
        else:
            yield inline(" ".join(line.strip() for line in lines))


def inline(text: str) -> Text:
    """A text in which `names` are bold."""
    shown = Text(text)
    shown.highlight_regex(r"`[^`]+`", "bold")
    return shown


def _items(lines: Iterable[str]) -> RenderableType:
    items: list[str] = []
    for line in lines:
        if line.startswith("- "):
            items.append(line[2:])
        elif items:
            items[-1] += " " + line.strip()
    table = Table.grid(padding=(0, 1))
    for item in items:
        table.add_row("-", inline(item))
    return table


def _grid(width: int) -> Table:
    """Names in bold, in a column of at least that width, and what is said of them."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="bold", min_width=width)
    table.add_column()
    return table


def _takes(field: FieldInfo) -> str:
    family = family_of(field)
    return takes(field) if family is None else takes_parts(field, family)


def _default(field: FieldInfo) -> object:
    default = field.default
    if default is PydanticUndefined:
        return None
    if isinstance(default, Part):
        return default.name
    return list(default) if isinstance(default, tuple) else default
