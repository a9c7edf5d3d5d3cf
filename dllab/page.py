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
    it. `options` tells what an option means, for those the docstring itself explains; `mentions` what its text says of
    one, where there is no `Options:`.
    """

    title: str
    body: str
    examples: tuple[str, ...]
    options: dict[str, str]
    source: str
    mentions: dict[str, str]


@cache
def page_of(cls: type) -> Page:
    """The page of a class."""
    title, _, rest = (inspect.getdoc(cls) or "").partition("\n")
    body: list[str] = []
    options: list[str] = []
    source: list[str] = []
    inside = ""
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
    fields = getattr(cls, "__pydantic_fields__", ())
    told, mentioned = (
        {name: words for name, words in found.items() if name in fields}
        for found in (_items(options) or _mentions(options), _mentions(body))
    )
    return Page(title, text, tuple(_examples(text)), told, said, mentioned)


def meaning(cls: type, option: str) -> str:
    """What an option means: from the docstring of the class, or of the nearest base that explains it; "" if none does."""
    own = [base for base in cls.__mro__ if base.__module__.partition(".")[0] not in ("builtins", "pydantic")]
    pages = [page_of(base) for base in own if base.__dict__.get("__doc__")]
    told = [found[option] for found in (*(p.options for p in pages), *(p.mentions for p in pages)) if option in found]
    return told[0] if told else ""


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
