"""What a net writes while it is trained: a line that fits, now and then, and training that takes no notice of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dllab
from dllab.core.settings import jit_enabled
from dllab.lab import glimpse
from dllab.lab.glimpse import Glimpse
from dllab.training.events import EpochEnd, Event, Started

pytestmark = pytest.mark.skipif(not jit_enabled(), reason="nets that take minutes without compiled kernels")

GRU: list[Any] = [{"embedding": 4}, {"gru": 6}, {"dense": "classes"}]
NAMES: dict[str, Any] = {"data": {"names": "female"}, "model": GRU, "train": {"epochs": 2, "batch": 256}}


def watched(recipe: dict[str, Any], width: int) -> tuple[dllab.runs.result.Result, list[str | None]]:
    """A run whose net writes after every epoch."""
    seen: list[Glimpse | None] = []
    lines: list[str | None] = []

    def listen(event: Event) -> None:
        if isinstance(event, Started):
            seen.append(Glimpse.at(event.recipe, event.network))
            if seen[0] is not None:
                list(seen[0].compile())
        if isinstance(event, EpochEnd) and seen[0] is not None:
            lines.append(seen[0].line(width))

    return dllab.train(recipe, save=False, on_event=listen), lines


@pytest.fixture(autouse=True)
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glimpse, "REST", 0.0)
    monkeypatch.setattr(glimpse, "SHARE", 0)


def test_names_with_commas_between() -> None:
    result, lines = watched(NAMES, 40)
    assert len(lines) == 2 and lines[0] != lines[1]
    for line in lines:
        assert line is not None and len(line) <= 40 and line.count(", ") >= 2
    plain = dllab.train(NAMES, save=False)
    for label, values in plain.network.parameters.items():
        np.testing.assert_array_equal(values, result.network.parameters[label])


def test_a_text_on_one_line(tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_text("ab\n\tcd\n" * 200)
    data = {"name": "text", "file": str(tmp_path / "book.txt"), "length": 8}
    carried = {"epochs": 2, "batch": 8, "carry_state": True, "shuffle": False}
    recipe = {"data": data, "model": GRU, "train": carried}
    result, lines = watched(recipe, 50)
    assert all(line is not None and len(line) <= 50 and line.isprintable() and " / " in line for line in lines)
    plain = dllab.train(recipe, save=False)
    for label, values in plain.network.parameters.items():
        np.testing.assert_array_equal(values, result.network.parameters[label])


def test_it_waits_for_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glimpse, "REST", 1000.0)
    assert [line is None for line in watched(NAMES, 40)[1]] == [False, True]


@pytest.mark.parametrize(
    "recipe",
    [
        {"data": "moons", "model": [{"dense": 2}]},
        {"data": {"name": "names", "task": "classify"},
         "model": [{"embedding": 4}, {"gru": {"units": 4, "return": "last"}}, {"dense": "classes"}]},
        {"data": "names", "model": [{"embedding": 4}, {"bidirectional": [{"gru": 4}]}, {"dense": "classes"}]},
    ],
)  # fmt: skip
def test_other_nets_write_nothing(recipe: dict[str, Any]) -> None:
    assert watched({**recipe, "train": {"steps": 1}}, 40)[1] == []
