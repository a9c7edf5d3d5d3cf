"""Pictures of one's own on the command line: shown, trained on, resumed, evaluated, predicted."""

from __future__ import annotations

import csv
import io
import json
import textwrap
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from terminals import piped

import dllab
from dllab.lab.preview_pictures import beginning
from dllab.recipe import load

HERE = {"DLLAB_RUNS": "runs"}
RECIPE = """\
data: {folder: ../photos, size: 8, validation: 0.2}
model: [dense: 8, tanh, dense: classes]
optimizer: {adam: 0.005}
train: {epochs: 100}
"""
COLOURS = {"cat": (200, 60, 40), "dog": (40, 80, 200)}


def draw(path: Path, name: str, place: int, mode: str = "RGB") -> None:
    """A bar in the class's colour on white, somewhere, in a picture of some size."""
    pixels = np.full((20 + place % 3, 24, 3), 255, np.uint8)
    pixels[place : place + 11, 3:21] = COLOURS[name]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).convert(mode).save(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photos, others to try the net on, a recipe beside them and a run of it."""
    place: Path = tmp_path_factory.mktemp("pictures")
    for name in COLOURS:
        for i in range(10):
            draw(place / "photos" / name / f"{i}.png", name, i)
        for i in range(3):
            draw(place / "other" / name / f"{i}.gif", name, 3 * i)
    (place / "recipes").mkdir()
    (place / "recipes" / "p.yaml").write_text(RECIPE)
    done = piped(place, "train", "recipes/p.yaml", "-q", env=HERE)
    assert done.code == 0, done.err
    return place


def test_a_net_that_has_learnt_from_pictures_knows_others(folder: Path) -> None:
    own = json.loads(piped(folder, "eval", "last", "--json", env=HERE).out)
    assert own["rows"] == {"train": 11, "validation": 4, "test": 5}
    whole = json.loads(piped(folder, "eval", "last", "photos", "--json", env=HERE).out)
    assert whole["rows"] == {"data": 20}
    expected = sum(own["rows"][split] * own["figures"][split]["loss"] for split in own["rows"]) / 20
    assert whole["figures"]["data"]["loss"] == pytest.approx(expected, rel=1e-4)
    found = json.loads(piped(folder, "eval", "last", "other", "--json", env=HERE).out)
    assert found["rows"] == {"data": 6} and found["figures"]["data"]["accuracy"] == 1.0


def test_predictions_stand_beside_the_names_of_the_files(folder: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(piped(folder, "predict", "last", "other", env=HERE).out)))
    assert [row["file"] for row in rows] == [f"{name}/{i}.gif" for name in COLOURS for i in range(3)]
    assert [row["target"] for row in rows] == [name for name in COLOURS for _ in range(3)]
    one = piped(folder, "predict", "last", "other/dog/2.gif", "--json", env=HERE)
    entry = json.loads(one.out)["predictions"][0]
    assert entry["file"] == "other/dog/2.gif" and entry["class"] == "dog"
    assert entry["probability"] == pytest.approx(float(rows[-1]["probability"]), rel=1e-5)


def test_the_net_is_all_that_prediction_takes(folder: Path, tmp_path: Path) -> None:
    for name in COLOURS:
        for i in range(4):
            draw(tmp_path / "photos" / name / f"{i}.png", name, i)
    (tmp_path / "p.yaml").write_text("data: {folder: photos, size: 6}\nmodel: [dense: classes]\n")
    assert piped(tmp_path, "train", "p.yaml", "-q", "train.epochs=2", env=HERE).code == 0
    resumed = piped(tmp_path, "resume", "last", "train.epochs=4", "-q", env=HERE)
    assert resumed.code == 0 and "4 epochs" in resumed.out
    draw(tmp_path / "photos" / "cat" / "2.png", "dog", 9)
    done = piped(tmp_path, "eval", "last", env=HERE)
    assert done.err == "dllab: the data are not what they were when this net was trained\n"
    refused = piped(tmp_path, "resume", "last", "train.epochs=6", env=HERE)
    assert refused.code == 2 and "its data are not what they were" in " ".join(refused.err.split())
    (tmp_path / "photos").rename(tmp_path / "gone")
    assert piped(tmp_path, "predict", "last", "gone", env=HERE).out.count("\n") == 1 + 8


def test_a_folder_counts_from_the_recipe_and_in_an_override_from_here(folder: Path) -> None:
    done = piped(folder, "train", "recipes/p.yaml", "data.folder=other", "data.validation=0", "-q", "--no-save", env=HERE)
    assert done.code == 0, done.err


def test_a_grey_net_sees_colour_pictures_in_grey_and_a_set_of_digits_takes_pictures(tmp_path: Path) -> None:
    for name in COLOURS:
        for i in range(4):
            draw(tmp_path / "photos" / name / f"{i}.png", name, i)
    for data in ("{folder: photos, size: 6, colour: grey}", "digits"):
        (tmp_path / "p.yaml").write_text(f"data: {data}\nmodel: [dense: classes]\ntrain: {{epochs: 1}}\n")
        assert piped(tmp_path, "train", "p.yaml", "-q", env=HERE).code == 0
        assert piped(tmp_path, "predict", "last", "photos/cat", env=HERE).out.count("\n") == 1 + 4


def test_a_picture_of_a_digit_is_seen_as_the_digits_it_learnt_from(tmp_path: Path) -> None:
    """Its pixels are 0 to 16, those of a file 0 to 255."""
    from dllab.data.digits import Digits
    from dllab.runs.opened import Opened

    dllab.train("digits", train__epochs=3, run_dir=tmp_path / "runs")
    rows = Digits(flatten=False).load().columns["inputs"][:5]
    for number, pixels in enumerate(rows):
        Image.fromarray((pixels[..., 0].astype(int) * 255 // 16).astype(np.uint8)).save(tmp_path / f"{number}.png")
    found = json.loads(piped(tmp_path, "predict", "last", ".", "--probabilities", "--json", env=HERE).out)
    expected = Opened("last", tmp_path / "runs").predict(rows).probabilities()
    given = [list(entry["probabilities"].values()) for entry in found["predictions"]]
    np.testing.assert_allclose(given, expected, atol=0.03)


def test_a_folder_is_shown_with_a_recipe_that_works(folder: Path, tmp_path: Path) -> None:
    shown = piped(folder, "datasets", "show", "photos", env=HERE).out
    assert "32 x 32 pixels in colour" in shown and "cat (10), dog (10)" in shown
    recipe = shown.partition("a recipe to begin with:\n")[2].partition("\n\n")[0]
    assert recipe.startswith("  data: {folder: photos, size: 32, flatten: false}\n  model:\n    - conv: ")
    (tmp_path / "copied.yaml").write_text(textwrap.dedent(recipe).replace("photos", str(folder / "photos")))
    done = piped(tmp_path, "train", "copied.yaml", "--no-save", "--json", env=HERE)
    assert done.code == 0, done.err
    document = json.loads(piped(folder, "datasets", "show", "photos", "--json", env=HERE).out)
    assert document["input_shape"] == [32, 32, 3] and document["classes"] == ["cat", "dog"]


@pytest.mark.parametrize(
    ("side", "data"), [(6, {}), (20, {"flatten": False}), (100, {"size": 32, "flatten": False})]
)  # fmt: skip
def test_the_recipe_suits_the_pictures(tmp_path: Path, side: int, data: dict[str, object]) -> None:
    for name in COLOURS:
        for i in range(4):
            (tmp_path / "some" / name).mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (side, side + 1), COLOURS[name]).save(tmp_path / "some" / name / f"{i}.png")
    recipe = beginning(str(tmp_path / "some"))
    assert recipe["data"] == {"folder": str(tmp_path / "some"), **data}
    assert dllab.train(recipe, train__epochs=1, save=False).status == "finished"


def test_init_writes_a_recipe_for_a_folder(folder: Path) -> None:
    done = piped(folder, "init", "photos", env=HERE)
    assert done.code == 0 and done.err == "wrote photos.yaml, for the pictures in photos, with comments\n"
    assert "\n  folder: photos\n" in (folder / "photos.yaml").read_text()
    assert piped(folder, "init", "photos", "recipes/new.yaml", env=HERE).code == 0
    assert "\n  folder: ../photos\n" in (folder / "recipes" / "new.yaml").read_text()
    for path in ("photos.yaml", "recipes/new.yaml"):
        assert piped(folder, "train", path, "-q", "--no-save", "train.epochs=2", env=HERE).code == 0
    printed = piped(folder, "init", "photos", "-", env=HERE).out
    assert "  folder: photos\n" in printed and (folder / "photos.yaml").read_text() == printed


def test_init_prefers_a_recipe_of_the_lab_to_a_folder_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "moons").mkdir()
    done = piped(tmp_path, "init", "moons", env=HERE)
    assert done.code == 0 and load(tmp_path / "moons.yaml") == load("moons")


def test_arrays_of_pictures_are_data_as_well(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    y = np.arange(40) % 2
    x = (rng.integers(0, 60, (40, 6, 6)) + 180 * y[:, None, None]).astype(np.uint8)
    np.savez(tmp_path / "grey.npz", x=x, y=y)
    np.savez(tmp_path / "rgb.npz", x=np.repeat(x[..., None], 3, axis=3), y=y)
    np.savez(tmp_path / "float.npz", x=x / 255, y=y)
    model = "model: [dense: 8, relu, dense: classes]\noptimizer: {adam: 0.02}\ntrain: {epochs: 60}\n"
    for kind in ("grey", "rgb", "float"):
        (tmp_path / f"{kind}.yaml").write_text(f"data: {{npz: {kind}.npz}}\n{model}")
        assert piped(tmp_path, "train", f"{kind}.yaml", "-q", env=HERE).code == 0
        found = json.loads(piped(tmp_path, "eval", "last", f"{kind}.npz", "--json", env=HERE).out)
        assert found["figures"]["data"]["accuracy"] == 1.0
        rows = list(csv.DictReader(io.StringIO(piped(tmp_path, "predict", "last", f"{kind}.npz", env=HERE).out)))
        assert [int(row["target"]) for row in rows] == y.tolist()
        Image.fromarray(x[1]).resize((12, 12)).save(tmp_path / "one.png")
        done = piped(tmp_path, "predict", "last", "one.png", env=HERE)
        if kind == "float":
            assert done.code == 2 and "whose numbers may be of any scale" in " ".join(done.err.split())
        else:
            assert done.out.splitlines()[1].startswith("one.png,1,")
