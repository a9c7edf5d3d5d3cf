"""Looking at a net while it is trained: it is the net as it is by then, and training and its end see nothing of it."""

from __future__ import annotations

import numpy as np
import pytest

from dllab.lab.activations_during import during
from dllab.lab.gradients import gradients
from dllab.lab.plane_map import plane_map
from dllab.lab.subject import SoFar, Subject
from dllab.recipe import Recipe, load
from dllab.runs.metrics_log import plain
from dllab.views.activations_during import document as during_document
from dllab.views.gradients import document as gradients_document

NET = {
    "data": {"name": "moons", "samples": 80},
    "model": [{"dense": 8}, "batch_norm", "relu", {"dropout": 0.3}, {"dense": 8}, "tanh", {"dense": "classes"}],
    "optimizer": "adam",
    "train": {"epochs": 12, "batch": 16},
}
STOPPED = {
    **NET, "data": {"name": "moons", "samples": 80, "validation": 0.2},
    "train": {"epochs": 40, "batch": 16, "early_stop": {"patience": 3, "restore_best": True}},
}  # fmt: skip
CARRIED = "carry"


def numbers(subject: Subject) -> dict[str, np.ndarray]:
    running = subject.network.plan.store.running
    views = {label: subject.network.memory.view("running", value) for label, value in running.items()}
    return {name: array.copy() for name, array in {**subject.network.parameters, **views}.items()}


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    assert one.keys() == other.keys()
    return all(np.array_equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(
    "recipe",
    [
        load(NET), load(STOPPED),
        pytest.param(load(CARRIED, ["train.epochs=2"]),
                     marks=pytest.mark.slow),
    ],
    ids=["whole", "stopped", "carried"],
)  # fmt: skip
def test_looks_change_no_bit(recipe: Recipe) -> None:
    looks: list[int] = []

    def look(so_far: SoFar) -> None:
        seen = so_far()
        looks.append(seen.steps)
        gradients(seen)
        if seen.steps:
            during(seen)
        if "inputs" in seen.data.dataset.columns and seen.data.dataset.input_shape == (2,):
            plane_map(seen, "train", units=True, size=(10, 8), side=4)
        for values in seen.network.parameters.values():  # however it is looked at
            values[...] = 0

    plain_, watched = (Subject.trained(recipe, watched=True, on_look=on_look) for on_look in (None, look))
    assert looks[0] == 0 and looks[-1] == watched.steps and looks == sorted(looks) and len(set(looks)) > 2
    assert same(numbers(plain_), numbers(watched)) and plain_.ended is not None and watched.ended is not None
    assert plain_.ended.figures == watched.ended.figures and plain_.history[-1].figures == watched.history[-1].figures
    for make, document in ((gradients, gradients_document), (during, during_document)):
        assert plain(document(make(plain_))) == plain(document(make(watched)))  # type: ignore[operator, arg-type]


def test_it_is_the_net_as_it_is_by_then() -> None:
    seen: dict[int, tuple[dict[str, np.ndarray], int]] = {}

    def look(so_far: SoFar) -> None:
        found = so_far()
        assert found.trace is not None
        seen[found.steps] = numbers(found), len(found.trace.steps)

    end = Subject.trained(load(NET), watched=True, on_look=look)
    assert same(seen[0][0], numbers(Subject.untrained(load(NET)))) and seen[0][1] == 0
    assert same(seen[end.steps][0], numbers(end)) and end.trace is not None
    assert seen[end.steps][1] == len(end.trace.steps)
    half = sorted(seen)[len(seen) // 2]
    # a schedule is that of the whole run, so a shorter one is the same net only while the rate is constant
    short = Subject.trained(load(NET, ["train.epochs=", f"train.steps={half}"]))
    assert same(seen[half][0], numbers(short)) and seen[half][1] == half


def test_what_was_seen_so_far_is_the_beginning_of_all() -> None:
    parts: list[np.ndarray] = []

    def look(so_far: SoFar) -> None:
        trace = so_far().trace
        assert trace is not None
        parts.append(trace.layers[2].histogram.copy())

    end = Subject.trained(load(NET), watched=True, on_look=look).trace
    assert end is not None and len({len(part) for part in parts}) > 2
    for part in parts:
        np.testing.assert_array_equal(part, end.layers[2].histogram[: len(part)])


@pytest.mark.parametrize("times", [0, 1, 7, 30, 1000])
def test_it_can_be_looked_at_often(times: int) -> None:
    recipe, looks = load(NET, ["train.epochs=", "train.steps=30"]), list[int]()

    def look(so_far: SoFar) -> None:
        if not looks:
            so_far.often(times)
        looks.append(so_far().steps)

    end = Subject.trained(recipe, on_look=look)
    assert len(set(looks)) > min(times, 30) and max(np.diff(looks)) <= max(30 // max(times, 1), 1)
    assert same(numbers(end), numbers(Subject.trained(recipe)))
