"""The page of a part, taken from its docstring: what it is, what its options mean, examples, where it comes from.

A docstring is a first line, then paragraphs and examples (indented by four), `Options:` with an item for each option
(`- units: how many outputs.`), and `Source:`. An option that a base class declares is explained there.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from dataclasses import dataclass
from functools import cache

OPTIONS, SOURCE = "Options", "Source:"
CODE_INDENT = "    "
_ITEM = re.compile(r"- `?(\w+)`?: (.*)")


@dataclass(frozen=True)
class Page:
    """The pieces of a docstring.

    `title` is its first line, `body` all that is neither title, options nor source, `examples` the indented blocks in
    it. `options` tells what an option means, for those the docstring itself explains.
    """

    title: str
    body: str
    examples: tuple[str, ...]
    options: dict[str, str]
    source: str


@cache
def page_of(cls: type) -> Page:
    """The page of a class."""
    title, _, rest = (inspect.getdoc(cls) or "").partition("\n")
    body, options, source, inside = [], [], [], ""
    for line in rest.split("\n"):
        if line.startswith(SOURCE):
            inside = SOURCE
        elif re.match(rf"{OPTIONS}\b.*:", line):
            inside = OPTIONS
        elif inside and line.startswith(CODE_INDENT):
            inside = ""
        {"": body, OPTIONS: options, SOURCE: source}[inside].append(line)
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(body)).strip("\n")
    said = " ".join(" ".join(source).split()).removeprefix(SOURCE).strip()
    told = _items(options) or _mentions(options or body)
    own = {name: words for name, words in told.items() if name in getattr(cls, "__pydantic_fields__", ())}
    return Page(title, text, tuple(_examples(text)), own, said)


def meaning(cls: type, option: str) -> str:
    """What an option means: from the docstring of the class, or of the nearest base that explains it; "" if none does."""
    for base in cls.__mro__:
        if base.__module__.partition(".")[0] in ("builtins", "pydantic"):
            break
        if option in page_of(base).options and base.__dict__.get("__doc__"):
            return page_of(base).options[option]
    return ""


def _examples(body: str) -> list[str]:
    blocks: list[list[str]] = [[]]
    for line in body.split("\n"):
        if line.startswith(CODE_INDENT):
            blocks[-1].append(line)
        elif blocks[-1]:
            blocks.append([])
    return [textwrap.dedent("\n".join(block)) for block in blocks if block]


def _items(lines: list[str]) -> dict[str, str]:
    """The items `- name: meaning`; an item ends at the next one or at an empty line."""
    found: dict[str, str] = {}
    name = ""
    for line in lines:
        item = _ITEM.match(line)
        if item is not None:
            name = item[1]
            found[name] = item[2].strip()
        elif not line.strip():
            name = ""
        elif name:
            found[name] += f" {line.strip()}"
    return found


def _mentions(lines: list[str]) -> dict[str, str]:
    """Options explained in running text, "`rate` (0.5), from 0 to below 1; `size`, ...": each up to the next."""
    text = " ".join(line.strip() for line in lines if not line.startswith(CODE_INDENT))
    pieces = re.split(r"`(\w+)`", text.partition(":")[2] if text.startswith(OPTIONS) else text)
    found: dict[str, str] = {}
    waiting: list[str] = []
    for name, said in zip(pieces[1::2], pieces[2::2]):
        waiting.append(name)
        told = re.sub(r"(,? and| or|[,;. ])+$", "", said).lstrip(" ,:")
        if re.search(r"\w", told):
            found.update({one: told for one in waiting if one not in found})
            waiting = []
    return found
