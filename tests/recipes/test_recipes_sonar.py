"""The sonar recipes make the table of Gorman and Sejnowski (1988) again, and docs/sonar.md says what came out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from marks import compiled_only

from dllab.lab.cross_validate import cross_validate
from dllab.recipe import FoldOptions, load

PUBLISHED = {0: (77.1, 8.3), 2: (81.9, 6.2), 3: (82.0, 7.3), 6: (83.5, 5.6), 12: (84.7, 5.7), 24: (84.5, 5.7)}
PAGE = Path(__file__).parents[2] / "docs" / "sonar.md"
OTHER_PROCESSOR = 1.0
"""Percent by which another type of processor may differ: 57,600 steps at a high rate make much of a last bit."""


def page() -> dict[int, list[float]]:
    """Hidden units to the figures of the table."""
    rows = re.findall(r"^\| (\d+(?: \| [\d.]+)+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    cells = [[float(cell) for cell in row.split(" | ")] for row in rows]
    return {int(row[0]): row[1:] for row in cells}


def test_the_page_has_the_published_table() -> None:
    assert {hidden: tuple(figures[:2]) for hidden, figures in page().items()} == PUBLISHED


@pytest.mark.parametrize("hidden", PUBLISHED)
def test_the_recipes_differ_in_hidden_units_alone(hidden: int) -> None:
    recipe, other = load(f"sonar-{hidden}"), load("sonar-12")
    assert recipe.train == other.train and recipe.train.folds == FoldOptions(13, 10)
    assert (recipe.data, recipe.loss, recipe.optimizer) == (other.data, other.loss, other.optimizer)
    assert recipe.model[-2:] == other.model[-2:]
    units = [entry.part.units for entry in recipe.model if entry.part.name == "dense"]  # type: ignore[attr-defined]
    assert units == ([hidden, "classes"] if hidden else ["classes"])
    assert str(page()[hidden][2]) in recipe.text and str(PUBLISHED[hidden][0]) in recipe.text


@pytest.mark.slow
@compiled_only
@pytest.mark.parametrize("hidden", PUBLISHED)
def test_the_table_is_made_again(hidden: int) -> None:
    result = cross_validate(f"sonar-{hidden}", save=False)
    assert result.status == "finished" and len(result.folds) == 130
    assert all(fold.rows == {"train": 192, "test": 16} for fold in result.folds)
    published, spread = PUBLISHED[hidden]
    test, train = (100 * result.mean[split]["accuracy"] for split in ("test", "train"))
    if hidden:
        assert abs(test - published) <= spread
    told = page()[hidden]
    found = [test, 100 * result.sd["test"]["accuracy"], 100 * result.sd_of_repeats["test"]["accuracy"], train]
    # On another processor each repeat is another draw: two means of ten lie as far apart as their own spread says.
    apart = 2 * (2 / 10) ** 0.5 * told[4]
    assert found[0] == pytest.approx(told[2], abs=max(OTHER_PROCESSOR, apart))
    assert found[1:] == pytest.approx([*told[3:5], told[6]], abs=OTHER_PROCESSOR)
