"""Initializers: moments, bounds, orthogonality, keys; and which one a layer gets by default."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dllab
from dllab import catalogue
from dllab.core import rng
from dllab.inits.constant import Constant
from dllab.inits.glorot import Glorot
from dllab.inits.he import He
from dllab.inits.initializer import Initializer
from dllab.inits.lecun import LeCun
from dllab.inits.normal import Normal
from dllab.inits.orthogonal import Orthogonal
from dllab.inits.uniform import Uniform
from dllab.inits.xavier import Xavier
from dllab.inits.zeros import Zeros
from dllab.recipe import RecipeError

SHAPE, FANS = (400, 250), (400, 250)
COUNT = 400 * 250
KEY = rng.key(5, rng.STREAM_INIT, 0)

# Initializer, mean, standard deviation, bound (None: no bound, the draws are normal).
MOMENTS: list[tuple[Initializer, float, float, float | None]] = [
    (Zeros(), 0.0, 0.0, 0.0),
    (Constant(value=-1.5), -1.5, 0.0, 1.5),
    (Normal(), 0.0, 0.05, None),
    (Normal(std=2.0, mean=3.0), 3.0, 2.0, None),
    (Uniform(), 0.0, 0.05 / math.sqrt(3), 0.05),
    (Uniform(limit=2.0), 0.0, 2.0 / math.sqrt(3), 2.0),
    (Uniform(low=1.0, high=4.0), 2.5, 3.0 / math.sqrt(12), 4.0),
    (Xavier(), 0.0, math.sqrt(2 / 650), math.sqrt(6 / 650)),
    (Xavier(distribution="normal", gain=5 / 3), 0.0, 5 / 3 * math.sqrt(2 / 650), None),
    (Glorot(), 0.0, math.sqrt(2 / 650), math.sqrt(6 / 650)),
    (He(), 0.0, math.sqrt(2 / 400), None),
    (He(distribution="uniform"), 0.0, math.sqrt(2 / 400), math.sqrt(6 / 400)),
    (LeCun(), 0.0, math.sqrt(1 / 400), None),
    (LeCun(distribution="uniform", gain=2.0), 0.0, 2 * math.sqrt(1 / 400), 2 * math.sqrt(3 / 400)),
    (Orthogonal(), 0.0, math.sqrt(1 / 400), None),
]


def test_every_initializer_is_here() -> None:
    assert set(catalogue.parts("initializers")) == {i.name for i, *_ in MOMENTS}


@pytest.mark.parametrize(("initializer", "mean", "std", "bound"), MOMENTS, ids=[repr(m[0]) for m in MOMENTS])
def test_mean_deviation_and_bound_are_those_of_the_page(
    initializer: Initializer, mean: float, std: float, bound: float | None
) -> None:
    values = initializer.draw(SHAPE, FANS, KEY)
    assert values.shape == SHAPE and values.dtype == np.float64
    # Five standard errors; the deviation's is at most std / sqrt(2 n) for these distributions.
    assert abs(values.mean() - mean) <= 5 * std / math.sqrt(COUNT) + 1e-15
    assert abs(values.std() - std) <= 5 * std / math.sqrt(2 * COUNT) + 1e-15
    largest = np.abs(values).max()
    if bound is not None:
        assert largest <= bound and largest >= bound * (1 - 1e-3)
    else:
        assert largest > 3.5 * std  # a bell has tails, an interval of that deviation ends at 1.73


def test_normal_draws_are_normal_and_uniform_ones_uniform() -> None:
    bell = np.sort(Normal(std=1.0).draw((COUNT,), (1, 1), KEY))
    within = [np.mean(np.abs(bell) < z) for z in (0.5, 1.0, 2.0, 3.0)]
    np.testing.assert_allclose(within, [math.erf(z / math.sqrt(2)) for z in (0.5, 1.0, 2.0, 3.0)], atol=0.008)
    flat = np.histogram(Uniform(limit=1.0).draw((COUNT,), (1, 1), KEY), bins=20, range=(-1, 1))[0]
    assert np.abs(flat / COUNT - 0.05).max() < 0.004


@given(st.sampled_from([(6, 6), (3, 9), (9, 3), (1, 5), (5, 1), (2, 3, 4), (3, 3, 2, 16), (7,)]), st.integers(0, 2**62))
def test_orthogonal_stretches_every_direction_by_the_gain(shape: tuple[int, ...], key: int) -> None:
    matrix = Orthogonal(gain=1.5).draw(shape, (1, 1), key).reshape(-1, shape[-1])
    np.testing.assert_allclose(np.linalg.svd(matrix, compute_uv=False), 1.5, rtol=1e-12)


def test_orthogonal_is_drawn_evenly_from_all_turns() -> None:
    corners = [Orthogonal().draw((3, 3), (3, 3), rng.key(0, rng.STREAM_INIT, i)) for i in range(2000)]
    # The first entry of a random turn of space is uniform in -1..1 (Archimedes), and both hands come up.
    first = np.histogram([q[0, 0] for q in corners], bins=4, range=(-1, 1))[0]
    assert np.abs(first / 2000 - 0.25).max() < 0.05
    assert abs(np.mean([np.linalg.det(q) > 0 for q in corners]) - 0.5) < 0.06


@pytest.mark.parametrize(("name", "fan"), [("he", 3 * 3 * 4), ("lecun", 3 * 3 * 4), ("xavier", (3 * 3 * 4 + 64) / 2)])
def test_the_spread_follows_the_fans_whatever_the_shape(name: str, fan: float) -> None:
    part: Any = catalogue.find("initializers", name)(distribution="normal")
    values = part.draw((3, 3, 4, 64), (36, 64), KEY)
    power = 2.0 if name == "he" else 1.0
    assert values.std() == pytest.approx(math.sqrt(power / fan), rel=0.06)


# ---- in a net ------------------------------------------------------------------------------------------------------


def weights(model: list[Any], seed: int = 0, inputs: int = 30, dtype: str = "float64") -> dict[str, np.ndarray]:
    recipe = {"input": [inputs], "model": model, "loss": "mse"}
    return dict(dllab.build(recipe, seed=seed, dtype=dtype).parameters)


def drawn(initializer: Initializer, shape: tuple[int, ...], number: int, seed: int = 0) -> np.ndarray:
    return initializer.draw(shape, (math.prod(shape[:-1]), shape[-1]), rng.key(seed, rng.STREAM_INIT, number))


@pytest.mark.parametrize(
    ("above", "expected"),
    [
        (["relu", {"dense": 3}], He()),
        ([{"dense": 3}], Xavier()),
        ([{"dense": 3}, "relu"], Xavier()),
        ([], Xavier()),
    ],
    ids=["before relu", "before dense", "before dense and relu", "last"],
)
def test_the_default_follows_the_next_activation(above: list[Any], expected: Initializer) -> None:
    found = weights([{"dense": 20}, *above])
    np.testing.assert_array_equal(found["0_dense.w"], drawn(expected, (30, 20), 0))
    assert not found["0_dense.b"].any()


def test_layers_say_what_suits_them() -> None:
    hints = {name: part.init_hint for name, part in catalogue.parts("layers").items() if part.init_hint}  # type: ignore[attr-defined]
    assert hints["relu"] == "he" and hints.get("leaky_relu", "he") == "he" and hints.get("tanh", "xavier") == "xavier"
    assert all(hint in catalogue.parts("initializers") for hint in hints.values())


def test_an_initializer_of_the_recipe_wins_over_the_default() -> None:
    found = weights([{"dense": {"units": 20, "init": {"constant": 0.5}}}, "relu"])
    np.testing.assert_array_equal(found["0_dense.w"], np.full((30, 20), 0.5))


def test_the_same_seed_gives_the_same_bits_and_another_seed_others() -> None:
    model = [{"dense": 8}, "relu", {"dense": {"units": 5, "init": "orthogonal"}}, {"dense": 3}]
    for label, values in weights(model, seed=4).items():
        np.testing.assert_array_equal(values, weights(model, seed=4)[label])
        np.testing.assert_array_equal(values.astype(np.float32), weights(model, seed=4, dtype="float32")[label])
        if label.endswith(".w"):
            assert not np.any(values == weights(model, seed=5)[label])


def test_a_parameter_does_not_depend_on_the_others() -> None:
    short = weights([{"dense": 8}, {"dense": 6}])
    longer = weights([{"dense": {"units": 8, "init": "orthogonal"}}, {"dense": 6}, "relu", {"dense": 50}])
    np.testing.assert_array_equal(short["1_dense.w"], drawn(Xavier(), (8, 6), 2))
    np.testing.assert_array_equal(longer["1_dense.w"], drawn(He(), (8, 6), 2))  # only the default changed, not the draw
    assert np.corrcoef(short["0_dense.w"].ravel()[:48], short["1_dense.w"].ravel())[0, 1] < 0.5


@pytest.mark.parametrize(
    ("init", "words"),
    [
        ({"uniform": {"low": 0.0}}, "low and high go together"),
        ({"uniform": {"low": 1.0, "high": 0.0}}, "must be below"),
        ({"uniform": {"low": 0.0, "high": 1.0, "limit": 1.0}}, "keep one"),
        ("constant", "value"),
        ({"normal": -1.0}, "std"),
        ({"he": "flat"}, "distribution"),
        ({"orthogonal": 0.0}, "gain"),
    ],
    ids=str,
)
def test_what_makes_no_initializer_is_an_error_of_the_recipe(init: Any, words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        weights([{"dense": {"units": 2, "init": init}}])
