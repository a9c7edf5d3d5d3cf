"""Run folders that anything may have happened to: a run goes on to its bits, or is refused in words; nothing else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dllab
from dllab.recipe import RecipeError
from dllab.runs.disk import StoreError
from dllab.runs.opened import Opened
from dllab.runs.result import Interrupted
from dllab.runs.resume import Resumption
from dllab.runs.seal import sealed, sealed_json, unsealed
from dllab.runs.store import CHECKPOINT, DATA, METRICS, RECIPE, STATUS, WEIGHTS
from dllab.training.events import EpochEnd, Event

SMALL: dict[str, Any] = {
    "data": "xor",
    "model": [{"dense": 2}, "tanh", {"dense": 1}, "sigmoid"],
    "train": {"epochs": 6, "checkpoint": {"every": 1, "best": True}},
}
FILES = (RECIPE, METRICS, STATUS, DATA, CHECKPOINT, WEIGHTS, "best.safetensors")
Damage = Callable[[Path], None]
FEW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dllab.Result]:
    """A run that was stopped half way, another of another net, and the run that nobody stopped."""
    root = tmp_path_factory.mktemp("runs")
    whole = dllab.train(SMALL, run_dir=root)

    def press(event: Event) -> None:
        if isinstance(event, EpochEnd) and event.epoch == 3:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as caught:
        dllab.train(SMALL, run_dir=root, on_event=press)
    other = dllab.train({**SMALL, "model": [{"dense": 3}, "relu", {"dense": 1}, "sigmoid"]}, run_dir=root)
    assert caught.value.result.folder is not None and other.folder is not None
    return caught.value.result.folder, other.folder, whole


def mutations(other: Path) -> st.SearchStrategy[Damage]:
    """Things that happen to files."""

    def flip(name: str, place: float, bit: int) -> Damage:
        def act(folder: Path) -> None:
            content = bytearray((folder / name).read_bytes())
            if content:
                content[int(place * (len(content) - 1))] ^= 1 << bit
                (folder / name).write_bytes(bytes(content))

        return act

    def cut(name: str, place: float) -> Damage:
        return lambda folder: (folder / name).write_bytes((c := (folder / name).read_bytes())[: int(place * len(c))])

    def replaced(name: str, content: bytes) -> Damage:
        return lambda folder: (folder / name).write_bytes(content)

    def removed(name: str) -> Damage:
        return lambda folder: (folder / name).unlink(missing_ok=True)

    def from_another(name: str) -> Damage:
        return lambda folder: shutil.copy(other / name, folder / name) and None

    def a_folder(name: str) -> Damage:
        def act(folder: Path) -> None:
            (folder / name).unlink(missing_ok=True)
            (folder / name).mkdir(exist_ok=True)

        return act

    def edited(key: str, value: Any) -> Damage:
        def act(folder: Path) -> None:
            document = json.loads((folder / STATUS).read_text())
            document[key] = value
            (folder / STATUS).write_text(json.dumps(document))

        return act

    def facts(key: str, value: Any) -> Damage:
        """A checkpoint that was made to pass: its checksum fits, and what it says does not."""

        def act(folder: Path) -> None:
            arrays, told = unsealed((folder / CHECKPOINT).read_bytes())
            told[key] = value
            (folder / CHECKPOINT).write_bytes(sealed(arrays, told))

        return act

    def data(key: str, value: Any) -> Damage:
        def act(folder: Path) -> None:
            document = json.loads((folder / DATA).read_text())
            document.pop("sha256")
            (folder / DATA).write_bytes(sealed_json({**document, key: value}))

        return act

    name = st.sampled_from(FILES)
    share = st.floats(0, 1)
    anything = (
        st.none() | st.booleans() | st.integers(-3, 10**6) | st.text(max_size=5) | st.lists(st.integers(), max_size=3)
    )
    json_like = st.recursive(anything, lambda inner: st.dictionaries(st.text(max_size=4), inner, max_size=3), max_leaves=4)
    status_keys = st.sampled_from(["status", "recipe", "began", "changes", "resumed", "versions", "machine", "final", "x"])
    fact_keys = st.sampled_from(["recipe", "data", "metrics", "state", "over"])
    data_keys = st.sampled_from(["task", "classes", "features", "input_shape", "outputs", "shift", "encoding", "name"])
    return st.one_of(
        st.builds(flip, name, share, st.integers(0, 7)),
        st.builds(cut, name, share),
        st.builds(replaced, name, st.binary(max_size=60) | json_like.map(lambda value: json.dumps(value).encode())),
        st.builds(removed, name),
        st.builds(from_another, name),
        st.builds(a_folder, name),
        st.builds(edited, status_keys, json_like),
        st.builds(facts, fact_keys, json_like),
        st.builds(data, data_keys, json_like),
    )


def check(tmp_path: Path, runs: tuple[Path, Path, dllab.Result], damage: list[Damage]) -> None:
    """Damage a copy of the stopped run; going on and using its net work, or are refused."""
    stopped, other, whole = runs
    folder = tmp_path / "run"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(stopped, folder)
    for act in damage:
        try:
            act(folder)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):  # not possible after the damage before
            continue
        except Exception as error:
            assert type(error).__name__ == "Damaged"
    for use in (lambda: Opened(folder).predict(np.zeros((2, 2))), lambda: Opened(folder, weights="best")):
        try:
            use()
        except (StoreError, RecipeError) as error:
            assert str(error).strip()
    recipes = [path / "recipe.yaml" for path in (folder, other)]
    if all(path.is_file() for path in recipes) and recipes[0].read_bytes() == recipes[1].read_bytes():
        return  # every file came from the other run: it is that run, whole
    try:
        resumption = Resumption(folder)
    except (StoreError, RecipeError) as error:
        assert str(error).strip()
        return
    if resumption.changes:
        resumption.folder.close()
        return
    try:
        result = resumption.follow()
    except StoreError as error:
        assert "cannot be written" in str(error)
        return
    for name, array in whole.network.parameters.items():
        np.testing.assert_array_equal(result.network.parameters[name], array)


@FEW
@given(st.data())
def test_damaged_folders(tmp_path: Path, runs: tuple[Path, Path, dllab.Result], data: st.DataObject) -> None:
    check(tmp_path, runs, data.draw(st.lists(mutations(runs[1]), min_size=1, max_size=3)))


@pytest.mark.slow
@settings(FEW, max_examples=4000)
@given(st.data())
def test_damaged_folders_often(tmp_path: Path, runs: tuple[Path, Path, dllab.Result], data: st.DataObject) -> None:
    check(tmp_path, runs, data.draw(st.lists(mutations(runs[1]), min_size=1, max_size=3)))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("input_shape", [56210, 56210]), ("input_shape", [2**31, 2**31]), ("input_shape", [2, 3]), ("outputs", 10**12),
        ("label_steps", 10**12),
    ],
)  # fmt: skip
def test_shapes_that_nobody_has_memory_for(
    tmp_path: Path, runs: tuple[Path, Path, dllab.Result], key: str, value: Any
) -> None:
    folder = Path(shutil.copytree(runs[1], tmp_path / "run"))
    document = json.loads((folder / DATA).read_text())
    document.pop("sha256", None)
    (folder / DATA).write_bytes(sealed_json({**document, key: value}))
    with pytest.raises(StoreError, match="is not of this version of the lab"):
        Opened(folder)
