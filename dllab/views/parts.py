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
from dllab.recipe.errors import article, show
from dllab.recipe.forms import container, family_of, fields_of, noun
from dllab.recipe.wording import takes

Parts = dict[str, type[Part]]
CODE_INDENT = "    "
SECTIONS = ("Options", "Source", "Backward")


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


def family_view(family: str, known: Parts, others: dict[str, Parts]) -> RenderableType:
    """Every part of a family with the first line of its page; of the other families the names alone."""
    table = _grid()
    for name, part in sorted(known.items()):
        table.add_row(name, Text(summary(part)))
    rest = _grid()
    for other, members in others.items():
        rest.add_row(other, Text(", ".join(sorted(members))))
    next_step = inline("`dllab layers NAME` explains one of them, of any family.")
    return Plain(Group(Text(family, style="bold underline"), table, Text(), rest, Text(), next_step))


def pages_view(pages: Sequence[tuple[str, type[Part]]]) -> RenderableType:
    """The pages of parts that share a name, one after the other."""
    blocks: list[RenderableType] = []
    for family, part in pages:
        blocks += [Text("\n") if blocks else Text(), page_view(family, part)]
    return Group(*blocks[1:])


def page_view(family: str, part: type[Part]) -> RenderableType:
    """The page of a part: its documentation, and what each option takes."""
    head = Text.assemble((part.name, "bold"), f"  ({noun(family)})")
    blocks: list[RenderableType] = [head]
    for block in rendered(inspect.getdoc(part) or ""):
        blocks += [Text(), block]
    if fields_of(part):
        blocks += [Text(), options_view(part)]
    return Plain(Group(*blocks))


def options_view(part: type[Part]) -> RenderableType:
    """A table of the options: name, what it takes, default."""
    table = Table.grid(padding=(0, 2))
    for _ in range(3):
        table.add_column(overflow="fold")
    table.add_row(Text("option", style="bold"), Text("takes", style="bold"), Text("default", style="bold"))
    for row in options_of(part):
        name = f"{row['name']} *" if row["name"] == part.main else f"{row['name']}"
        given = "needed" if row["needed"] else "-" if row["default"] is None else show(row["default"]).strip("'")
        table.add_row(Text(name), Text(f"{row['takes']}"), Text(given))
    if part.main is None:
        return table
    short = f"* `{part.name}: VALUE` is short for `{part.name}: {{{part.main}: VALUE}}`."
    return Group(table, inline(short))


def document(families: dict[str, Parts]) -> dict[str, Any]:
    """The JSON document of a list: family to part to first line."""
    return {family: {name: summary(part) for name, part in sorted(known.items())} for family, known in families.items()}


def page_document(family: str, part: type[Part]) -> dict[str, Any]:
    """The JSON document of a page."""
    text = inspect.getdoc(part) or ""
    options = options_of(part)
    return {"name": part.name, "family": family, "main": part.main, "documentation": text, "options": options}


def options_of(part: type[Part]) -> list[dict[str, object]]:
    """`name`, `takes` (in words), `needed` and `default` of every option, the part's own before those of its family."""
    own = [name for name in fields_of(part) if name in part.__annotations__]
    fields = {**{name: fields_of(part)[name] for name in own}, **fields_of(part)}
    return [
        {"name": name, "takes": _takes(field), "needed": field.is_required(), "default": _default(field)}
        for name, field in fields.items()
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
            yield from _paragraphs(lines)


def inline(text: str) -> Text:
    """A text in which `names` are bold."""
    shown = Text(text)
    shown.highlight_regex(r"`[^`]+`", "bold")
    return shown


def _paragraphs(lines: Iterable[str]) -> Iterator[RenderableType]:
    """The text up to a section's word, and from there on, each as a paragraph."""
    found: list[list[str]] = [[]]
    for line in lines:
        if line.split(":")[0] in SECTIONS and found[-1]:
            found.append([])
        found[-1].append(line.strip())
    for words in found:
        text = inline(" ".join(words))
        text.highlight_regex(rf"^({'|'.join(SECTIONS)}):", "bold")
        yield text


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


def _grid() -> Table:
    """Names in bold, and what is said of them."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="bold")
    table.add_column()
    return table


def _takes(field: FieldInfo) -> str:
    family = family_of(field)
    if family is None:
        return takes(field)
    return f"a list of {noun(family)}s" if container(field.annotation) else article(noun(family))


def _default(field: FieldInfo) -> object:
    default = field.default
    if default is PydanticUndefined:
        return None
    if isinstance(default, Part):
        return default.name
    return list(default) if isinstance(default, tuple) else default
