"""The loss on planes through weights: against plain numpy, and the directions that span them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from marks import compiled_only
from numpy.typing import NDArray

from dllab.lab.directions import NoPlane, filters, path_plane, random_plane, with_kinds
from dllab.lab.landscape import STEP, Landscape, landscape, usual_points
from dllab.lab.subject import Subject
from dllab.lab.suits import Unsuited, check
from dllab.lab.terrain import Terrain
from dllab.lab.weight_path import vector
from dllab.recipe import load
from dllab.training.evaluate import Evaluator

pytestmark = compiled_only

LINEAR: dict[str, Any] = {
    "data": {"name": "diabetes", "standardise_targets": True},
    "model": [{"dense": "outputs"}],
    "loss": "mse",
    "optimizer": {"sgd": 0.05},
    "train": {"epochs": 4, "batch": 16, "dtype": "float64"},
}
TANH: dict[str, Any] = {
    "data": {"name": "moons", "samples": 80},
    "model": [{"dense": 6}, "tanh", {"dense": "classes"}],
    "optimizer": {"adam": 0.02},
    "train": {"epochs": 20, "batch": 16},
}


def mean_square(subject: Subject, rows: NDArray[np.int64], moved: NDArray[np.float64]) -> float:
    """The loss of the linear net with so much added to w and b, by numpy alone."""
    w, b = (values.astype(np.float64) for values in subject.network.parameters.values())
    x, y = subject.data.seen(rows).astype(np.float64), subject.data.targets(rows).astype(np.float64)
    misses = x @ (w + moved[: w.size].reshape(w.shape)) + b + moved[w.size :] - y
    return float((misses**2).mean())


@pytest.mark.parametrize("path", [False, True])
def test_a_linear_net_with_mse_is_the_quadratic_that_numpy_says(path: bool) -> None:
    subject = Subject.trained(load(LINEAR), path=path)
    rows = subject.rows("train", 512)
    before = vector(subject.network).copy()
    found = landscape(subject, points=5, span=None if path else 2.0, seed=3)
    plane = random_plane(subject.network, 3) if subject.path is None else path_plane(subject.network, subject.path)
    first, second = plane.directions
    for (row, column), loss in np.ndenumerate(found.loss):
        expected = mean_square(subject, rows, found.x[column] * first + found.y[row] * second)
        assert loss == pytest.approx(expected, rel=1e-5)
    x = subject.data.seen(rows).astype(np.float64)
    assert (found.x[0] == found.y[0]) != path, "a path reaches further in one direction"
    for direction, bend, line, axis in zip(plane.directions, found.curvature, found.lines, (found.x, found.y)):
        slopes = x @ direction[:-1].reshape(-1, 1) + direction[-1]
        assert bend == pytest.approx(2 * (slopes**2).mean(), rel=1e-3)
        assert line == pytest.approx([mean_square(subject, rows, at * direction) for at in axis], rel=1e-5)
    assert found.centre == pytest.approx(mean_square(subject, rows, 0 * first), rel=1e-5)
    np.testing.assert_array_equal(vector(subject.network), before, "the net is as it was")


CONVOLUTIONS = [{"conv": 3}, "batch_norm", {"depthwise_conv": {"multiplier": 2}}, "flatten", {"dense": "classes"}]
KINDS: dict[str, Any] = {
    "conv": {"data": {"digits": {"flatten": False}}, "model": CONVOLUTIONS},
    "words": {"data": {"names": {"which": "male"}}, "model": [{"embedding": 5}, {"gru": 4}, {"dense": "classes"}]},
}


@pytest.mark.parametrize("name", KINDS)
def test_every_filter_of_a_direction_has_the_norm_of_the_nets_own(name: str) -> None:
    network = Subject.untrained(load(KINDS[name])).network
    plane = random_plane(network, 1)
    place, counted = 0, 0
    for parameter, kind in with_kinds(network):
        own = network.parameters[parameter.label]
        for direction in plane.directions:
            part = direction[place : place + own.size].reshape(own.shape)
            if own.ndim < 2:
                assert not part.any(), "biases, and gains of normalisations"
                continue
            np.testing.assert_allclose(norms(parameter.label, part), norms(parameter.label, own), rtol=1e-5)
            assert filters(parameter, part, kind).size == own.size
            counted += 1
        place += own.size
    assert counted >= 6 and place == plane.directions.shape[1]
    assert np.linalg.norm(plane.directions, axis=1) == pytest.approx(plane.length)
    assert abs(plane.directions[0] @ plane.directions[1]) < 0.5 * plane.length**2


def norms(label: str, values: NDArray[Any]) -> NDArray[Any]:
    """Of a word's vector, of a channel's kernel, of the weights of one unit: written apart from the lab's own."""
    if "embedding" in label:
        return np.sqrt((values.astype(np.float64) ** 2).sum(axis=1))
    if "depthwise" in label:
        return np.sqrt((values.astype(np.float64) ** 2).sum(axis=(0, 1)))
    return np.sqrt((values.astype(np.float64) ** 2).sum(axis=tuple(range(values.ndim - 1))))


def test_copies_on_the_way_change_nothing_and_come_at_even_steps() -> None:
    plain, walked = Subject.trained(load(TANH)), Subject.trained(load(TANH), path=True)
    np.testing.assert_array_equal(vector(plain.network), vector(walked.network))
    path = walked.path
    assert path is not None and plain.path is None
    np.testing.assert_array_equal(path.steps, [0, *(round(walked.steps * k / 50) for k in range(1, 51))])
    np.testing.assert_array_equal(path.weights[0], vector(Subject.untrained(load(TANH)).network))
    np.testing.assert_array_equal(path.weights[-1], vector(walked.network))
    middle = Subject.trained(load(TANH, [f"train.steps={path.steps[20]}", "train.epochs="]))
    np.testing.assert_array_equal(path.weights[20], vector(middle.network))


def test_the_plane_of_a_path_is_that_of_its_principal_directions() -> None:
    subject = Subject.trained(load(TANH), path=True)
    assert subject.path is not None
    plane = path_plane(subject.network, subject.path)
    ways = subject.path.weights.astype(np.float64) - vector(subject.network)
    _, sizes, directions = np.linalg.svd(ways - ways.mean(axis=0), full_matrices=False)
    for number in range(2):
        alike = directions[number] @ plane.directions[number] / plane.length
        assert abs(alike) == pytest.approx(1, abs=1e-6)
        assert plane.shares is not None and plane.shares[number] == pytest.approx(sizes[number] ** 2 / (sizes**2).sum())
    found = landscape(subject, points=7)
    assert found.path is not None and not found.path.back and found.seed is None
    np.testing.assert_allclose(found.path.places, ways @ plane.directions.T / plane.length**2, atol=1e-9)
    np.testing.assert_allclose(found.path.places[-1], 0)
    assert (found.path.places[0] <= 0).all(), "it begins at the lower left"
    assert found.x[0] < found.path.places[:, 0].min() and found.path.places[:, 0].max() < found.x[-1]


def test_the_best_weights_that_are_taken_back_are_told_of() -> None:
    changes = ["train.early_stop={patience: 2, min_delta: 0.5}", "data.validation=0.2", "train.epochs=10"]
    subject = Subject.trained(load(TANH, changes), path=True)
    assert subject.ended is not None and subject.ended.best_epoch != subject.ended.epochs
    found = landscape(subject, points=3)
    assert found.path is not None and found.path.back


def test_weights_that_moved_along_a_line_span_no_plane() -> None:
    subject = Subject.trained(load(TANH, ["train.steps=1", "train.epochs="]), path=True)
    with pytest.raises(NoPlane):
        landscape(subject)


def test_weights_beyond_all_numbers_span_none_either() -> None:
    subject = Subject.trained(load(TANH), path=True)
    assert subject.path is not None
    subject.path.weights[3, 2] = np.nan
    with pytest.raises(NoPlane):
        landscape(subject)


def test_the_same_seed_gives_the_same_surface() -> None:
    surfaces = [landscape(Subject.trained(load(TANH)), points=5, seed=seed).loss for seed in (4, 4, 5)]
    np.testing.assert_array_equal(surfaces[0], surfaces[1])
    assert np.abs(surfaces[0] - surfaces[2]).max() > 1e-3
    assert surfaces[0][2, 2] == surfaces[2][2, 2], "the net itself lies in both"


def test_the_loss_at_the_net_is_that_of_training_rows() -> None:
    subject = Subject.trained(load(TANH))
    found = landscape(subject, points=3)
    assert subject.ended is not None and found.rows == found.of_rows == len(subject.data.splits.train)
    assert found.centre == pytest.approx(subject.ended.figures["train"]["loss"], rel=1e-6)
    assert found.loss[1, 1] == found.centre == found.lines[0, 1] == found.lines[1, 1]


@pytest.mark.parametrize("recipe", ["digits", "adding-lstm"])
def test_some_rows_stand_for_many_and_points_for_seconds(recipe: str) -> None:
    subject = Subject.untrained(load(recipe))
    assert len(Terrain(subject).rows) == 512
    points = usual_points(subject)
    assert points % 2 == 1 and points == {"digits": 41, "adding-lstm": 15}[recipe]


def test_running_averages_of_batch_norm_stay() -> None:
    subject = Subject.trained(load({**TANH, "model": [{"dense": 6}, "batch_norm", "tanh", {"dense": "classes"}]}))
    running = subject.network.memory.arrays["running"].copy()
    landscape(subject, points=3)
    np.testing.assert_array_equal(subject.network.memory.arrays["running"], running)


@pytest.mark.parametrize(
    ("curvature", "centre", "blank", "verdict"),
    [
        ((10.0, 90.0), 0.5, 0.7, "curved"), ((10.0, 110.0), 0.5, 0.7, "sharp"), ((1.0, 9.0), 0.5, 0.7, "flat"),
        ((-11.0, 9.0), 0.5, 0.7, "saddle"), ((-1.0, 9.0), 0.5, 0.7, "flat"), ((1.0, 1.0), 0.0, 0.7, "flat"),
        ((1.0, 15.0), 0.0, 0.7, "sharp"), ((1.0, 1.3), 0.0, 0.7, "flat"), ((1.0, 1.5), 0.0, 0.7, "curved"),
        ((1.0, 1.0), 0.0, np.nan, "sharp"), ((0.0, 0.0), 0.0, 0.7, "flat"), ((-1.0, -0.1), 0.5, 0.7, "falls"),
        ((np.nan, 1.0), 0.5, 0.7, "unknown"), ((np.inf, 1.0), 0.5, 0.7, "unknown"),
    ],
)  # fmt: skip
def test_verdicts(curvature: tuple[float, float], centre: float, blank: float, verdict: str) -> None:
    """Over 0.1 a curvature c adds c / 200: sharp above the loss or a tenth of the blank one, flat below a tenth of that."""
    one = np.zeros(1)
    found = Landscape("a", "trained", 1, 1, 1, 1, 1.0, one, one, one[None], centre, blank, one[None], curvature, 0, None)
    assert found.verdict == verdict and STEP == 0.05


DEEP_LINEAR = {
    **LINEAR,
    "model": [{"dense": 4}, {"dense": "outputs"}],
    "train": {"epochs": 30, "batch": 16, "dtype": "float64"},
}


def test_large_weights_that_cancel_each_other_are_sharp_and_the_same_net_without_them_is_flat() -> None:
    subject = Subject.trained(load(DEEP_LINEAR))
    flat = landscape(subject, points=3)
    first, second = subject.network.parameters["0_dense.w"], subject.network.parameters["1_dense.w"]
    first[:, 3], second[3] = 0, 0
    first[:, 2:], second[2:] = 2, [[8.0], [-8.0]]
    sharp = landscape(subject, points=3)
    assert sharp.centre < 2 * flat.centre < flat.blank, "both know as much"
    assert (flat.verdict, sharp.verdict) == ("flat", "sharp")
    assert flat.blank == pytest.approx((subject.data.targets(subject.rows("train", 512)) ** 2).mean(), rel=1e-5)


@pytest.mark.parametrize("recipe", [TANH, {**TANH, "model": [{"dense": 6}, "batch_norm", "tanh", {"dense": "classes"}]}])
def test_two_threads_give_the_bits_of_one(recipe: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    subject, seen = Subject.trained(load(recipe)), set()
    terrain = Terrain(subject)
    evaluate = Evaluator.evaluate

    def watched(self: Evaluator, split: str) -> dict[str, Any]:
        seen.add((threading.get_ident(), id(self)))
        return evaluate(self, split)

    monkeypatch.setattr(Evaluator, "evaluate", watched)
    rng = np.random.default_rng(1)
    moves = [(lambda step=step: step) for step in rng.normal(size=(200, *terrain.arena(vector(subject.network)).shape))]
    before = vector(subject.network).copy()
    one = terrain.losses(moves, threads=1)
    assert len(seen) == 1
    done, meet = list[int](), threading.Barrier(2, timeout=60)

    def met(move: Callable[[], NDArray[Any]]) -> Callable[[], NDArray[Any]]:
        return lambda: (meet.wait(), move())[1]

    both = [*map(met, moves[:2]), *moves[2:]]  # neither thread goes on before the other has begun
    two = terrain.losses(both, lambda so_far, loss: done.append(so_far), threads=2)
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(vector(subject.network), before)
    assert len({thread for thread, _ in seen}) == len({place for _, place in seen}) == 2
    assert len(set(one.tolist())) == 200 and done == sorted(done) and done[-1] <= 200


def test_what_breaks_in_one_thread_ends_the_other() -> None:
    terrain, asked = Terrain(Subject.untrained(load(TANH))), list[int]()

    def move() -> NDArray[Any]:
        asked.append(1)
        if len(asked) == 5:
            raise KeyboardInterrupt
        return np.zeros(1, np.float32)

    with pytest.raises(KeyboardInterrupt):
        terrain.losses([move] * 5000, threads=2)
    assert len(asked) < 5000


def test_nets_without_weights_are_refused() -> None:
    subject = Subject.untrained(load(TANH))
    check("viz-landscape", subject.network.plan, subject.data)
    bare = Subject.untrained(load({**TANH, "model": ["identity"]}))
    with pytest.raises(Unsuited, match="this net has none"):
        check("viz-landscape", bare.network.plan, bare.data)
