"""Lists and pages of recipes, data sets and parts, as a terminal without colours shows them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from rich.console import Console, Group, RenderableType
from screens import compare, screen

from dllab.catalogue import FAMILIES, Part, parts
from dllab.data.dataset import Dataset
from dllab.lab import datasets as lab
from dllab.lab.summary import summarize
from dllab.page import meaning, page_of
from dllab.recipe import load, shipped
from dllab.views import data_pictures, datasets, recipes, warmup
from dllab.views import parts as views
from dllab.views import recipe_page as recipe_pages

EVERYTHING = [(family, name) for family in FAMILIES for name in sorted(parts(family))]


def page(family: str, name: str) -> RenderableType:
    return views.page_view(family, parts(family)[name])


def data_page(name: str, *options: str) -> RenderableType:
    summary, prepared = lab.summarize(lab.chosen(name, options))
    return datasets.dataset_view(summary, prepared.dataset)


class Toy(Part):
    """Toy: y = [x] for x in `list`.

    A paragraph that says more than one line can hold, with `names` in it and a formula y = x[i] * w[i], so that the lines
    have to be broken.

    - an item of a list, which is long enough to need a second line on a terminal of eighty columns.
    - another.

        - toy: 3
        - toy: {size: 3, word: left}

    Options:

    - size: how many; the text of this option is long enough to need a second line, or a third one, or even
      one more.
    - word: either.

    Source: nowhere.
    """

    name = "toy"
    main = "size"
    size: int = 3
    word: str = "left"


# ---- pages of parts -------------------------------------------------------------------------------------------------


def test_a_page() -> None:
    compare("page_toy", screen(views.page_view("layers", Toy)))


@pytest.mark.parametrize(("family", "name"), EVERYTHING, ids=lambda value: str(value))
@pytest.mark.parametrize("width", [60, 80])
def test_every_page_keeps_its_words(family: str, name: str, width: int) -> None:
    text = screen(page(family, name), width)
    assert max(map(len, text.splitlines())) <= width
    part = parts(family)[name]
    words = page_of(part)
    shown = "".join(text.split())
    for piece in (words.title, words.body, words.source, *(meaning(part, option) for option in part.model_fields)):
        assert "".join(piece.split()) in shown, "nothing of the page is lost or cut"


@pytest.mark.parametrize(("family", "name"), EVERYTHING, ids=lambda value: str(value))
def test_every_page_names_its_options(family: str, name: str) -> None:
    part = parts(family)[name]
    text = screen(page(family, name))
    for option in part.model_fields:
        assert any(line.split()[:1] == [option] for line in text.splitlines()), option


def test_options_in_words() -> None:
    rows = {row["name"]: row for row in views.options_of(parts("layers")["dense"])}
    assert rows["units"]["needed"] and not rows["bias"]["needed"]
    assert rows["bias"]["default"] is True
    assert rows["init"]["takes"] == "an initializer"


def test_own_options_come_before_those_of_the_family() -> None:
    names = [row["name"] for row in views.options_of(parts("datasets")["spirals"])]
    assert names[:4] == ["classes", "samples", "noise", "turns"]
    assert names[-1] == "seed" and len(set(names)) == len(names)


def test_parts_that_share_a_name_follow_each_other() -> None:
    found = [(family, parts(family)["perceptron"]) for family in ("losses", "optimizers")]
    text = screen(views.pages_view(found))
    assert text.index("perceptron  (loss)") < text.index("perceptron  (optimizer)")


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("width", [60, 80])
def test_a_list_names_every_part_and_its_own_options(family: str, width: int) -> None:
    text = screen(views.family_view(family, parts(family), family, list(FAMILIES)), width)
    assert max(map(len, text.splitlines())) <= width
    words = text.replace(",", " ").split()
    for name, part in parts(family).items():
        assert {name, *views.own_options(part)} <= set(words)


def test_lists_are_in_groups() -> None:
    groups = views.grouped(parts("optimizers"))
    assert list(groups) == ["optimizers", "put in front of an optimizer, in a chain"]
    assert "adam" in groups["optimizers"] and "clip_norm" not in groups["optimizers"]
    assert all(part.group for family in ("layers", "losses", "metrics") for part in parts(family).values())
    assert not any(part.group == "other layers" for part in parts("layers").values())


def test_groups_of_metrics_go_by_their_task() -> None:
    for part in parts("metrics").values():
        classes = {"for classes", "for sequences"}
        assert part.group in (classes if part.task == "classification" else {"for numbers"})  # type: ignore[attr-defined]


@pytest.mark.parametrize("family", ["losses", "schedules"])
def test_a_list(family: str) -> None:
    compare(f"list_{family}", screen(views.family_view(family, parts(family), family, ["layers"])))


@pytest.mark.parametrize(("family", "name"), [("optimizers", "adamw"), ("layers", "dense"), ("losses", "mae")])
def test_a_real_page(family: str, name: str) -> None:
    compare(f"page_{name}", screen(page(family, name)))


def test_square_brackets_are_no_markup() -> None:
    assert "y = [x] for x in" in screen(views.family_view("layers", {"toy": Toy}, "layers"))


# ---- recipes --------------------------------------------------------------------------------------------------------


def test_the_list_of_recipes() -> None:
    some = [load(name) for name in ("function", "iris", "xor")]
    compare("recipes", screen(recipes.recipes_view(some)))
    assert recipes.document(some)["recipes"][2] == {
        "name": "xor",
        "about": some[2].about,
        "data": "xor",
        "expect": {"train_accuracy": 1.0},
    }


def test_every_recipe_is_listed_at_every_width() -> None:
    found = [load(name) for name in shipped()]
    for width in (60, 80, 120):
        lines = screen(recipes.recipes_view(found), width).splitlines()
        assert max(map(len, lines)) <= width
        listed = lines[: lines.index("")]
        assert [recipe.name for recipe in found] == [line.split()[0] for line in listed if line[:1].isalpha()]


def recipe_page(name: str, *overrides: str) -> RenderableType:
    loaded = replace(load(name, overrides), source_path=None)
    data = lab.summarize(loaded.data)[0] if loaded.data is not None else None  # type: ignore[arg-type]
    return recipe_pages.recipe_page(loaded, summarize(loaded), data, name)


def test_the_page_of_a_recipe() -> None:
    compare("recipe_iris", screen(recipe_page("iris", "optimizer=[{clip_norm: 2}, adam]", "loss=", "metrics=[f1, auc]")))


@pytest.mark.parametrize("name", shipped())
def test_every_recipe_has_a_page(name: str) -> None:
    for width in (60, 80):
        text = screen(recipe_page(name), width)
        assert max(map(len, text.splitlines())) <= width
        assert f"dllab train {name}" in text and "expect" in text


def test_a_recipe_without_data_has_a_page() -> None:
    loaded = load({"input": [2], "model": [{"dense": 3}]})
    text = screen(recipe_pages.recipe_page(loaded, summarize(loaded), None, "own.yaml"))
    assert "dllab gradcheck own.yaml" in text and "dllab train" not in text


@pytest.mark.parametrize(
    ("figure", "value", "text"),
    [
        ("test_accuracy", 0.97, "test accuracy at least 97 %"),
        ("train_accuracy", 1.0, "train accuracy 100 %"),
        ("test_loss", 0.5, "test loss at most 0.5"),
        ("validation_rmse", 0.1, "validation RMSE at most 0.1"),
        ("test_r2", 0.96, "test R2 at least 0.96"),
        ("test_bits_per_character", 2.8, "test bits/char at most 2.8"),
        ("test_sequence_accuracy", 0.9, "test seq. accuracy at least 90 %"),
    ],
)
def test_expectations_in_words(figure: str, value: float, text: str) -> None:
    assert recipes.expectation(figure, value) == text


# ---- data sets ------------------------------------------------------------------------------------------------------


def test_the_list_of_data_sets() -> None:
    found = [lab.summarize(lab.usual(name))[0] for name in ("digits", "function", "spirals")]
    compare("datasets", screen(Group(*datasets.listing(found))))
    assert [entry["rows"] for entry in datasets.document(found)["datasets"]] == [1797, 200, 900]


def test_data_sets_are_shown_as_they_come() -> None:
    asked: list[str] = []

    def coming() -> Iterator[lab.DataSummary]:
        for name in ("moons", "xor"):
            asked.append(name)
            yield lab.summarize(lab.usual(name))[0]

    shown = datasets.listing(coming())
    assert screen(next(shown)).startswith("data set ") and asked == []
    assert screen(next(shown)).startswith("moons ") and asked == ["moons"]
    assert screen(next(shown)).startswith("xor ") and asked == ["moons", "xor"]


def test_every_data_set_fits_into_the_columns_of_the_list() -> None:
    text = screen(Group(*datasets.listing(lab.summarize(lab.usual(name))[0] for name in lab.names())))
    assert "…" not in text and all(f"\n{name} " in text for name in lab.names())
    assert "\nword_pairs         2,205,433         2   1 number       word_pairs:" in text


@pytest.mark.parametrize("name", ["moons", "function", "mnist1d", "digits", "iris"])
def test_a_page_of_each_kind(name: str) -> None:
    compare(f"dataset_{name}", screen(data_page(name)))


@pytest.mark.parametrize("name", lab.names())
def test_every_page_fits_and_can_do_without_block_characters(name: str) -> None:
    for width in (60, 80):
        assert max(map(len, screen(data_page(name), width).splitlines())) <= width
    text = screen(data_page(name), ascii_only=True)
    assert text.isascii()
    assert len(text.splitlines()) > 20


def test_options_change_the_picture() -> None:
    five = screen(data_page("spirals", "classes=5"))
    assert "class 0 = o, 1 = x, 2 = +, 3 = *, 4 = #" in five
    assert "5 arms" not in screen(data_page("spirals"))


def test_the_document_of_a_data_set() -> None:
    summary, _ = lab.summarize(lab.chosen("iris", ["test=0.2"]))
    found = json.loads(json.dumps(datasets.page_document(summary)))
    assert found["splits"] == {"train": 120, "test": 30}
    assert found["classes"] == ["setosa", "versicolor", "virginica"]
    assert "Creative Commons" in found["licence"]
    assert {option["name"]: option["value"] for option in found["options"]}["test"] == 0.2


def made(points: Any, labels: Any) -> Dataset:
    inputs, targets = np.array(points, np.float32), np.array(labels, np.int32)
    return Dataset("made", {"inputs": inputs, "targets": targets}, "classification", ("a", "b"), ("x1", "x2"), None, "")


def test_points_stand_where_they_are() -> None:
    """Corners: a at the lower left and upper right, b at the upper left."""
    drawn = screen(data_pictures.picture(made([[0, 0], [1, 1], [0, 1]], [0, 0, 1])) or "", ascii_only=True)
    lines = drawn.splitlines()
    rows = [line[10:] for line in lines[: data_pictures.ROWS]]
    assert rows[0] == "x" + " " * (data_pictures.COLUMNS - 2) + "o"
    assert rows[-1] == "o"
    assert not any(row.strip() for row in rows[1:-1])
    assert lines[-1].endswith("class a = o, b = x")


def test_a_cell_shows_its_larger_class() -> None:
    drawn = screen(data_pictures.picture(made([[0, 0], [0, 0], [0, 0], [1, 1]], [1, 1, 0, 0])) or "")
    assert drawn.splitlines()[data_pictures.ROWS - 1][10] == "x"


def test_points_that_all_lie_in_one_place() -> None:
    assert "o" in screen(data_pictures.picture(made([[2, 2], [2, 2]], [0, 0])) or "")


def test_pixels_in_every_manner() -> None:
    image = np.array([[[[0.0], [1.0]], [[1.0], [1.0]]]])
    drawn = data_pictures.Images(image, ("7",))
    assert screen(drawn).splitlines()[1] == "  ▄█"
    assert screen(drawn, ascii_only=True).splitlines()[1] == "  =@"
    console = Console(width=80, color_system="truecolor", force_terminal=True, no_color=False)
    with console.capture() as capture:
        console.print(drawn)
    assert "38;2;0;0;0;48;2;255;255;255" in capture.get()


def test_colour_pictures_in_every_manner() -> None:
    red, yellow, blue, white = [1.0, 0, 0], [1.0, 1.0, 0], [0, 0, 1.0], [1.0, 1.0, 1.0]
    drawn = data_pictures.Images(np.array([[[red, yellow], [blue, white]]]), ("7",))
    console = Console(width=80, color_system="truecolor", force_terminal=True, no_color=False)
    with console.capture() as capture:
        console.print(drawn)
    assert "38;2;255;0;0;48;2;0;0;255" in capture.get() and "38;2;255;255;0;48;2;255;255;255" in capture.get()
    assert screen(drawn).splitlines()[1] == "   █"  # red and blue are dark, yellow and white bright
    assert screen(drawn, ascii_only=True).splitlines()[1] == "  :%"


def test_pixels_below_zero_are_the_darkest() -> None:
    image = np.array([[[[-1.0], [1.0]], [[0.0], [1.0]]]])
    assert screen(data_pictures.Images(image, ("7",))).splitlines()[1] == "  ▄█"


def test_wide_pictures_are_thinned_to_fit() -> None:
    wide = np.zeros((1, 100, 200, 3))
    wide[0, :, 98:, :] = 1.0
    lines = screen(data_pictures.Images(wide, ("edge",))).splitlines()
    assert len(lines) == 1 + 8 and set(lines[1:8]) == {"  " + " " * 14 + "█" * 15}


def test_curves_rise_from_left_to_right() -> None:
    curve = data_pictures.Curves(np.array([np.arange(9.0)]), ("up",))
    assert screen(curve) == "      up   ▁▂▃▄▅▆▇█\n"
    assert screen(curve, ascii_only=True) == "      up   .:-=+*#@\n"


# ---- warm-up --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("compiled", "said"),
    [(0, "All 9 kernels were ready; nothing to compile."), (9, "Compiled 9 kernels."), (1, "Compiled 1 kernel; 8 kernels")],
)
def test_what_warmup_says(compiled: int, said: str) -> None:
    warmed = warmup.Warmed(compiled, 9, "/cache", True)
    assert screen(warmup.warmup_view(warmed)).startswith(said)
    assert warmup.document(warmed) == {"compiled": compiled, "ready": 9 - compiled, "folder": "/cache"}


def test_warmup_without_a_compiler() -> None:
    warmed = warmup.Warmed(0, 9, "/cache", False)
    assert "nothing to\ncompile" in screen(warmup.warmup_view(warmed))
    assert warmup.document(warmed)["ready"] == 0
