"""Gradients of known nets get the verdicts they deserve; gradients through time are those of a plain numpy twin."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from marks import compiled_only

from dllab.engine.inside import Inside
from dllab.engine.network import Network
from dllab.engine.question import question_of
from dllab.lab.gradients import gradients, total
from dllab.lab.subject import Subject
from dllab.lab.suits import Unsuited
from dllab.lab.through_time import going_back, growth, set_radius, state_gradients, through_time
from dllab.plan.plan import Plan
from dllab.recipe import load

pytestmark = compiled_only

RNG = np.random.default_rng(0)


def deep(activation: str, init: Any, **more: Any) -> dict[str, Any]:
    """Ten layers of 16 units."""
    layers = [{"dense": {"units": 16, "init": init}}, activation]
    return {
        "data": {"name": "moons", "samples": 200},
        "model": [{"repeat": {"times": 9, "layers": layers}}, {"dense": "classes"}],
        "optimizer": {"sgd": 0.05},
        "train": {"epochs": 4, "batch": 32},
        **more,
    }


def names(recipe: Any, *changes: str, trained: bool = True) -> set[tuple[str, str]]:
    recipe = load(recipe, list(changes))
    subject = Subject.trained(recipe, watched=True) if trained else Subject.untrained(recipe)
    return {(one.name, one.because) for one in gradients(subject).verdicts}


@pytest.mark.parametrize("trained", [False, True])
def test_deep_nets(trained: bool) -> None:
    assert names(deep("sigmoid", "xavier"), trained=trained) == {("vanishing", "depth")}
    assert names(deep("relu", "he"), trained=trained) == {("healthy", "depth")}
    because = "diverged" if trained else "depth"
    assert ("exploding", because) in names(deep("relu", {"normal": 2.0}), trained=trained)


def test_a_training_that_diverges() -> None:
    wild = {"data": {"name": "function"}, "model": [{"dense": 8}, "relu", {"dense": 1}], "loss": "mse",
            "optimizer": {"sgd": 1e4}, "train": {"epochs": 9, "batch": 16}}  # fmt: skip
    assert names(wild) == {("exploding", "diverged")}, "what has burst says nothing else"


@pytest.mark.parametrize("recipe", ["xor", "digits", "digits-cnn", "plain", "resnet-deep", "names-gpt", "names-gru"])
def test_recipes_that_learn_are_healthy(recipe: str) -> None:
    assert names(recipe, trained=False) == {("healthy", "depth")}


def test_through_time() -> None:
    assert ("vanishing", "time") in names("adding-rnn", "train.steps=100")
    assert ("vanishing", "time") not in names("adding-rnn", "train.steps=2", "data.length=5")


def test_an_inner_gradient_that_grows() -> None:
    from dllab.lab.gradients import verdicts
    from dllab.lab.recording import ParameterTrace

    ones = np.ones(20)
    grown = np.where(np.arange(20) > 15, 2000.0, 1.0)
    (healthy,) = verdicts((), (ParameterTrace("w", ones, ones, ones),), (), False)
    (found,) = verdicts((), (ParameterTrace("w", ones, grown, ones),), (), False)
    assert (healthy.name, found.name, found.because, found.factor) == ("healthy", "exploding", "growth", 2000.0)


def test_sizes_are_norms_of_one_example() -> None:
    subject = Subject.untrained(load("xor"))
    found = gradients(subject)
    rows = subject.rows("train")
    inside = subject.backward(rows)
    for one in found.layers:
        slopes = inside.output_gradient(one.path)
        assert slopes is not None and one.size is not None
        of_each = np.linalg.norm((len(rows) * slopes).reshape(len(rows), -1), axis=1)
        np.testing.assert_allclose(one.size, np.sqrt(np.mean(of_each**2)), rtol=1e-5)
    every = np.concatenate([g.ravel() for g in inside.gradients().values()])
    np.testing.assert_allclose(total(found.parameters), np.linalg.norm(every), rtol=1e-5)


def test_a_trace_begins_with_the_batch_before() -> None:
    recipe = load("xor", ["train.epochs=3"])
    before, after = gradients(Subject.untrained(recipe)), gradients(Subject.trained(recipe, watched=True))
    for one, other in zip(before.layers, after.layers):
        assert one.size is not None and other.size is not None
        np.testing.assert_allclose(one.size[0], other.size[0], rtol=1e-5)
        assert (one.norm is None) == (other.norm is None)
    for mine, seen in zip(before.parameters, after.parameters):
        np.testing.assert_allclose(mine.gradient[0], seen.gradient[0], rtol=1e-5)
    assert not before.trained and after.trained and np.isnan(before.parameters[0].ratio).all()


def test_layers_can_be_chosen() -> None:
    subject = Subject.untrained(load("xor"))
    assert [one.path for one in gradients(subject, "dense").layers] == ["0_dense", "2_dense"]
    found = gradients(subject, "0_dense")
    assert [one.label for one in found.parameters] == ["0_dense.w", "0_dense.b"]
    assert found.verdicts[0].layers == ("0_dense", "2_dense"), "the verdict is on the whole net"
    with pytest.raises(Unsuited, match="no such layer") as error:
        gradients(subject, "relu")
    assert "1_tanh" in error.value.hint


# ---- through time --------------------------------------------------------------------------------------------------


def passed(kind: str, whole: bool, layers: int = 1) -> Inside:
    more = {} if whole else {"return": "last"}
    model = [{kind: {"units": 3, "layers": layers, **more}}, {"dense": 2}]
    recipe = load({"input": [6, 2], "model": model, "loss": "mse", "optimizer": {"sgd": 0.1}})
    net = Network(Plan(question_of(recipe, None, precision="float64", batch=4)), recipe)
    shape = (4, 6, 2) if whole else (4, 2)
    return Inside.training(net, RNG.normal(size=(4, 6, 2)), RNG.normal(size=shape))


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def next_state(kind: str, p: dict[str, np.ndarray], x: np.ndarray, h: np.ndarray, c: np.ndarray) -> list[np.ndarray]:
    """One step of one example: the next h and c."""
    if kind == "rnn":
        return [np.tanh(x @ p["wx"] + h @ p["wh"] + p["b"]), c]
    if kind == "lstm":
        i, f, g, o = np.split(x @ p["wx"] + h @ p["wh"] + p["b"], 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return [sigmoid(o) * np.tanh(c), c]
    ours, states = np.split(x @ p["wx"] + p["b"], 3), np.split(h @ p["wh"], 3)
    r, z = sigmoid(ours[0] + states[0]), sigmoid(ours[1] + states[1])
    n = np.tanh(ours[2] + r * (states[2] + p["bh"]))
    return [(1 - z) * n + z * h, c]


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_the_gradient_by_every_state_is_what_differences_say(kind: str, whole: bool) -> None:
    inside = passed(kind, whole)
    found, ends = state_gradients(inside, f"0_{kind}")
    p = {label.rpartition(".")[2]: v for label, v in inside.network.parameters.items() if label.startswith("0_")}
    x, given = inside.input(f"0_{kind}"), inside.output_gradient(f"0_{kind}")
    assert given is not None and ends.tolist() == [6] * 4

    def loss(n: int, at: int, change: np.ndarray) -> float:
        """What the outputs say, to first order, where the state at one step is moved."""
        h, c, said = np.zeros(3), np.zeros(3), 0.0
        for t in range(6):
            h, c = next_state(kind, p, x[n, t], h, c)
            h = h + change * (t == at)
            said += h @ given[n, t] if whole else (h @ given[n] if t == 5 else 0.0)
        return float(said)

    for n, t, j in [(0, 5, 0), (0, 4, 1), (1, 2, 2), (3, 0, 0), (2, 0, 1)]:
        step = 1e-6 * np.eye(3)[j]
        numeric = (loss(n, t, step) - loss(n, t, -step)) / 2e-6
        assert found[n, t, j] == pytest.approx(numeric, rel=1e-5, abs=1e-10)
    seen = through_time(inside, f"0_{kind}")
    assert seen is not None and seen.only_last != whole
    np.testing.assert_allclose(seen.sizes, 4 * np.sqrt((found**2).sum(2).mean(0)), rtol=1e-10)


def test_layers_on_top_of_each_other_show_the_last() -> None:
    found, _ = state_gradients(passed("lstm", whole=False, layers=2), "0_lstm")
    assert found.shape == (4, 6, 3) and np.linalg.norm(found[:, 0]) < np.linalg.norm(found[:, 5])


def test_sequences_are_put_together_at_their_ends() -> None:
    model = [{"embedding": 4}, {"rnn": {"units": 3, "return": "last"}}, {"dense": "classes"}]
    subject = Subject.untrained(load({"data": "languages", "model": model, "train": {"batch": 8}}))
    rows = subject.rows("train", 8)
    inside = subject.backward(rows)
    found, ends = state_gradients(inside, "1_rnn")
    assert len(set(ends.tolist())) > 1
    for n, end in enumerate(ends):
        assert np.all(found[n, end:] == 0) and np.any(found[n, end - 1] != 0)
    seen = through_time(inside, "1_rnn")
    assert seen is not None and len(seen.sizes) == ends.max()
    lasts = 8 * np.linalg.norm(found[np.arange(8), ends - 1], axis=1)
    assert seen.sizes[-1] == pytest.approx(np.sqrt(np.mean(lasts**2)))
    firsts = 8 * np.linalg.norm(found[ends == ends.max(), 0], axis=1)
    assert seen.sizes[0] == pytest.approx(np.sqrt(np.mean(firsts**2)))


def test_other_layers_have_no_time() -> None:
    inside = passed("rnn", whole=True)
    assert through_time(inside, "1_dense") is None


def test_every_sequence_is_measured_by_its_own_first_and_last_step() -> None:
    model = [{"embedding": 4}, {"rnn": {"units": 3, "return": "last"}}, {"dense": "classes"}]
    subject = Subject.untrained(load({"data": "languages", "model": model, "train": {"batch": 9}}))
    inside = subject.backward(subject.rows("train", 9))
    found, ends = state_gradients(inside, "1_rnn")
    sizes = np.linalg.norm(found, axis=2)
    own = [sizes[n, 0] / sizes[n, end - 1] for n, end in enumerate(ends)]
    seen = through_time(inside, "1_rnn")
    assert seen is not None and seen.factor == pytest.approx(np.median(own))
    assert seen.factor != pytest.approx(seen.sizes[0] / seen.sizes[-1], rel=0.01), "the longest alone would say else"


def test_growth_is_the_factor_of_a_step() -> None:
    sizes = np.array([3 * 1.2**back for back in range(20)])
    sizes[:3] = [5, 9, 1]  # before the direction has settled
    assert growth(sizes) == pytest.approx(1.2, rel=1e-12)


def test_going_back_through_a_net_whose_units_all_stay_on() -> None:
    """Positive weights make a ReLU RNN linear: its gradient grows by the radius, whatever that is scaled to."""
    positive = {"uniform": {"low": 0, "high": 1}}
    layers = [{"rnn": {"units": 5, "activation": "relu", "return": "last", "init": positive, "recurrent_init": positive}},
              {"dense": {"units": 1, "init": positive}}]  # fmt: skip
    recipe = {"data": {"name": "adding", "length": 30, "samples": 40}, "model": layers, "loss": "mse",
              "train": {"dtype": "float64"}}  # fmt: skip
    subject = Subject.untrained(load(recipe))
    for radius in (0.8, 1.3):
        sizes = going_back(subject, radius, rows=8)
        assert len(sizes) == 30 and sizes[0] == 1
        assert growth(sizes, 15) == pytest.approx(radius, rel=1e-6)


def test_a_radius_is_the_size_of_the_largest_eigenvalue() -> None:
    weights = RNG.normal(size=(6, 6))
    set_radius(weights, 1.3)
    assert np.abs(np.linalg.eigvals(weights)).max() == pytest.approx(1.3)
