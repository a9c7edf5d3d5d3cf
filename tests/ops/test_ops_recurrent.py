"""Recurrent layers against one step after the other in numpy; their gradients by central differences."""

from __future__ import annotations

import platform
import re
from typing import Any

import numpy as np
import pytest
from kernels import PRECISIONS, assembly, run
from nets import batch, net, worst_error

import dllab
from dllab.core.kernel import kernel
from dllab.core.settings import bounds_checked, jit_enabled
from dllab.engine.network import Network
from dllab.ops import gru, lstm, rnn, through_time
from dllab.plan.plan import Column

Array = np.ndarray[Any, Any]
X86 = platform.machine() in ("x86_64", "AMD64")


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def states(
    kind: str, x: Array, p: dict[str, Array], activation: str = "tanh", *, start: tuple[Array, ...] = (),
    lengths: Array | None = None, number: int = 1,
) -> tuple[Array, tuple[Array, ...]]:  # fmt: skip
    """All states (B, T, H), 0 behind the lengths, and the last ones: h, and c of an lstm. `number`: which of a stack."""
    wx, wh, b, bh = (p.get(name + (f"_{number}" if number > 1 else "")) for name in ("wx", "wh", "b", "bh"))
    assert wx is not None and wh is not None and b is not None
    units = wh.shape[0]
    last = [*start, *[np.zeros((len(x), units))] * 2][:2]
    found = np.zeros((len(x), x.shape[1], units))
    for n in range(len(x)):
        h, c = last[0][n], last[1][n]
        for t in range(x.shape[1] if lengths is None else lengths[n]):
            own, before = x[n, t] @ wx + b, h @ wh
            if kind == "rnn":
                h = np.maximum(own + before, 0) if activation == "relu" else np.tanh(own + before)
            elif kind == "lstm":
                i, f, g, o = np.split(own + before, 4)
                c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
                h = sigmoid(o) * np.tanh(c)
            else:
                assert bh is not None
                (r, z, u), (hr, hz, hu) = np.split(own, 3), np.split(before, 3)
                r, z = sigmoid(r + hr), sigmoid(z + hz)
                u = np.tanh(u + r * (hu + bh))
                h = (1 - z) * u + z * h
            found[n, t] = h
        last = [np.concatenate([a[:n], [new], a[n + 1 :]]) for a, new in zip(last, (h, c))]
    return found, tuple(last) if kind == "lstm" else (last[0],)


def parameters(network: Network, layer: str) -> dict[str, Array]:
    """The parameters of one layer."""
    return {label.removeprefix(f"{layer}."): v for label, v in network.parameters.items() if label.startswith(f"{layer}.")}


LENGTHS = Column("lengths", (), "int32")
CONTINUES = Column("continues", (), "float32")
KINDS = ["rnn", "lstm", "gru"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("steps", "features", "units", "rows"), [(1, 2, 3, 2), (5, 3, 4, 1), (9, 1, 17, 5), (3, 20, 33, 16)]
)
def test_forward_is_the_definition(kind: str, steps: int, features: int, units: int, rows: int) -> None:
    network = net([{kind: units}], [steps, features])
    x, _ = batch(network, rows)
    p = parameters(network, f"0_{kind}")
    np.testing.assert_allclose(network.forward(x), states(kind, x, p)[0], atol=1e-12)


def test_relu_states() -> None:
    network = net([{"rnn": {"units": 6, "activation": "relu"}}], [7, 2])
    x, _ = batch(network, 4)
    np.testing.assert_allclose(network.forward(x), states("rnn", x, parameters(network, "0_rnn"), "relu")[0], atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_state_alone(kind: str) -> None:
    whole, last = net([{kind: 4}], [6, 2]), net([{kind: {"units": 4, "return": "last"}}], [6, 2])
    x, _ = batch(whole, 3)
    np.testing.assert_array_equal(last.forward(x), whole.forward(x)[:, -1])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("more", [{}, {"return": "last"}])
@pytest.mark.parametrize("shards", [1, 2])
def test_gradients(kind: str, more: dict[str, Any], shards: int) -> None:
    network = net([{kind: {"units": 3, **more}}, {"dense": 2}], [5, 2], shards=shards)
    assert worst_error(network) < 1e-8


@pytest.mark.parametrize("kind", KINDS)
def test_no_step_sees_a_later_one(kind: str) -> None:
    network = net([{kind: 5}, {kind: 4}], [8, 3])
    x, _ = batch(network, 2)
    before = network.forward(x)
    x[:, 5:] += 1
    after = network.forward(x)
    np.testing.assert_array_equal(after[:, :5], before[:, :5])
    assert not np.array_equal(after[:, 5:], before[:, 5:])


def test_the_forget_gate_is_open_at_the_start() -> None:
    b = dllab.build({"input": [3, 2], "model": [{"lstm": 4}], "loss": "mse"}).parameters["0_lstm.b"]
    assert b.tolist() == [0] * 4 + [1] * 4 + [0] * 8


def test_both_directions() -> None:
    network = net([{"bidirectional": [{"gru": 3}]}], [6, 2])
    x, _ = batch(network, 4)
    y = network.forward(x)
    ahead, back = (parameters(network, f"0_bidirectional.{way}.0_gru") for way in ("ahead", "back"))
    np.testing.assert_allclose(y[:, :, :3], states("gru", x, ahead)[0], atol=1e-12)
    np.testing.assert_allclose(y[:, :, 3:], states("gru", x[:, ::-1], back)[0][:, ::-1], atol=1e-12)
    assert worst_error(network) < 1e-8


def within(x: Array, lengths: Array) -> Array:
    """Each sequence reversed within its length."""
    return np.stack([np.concatenate([row[:n][::-1], row[n:]]) for row, n in zip(x, lengths)])


def test_both_directions_of_sequences_with_lengths() -> None:
    network = net([{"bidirectional": [{"lstm": 3}, {"rnn": 2}]}], [6, 2], extras=(LENGTHS,))
    x, _ = batch(network, 4)
    lengths = np.array([6, 1, 4, 3])
    place = "0_bidirectional.{}.{}"
    found = []
    for way, of in (("ahead", x), ("back", within(x, lengths))):
        h, _ = states("lstm", of, parameters(network, place.format(way, "0_lstm")), lengths=lengths)
        found.append(states("rnn", h, parameters(network, place.format(way, "1_rnn")), lengths=lengths)[0])
    expected = np.concatenate([found[0], within(found[1], lengths)], axis=2)
    np.testing.assert_allclose(network.forward(x, lengths=lengths), expected, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shards", [1, 2])
def test_lengths(kind: str, shards: int) -> None:
    whole = net([{kind: 4}], [7, 3], shards=shards, extras=(LENGTHS,))
    last = net([{kind: {"units": 4, "return": "last"}}], [7, 3], shards=shards, extras=(LENGTHS,))
    x, _ = batch(whole, 5)
    lengths = np.array([2, 5, 1, 5, 3])  # none is whole
    expected, ends = states(kind, x, parameters(whole, f"0_{kind}"), lengths=lengths)
    for training in (False, True):
        np.testing.assert_allclose(whole.forward(x, training, lengths=lengths), expected, atol=1e-12)
        np.testing.assert_allclose(last.forward(x, training, lengths=lengths), ends[0], atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("returning", ["sequence", "last"])
def test_what_stands_behind_the_end_does_not_matter(kind: str, returning: str) -> None:
    model = [{kind: {"units": 3, "layers": 2, "return": returning}}, {"dense": 2}]
    network = net(model, [6, 2], extras=(LENGTHS,), input_gradient=True)
    x, y = batch(network, 4)
    lengths = np.array([6, 2, 3, 1])
    before = network.loss_and_gradients(x, y, lengths=lengths)
    x[np.arange(6) >= lengths[:, None]] = 1e6
    after = network.loss_and_gradients(x, y, lengths=lengths)
    assert before[0] == after[0]
    for label, gradient in before[1].items():
        np.testing.assert_array_equal(after[1][label], gradient)


@pytest.mark.parametrize("kind", KINDS)
def test_layers_on_top_of_each_other(kind: str) -> None:
    network = net([{kind: {"units": 4, "layers": 3, "dropout": 0.5}}], [5, 2], extras=(LENGTHS,))
    x, _ = batch(network, 4)
    lengths, p = np.array([5, 2, 3, 1]), parameters(network, f"0_{kind}")
    y: Array = x
    for number in (1, 2, 3):
        y = states(kind, y, p, lengths=lengths, number=number)[0]
    np.testing.assert_allclose(network.forward(x, lengths=lengths), y, atol=1e-12)
    assert not np.allclose(network.forward(x, True, lengths=lengths), y)  # dropped in training, between layers alone


@pytest.mark.parametrize("kind", KINDS)
def test_a_learnt_start(kind: str) -> None:
    network = net([{kind: {"units": 4, "learn_start": True}}], [5, 2])
    x, _ = batch(network, 3)
    p = parameters(network, f"0_{kind}")
    start = tuple(np.tile(p[name], (3, 1)) for name in ("h0", "c0") if name in p)
    assert len(start) == (2 if kind == "lstm" else 1)
    np.testing.assert_allclose(network.forward(x), states(kind, x, p, start=start)[0], atol=1e-12)
    fresh = dllab.build({"input": [3, 2], "model": [{kind: {"units": 2, "learn_start": True}}], "loss": "mse"})
    assert not fresh.parameters[f"0_{kind}.h0"].any()


@pytest.mark.parametrize("first", KINDS)
@pytest.mark.parametrize("second", KINDS)
def test_a_start_where_another_has_ended(first: str, second: str) -> None:
    model = [{first: {"units": 3, "name": "a"}}, {second: {"units": 3, "start": "a", "from": "input"}}]
    network = net(model, [5, 2], extras=(LENGTHS,))
    x, y = batch(network, 4)
    lengths = np.array([3, 5, 1, 4])
    _, ends = states(first, x, parameters(network, "a"), lengths=lengths)
    expected, _ = states(second, x, parameters(network, f"1_{second}"), start=ends, lengths=lengths)
    np.testing.assert_allclose(network.forward(x, lengths=lengths), expected, atol=1e-12)
    _, gradients = network.loss_and_gradients(x, y, lengths=lengths)
    assert gradients["a.wx"].any()  # nothing else reads what the first one gives
    assert worst_error(net(model, [5, 2])) < 1e-8


def test_layer_upon_layer_starts_where_another_has_ended() -> None:
    inner = {"units": 2, "layers": 2, "name": "a"}
    network = net([{"lstm": inner}, {"lstm": {"units": 2, "layers": 2, "start": "a"}}], [4, 3])
    x, _ = batch(network, 3)
    below: Array = x
    ends = []
    for number in (1, 2):
        below, end = states("lstm", below, parameters(network, "a"), number=number)
        ends.append(end)
    for number in (1, 2):
        below, _ = states("lstm", below, parameters(network, "1_lstm"), number=number, start=ends[number - 1])
    np.testing.assert_allclose(network.forward(x), below, atol=1e-12)


def test_a_start_from_both_directions_and_from_a_vector() -> None:
    both = [
        {"bidirectional": {"layers": [{"lstm": 2}], "name": "a"}},
        {"lstm": {"units": 4, "start": "a", "from": "input"}},
    ]
    network = net(both, [4, 3])
    x, _ = batch(network, 3)
    ways = [states("lstm", of, parameters(network, f"a.{way}.0_lstm"))[1]
            for way, of in (("ahead", x), ("back", x[:, ::-1]))]  # fmt: skip
    start = tuple(np.concatenate(pair, axis=1) for pair in zip(*ways))
    expected, _ = states("lstm", x, parameters(network, "1_lstm"), start=start)
    np.testing.assert_allclose(network.forward(x), expected, atol=1e-12)
    assert worst_error(network) < 1e-8
    vector = net([{"dense": {"units": 4, "name": "v"}}, {"reshape": [2, 2]}, {"lstm": {"units": 4, "start": "v"}}], [3])
    assert worst_error(vector) < 1e-8


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shards", [1, 2])
def test_windows_with_carried_states_are_the_uncut_sequence(kind: str, shards: int) -> None:
    model = [{kind: {"units": 5, "layers": 2}}]
    cut = net(model, [4, 2], batch=3, shards=shards, extras=(CONTINUES,))
    uncut = net(model, [12, 2], batch=3)
    for label, values in uncut.parameters.items():
        cut.parameters[label][...] = values
    x, _ = batch(uncut, 3)
    expected = uncut.forward(x)
    for turn in range(2):  # the second time all rows begin anew
        for t in range(0, 12, 4):
            goes_on = np.full(3, float(t > 0))
            window = x[:, t : t + 4]
            found = cut.forward(window, True, continues=goes_on)
            same = 0.0 if jit_enabled() else 1e-14  # numpy's products depend on their size
            np.testing.assert_allclose(found, expected[:, t : t + 4], same, same, err_msg=f"turn {turn}, step {t}")
            cut.step(window, np.zeros_like(found), lr=0.0, continues=goes_on)


def test_a_row_that_begins_anew_beside_one_that_goes_on() -> None:
    network = net([{"gru": {"units": 3, "learn_start": True}}], [4, 2], batch=2, extras=(CONTINUES,))
    x, y = batch(network, 2)
    p = parameters(network, "0_gru")
    network.step(x, y, lr=0.0, continues=np.zeros(2))
    _, (end,) = states("gru", x, p, start=(np.tile(p["h0"], (2, 1)),))
    start = np.stack([p["h0"], end[1]])
    found = network.forward(x, True, continues=np.array([0.0, 1.0]))
    np.testing.assert_allclose(found, states("gru", x, p, start=(start,))[0], atol=1e-12)
    alone = network.forward(x)  # at inference nothing is carried
    np.testing.assert_allclose(alone, states("gru", x, p, start=(np.tile(p["h0"], (2, 1)),))[0], atol=1e-12)


@pytest.mark.parametrize("learn_start", [False, True])
def test_a_state_that_is_no_number_ends_where_its_row_begins_anew(learn_start: bool) -> None:
    network = net([{"lstm": {"units": 3, "learn_start": learn_start}}], [4, 2], batch=2, extras=(CONTINUES,))
    x, y = batch(network, 2)
    anew = np.zeros(2)
    expected, slopes = network.loss_and_gradients(x, y, continues=anew)
    network.memory.arrays["running"].view(np.float64)[:] = np.nan
    loss, gradients = network.loss_and_gradients(x, y, continues=anew)
    assert loss == expected
    for label, gradient in gradients.items():
        np.testing.assert_array_equal(gradient, slopes[label])


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_quick_gates(name: str, precision: str) -> None:
    x = np.concatenate([np.linspace(-30, 30, 100_001), [0.0, 1e-20, -1e-20, np.inf, -np.inf, np.nan]]).astype(precision)
    found, wide = np.empty_like(x), x.astype(np.float64)
    run(squash, precision, y=found, x=x, which=int(name == "tanh"))
    with np.errstate(all="ignore"):
        expected = np.tanh(wide) if name == "tanh" else 1 / (1 + np.exp(-wide))
    limit = 1e-15 if precision == "float64" else 2.5e-7
    np.testing.assert_allclose(found, expected, atol=limit, rtol=0)
    assert np.abs(found[np.isfinite(found)]).max() <= 1
    if name == "tanh":  # near 0 to full relative precision
        near = np.abs(wide) < 1
        np.testing.assert_allclose(found[near], expected[near], rtol=2 * limit)


@pytest.mark.skipif(not jit_enabled() or bounds_checked() or not X86, reason="reads x86 machine code")
@pytest.mark.parametrize("kind", KINDS)
def test_gates_are_packed_and_never_divide(kind: str) -> None:
    module = {"rnn": rnn, "lstm": lstm, "gru": gru}[kind]
    for step in (module.forward, module.backward):
        code = assembly(step)
        assert re.search(r"mulps\s.*%[xyz]mm", code)
        assert "cvtps2pd" not in code
        assert "divps" not in code  # estimates do


def test_a_last_state_has_no_lengths_even_with_as_many_units_as_steps() -> None:
    network = net([{"gru": {"units": 4, "return": "last"}}, {"dense": 2}], [4, 3], extras=(LENGTHS,))
    sequence, last, *_ = network.plan.infos
    assert sequence.input.lengths is not None
    assert last.input.lengths is None


def test_what_is_always_read_costs_no_row_of_zeros() -> None:
    network = net([{"dense": 3}, "relu", {"residual": [{"dense": 3}]}, {"dense": 2}], [4])
    titles = [row.kernel.title for row in network.plan.program("train").rows if row.kernel]
    assert "plan.totals.nothing" not in titles
    network = net([{"gru": {"units": 3, "name": "a"}}, {"dense": 2}], [4, 2])
    titles = [row.kernel.title for row in network.plan.program("train").rows if row.kernel]
    assert titles.count("plan.totals.nothing") == 1  # of the last state alone


@kernel(y="N", x="N", which=":int64")
def squash(y, x, which):
    """One of the two functions of the gates."""
    for i in range(y.shape[0]):
        y[i] = through_time.tanh(x[i]) if which else through_time.sigmoid(x[i])
