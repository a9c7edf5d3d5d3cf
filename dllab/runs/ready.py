"""A net that can be asked: figures of rows, predictions, log-probabilities, whatever it was that trained it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.data.dataset import natural
from dllab.data.spelling import Spelling
from dllab.data.splits import Splits
from dllab.engine.network import Asking, Network
from dllab.engine.prepare import prepared
from dllab.engine.question import INPUTS, TARGETS
from dllab.losses.probabilities import log_probabilities
from dllab.metrics.labels import predicted
from dllab.recipe import Recipe
from dllab.runs.data_file import Learnt
from dllab.runs.disk import StoreError
from dllab.symbols import COLUMN, DECODER, LENGTHS, TABLE
from dllab.training.evaluate import Evaluator
from dllab.training.trainer import columns_of, metrics_of


@dataclass(frozen=True)
class Predictions:
    """What a net says of N rows.

    `outputs` (N, K): probabilities where `probable`, else scores or, for regression, values. `labels` (N,): the classes'
    numbers, None for regression. `classes`: their names. `names`: of the values, where each has one of its own.
    """

    outputs: NDArray[Any]
    probable: bool
    labels: NDArray[np.int64] | None
    classes: tuple[str, ...]
    names: tuple[str, ...] = ()

    def probabilities(self) -> NDArray[Any]:
        """(N, classes): of a single output also that of class 0."""
        return np.hstack([1 - self.outputs, self.outputs]) if self.outputs.shape[1] == 1 else self.outputs


class Reading:
    """How a net reads texts, trained or not: that is told by what its data are, `learnt`."""

    def __init__(self, learnt: Learnt) -> None:
        self.learnt = learnt

    @property
    def spelling(self) -> Spelling:
        """How texts become inputs of a net over ids."""
        return Spelling(self.learnt.vocabulary, self.learnt.ends)

    @property
    def answering(self) -> Spelling:
        """How its classes spell answers."""
        return Spelling(self.learnt.classes, self.learnt.ends or self.decodes)

    @property
    def decodes(self) -> bool:
        """Whether it answers word after word, each said to it before the next."""
        return self.learnt.column(DECODER) is not None

    @property
    def reads_steps(self) -> bool:
        """Whether it reads texts, or answers at every step."""
        return bool(self.learnt.vocabulary) or self.learnt.label_steps > 0


class Ready(Reading):
    """A trained net. `recipe`, `learnt` (what its data were), `network`."""

    def __init__(self, recipe: Recipe, learnt: Learnt, network: Network) -> None:
        super().__init__(learnt)
        self.recipe, self.network = recipe, network
        self._found: dict[str, dict[str, NDArray[Any]]] = {}

    @property
    def gives_back(self) -> bool:
        """Whether the net has learnt to give back its inputs."""
        return bool(getattr(self.recipe.data, "reconstruct", False))

    def figures_of(self, inputs: NDArray[Any], targets: NDArray[Any] | None, **beside: NDArray[Any]) -> dict[str, Any]:
        """Loss and metrics of other rows: raw inputs (N, ...), labels (N,) or values (N, K); None: the inputs.

        `beside`: the further columns, such as lengths (N,).
        """
        if targets is None:
            targets = np.ascontiguousarray(inputs, np.float32).reshape(len(inputs), -1)
        metrics = metrics_of(self.recipe, self.learnt.task)
        kind = np.int32 if self.learnt.vocabulary else np.float32
        rows = np.asarray(inputs, kind).reshape(len(inputs), *self.learnt.input_shape)
        values = {INPUTS: np.ascontiguousarray(rows), TARGETS: targets, **self._beside(len(rows), beside)}
        columns = columns_of(values, self.learnt, self.network.dtype, self._tables("evaluate"))
        nothing = np.empty(0, np.int64)
        splits = Splits(nothing, nothing, np.arange(len(rows)))
        return Evaluator(self.network, columns, splits, targets, metrics, self._natural).evaluate("test")

    def _natural(self, outputs: NDArray[Any]) -> NDArray[Any]:
        return natural(outputs, self.learnt.target_shift, self.learnt.target_scale)

    def outputs(self, inputs: NDArray[Any], **beside: NDArray[Any]) -> NDArray[Any]:
        """The net's outputs (N, ...) for raw inputs (N, ...). `beside`: see `figures_of`."""
        columns = {**self._beside(len(inputs), beside), **self._tables("infer:plain")}
        return self.network.forward(self.learnt.seen(inputs), False, **columns)

    def asking(self, rows: int) -> Asking:
        """Inference of so many rows again and again; the net's own columns are to be written into."""
        return self.network.asking(rows, **self._beside(rows, {}), **self._tables("infer:plain"))

    def log_probabilities(
        self, inputs: NDArray[Any], step: int | None = None, **beside: NDArray[Any]
    ) -> NDArray[np.float64]:
        """Log p of every class, (N, ..., K), by the outputs; of one `step` of them, (N, K)."""
        outputs = self.outputs(inputs, **beside)
        return self.as_log_probabilities(outputs if step is None else outputs[:, step])

    def as_log_probabilities(self, outputs: NDArray[Any]) -> NDArray[np.float64]:
        """Log p of every class by outputs (..., K)."""
        loss = self.network.plan.question.loss
        return log_probabilities(outputs, self.recipe.model[-1].part.name, None if loss is None else loss.absorbs)

    def _tables(self, program: str) -> dict[str, NDArray[Any]]:
        """What of the data is not by rows, for a program; found once."""
        if program not in self._found:
            self._found[program] = self._find_tables(program)
        return self._found[program]

    def _find_tables(self, program: str) -> dict[str, NDArray[Any]]:
        """As far as the program reads them, from the data themselves; others are filled with ones."""
        read = {value.register for row in self.network.plan.program(program).rows for value in row.operands.values()}
        wanted = [outline for outline in self.learnt.tables if COLUMN + outline.name + TABLE in read]
        if not wanted:
            return {outline.name: np.ones(outline.shape, outline.dtype) for outline in self.learnt.tables}
        data = prepared(self.recipe)
        there = {} if data is None else data.dataset.tables
        for outline in wanted:
            found = there.get(outline.name)
            if found is None or (found.shape, str(found.dtype)) != (outline.shape, outline.dtype):
                raise StoreError(f"the table {outline.name} of the data is not what it was when this net was trained")
        return dict(there)

    def _beside(self, rows: int, given: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """The further columns that the net reads: as given, else every step there, and else zeros."""
        found = {}
        for column in self.network.plan.question.extras:
            usual = self.learnt.input_shape[0] if column.name == LENGTHS else 0
            values = given.get(column.name)
            found[column.name] = np.full((rows, *column.shape), usual, column.dtype) if values is None else values
        return found

    def predict(self, inputs: NDArray[Any], **beside: NDArray[Any]) -> Predictions:
        """What the net says of raw inputs (N, ...), scaled as its data were. `beside`: see `figures_of`."""
        return self.read(self.outputs(inputs, **beside))

    def read(self, outputs: NDArray[Any]) -> Predictions:
        """What outputs (N, ...) of the net mean."""
        outputs = outputs.reshape(len(outputs), -1)
        loss, last = self.network.plan.question.loss, self.recipe.model[-1].part.name
        if self.learnt.task == "regression":
            names = self.learnt.features if self.gives_back else ()
            return Predictions(self._natural(outputs), False, None, (), names)
        probable = last in ("softmax", "sigmoid")
        if loss is not None and loss.absorbs == "softmax" and not probable:
            with np.errstate(invalid="ignore"):  # of a net that has diverged
                shifted = np.exp(outputs - outputs.max(axis=1, keepdims=True))
                outputs, probable = shifted / shifted.sum(axis=1, keepdims=True), True
        elif loss is not None and not self.network.plan.absorbed:
            outputs, probable = loss.answers(outputs), probable or loss.absorbs == "sigmoid"
        return Predictions(outputs, probable, predicted(outputs), self.learnt.classes)
