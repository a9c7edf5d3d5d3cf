"""The parts of the documentation that are made from the code are up to date."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from generated import DOCS, MARK, REGIONS, WHOLE, check, with_regions

from dllab.catalogue import FAMILIES, parts
from dllab.cli.commands import COMMANDS


@pytest.mark.parametrize("name", WHOLE)
def test_a_page_that_is_made(name: str) -> None:
    check(DOCS / name, WHOLE[name]())


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_tables_that_are_made(page: Path) -> None:
    check(page, with_regions(page))


def test_every_table_is_used() -> None:
    pages = [page.read_text(encoding="utf-8") for page in DOCS.glob("*.md")]
    used = [found[2] for page in pages for found in MARK.finditer(page)]
    assert sorted(used) == sorted(REGIONS)


def test_the_pages_are_complete() -> None:
    text = WHOLE["parts.md"]()
    assert all(f"\n### {name}\n" in text for family in FAMILIES for name in parts(family))
    links = set(re.findall(r"\]\(#([\w-]+)\)", text))
    assert links == set(re.findall(r'<a id="([\w-]+)">', text)), "every link leads somewhere"
    text = WHOLE["commands.md"]()
    assert re.findall(r"^## dllab (\S+)", text, re.MULTILINE) == [command.name for command in COMMANDS]
