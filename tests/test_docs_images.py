"""docs/images.md is true: its table is that of the recipes, its commands run, and what it measured is measured again."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from marks import compiled_only
from page_runner import ROOT, play

import dllab
from dllab.lab.summary import summarize
from dllab.recipe import load

PAGE = ROOT / "docs" / "images.md"
TEXT = PAGE.read_text(encoding="utf-8")
ARCHITECTURES = re.findall(
    r"^\| `([\w-]+)` \| [^|]+ \| (\d+) \| ([\d,]+) \| ([\d,]+) \| \d+ \| ([\d.]+)(?: to [\d.]+)? %", TEXT, re.MULTILINE
)
MEASURED = re.findall(
    r"^\| `(dllab train [^`]+)` \| (\w+) accuracy \| 0 to (\d) \| (\d+)(?: to (\d+))? % \|$", TEXT, re.MULTILINE
)


def number(text: str) -> int:
    return int(text.replace(",", ""))


def test_the_tables_are_read() -> None:
    assert [row[0] for row in ARCHITECTURES] == ["mnist10k", "lenet", "alexnet", "vgg", "inception", "resnet"]
    assert len(MEASURED) == TEXT.count("| 0 to 2 |") == 4


@pytest.mark.parametrize(("name", "depth", "parameters", "work", "lowest"), ARCHITECTURES)
def test_the_architectures_are_what_the_table_says(name: str, depth: str, parameters: str, work: str, lowest: str) -> None:
    found = summarize(load(name))
    assert (found.parameters, found.multiply_adds) == (number(parameters), number(work))
    assert longest(load(name).model) == int(depth)
    assert float(lowest) / 100 >= load(name).expect["test_accuracy"]


def longest(layers: Iterable[Any]) -> int:
    """Layers with weights on the longest way through a list."""
    total = 0
    for entry in layers:
        part = getattr(entry, "part", entry)
        inner = getattr(part, "layers", None)
        if part.name == "branches":
            total += max(longest(path) for path in part.paths)
        elif inner is not None:
            total += getattr(part, "times", 1) * longest(inner)
        else:
            total += part.name in ("dense", "conv")
    return total


@pytest.mark.slow
@compiled_only
@pytest.mark.parametrize(("line", "split", "last", "low", "high"), MEASURED)
def test_what_was_measured_is_measured_again(line: str, split: str, last: str, low: str, high: str) -> None:
    name, *changes = shlex.split(line)[2:]
    figures = [
        100 * dllab.train(name, changes, seed=seed, save=False).metrics[split]["accuracy"] for seed in range(int(last) + 1)
    ]
    assert min(figures) >= float(low) - 1.5 and max(figures) <= float(high or low) + 1.5, figures


@compiled_only
@pytest.mark.skipif(shutil.which("bash") is None, reason="the commands are written for a POSIX shell")
def test_its_commands_show_what_it_shows(tmp_path: Path) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    assert play(PAGE, folder) >= 3
