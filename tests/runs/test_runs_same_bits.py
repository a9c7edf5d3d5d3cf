"""A run that is stopped comes to the bits of the run that was not: optimizers x schedules x options of training."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import dllab
from dllab.core.settings import jit_enabled
from dllab.engine import executor
from dllab.engine.pace import Pace
from dllab.runs.result import Interrupted
from dllab.runs.store import BEST, CHECKPOINT, METRICS, RECIPE, STATUS, WEIGHTS, RunFolder
from dllab.training.events import EpochEnd, Event, Finished, Progress

pytestmark = pytest.mark.skipif(not jit_enabled(), reason="dozens of whole runs; test_runs_crash.py resumes without JIT")

OPTIMIZERS: dict[str, Any] = {
    "sgd": {"sgd": 0.05},
    "momentum": {"momentum": {"lr": 0.02}},
    "nesterov": {"nesterov": {"lr": 0.02}},
    "adam": {"adam": 0.01},
    "adamw": {"adamw": {"lr": 0.01}},
    "rmsprop": {"rmsprop": 0.005},
    "adagrad": {"adagrad": 0.05},
    "lion": {"lion": 0.002},
    "muon": {"muon": {"lr": 0.02}},
    "clips, decays, adam": [
        {"clip_norm": 0.5},
        {"l2": 0.001},
        {"weight_decay": 0.01},
        {"clip_value": 0.1},
        {"adam": 0.01},
    ],
    "perceptron": "perceptron",
}
SCHEDULES: dict[str, Any] = {
    "constant": "constant",
    "cosine": {"cosine": {"warmup": 5}},
    "exponential": {"exponential": {"half_life": 20}},
    "one_cycle": "one_cycle",
    "step": {"step": {"every": 7, "factor": 0.5}},
    "plateau": {"plateau": {"patience": 1, "factor": 0.5}},
}
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "float64": {"dtype": "float64"},
    "full": {"batch": "full", "epochs": 30},
    "steps": {"steps": 31},
    "in order": {"shuffle": False},
    "seldom": {"evaluate_every": 4},
    "stop": {"early_stop": {"patience": 3, "metric": "accuracy"}, "epochs": 30},
    "stop, kept": {"early_stop": {"patience": 2, "min_delta": 0.02, "restore_best": False}, "epochs": 30},
    "best": {"checkpoint": {"every": 3, "best": True}},
    "no last": {"checkpoint": {"every": 2, "last": False}},
    "clipped": {"clip_norm": 0.3, "l1": 1e-4, "weight_decay": 0.01},
}
MODEL = [
    {"dense": 12},
    "batch_norm",
    "tanh",
    {"dropout": 0.2},
    {"residual": ["layer_norm", {"dense": 12}]},
    {"dense": "classes"},
]
STEPS_A_CHUNK = 4


@pytest.fixture(autouse=True)
def even_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of few steps, so that a stop can be at many places of an epoch."""
    monkeypatch.setattr(Pace, "steps", lambda self: STEPS_A_CHUNK)


def recipe_of(optimizer: str, schedule: str, options: str) -> dict[str, Any]:
    """A small recipe; half of an epoch is a chunk and a bit."""
    model: list[Any] = MODEL
    loss = "cross_entropy"
    if optimizer == "perceptron":
        model, loss = [{"dense": {"units": 1, "init": "zeros"}}, "step"], "perceptron"
    return {
        "data": {"name": "moons", "samples": 120, "noise": 0.3, "validation": 0.25},
        "model": model,
        "loss": loss,
        "optimizer": OPTIMIZERS[optimizer],
        "schedule": SCHEDULES[schedule],
        "train": {"batch": 16, **({} if "steps" in OPTIONS[options] else {"epochs": 9}), **OPTIONS[options]},
    }


def stopping_after(count: int) -> Callable[[Event], None]:
    """A listener that presses Ctrl-C at the event of that number, counting those of steps and evaluations."""
    told = 0

    def listen(event: Event) -> None:
        nonlocal told
        told += isinstance(event, Progress | EpochEnd)
        if told == count and not isinstance(event, Finished):
            raise KeyboardInterrupt

    return listen


def stopped_often(folder: Path, between: int) -> dllab.Result:
    """Go on with a run, stopping after so many events each time, to its end."""
    for _ in range(200):
        try:
            return dllab.resume(folder, on_event=stopping_after(between))
        except Interrupted as stopped:
            assert stopped.result.status == "interrupted"
    raise AssertionError("the run comes to no end")


def kept(folder: Path, checkpoint: bool = True) -> dict[str, Any]:
    """All that a run keeps of its bits and figures."""
    run = RunFolder(folder)
    names = [WEIGHTS, *([CHECKPOINT] if checkpoint else []), *([BEST] if run.has(BEST) else [])]
    found: dict[str, Any] = {}
    for name in names:
        for label, array in run.read_arrays(name)[0].items():
            found[f"{name}/{label}"] = (array.dtype.str, array.shape, array.tobytes())
    found["log"] = [
        {key: value for key, value in json.loads(line).items() if key != "seconds"}
        for line in (folder / METRICS).read_text().splitlines()
    ]
    told = json.loads((folder / STATUS).read_text())
    found.update({key: told.get(key) for key in ("recipe", "seed", "status", "epochs", "steps", "final", "best_epoch")})
    found["recipe text"] = (folder / RECIPE).read_text()
    return found


def check(tmp_path: Path, recipe: dict[str, Any], stops: tuple[int, ...], between: tuple[int, ...]) -> None:
    """Fail unless the run stopped at each place, and at all of them, is the run that was not."""
    whole = dllab.train(recipe, run_dir=tmp_path / "whole")
    assert whole.folder is not None
    last = recipe["train"].get("checkpoint", {}).get("last", True)
    wanted = kept(whole.folder, last)
    places = 0
    for first, more in product(stops, between):
        root = tmp_path / f"{first}-{more}"
        try:
            dllab.train(recipe, run_dir=root, on_event=stopping_after(first))
        except Interrupted as stopped:
            assert stopped.result.folder is not None
            places += 1
            result = stopped_often(stopped.result.folder, more)
            assert result.folder is not None
            assert kept(result.folder, last) == wanted, f"stopped after {first} events, then every {more}"
            assert result.metrics == whole.metrics
        shutil.rmtree(root)
    assert places, "no stop came before the end"


def pairs() -> list[tuple[str, str, str]]:
    """Every optimizer with every schedule, the options in turn."""
    names = list(OPTIONS)
    return [
        (optimizer, schedule, names[(i + 5 * j) % len(names)])
        for i, optimizer in enumerate(OPTIMIZERS)
        for j, schedule in enumerate(SCHEDULES)
    ]


@pytest.mark.parametrize(("optimizer", "schedule", "options"), pairs(), ids=str)
def test_stopped_runs(tmp_path: Path, optimizer: str, schedule: str, options: str) -> None:
    check(tmp_path, recipe_of(optimizer, schedule, options), (2, 7), (5,))


def everything() -> list[tuple[str, str, str]]:
    """Every optimizer with every schedule and all options, but clipping by two hands."""
    return [names for names in product(OPTIMIZERS, SCHEDULES, OPTIONS) if names[::2] != ("clips, decays, adam", "clipped")]


@pytest.mark.slow
@pytest.mark.parametrize(("optimizer", "schedule", "options"), everything(), ids=str)
def test_stopped_runs_everywhere(tmp_path: Path, optimizer: str, schedule: str, options: str) -> None:
    check(tmp_path, recipe_of(optimizer, schedule, options), (1, 3), (4,))


@pytest.mark.parametrize("optimizer", ["adam", "muon"])
@pytest.mark.parametrize("model", ["units", "rows"])
def test_a_net_that_two_cores_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, optimizer: str) -> None:
    """It goes on with one core free, and then with two."""
    models: dict[str, list[Any]] = {
        "units": [{"dense": 256}, "relu", {"dense": 128}, "relu", {"dense": "classes"}],
        "rows": [
            {"dense": 256},
            "batch_norm",
            "relu",
            {"dropout": 0.3},
            {"dense": 256},
            "batch_norm",
            {"dense": "classes"},
        ],
    }
    recipe = {
        "data": "digits",
        "model": models[model],
        "optimizer": OPTIMIZERS[optimizer],
        "train": {"epochs": 4, "batch": 600},
    }
    whole = dllab.train(recipe, run_dir=tmp_path / "whole")
    assert whole.folder is not None
    assert whole.network.plan.shards == 2 or (model, optimizer) == ("units", "muon")
    with pytest.raises(Interrupted) as caught:
        dllab.train(recipe, run_dir=tmp_path / "stopped", on_event=stopping_after(1))
    folder = caught.value.result.folder
    assert folder is not None
    with monkeypatch.context() as patched:
        patched.setattr(executor, "free_cores", lambda: 1)
        with pytest.raises(Interrupted):
            dllab.resume(folder, on_event=stopping_after(2))
    dllab.resume(folder)
    assert kept(folder) == kept(whole.folder)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_length_of_a_chunk_changes_no_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, schedule: str) -> None:
    """Rates are computed for a chunk at once; which chunks there are depends on the machine's pace."""
    recipe = recipe_of("adam", schedule, "seldom")
    found = []
    for steps in (1, 7, 1000):
        monkeypatch.setattr(Pace, "steps", lambda self, steps=steps: steps)
        folder = dllab.train(recipe, run_dir=tmp_path / str(steps)).folder
        assert folder is not None
        found.append(kept(folder))
    assert found[0] == found[1] == found[2]
