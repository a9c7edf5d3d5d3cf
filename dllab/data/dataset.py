"""Data sets, and the sources that make or read them.

A `Source` is the part that `data:` in a recipe names. It generates a `Dataset` (all rows, raw) and prepares it: splits
the rows and works out how the inputs are shifted and scaled.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field, replace
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from dllab.catalogue import Fraction, Part
from dllab.data.splits import Rows, Splits, split, split_published
from dllab.data.streams import Seed, generator
from dllab.data.subset import Only, PerClass, check, few_of_each, only_classes

if TYPE_CHECKING:
    from dllab.data.encoding import Encoding

__all__ = ["Dataset", "Prepared", "Rows", "ScaledTargets", "Source", "Splits"]

Column = NDArray[Any]
Scaling = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Dataset:
    """All rows of a data set, unscaled, in named columns.

    columns["inputs"]: (N, *shape) float32 or uint8, or (N, T) int32 ids of tokens, which `vocabulary` spells.
    columns["targets"]: (N,) int32 labels 0..classes-1, (N, T) int32 with one for every step, -1 where none counts, or
    (N, K) float32 for regression. Sequences may have columns["lengths"], (N,) int32, of how many steps of the T are there,
    and columns["decoder"], (N, S) int32 ids among the classes, which a decoder reads (`from: decoder`): what it is to say,
    one step late. classes: their names (empty for regression). features: one name per input number. fixed_test: the rows of
    a published test split, if there is one. flows: whether every row goes on where the row before it ends. encoding: how
    the table they come from became numbers, for data that come from a table. tables: arrays that are not by rows, which
    layers may ask for by name. Raises ValueError when these do not fit together.

    Columns are kept in C order, copied where they are not: a column picked as `rows[:, order]` is not, and kernels read
    rows by their address.
    """

    name: str
    columns: dict[str, Column]
    task: Literal["classification", "regression"]
    classes: tuple[str, ...]
    features: tuple[str, ...]
    fixed_test: Rows | None
    about: str
    encoding: Encoding | None = None
    vocabulary: tuple[str, ...] = ()
    tables: dict[str, Column] = field(default_factory=dict)
    flows: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", {name: np.ascontiguousarray(values) for name, values in self.columns.items()})
        inputs, targets = self.columns["inputs"], self.columns["targets"]
        if inputs.dtype not in (np.float32, np.uint8, np.int32) or inputs.ndim < 2:
            self._reject(f"inputs must be (N, ...) float32 or uint8, or ids in int32, not {inputs.shape} {inputs.dtype}")
        if not len(inputs) == len(targets) > 0:
            self._reject(f"{len(inputs)} inputs and {len(targets)} targets; every row needs one of each")
        if not all(np.isfinite(column).all() for column in self.columns.values()):
            self._reject("NaN or infinity among its numbers")
        if len(self.features) != prod(self.input_shape):
            self._reject(f"{len(self.features)} feature names for {prod(self.input_shape)} inputs a row")
        if self.task == "classification":
            self._check_labels(targets)
        elif targets.dtype != np.float32 or targets.ndim != 2 or self.classes:
            self._reject(f"regression targets must be (N, K) float32, not {targets.shape} {targets.dtype}")
        if inputs.dtype == np.int32:
            self._check_ids("inputs", self.vocabulary)
        if "decoder" in self.columns:
            self._check_ids("decoder", self.classes)
        if "lengths" in self.columns:
            self._check_lengths()

    def _check_ids(self, name: str, words: tuple[str, ...]) -> None:
        ids = self.columns[name]
        if ids.dtype != np.int32 or ids.ndim != 2 or len(ids) != self.rows:
            self._reject(f"{name} of ids must be (N, T) int32, not {ids.shape} {ids.dtype}")
        if ids.min() < 0 or ids.max() >= len(words):
            self._reject(f"{name} holds ids {ids.min()}..{ids.max()} for {len(words)} words")

    def _check_lengths(self) -> None:
        lengths, longest = self.columns["lengths"], self.columns["inputs"].shape[1]
        if lengths.dtype != np.int32 or lengths.shape != (self.rows,):
            self._reject(f"lengths must be (N,) int32, not {lengths.shape} {lengths.dtype}")
        if lengths.min() < 1 or lengths.max() > longest:
            self._reject(f"lengths {lengths.min()}..{lengths.max()} of sequences of 1 to {longest} steps")

    def _check_labels(self, labels: Column) -> None:
        if labels.dtype == np.int32 and labels.ndim == 2:  # one for every step
            if labels.min() < -1 or labels.max() >= len(self.classes):
                self._reject(f"labels {labels.min()}..{labels.max()} for {len(self.classes)} classes; -1 counts nowhere")
            return
        if labels.dtype != np.int32 or labels.ndim != 1:
            self._reject(f"class labels must be (N,) or (N, T) int32, not {labels.shape} {labels.dtype}")
        if self.rows < len(self.classes):
            self._reject(
                f"{len(self.classes)} classes in {self.rows} row{'s' * (self.rows > 1)}; give more samples or fewer classes"
            )
        if labels.min() < 0 or labels.max() >= len(self.classes):
            self._reject(f"labels {labels.min()}..{labels.max()} for {len(self.classes)} classes")

    def _reject(self, problem: str) -> None:
        raise ValueError(f"data set {self.name}: {problem}")

    @property
    def rows(self) -> int:
        """N, the number of rows in all splits together."""
        return len(self.columns["inputs"])

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one row's inputs."""
        return self.columns["inputs"].shape[1:]

    @property
    def at_every_step(self) -> bool:
        """Whether there is a class label for every step of a sequence."""
        return self.task == "classification" and self.columns["targets"].ndim == 2

    @property
    def outputs(self) -> int:
        """The number of classes, or of regression targets K."""
        return len(self.classes) or self.columns["targets"].shape[1]


@dataclass(frozen=True, eq=False)
class Prepared:
    """A data set with its splits and its scaling: the network sees (inputs - shift) * scale.

    shift, scale: (F,) float32, F numbers a row in C order, or both None for inputs that are used as they are. The
    columns keep their own type; uint8 inputs always have a scaling, at least 0 and 1 / full scale.
    target_shift, target_scale: (K,) float32, or both None. With them the loss compares outputs with
    (targets - target_shift) * target_scale, and `natural` turns outputs back into the unit of the targets.
    """

    dataset: Dataset
    splits: Splits
    shift: Scaling | None
    scale: Scaling | None
    target_shift: Scaling | None = None
    target_scale: Scaling | None = None

    def seen(self, rows: Rows) -> NDArray[np.float32]:
        """What the network sees of these rows: (len(rows), *shape) float32."""
        inputs = self.dataset.columns["inputs"][rows].astype(np.float32)
        if self.shift is None or self.scale is None:
            return inputs
        shape = self.dataset.input_shape
        scaled: NDArray[np.float32] = (inputs - self.shift.reshape(shape)) * self.scale.reshape(shape)
        return scaled

    def targets(self, rows: Rows) -> Column:
        """What the loss compares with: labels (len(rows),) int32, or values (len(rows), K) float32, maybe scaled."""
        targets: Column = self.dataset.columns["targets"][rows]
        if self.target_shift is None or self.target_scale is None:
            return targets
        return (targets - self.target_shift) * self.target_scale

    def natural(self, outputs: Column) -> Column:
        """Outputs (N, K) in the unit of the targets: float64 where these are scaled, else as they are."""
        return natural(outputs, self.target_shift, self.target_scale)

    def given_back(self) -> Prepared:
        """The same rows with their own inputs as targets, (N, F), scaled alike: data for an autoencoder."""
        inputs = self.dataset.columns["inputs"]
        if inputs.dtype == np.int32:
            raise ValueError(f"data set {self.dataset.name}: reconstruct: its inputs are words, not numbers; leave it out")
        columns = {**self.dataset.columns, "targets": inputs.reshape(len(inputs), -1).astype(np.float32)}
        dataset = replace(self.dataset, columns=columns, task="regression", classes=())
        return Prepared(dataset, self.splits, self.shift, self.scale, self.shift, self.scale)


def natural(outputs: Column, shift: Scaling | None, scale: Scaling | None) -> Column:
    """Outputs (N, K) of a net that has learnt shifted and scaled targets, in the unit of these, as float64."""
    if shift is None or scale is None:
        return outputs
    return outputs.astype(np.float64).reshape(len(outputs), -1) / scale.astype(np.float64) + shift.astype(np.float64)


class Source(Part):
    """Base of all data sources.

    Options every source has:

    - test: share of all rows set aside for the final test; 0 is none. Left out, a source with a published test split
      uses that one.
    - validation: share of all rows by which early stopping and the plateau schedule decide; taken from the training
      rows, never from the test.
    - stratify: give each split its share of every class.
    - standardise: shift and scale each feature to mean 0 and standard deviation 1, measured on the training rows; a
      feature that is constant there is shifted, not stretched.
    - only: the classes to keep, two or more, by name or number, such as [0, 1] or [cat, dog]; they are numbered anew in
      this order. Left out, all.
    - per_class: the most training rows of any class, drawn by the data seed; test and validation keep all of theirs.
    - reconstruct: the inputs themselves are what the net is to give back, as an autoencoder does; classes only share out
      the rows.
    - seed: seed of the rows that are drawn and of the split. Left out, it is a fixed number of the source, not the
      training seed: nets trained with other seeds then see the same data.
    """

    test: Fraction | None = 0.25
    validation: Fraction = 0.0
    stratify: bool = True
    standardise: bool = False
    only: Only | None = None
    per_class: PerClass | None = None
    reconstruct: bool = False
    seed: Seed | None = None

    default_seed: ClassVar[int] = 0
    card: ClassVar[str] = ""  # the card of its data file in datasets/, where that has not its own name
    full_scale: ClassVar[float] = 255.0  # the largest value of uint8 inputs, which the network sees as 1

    @model_validator(mode="after")
    def _check_fractions(self) -> Source:
        if self.validation + (self.test or 0.0) >= 1.0:
            raise ValueError(
                f"test: {self.test:g} and validation: {self.validation:g} leave no rows to train on; they must sum to "
                "less than 1"
            )
        return self

    def stamp(self) -> tuple[int, ...]:
        """Changes when a file that the rows are read from does; () for rows that are made, or come with the lab."""
        return ()

    @abstractmethod
    def generate(self) -> Dataset:
        """Makes or reads the data set."""

    def load(self) -> Dataset:
        """All rows, the same bits for the same options. Raises ValueError where options or data files do not do."""
        dataset = self.generate()
        check(dataset, only=self.only, per_class=self.per_class)
        return only_classes(dataset, self.only) if self.only else dataset

    def prepare(self) -> Prepared:
        """The data set with its splits and scaling. Raises ValueError, as load does and for splits without rows."""
        dataset = self.load()
        return self.scaled(dataset, self.few(dataset, self._split(dataset)))

    def few(self, dataset: Dataset, splits: Splits) -> Splits:
        """The splits with no more training rows of a class than `per_class` lets them have."""
        return splits if self.per_class is None else few_of_each(dataset, splits, self.per_class, self.data_seed)

    def scaled(self, dataset: Dataset, splits: Splits) -> Prepared:
        """The data set split in that way, with the scaling that its training rows ask for."""
        inputs = dataset.columns["inputs"]
        unit = 1.0 / self.full_scale if inputs.dtype == np.uint8 else 1.0
        shift = scale = target_shift = target_scale = None
        if self.standardise and inputs.dtype == np.int32:
            raise ValueError(f"data set {dataset.name}: standardise: its inputs are words, not numbers; leave it out")
        if self.standardise:
            shift, scale = self.spread_of_inputs(dataset, splits.train, unit)
        elif inputs.dtype == np.uint8:
            width = prod(dataset.input_shape)
            shift, scale = np.zeros(width, np.float32), np.full(width, unit, np.float32)
        if self.scales_targets and dataset.task == "regression":
            target_shift, target_scale = self.spread_of_targets(dataset, splits.train)
        found = Prepared(dataset, splits, shift, scale, target_shift, target_scale)
        return found.given_back() if self.reconstruct else found

    def spread_of_inputs(self, dataset: Dataset, rows: Rows, unit: float) -> tuple[Scaling, Scaling]:
        """The shift and scale that standardise inputs, measured on these rows, (F,) each; `unit` for constants."""
        return spread(dataset.columns["inputs"][rows], unit)

    def spread_of_targets(self, dataset: Dataset, rows: Rows) -> tuple[Scaling, Scaling]:
        """The shift and scale that standardise targets, measured on these rows, (K,) each."""
        return spread(dataset.columns["targets"][rows], 1.0)

    @property
    def scales_targets(self) -> bool:
        """Whether a net is trained on standardised targets, where these are numbers."""
        return False

    @property
    def data_seed(self) -> int:
        """The seed in use: the option `seed`, or the source's own."""
        return self.default_seed if self.seed is None else self.seed

    def stream(self, name: str) -> np.random.Generator:
        """The generator of one named stream of the data seed."""
        return generator(self.data_seed, name)

    def groups(self, dataset: Dataset) -> NDArray[np.int64]:
        """A number per row, (N,): splits take their share of the rows of each number. The class, or 0 for all."""
        if self.stratify and dataset.task == "classification" and not dataset.at_every_step:
            return dataset.columns["targets"].astype(np.int64)
        return np.zeros(dataset.rows, dtype=np.int64)

    def check_folds(self) -> None:
        """Raises ValueError where rows that are dealt out to folds would tell of each other."""

    def _split(self, dataset: Dataset) -> Splits:
        groups = self.groups(dataset)
        try:
            if self.test is not None:
                return split(groups, self.test, self.validation, self.data_seed)
            if dataset.fixed_test is not None:
                return split_published(dataset.fixed_test, groups, self.validation, self.data_seed)
        except ValueError as error:
            raise ValueError(f"data set {dataset.name}: {error}") from None
        raise ValueError(f"data set {dataset.name} has no published test split; give test: a fraction, or 0 for none")


class ScaledTargets(Source):
    """Base of sources with targets in a unit of their own, which may be far from 1.

    Options:

    - standardise_targets: train on targets of mean 0 and standard deviation 1, measured on the training rows only. The
      loss is then that of the standardised targets; metrics such as rmse and mae stay in the unit of the data.
    """

    standardise_targets: bool = True

    @property
    def scales_targets(self) -> bool:
        """The option."""
        return self.standardise_targets


def spread(values: Column, unit: float) -> tuple[Scaling, Scaling]:
    """Mean and 1 / standard deviation of each column, (F,); `unit` instead of the latter where it is constant."""
    flat = values.reshape(len(values), -1)
    mean, deviation = flat.mean(axis=0, dtype=np.float64), flat.std(axis=0, dtype=np.float64)
    deviation[deviation == 0] = 1.0 / unit  # exactly 0: sums of float32 and bytes are exact in float64
    return mean.astype(np.float32), (1.0 / deviation).astype(np.float32)
