"""The time that a listener takes over an event is not time of training."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from dllab.recipe import load
from dllab.training import course, trainer
from dllab.training.events import Finished, Progress

RECIPE = {
    "data": {"name": "moons", "samples": 40},
    "model": [{"dense": 4}, "tanh", {"dense": "classes"}],
    "loss": "cross_entropy",
    "train": {"epochs": 5, "batch": 10},
}


def test_a_slow_listener_costs_no_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    late = 0.0
    for module in (trainer, course):
        monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: time.perf_counter() + late))
    seconds = []
    for event in trainer.Trainer(load(RECIPE)).events():
        if isinstance(event, Progress | Finished):
            seconds.append(event.seconds)
        late += 1000.0
    assert len(seconds) > 5
    assert max(seconds) < 1000.0
    assert seconds == sorted(seconds)
