"""Texts in the documentation that are made from the code.

In a page they stand between `<!-- made: NAME -->` and `<!-- end -->`. DLLAB_WRITE_DOCS=1 pytest tests/test_docs_made.py
writes them anew.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from dllab.catalogue import FAMILIES, Part, parts
from dllab.cli.commands import COMMANDS, Command
from dllab.cli.failures import FINE, INTERNAL, INTERRUPTED, NEGATIVE, USAGE
from dllab.data.dataset import Source
from dllab.data.moons import Moons
from dllab.lessons.lesson import headings, knobs_in
from dllab.page import meaning, page_of
from dllab.recipe import TrainOptions
from dllab.recipe.forms import block_of, fields_of, noun
from dllab.recipe.keys import MEANINGS
from dllab.recipe.wording import takes
from dllab.views.parts import grouped, options_of

DOCS = Path(__file__).parent.parent / "docs"
MARK = re.compile(r"(<!-- made: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |\n" for line in (head, *rows)]
    return "".join([lines[0], "|---" * len(head) + "|\n", *lines[1:]])


def keys() -> str:
    """Every key of a recipe."""
    return table(["key", "value", "left out"], [[f"`{key}`", told.means, told.left_out] for key, told in MEANINGS.items()])


def options(cls: type, heading: str, usual: Any) -> str:
    """The options of a class: default, meaning, what each takes."""
    rows = []
    for name, field in fields_of(cls).items():
        value = None if field.is_required() else getattr(usual, name)
        unsaid = value is None or dataclasses.is_dataclass(value)
        shown = "" if unsaid else f"`{value if isinstance(value, str) else json.dumps(value)}`"
        said = "options below" if block_of(field) is not None else takes(field)
        needed = "; needed" if field.is_required() else ""
        rows.append([f"`{name}`", shown, meaning(cls, name).rstrip("."), f"{said}{needed}"])
    return table([heading, "default", "", "takes"], rows)


def training() -> str:
    """The options of `train`, and those of the blocks among them."""
    made = options(TrainOptions, "option", TrainOptions())
    for name, field in fields_of(TrainOptions).items():
        block = block_of(field)
        if block is not None:
            needed = {name: 2 for name, option in fields_of(block).items() if option.is_required()}
            made += "\n" + options(block, f"option of `{name}`", block(**needed))
    return made


def sources() -> str:
    """The options that every data set has."""
    return options(Source, "option", Moons())


def fifty() -> str:
    """Every lesson: its question, and what can be changed in it."""
    rows = [[str(one.number), f"`{one.slug}`", one.question, ", ".join(f"`{name}`" for name in knobs_in(one))]
            for one in headings()]  # fmt: skip
    return table(["", "name", "question", "short names for a change"], rows)


REGIONS: dict[str, Callable[[], str]] = {"keys": keys, "train": training, "data": sources, "lessons": fifty}


# ---- pages that are made as a whole ------------------------------------------------------------------------------------


def wrapped(text: str) -> str:
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False) + "\n"


def part_page(part: type[Part]) -> Iterator[str]:
    """One part: title, text, examples, options, source."""
    page = page_of(part)
    yield f"### {part.name}\n\n{wrapped(page.title)}\n"
    for paragraph in re.split(r"\n\s*\n", page.body):
        lines = paragraph.split("\n")
        if all(line.startswith("    ") for line in lines):
            code = "\n".join(line[4:] for line in lines)
            yield f"```yaml part\n{code}\n```\n\n"
        elif lines[0].startswith("- "):
            yield paragraph + "\n\n"
        elif paragraph.strip():
            yield wrapped(" ".join(paragraph.split())) + "\n"
    rows = [
        [f"`{row['name']}`" + (" \\*" if row["name"] == part.main else ""), default_of(row), f"{row['means']}".rstrip("."),
         f"{row['takes']}"]
        for row in options_of(part) if not (issubclass(part, Source) and row["name"] in fields_of(Source))
    ]  # fmt: skip
    if rows:
        yield table(["option", "default", "", "takes"], rows) + "\n"
    yield wrapped(f"Source: {page.source}") + "\n"


def default_of(row: dict[str, Any]) -> str:
    if row["needed"]:
        return "needed"
    value = row["default"]
    return "" if value is None else f"`{value if isinstance(value, str) else json.dumps(value)}`"


def parts_page() -> str:
    """docs/parts.md."""
    text = "# Parts of recipes\n\n" + wrapped(
        "Everything a recipe can name, as `dllab layers NAME`, `dllab losses NAME` and so on show it. Made from the code. "
        "An option marked \\* is the one that the short form `name: value` sets. Besides their own options all data sets "
        "have those of [recipes.md](recipes.md#data)."
    )
    for family in FAMILIES:
        text += f"\n## {noun(family).capitalize()}s\n".replace("Losss", "Losses") + "\n"
        for group, members in grouped(parts(family)).items():
            text += wrapped(f"{group[:1].upper()}{group[1:]}: " if group else "All: ").rstrip("\n") + " "
            text = text.rstrip() + " " + ", ".join(f"[{name}](#{anchor(family, name)})" for name in members) + ".\n\n"
        for part in parts(family).values():
            text += f'<a id="{anchor(family, part.name)}"></a>\n\n' + "".join(part_page(part))
    return text.rstrip("\n") + "\n"


def anchor(family: str, name: str) -> str:
    return f"{family}-{name}"


CODES = {
    FINE: "fine; so is a missed `expect`, which is shown",
    NEGATIVE: "a negative verdict: a gradient is wrong, training diverged, a replayed run differs",
    USAGE: "an error in the recipe, the options or the arguments, or a folder or file that cannot be used",
    INTERNAL: "a fault of the lab; the message names a log file",
    INTERRUPTED: "Ctrl-C; after SIGTERM it is 143, after SIGHUP 129. [exit-codes.md](exit-codes.md) has examples",
}


def commands_page() -> str:
    """docs/commands.md."""
    text = "# Commands\n\n" + wrapped(
        "Made from the code; `dllab COMMAND --help` says the same. Options may stand anywhere after the command. Results "
        "go to stdout, progress and messages to stderr; `--json` is described in [json.md](json.md)."
    )
    text += "\n## Exit codes\n\n" + table(["code", ""], [[f"{code}", said] for code, said in CODES.items()])
    for command in COMMANDS:
        text += "\n" + command_text(command)
        for inner in command.inner:
            text += "\n#" + command_text(inner, command.name)
    return text


def command_text(command: Command, *outer: str) -> str:
    """One command: usage, what it does, arguments and options."""
    loaded = command.load()
    usage = ["dllab", *outer, command.name, *(["COMMAND"] if command.inner else [])]
    rows = []
    for parameter in loaded.params:
        said = " ".join((parameter.help or "").split()) if hasattr(parameter, "help") else ""
        if parameter.param_type_name == "argument":
            word = str(parameter.metavar or parameter.name).strip("[].")
            word = f"{word} ..." if parameter.nargs == -1 else word
            usage.append(word if parameter.required else f"[{word}]")
            rows.append([f"`{word}`", said])
        else:
            names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
            value = "" if getattr(parameter, "is_flag", False) else f" {parameter.metavar or 'VALUE'}"
            rows.append([f"{names}{value}", said])
    if any(row[0].startswith("`-") for row in rows):
        usage.append("[OPTIONS]")
    help_text = "\n\n".join(wrapped(" ".join(p.split())).rstrip() for p in re.split(r"\n\s*\n", loaded.help or ""))
    return f"## {' '.join(['dllab', *outer, command.name])}\n\n```text\n{' '.join(usage)}\n```\n\n{help_text}\n" + (
        "\n" + table(["argument or option", ""], rows) if rows else ""
    )


WHOLE: dict[str, Callable[[], str]] = {"parts.md": parts_page, "commands.md": commands_page}


def check(path: Path, made: str) -> None:
    """Fail unless the file holds that text; DLLAB_WRITE_DOCS=1 writes it."""
    if os.environ.get("DLLAB_WRITE_DOCS") == "1":
        path.write_text(made, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == made, "DLLAB_WRITE_DOCS=1 pytest tests/test_docs_made.py writes it anew"


def with_regions(path: Path) -> str:
    """The page with what is made put between its marks."""
    text = path.read_text(encoding="utf-8")
    return MARK.sub(lambda found: f"{found[1]}{REGIONS[found[2]]()}{found[4]}", text)
