"""The folder of a run: what was trained, how it went, and all it takes to use the net or to go on.

runs/spirals-20261125-031500/
recipe.yaml             every default filled in; `dllab train` on it repeats the run
data.json               what the data were: classes, features, how inputs are scaled and tables encoded
metrics.jsonl           one line for each evaluation, written as it happens
checkpoint.safetensors  parameters, optimizer and running state, best weights: `dllab resume` goes on from here
weights.safetensors     parameters and running statistics at the end, by name
best.safetensors        those of the best evaluation (`train: {checkpoint: {best: true}}`)
run.json                status, final figures, changes to the recipe, versions, machine

Every file but the growing metrics is there whole or not at all. Those that a net is read from carry a checksum.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dllab.runs.disk import Lock, StoreError, clear_leftovers, read_file, reason, replace_file, sync_folder
from dllab.runs.metrics_log import MetricsLog, plain
from dllab.runs.seal import Damaged, sealed, sealed_json, unsealed, unsealed_json

if TYPE_CHECKING:
    from dllab.engine.network import Network

__all__ = ["RunFolder", "StoreError", "load_weights", "plain", "root_of", "safe", "weights_of"]

RECIPE, METRICS, STATUS, DATA = "recipe.yaml", "metrics.jsonl", "run.json", "data.json"
CHECKPOINT, WEIGHTS, BEST = "checkpoint.safetensors", "weights.safetensors", "best.safetensors"
VARIABLE = "DLLAB_RUNS"
LONGEST_NAME = 60
Arrays = dict[str, np.ndarray]


def root_of(run_dir: str | os.PathLike[str] | None = None) -> Path:
    """The folder that runs go to: the one given, else $DLLAB_RUNS, else ./runs."""
    return Path(run_dir or os.environ.get(VARIABLE) or "runs")


class RunFolder:
    """One run's folder. The methods raise StoreError where a file cannot be written, or not be read as it was written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.metrics = MetricsLog(path / METRICS)
        self._lock: Lock | None = None

    @classmethod
    def create(cls, name: str, run_dir: str | os.PathLike[str] | None = None) -> RunFolder:
        """A new folder `<name>-<date>-<time>` in the folder of runs, its own even if many processes start at once.

        The folder of runs is made if only its last part is missing.
        """
        path = new_folder(name, run_dir)
        folder = cls(path)
        with _no_place(path.parent):
            folder.lock()
            (path / METRICS).touch()
            sync_folder(path.parent)
        return folder

    def lock(self) -> None:
        """Keep other processes from training in this folder, until `close` or the end of this process."""
        self._lock = Lock(self.path)

    def write_recipe(self, text: str) -> None:
        """Keep the resolved recipe."""
        replace_file(self.path / RECIPE, text.encode())

    def write_data(self, document: Mapping[str, Any]) -> None:
        """Keep what the data were."""
        replace_file(self.path / DATA, sealed_json(document))

    def write_status(self, document: Mapping[str, Any]) -> None:
        """Keep what became of the run."""
        replace_file(self.path / STATUS, json.dumps(plain(document), indent=2).encode() + b"\n")

    def write_arrays(self, name: str, arrays: Arrays, facts: Mapping[str, Any]) -> None:
        """Keep named arrays with facts about them; equal ones as equal bytes."""
        replace_file(self.path / name, sealed(arrays, facts))

    def write_weights(self, network: Network, facts: Mapping[str, Any] | None = None) -> None:
        """Keep parameters and running statistics by name."""
        self.write_arrays(WEIGHTS, weights_of(network), facts or {})

    def add_metrics(self, line: Mapping[str, Any]) -> None:
        """Append one line; it is on its way to the disk when this returns."""
        self.metrics.add(line)

    def read_arrays(self, name: str) -> tuple[Arrays, dict[str, Any]]:
        """What `write_arrays` kept."""
        with _refusing(self.path / name):
            return unsealed(read_file(self.path / name))

    def read_data(self) -> dict[str, Any]:
        """What the data were."""
        with _refusing(self.path / DATA):
            return unsealed_json(read_file(self.path / DATA))

    def read_status(self) -> dict[str, Any]:
        """What run.json says."""
        path = self.path / STATUS
        with _refusing(path):
            try:
                document = json.loads(read_file(path))
            except (ValueError, RecursionError):
                raise Damaged("it is no JSON document") from None
            if not isinstance(document, dict) or not isinstance(document.get("status"), str):
                raise Damaged("it is no record of a run")
        return document

    def has(self, name: str) -> bool:
        """Whether a file is there."""
        return (self.path / name).is_file()

    def clear_leftovers(self) -> None:
        """Remove what a killed process had begun to write."""
        clear_leftovers(self.path)

    def close(self) -> None:
        """Nothing more will be written."""
        try:
            self.metrics.close()
        finally:
            if self._lock is not None:
                self._lock.release()


def new_folder(name: str, run_dir: str | os.PathLike[str] | None = None) -> Path:
    """Make the folder `<name>-<date>-<time>` in the folder of runs, whose last part is made if it is missing.

    Raises StoreError.
    """
    root = root_of(run_dir)
    stem = f"{safe(name)}-{time.strftime('%Y%m%d-%H%M%S')}"
    with _no_place(root):
        root.mkdir(exist_ok=True)
        number = 1
        while True:
            path = root / (stem if number == 1 else f"{stem}-{number}")
            try:
                path.mkdir()
                return path
            except FileExistsError:
                number += 1


@contextlib.contextmanager
def _no_place(root: Path) -> Iterator[None]:
    """Turns what goes wrong with the folder of runs into a StoreError."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise StoreError(_complaint(root, error)) from None


def check_has_net(status: Mapping[str, Any], path: Path) -> None:
    """Raise StoreError for a run of folds: it has as many nets as folds, and keeps none."""
    if "folds" in status:
        line = shlex.join(["dllab", "train", str(path / RECIPE), "train.folds="])
        raise StoreError(f"{path} is a run of folds: it keeps figures and no net\n  for one net of all its rows: {line}")


def weights_of(network: Network) -> Arrays:
    """Name to array: copies of all parameters and running statistics."""
    from dllab.training.state import copied, net_views

    return copied(net_views(network))


def load_weights(network: Network, folder: str | os.PathLike[str], name: str = WEIGHTS) -> dict[str, Any]:
    """Put the weights that a run kept into a network of the same recipe; returns the facts told with them.

    Raises StoreError where they cannot be read, are not as they were written, or do not fit.
    """
    from dllab.training.state import Unfit, net_views, put

    arrays, facts = RunFolder(Path(folder)).read_arrays(name)
    try:
        put(net_views(network), arrays)
    except Unfit as error:
        raise StoreError(f"{Path(folder) / name} belongs to another net: {error}\n  {new_run(Path(folder))}") from None
    return facts


def new_run(folder: Path) -> str:
    """What is left to do with a run that cannot be used."""
    return f"for a new run: {shlex.join(['dllab', 'train', str(folder / RECIPE)])}"


def safe(name: str) -> str:
    """A name that any file system takes."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:LONGEST_NAME] or "run"


class _refusing:
    """Turns damage into a StoreError that names the file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        if isinstance(error, Damaged):
            raise StoreError(f"{self.path} is damaged: {error}\n  {new_run(self.path.parent)}") from None


def _complaint(root: Path, error: Exception) -> str:
    shown = ascii(str(root))[1:-1] if not str(root).isprintable() else str(root)
    advice = "name another place with --run-dir or $DLLAB_RUNS,\n  or keep nothing with --no-save"
    if isinstance(error, FileNotFoundError) and not root.parent.exists():
        return f"runs cannot go to {shown}: there is no folder {root.parent}\n  make it first, or {advice}"
    if isinstance(error, FileExistsError):
        return f"runs cannot go to {shown}: that is a file, not a folder\n  {advice}"
    return f"runs cannot go to {shown}: {reason(error)}\n  {advice}"
