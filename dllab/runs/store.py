"""The folder of a run: the resolved recipe, metrics as JSON lines, weights, and what became of it.

runs/spirals-20261125-031500/
recipe.yaml           every default filled in; `dllab train` on it repeats the run
metrics.jsonl         one line for each evaluation, written as it happens
weights.safetensors   parameters and running statistics, by name
run.json              status and final figures
"""

from __future__ import annotations

import json
import math
import os
import re
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dllab.engine.network import Network

RECIPE, METRICS, WEIGHTS, STATUS = "recipe.yaml", "metrics.jsonl", "weights.safetensors", "run.json"
VARIABLE = "DLLAB_RUNS"
LONGEST_NAME = 60


class StoreError(Exception):
    """A run's folder cannot be made, written or read; the text says which, why, and what to do."""


def root_of(run_dir: str | os.PathLike[str] | None = None) -> Path:
    """The folder that runs go to: the one given, else $DLLAB_RUNS, else ./runs."""
    return Path(run_dir or os.environ.get(VARIABLE) or "runs")


class RunFolder:
    """One run's folder. Every file but the growing metrics is put in place whole or not at all."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._metrics: IO[str] | None = None

    @classmethod
    def create(cls, name: str, run_dir: str | os.PathLike[str] | None = None) -> RunFolder:
        """A new folder `<name>-<date>-<time>` in the folder of runs, its own even if many processes start at once.

        The folder of runs is made if only its last part is missing. Raises StoreError.
        """
        root = root_of(run_dir)
        stem = f"{safe(name)}-{time.strftime('%Y%m%d-%H%M%S')}"
        try:
            root.mkdir(exist_ok=True)
            number = 1
            while True:
                path = root / (stem if number == 1 else f"{stem}-{number}")
                try:
                    path.mkdir()
                    break
                except FileExistsError:
                    number += 1
            (path / METRICS).touch()
            return cls(path)
        except (OSError, ValueError) as error:
            raise StoreError(_complaint(root, error)) from None

    def write_recipe(self, text: str) -> None:
        """Keep the resolved recipe."""
        self._write(RECIPE, text.encode())

    def add_metrics(self, line: Mapping[str, Any]) -> None:
        """Append one line; it is on its way to the disk when this returns."""
        with _complaining(self.path / METRICS):
            if self._metrics is None:
                self._metrics = (self.path / METRICS).open("a", encoding="utf-8", buffering=1)
            self._metrics.write(json.dumps(plain(line)) + "\n")

    def write_weights(self, network: Network, facts: Mapping[str, str] | None = None) -> None:
        """Keep parameters and running statistics by name; equal ones as equal bytes."""
        from safetensors.numpy import save

        told = json.dumps(dict(facts or {}), sort_keys=True)  # the library writes several keys in any order
        self._write(WEIGHTS, save(weights_of(network), metadata={"dllab": told}))

    def write_status(self, document: Mapping[str, Any]) -> None:
        """Keep what became of the run."""
        self._write(STATUS, json.dumps(plain(document), indent=2).encode() + b"\n")

    def close(self) -> None:
        """No more metrics will come."""
        if self._metrics is not None:
            with _complaining(self.path / METRICS):
                self._metrics.close()
            self._metrics = None

    def _write(self, name: str, content: bytes) -> None:
        with _complaining(self.path / name):
            handle, temporary = tempfile.mkstemp(dir=self.path, prefix=f".{name}-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                os.chmod(temporary, 0o644)
                os.replace(temporary, self.path / name)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise


def weights_of(network: Network) -> dict[str, Any]:
    """Name to array: all parameters, and the running statistics (batch norm's means, say) beside them."""
    running = network.plan.store.running
    return {**network.parameters, **{name: network.memory.view("running", value) for name, value in running.items()}}


def load_weights(network: Network, folder: str | os.PathLike[str]) -> None:
    """Put the weights that a run kept into a network of the same recipe. Raises StoreError where they do not fit."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    path = Path(folder) / WEIGHTS
    try:
        kept = load(path.read_bytes())
    except (OSError, SafetensorError) as error:
        raise StoreError(f"{path} cannot be read: {_reason(error)}") from None
    arrays = weights_of(network)
    if {n: a.shape for n, a in kept.items()} != {n: a.shape for n, a in arrays.items()}:
        raise StoreError(f"{path} belongs to another net: it holds {', '.join(sorted(kept)) or 'nothing'}")
    for name, array in arrays.items():
        array[...] = kept[name]


def plain(value: Any) -> Any:
    """Plain JSON data; NaN and infinities become None."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def safe(name: str) -> str:
    """A name that any file system takes."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:LONGEST_NAME] or "run"


class _complaining:
    """Turns what goes wrong with a file into a StoreError."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        if isinstance(error, OSError):
            raise StoreError(f"{self.path} cannot be written: {_reason(error)}") from None


def _complaint(root: Path, error: Exception) -> str:
    shown = ascii(str(root))[1:-1] if not str(root).isprintable() else str(root)
    advice = "name another place with --run-dir or $DLLAB_RUNS,\n  or keep nothing with --no-save"
    if isinstance(error, FileNotFoundError) and not root.parent.exists():
        return f"runs cannot go to {shown}: there is no folder {root.parent}\n  make it first, or {advice}"
    return f"runs cannot go to {shown}: {_reason(error)}\n  {advice}"


def _reason(error: Exception) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)
