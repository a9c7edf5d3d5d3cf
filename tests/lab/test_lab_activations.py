"""What layers give, against plain numpy: statistics, the rules, gates and states over time, the trace of a training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from marks import compiled_only

from dllab.lab.activation_example import example
from dllab.lab.activations import activations, unusual
from dllab.lab.activations_during import during
from dllab.lab.chosen import chosen
from dllab.lab.examples import rows_of, split_of
from dllab.lab.subject import Subject
from dllab.lab.suits import Unsuited
from dllab.recipe import load

pytestmark = compiled_only

SMALL = {
    "data": {"moons": {"samples": 60, "seed": 1}},
    "model": [{"dense": 5}, "relu", {"dense": 4}, "tanh", {"dense": "classes"}],
    "train": {"epochs": 4, "batch": 16},
}


@dataclass(frozen=True)
class Lies:
    """A layer as the rules see it."""

    path: str
    kind: str
    spread: float
    dead: float | None = None
    flat: float | None = None


def test_figures_of_a_layer_are_those_of_numpy() -> None:
    subject = Subject.untrained(load(SMALL), seed=2)
    subject.network.parameters["0_dense.b"][1] = -1000  # a dead unit
    subject.network.parameters["2_dense.w"][:, 0] *= 1000  # a saturated one
    found = {layer.path: layer for layer in activations(subject, "train").layers}
    p, x = subject.network.parameters, subject.data.seen(subject.rows("train"))
    relu = np.maximum(x @ p["0_dense.w"] + p["0_dense.b"], 0)
    tanh = np.tanh(relu @ p["2_dense.w"] + p["2_dense.b"])
    one, other = found["1_relu"], found["3_tanh"]
    assert (one.mean, one.spread) == pytest.approx((relu.mean(), relu.std()), rel=1e-4)
    assert (one.least, one.most) == pytest.approx((0, relu.max()), rel=1e-5)
    assert one.dead == (relu == 0).all(0).mean() >= 0.2 and one.flat is None
    assert one.zeros == pytest.approx((relu == 0).mean()) and one.zeros_apart
    np.testing.assert_allclose(one.active, (relu != 0).mean(0))
    np.testing.assert_allclose(one.size, relu.mean(0), rtol=1e-4)
    np.testing.assert_array_equal(one.own, np.histogram(relu[relu > 0].astype(np.float64), one.edges)[0])
    assert one.counts.sum() == relu.size and one.own.sum() == (relu > 0).sum()
    assert other.flat == pytest.approx((np.abs(tanh) >= 0.9695).mean(), abs=0.01) and other.flat > 0.1
    assert other.dead is None and other.counts.sum() == tanh.size


@pytest.mark.parametrize("recipe", ["names-rnn", "digits-cnn"])
def test_examples_in_parts_give_the_same_figures(recipe: str, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = Subject.untrained(load(recipe))
    whole, rows, seen = activations(subject, "test"), len(subject.rows("test", 256)), []
    monkeypatch.setattr("dllab.lab.activations.rows_at_once", lambda plan, name, rows: 60)
    infer = subject.inference
    monkeypatch.setattr(subject, "inference", lambda rows: seen.append(len(rows)) or infer(rows))
    for one, other in zip(whole.layers, activations(subject, "test").layers, strict=True):
        for name, value in vars(one).items():
            there = getattr(other, name)
            if isinstance(value, float) or name in ("size", "edges"):
                np.testing.assert_allclose(there, value, rtol=1e-5, atol=1e-6, err_msg=f"{one.path} {name}")
            elif name in ("counts", "own"):
                assert np.abs(there - value).sum() <= 4, f"{one.path} {name}: an output at an edge may be in either part"
            else:
                np.testing.assert_array_equal(there, value, err_msg=f"{one.path} {name}")
    assert max(seen) == 60 and sum(seen) == 2 * rows


def test_steps_that_are_not_there_do_not_count() -> None:
    subject = Subject.untrained(load("names-lstm"))
    (layer,) = activations(subject, "test", "1_lstm").layers
    rows = subject.rows("test", 256)
    lengths = subject.data.dataset.columns["lengths"][rows]
    y = subject.inference(rows).output("1_lstm")
    there = np.concatenate([y[n, :length] for n, length in enumerate(lengths)])
    assert layer.mean == pytest.approx(there.mean(), rel=1e-3) and layer.counts.sum() == there.size < y.size
    assert layer.shape == (14, 64)


def test_layers_by_path_and_kind_and_what_there_is_not() -> None:
    infos = Subject.untrained(load("lenet")).network.plan.infos
    assert [info.path for info in chosen(infos, "relu")] == ["1_relu", "4_relu", "9_relu", "12_relu"]
    assert [info.path for info in chosen(infos, "3_conv")] == ["3_conv"]
    assert len(chosen(infos, None)) == len(infos)
    with pytest.raises(Unsuited, match="--layer 2_relu") as refusal:
        chosen(infos, "2_relu")
    assert "12_relu" in refusal.value.hint and "max_pool" in refusal.value.hint


def test_the_rules() -> None:
    good = [Lies("0", "dense", 1.0), Lies("1", "relu", 0.6, dead=0.5), Lies("2", "tanh", 0.5, flat=0.5)]
    end = Lies("9", "sigmoid", 0.5, flat=1.0)
    assert unusual([*good, end]) == ()
    (dead,) = unusual([Lies("1", "relu", 0.1, dead=0.51), end])
    assert "51 % of its units are dead" in dead and "more than half" in dead
    (flat,) = unusual([Lies("1", "tanh", 0.9, flat=0.8), end])
    assert "80 % of its outputs are saturated" in flat
    (fading,) = unusual([Lies(str(n), "tanh", 0.5**n) for n in range(5)] + [end])
    assert "shrinks from 1 (0) to 0.062 (4)" in fading and "more than 10 times" in fading
    (growing,) = unusual([Lies(str(n), "relu", 3.0**n, dead=0.0) for n in range(4)] + [end])
    assert "grows from 1 (0) to 27 (3)" in growing
    assert unusual([Lies(str(n), "dense", 3.0**n) for n in range(4)]) == ()
    assert "not finite" in unusual([Lies("0", "dense", float("nan")), end])[0]


def test_a_deep_net_with_small_weights_is_told() -> None:
    model = [part for _ in range(6) for part in ({"dense": {"units": 8, "init": {"normal": 0.1}}}, "tanh")]
    found = activations(Subject.untrained(load({**SMALL, "model": [*model, {"dense": "classes"}]})), "train")
    assert "shrinks" in found.unusual[0] and "(11_tanh)" in found.unusual[0]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_by_hand(x, p, name, ending):
    """States, gates and cells (T, H) of a sequence (T, F)."""
    wx, wh, b = (p[f"{name}.{part}{ending}"].astype(np.float64) for part in ("wx", "wh", "b"))
    h = c = np.zeros(len(wh))
    found = {part: [] for part in "hifgoc"}
    for row in x:
        i, f, g, o = np.split(row @ wx + h @ wh + b, 4)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        c = f * c + i * g
        h = o * np.tanh(c)
        for part, value in zip("hifgoc", (h, i, f, g, o, c)):
            found[part].append(value)
    return {part: np.array(values) for part, values in found.items()}


def gru_by_hand(x, p, name, ending):
    wx, wh, b, bh = (p[f"{name}.{part}{ending}"].astype(np.float64) for part in ("wx", "wh", "b", "bh"))
    h, units = np.zeros(len(wh)), len(wh)
    found = {part: [] for part in "hrzn"}
    for row in x:
        a, s = row @ wx + b, h @ wh
        r, z = sigmoid(a[:units] + s[:units]), sigmoid(a[units : 2 * units] + s[units : 2 * units])
        n = np.tanh(a[2 * units :] + r * (s[2 * units :] + bh))
        h = (1 - z) * n + z * h
        for part, value in zip("hrzn", (h, r, z, n)):
            found[part].append(value)
    return {part: np.array(values) for part, values in found.items()}


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("returned", ["sequence", "last"])
@pytest.mark.parametrize(("kind", "by_hand"), [("lstm", lstm_by_hand), ("gru", gru_by_hand)])
def test_gates_and_states_over_time(kind, by_hand, returned, layers) -> None:
    model = [{"embedding": 4}, {kind: {"units": 3, "layers": layers, "return": returned}}, {"dense": "classes"}]
    data = {"names": {}} if returned == "sequence" else {"languages": {}}
    subject = Subject.untrained(load({"data": data, "model": model, "train": {"epochs": 1}}), seed=4)
    place = 5
    found = example(subject, "test", place, f"1_{kind}").layers[0]
    row = subject.rows("test")[place]
    length = int(subject.data.dataset.columns["lengths"][row])
    ids = subject.data.dataset.columns["inputs"][row, :length]
    p = {label: values.copy() for label, values in subject.network.parameters.items()}
    x = p["0_embedding.w"][ids].astype(np.float64)
    for number in range(1, layers + 1):
        told = by_hand(x, p, f"1_{kind}", f"_{number}" if number > 1 else "")
        x = told["h"]
    assert list(found.over_time) == list(told)
    for name, values in told.items():
        np.testing.assert_allclose(found.over_time[name], values, rtol=1e-4, atol=1e-5, err_msg=name)
    assert found.tokens == tuple(subject.data.dataset.vocabulary[i] for i in ids)
    last = found.values[-1] if returned == "sequence" else found.values
    np.testing.assert_allclose(last, told["h"][-1], rtol=1e-4, atol=1e-5)


def test_an_example_of_pictures_and_its_maps() -> None:
    subject = Subject.untrained(load("digits-cnn"))
    found = example(subject, "test", 3)
    row = subject.rows("test")[3]
    assert (found.row, found.place, found.target) == (row, 3, str(subject.data.dataset.columns["targets"][row]))
    assert found.picture is not None and found.picture.shape == (8, 8, 1)
    np.testing.assert_array_equal(found.picture.reshape(-1), subject.data.dataset.columns["inputs"][row].reshape(-1))
    whole = subject.inference(subject.rows("test")[:5])
    for layer in found.layers:
        np.testing.assert_allclose(layer.values, whole.output(layer.path)[3], rtol=1e-4, atol=1e-5)
        assert layer.tokens == () and layer.over_time == {}


def test_tokens_are_those_that_a_layer_reads() -> None:
    subject = Subject.untrained(load("reversal"))
    layers = {layer.path: layer for layer in example(subject, "test", 0).layers}
    row = subject.rows("test")[0]
    data = subject.data.dataset
    read = tuple(data.vocabulary[i] for i in data.columns["inputs"][row, : data.columns["lengths"][row]])
    assert layers["0_embedding"].tokens == layers["encoder.ahead.0_gru"].tokens == read
    assert layers["encoder.back.0_gru"].tokens == read[::-1]
    assert layers["3_gru"].tokens == tuple(data.classes[i] for i in data.columns["decoder"][row])


def test_what_batch_norm_divides_by_is_told_before_training() -> None:
    assert activations(Subject.untrained(load("digits-cnn")), "train", "dense").normed
    assert not activations(Subject.untrained(load(SMALL)), "train").normed


def test_examples_that_there_are_not() -> None:
    data = Subject.untrained(load(SMALL)).data
    train = data.splits.train
    assert [split_of(data, None, usual) for usual in ("test", "train", "validation")] == ["test", "train", "test"]
    assert rows_of(data, "train", [0, len(train) - 1]) == [train[0], train[-1]]
    with pytest.raises(Unsuited, match="--split validation"):
        split_of(data, "validation")
    with pytest.raises(Unsuited, match="--input 45: the split train has 45 examples"):
        rows_of(data, "train", [45])


def test_during_training() -> None:
    subject = Subject.trained(load(SMALL), watched=True)
    found = during(subject)
    assert subject.trace is not None and found.steps.tolist() == list(range(12))
    np.testing.assert_allclose(found.epochs, np.arange(12) / 3)
    assert found.ended == 4 and [layer.path for layer in found.layers] == [x.path for x in subject.trace.layers]
    (relu,) = during(subject, "relu").layers
    assert relu is found.layers[1]


def test_a_training_that_diverged_is_told() -> None:
    """Also where it was last looked at before that, with nothing unusual to be seen."""
    recipe = load("function", ["optimizer={sgd: 1e6}"])
    found = during(Subject.trained(recipe, watched=True))
    assert found.trained < 5 and "training diverged" in found.unusual[0]


def test_units_that_die_in_training_are_told() -> None:
    recipe = load(SMALL, ["optimizer={sgd: 1}", "train.epochs=30"])
    subject = Subject.trained(recipe, watched=True)
    assert subject.trace is not None
    relu = subject.trace.layers[1]
    relu.active[:] = [1, 0, 0, 0, 0.5]
    assert "1_relu: 60 % of its units are dead" in during(subject).unusual[0]
    relu.active[-3, 1:3] = 0.1  # they were not 0 in one of the last batches
    assert not any("dead" in told for told in during(subject).unusual)
