"""Runs of nets over sequences: what data.json tells of them, and that all that is asked of a run goes with them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dllab
from dllab.core.settings import jit_enabled
from dllab.data.dataset import Dataset, Prepared
from dllab.data.moons import Moons
from dllab.data.splits import Splits
from dllab.engine.prepare import prepared
from dllab.runs.data_file import Learnt, digest
from dllab.runs.opened import Opened, stand_in
from dllab.runs.seal import digest_of

pytestmark = pytest.mark.skipif(not jit_enabled(), reason="nets that take minutes without compiled kernels")

QUICK: dict[str, Any] = {"optimizer": {"adam": 0.01}, "train": {"epochs": 2, "batch": 16}}
GRU: list[Any] = [{"embedding": 8}, {"gru": 8}, {"dense": "classes"}]
DECODER: list[Any] = [
    {"embedding": 8}, {"gru": {"units": 8, "name": "encoder"}}, {"embedding": {"units": 8, "from": "decoder"}},
    {"gru": {"units": 8, "start": "encoder"}}, {"dense": "classes"},
]  # fmt: skip
RECIPES: dict[str, dict[str, Any]] = {
    "reber": {"data": {"reber": {"samples": 80}}, "model": GRU, **QUICK},
    "reversal": {"data": {"reversal": {"max_length": 5, "samples": 80}}, "model": DECODER, **QUICK},
    "both_sides": {"data": {"name": "both_sides", "samples": 60},
                   "model": [{"reshape": [30, 1]}, {"bidirectional": [{"gru": 4}]}, {"dense": "classes"}],
                   **QUICK},
    "text": {"data": {"name": "text", "file": "book.txt", "length": 8}, "model": GRU, **QUICK,
             "train": {"epochs": 2, "batch": 4, "carry_state": True, "shuffle": False}},
    "airline": {"data": {"name": "airline", "window": 6, "horizon": 2},
                "model": [{"gru": {"units": 8, "return": "last"}}, {"dense": "outputs"}], **QUICK},
}  # fmt: skip


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a book."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DLLAB_RUNS", raising=False)
    (tmp_path / "book.txt").write_text("A lazy dog sleeps. " * 60)
    return tmp_path


@pytest.mark.parametrize("name", RECIPES)
def test_a_run_is_opened_evaluated_and_gone_on_with(name: str) -> None:
    result = dllab.train(RECIPES[name])
    assert result.folder is not None
    opened = Opened(result.folder)
    figures, rows, same = opened.figures()
    assert same and rows == result.rows
    assert figures["test"] == result.metrics["test"]
    longer = dllab.resume(result.folder, train__epochs=3)
    assert longer.epochs == 3
    whole = dllab.train(RECIPES[name], train__epochs=3, save=False)
    for label, values in whole.network.parameters.items():
        np.testing.assert_array_equal(values, longer.network.parameters[label])
    began = dllab.train({**RECIPES[name], "init_from": str(result.folder)}, save=False)
    assert began.beginning is not None and began.beginning.origin is not None and not began.beginning.origin["new"]


@pytest.mark.parametrize("name", RECIPES)
def test_figures_of_the_same_rows_from_outside(name: str) -> None:
    """Rows from outside go on from nothing, so states are not carried here."""
    result = dllab.train({**RECIPES[name], **QUICK})
    assert result.folder is not None
    opened = Opened(result.folder)
    data = prepared(opened.recipe)
    assert data is not None
    columns = {column: values[data.splits.test] for column, values in data.dataset.columns.items()}
    inputs, targets = columns.pop("inputs"), columns.pop("targets")
    found = opened.figures_of(inputs, targets, **columns)
    for metric, value in result.metrics["test"].items():
        assert found[metric] == pytest.approx(value, rel=1e-5)


def test_what_is_learnt_from_names() -> None:
    result = dllab.train({"data": "names", "model": GRU, "train": {"steps": 1}})
    assert result.folder is not None
    learnt = Opened(result.folder).learnt
    assert (learnt.begins, learnt.foretells, learnt.ends, learnt.flows) == (True, True, True, False)
    assert learnt.vocabulary == learnt.classes and learnt.vocabulary[:2] == (".", "-") and len(learnt.vocabulary) == 28
    assert learnt.label_steps == learnt.input_shape[0]
    assert [(column.name, column.shape, column.dtype) for column in learnt.columns] == [("lengths", (), "int32")]
    again = Learnt.from_document(json.loads(json.dumps(learnt.document())))
    assert all(getattr(again, field.name) == getattr(learnt, field.name) for field in dataclasses.fields(learnt))
    data = stand_in(learnt)
    assert Learnt.of(data).vocabulary == learnt.vocabulary and data.dataset.at_every_step


def columns_of(inputs: list[list[int]], targets: list[list[int]]) -> Prepared:
    words = (".", "a", "b")
    columns = {"inputs": np.array(inputs, np.int32), "targets": np.array(targets, np.int32)}
    dataset = Dataset(
        name="mine", columns=columns, task="classification", classes=words, features=("1", "2", "3"), fixed_test=None,
        about="", vocabulary=words,
    )  # fmt: skip
    none = np.empty(0, np.int64)
    return Prepared(dataset, Splits(np.arange(len(inputs)), none, none), None, None)


@pytest.mark.parametrize(
    ("inputs", "targets", "begins", "foretells"),
    [
        ([[0, 1, 2], [0, 2, 0]], [[1, 2, 0], [2, 0, -1]], True, True),
        ([[0, 1, 2], [1, 2, 0]], [[1, 2, 0], [2, 0, -1]], False, True),
        ([[0, 1, 2], [0, 2, 0]], [[0, 1, 2], [-1, -1, -1]], True, False),
        ([[1, 1, 2], [1, 2, 0]], [[-1, -1, 0], [-1, -1, -1]], False, True),
        ([[1, 1, 2], [1, 2, 0]], [[-1, -1, -1], [-1, -1, -1]], False, False),
    ],
)
def test_what_rows_begin_with_and_ask_for(
    inputs: list[list[int]], targets: list[list[int]], begins: bool, foretells: bool
) -> None:
    learnt = Learnt.of(columns_of(inputs, targets))
    assert (learnt.begins, learnt.foretells, learnt.ends) == (begins, foretells, False)


def test_old_documents_and_old_checksums_stay() -> None:
    result = dllab.train("moons", train__epochs=1)
    assert result.folder is not None
    document = json.loads((result.folder / "data.json").read_text())
    assert not {"vocabulary", "label_steps", "columns", "tables", "flows", "begins", "foretells"} & set(document)
    data = Moons().prepare()
    names = json.dumps(["classification", data.dataset.classes, data.dataset.features]).encode()
    splits = {f"split {name}": getattr(data.splits, name) for name in ("train", "validation", "test")}
    before = digest_of({**data.dataset.columns, **splits, "names": np.frombuffer(names, np.uint8)})
    assert digest(data) == before


def test_the_checksum_knows_the_vocabulary_and_tables() -> None:
    data = columns_of([[0, 1, 2]], [[1, 2, 0]])
    other = dataclasses.replace(data, dataset=dataclasses.replace(data.dataset, vocabulary=(".", "a", "c")))
    third = dataclasses.replace(data, dataset=dataclasses.replace(data.dataset, tables={"counts": np.arange(3)}))
    assert len({digest(one) for one in (data, other, third)}) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"vocabulary": [1, 2]}, {"label_steps": -1}, {"flows": "x"}, {"columns": [{"name": "lengths"}]},
        {"columns": [{"name": "lengths", "shape": [0], "dtype": "int32"}]},
        {"columns": [{"name": "lengths", "shape": [], "dtype": "object"}]}, {"begins": 1},
    ],
)  # fmt: skip
def test_documents_of_other_things(change: dict[str, Any]) -> None:
    document = {**Learnt.of(columns_of([[0, 1, 2]], [[1, 2, 0]])).document(), **change}
    with pytest.raises((KeyError, TypeError, ValueError)):
        Learnt.from_document(document)
