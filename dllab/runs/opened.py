"""A run's net, ready to be used: figures of its own data or of other rows, and predictions."""

from __future__ import annotations

import dataclasses
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.data.dataset import Dataset, Prepared
from dllab.data.encoding import Encoding, plain_encoding
from dllab.data.splits import Splits
from dllab.engine.budget import bytes_available
from dllab.engine.network import Network
from dllab.engine.prepare import plan_of
from dllab.engine.question import question_of
from dllab.recipe import load
from dllab.runs.data_file import Learnt
from dllab.runs.disk import StoreError
from dllab.runs.find import find_run
from dllab.runs.ready import Ready
from dllab.runs.store import BEST, DATA, WEIGHTS, RunFolder, check_has_net, load_weights, new_run
from dllab.symbols import LENGTHS
from dllab.training.events import Figures
from dllab.training.trainer import Trainer

TARGET = "target"
"""The name of the target column in tables for nets that have learnt from other things than tables."""

FILES = {"last": WEIGHTS, "best": BEST}


class Opened(Ready):
    """The net of a run. `recipe`, `learnt` (what its data were), `network`, `steps` it was trained for.

    `best_step`: that to whose weights, the best ones, training has gone back; None where it has not.
    """

    def __init__(
        self, run: str | Path, run_dir: str | Path | None = None, weights: str = "last", trust: bool = False
    ) -> None:
        """Raises StoreError for a run that is missing or damaged, or has no such weights."""
        self.folder = RunFolder(find_run(run, run_dir))
        path, name = self.folder.path, FILES[weights]
        status = self._status = self.folder.read_status()
        check_has_net(status, path)
        if not self.folder.has(name):
            raise StoreError(f"{path} has no {name}\n  {_why(status['status'], weights, path)}")
        document = self.folder.read_data()
        try:
            learnt = self.learnt = Learnt.from_document(document)
            data = stand_in(learnt)
            self.encoding()
        except (KeyError, TypeError, ValueError, AttributeError):
            raise StoreError(f"{path / DATA} is not of this version of the lab\n  {new_run(path)}") from None
        recipe = load(path / "recipe.yaml", trust=trust)
        recipe = dataclasses.replace(recipe, name=str(status.get("recipe", path.name)))
        batch = recipe.train.batch if recipe.train.carry_state else 1  # states are carried for each row of a batch
        question = question_of(recipe, data, batch=batch if isinstance(batch, int) else None)
        super().__init__(recipe, learnt, Network(plan_of(recipe, question), recipe))
        facts = load_weights(self.network, path, name)
        if type(facts.get("steps")) is not int:
            raise StoreError(f"{path / name} is not of this version of the lab\n  {new_run(path)}")
        self.steps: int = facts["steps"]
        best = facts.get("best_step")
        self.best_step = best if type(best) is int else None

    def encoding(self) -> Encoding:
        """How tables become inputs of this net: as they did in training, or a column for each number of a row."""
        if self.learnt.encoding is not None:
            return Encoding.from_document(self.learnt.encoding)
        return plain_encoding(self.learnt.features, TARGET, self.learnt.classes)

    def edited(self) -> list[str]:
        """The files of the user's own that are not what they were in training."""
        then = self._status.get("used")
        known: dict[str, str] = then if isinstance(then, dict) else {}
        return [file for file, digest in self.recipe.used.items() if known.get(file, digest) != digest]

    def figures(self) -> tuple[Figures, dict[str, int], bool]:
        """Figures of all splits of the run's own data, their rows, and whether the data are what they were."""
        trainer = Trainer(self.recipe)
        for name, array in trainer.network.parameters.items():
            array[...] = self.network.parameters[name]
        for label, value in self.network.plan.store.running.items():
            trainer.network.memory.view("running", trainer.network.plan.store.running[label])[...] = (
                self.network.memory.view("running", value)
            )
        evaluator = trainer.evaluator
        figures = {name: evaluator.evaluate(name) for name in evaluator.splits}
        same = Learnt.of(trainer.data).digest == self.learnt.digest
        return figures, {name: len(rows) for name, rows in evaluator.splits.items()}, same


def stand_in(learnt: Learnt) -> Prepared:
    """Data of the same outside with a row a class, to plan the net by: the rows it learnt from need not be there.

    Raises ValueError where they do not fit together, or in memory.
    """
    rows = max(len(learnt.classes), 1)
    if prod(learnt.input_shape) != len(learnt.features):
        raise ValueError(f"{learnt.input_shape} is no shape of {len(learnt.features)} features")
    each = [learnt.input_shape, (learnt.outputs,), (learnt.label_steps or 0,), *(one.shape for one in learnt.columns)]
    numbers = rows * sum(map(prod, each)) + sum(prod(table.shape) for table in learnt.tables)
    room = bytes_available()
    if room is not None and 4 * numbers > room:
        raise ValueError(f"{numbers} numbers do not fit in memory")
    labelled = learnt.task == "classification"
    kind = np.int32 if learnt.vocabulary else np.float32
    columns = {"inputs": np.zeros((rows, *learnt.input_shape), kind), "targets": _stand_in_targets(learnt, rows)}
    for column in learnt.columns:
        fill = 1 if column.name == LENGTHS else 0
        columns[column.name] = np.full((rows, *column.shape), fill, column.dtype)
    dataset = Dataset(
        name=learnt.name,
        columns=columns,
        task="classification" if labelled else "regression",
        classes=learnt.classes,
        features=learnt.features,
        fixed_test=None,
        about="",
        vocabulary=learnt.vocabulary,
        tables={table.name: np.ones(table.shape, table.dtype) for table in learnt.tables},
        flows=learnt.flows,
    )
    nothing = np.empty(0, np.int64)
    scaling = learnt.shift, learnt.scale, learnt.target_shift, learnt.target_scale
    return Prepared(dataset, Splits(np.arange(rows), nothing, nothing), *scaling)


def _stand_in_targets(learnt: Learnt, rows: int) -> NDArray[Any]:
    """Targets that plan a net for any rows: labels at every step may have gaps, whether or not those of training had."""
    if learnt.label_steps:
        return np.full((rows, learnt.label_steps), -1, np.int32)
    if learnt.task == "classification":
        return np.arange(rows, dtype=np.int32)
    return np.zeros((rows, learnt.outputs), np.float32)


def _why(status: str, weights: str, path: Path) -> str:
    if weights == "best":
        return "it was trained without train.checkpoint.best, or has seen no evaluation yet"
    if status == "running":
        return f"it is still being trained, or was killed: dllab resume {path}"
    return new_run(path)
