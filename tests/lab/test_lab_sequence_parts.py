"""Parts of the lab that look into nets which read in order: gates, what waiting is worth, rounds, answers by length."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from dllab.data.both_sides import BothSides, known_ahead, one_way
from dllab.engine.network import build
from dllab.lab.attention import look
from dllab.lab.gates import explained, gates
from dllab.lab.looking_ahead import answered_early, dependence
from dllab.lab.rounds import rounds, seconds, walks
from dllab.lab.said import mirrored, right_by_length
from dllab.lab.subject import Subject
from dllab.recipe import Recipe, parse

RECALL = "{{data: {{name: recall, gap: {gap}, samples: 40}}, model: [embedding: 4, {layer}, dense: classes]}}"
MARKS = "{{data: {{name: both_sides, length: 9, samples: 60}}, model: [embedding: 4, {layer}, dense: classes]}}"
WORDS = """
data: {name: reversal, max_length: 6, samples: 120}
model:
  - embedding: 4
  - gru: {units: 6, name: encoder}
  - embedding: {units: 4, from: decoder}
  - gru: {units: 6, start: encoder}
  - branches: [[identity], [attention: {memory: encoder}]]
  - dense: classes
train: {epochs: 1}
"""


def recipe(text: str, **given: object) -> Recipe:
    return parse(text.format(**given), label="r.yaml")


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_gates_are_those_of_the_formula(kind: str) -> None:
    net = Subject.untrained(recipe(RECALL, gap=3, layer=f"{kind}: {{units: 5, return: last}}"), seed=1)
    found = gates(net, net.network.plan.infos[1].path)
    x = net.network.parameters["0_embedding.w"][net.data.seen(net.rows("test")).astype(int)].astype(np.float64)
    wx, b = (net.network.parameters[f"1_{kind}.{name}"] for name in ("wx", "b"))
    z = 1 / (1 + np.exp(-(x[:, 0] @ wx + b)))  # of the first step, before which the state is 0
    assert found.forget[0] == pytest.approx(z[:, 5:10].mean(), abs=1e-6)
    assert found.write[0] == pytest.approx(z[:, :5].mean() if kind == "lstm" else 1 - z[:, 5:10].mean(), abs=1e-6)
    assert found.forget.shape == found.explained.shape == (5,)
    assert found.explained[0] == pytest.approx(1)  # only the letter has been read
    assert found.kept == pytest.approx(np.prod(found.forget[1:-1]), rel=0.1)  # of gates that hardly vary


def test_explained_is_one_where_a_label_tells_all_and_small_where_it_tells_nothing() -> None:
    labels = np.arange(400) % 4
    noise = np.random.default_rng(0).normal(size=(400, 3))
    values = np.stack([np.eye(4)[labels][:, :3], noise], axis=1)
    share = explained(values, labels)
    assert share[0] == pytest.approx(1) and share[1] < 0.03
    assert explained(np.ones((400, 1, 3)), labels).tolist() == [0]  # what does not vary tells nothing


def test_one_direction_is_deaf_to_later_steps_and_two_are_not() -> None:
    for layer, deaf in (("rnn: 6", True), ("bidirectional: [rnn: 6]", False)):
        net = build(recipe(MARKS, layer=layer), seed=2, dtype="float64")
        x = np.random.default_rng(0).integers(0, 3, (20, 9)).astype(np.int32)
        shares, most = dependence(net, x, (x + 1) % 3)
        later = np.triu_indices(9, 1)
        assert bool(most[later].max() == 0) is deaf
        assert most[np.tril_indices(9)].min() > 0 and 0 < shares.max() <= 1


def test_who_answers_early_sees_blanks() -> None:
    net = build(recipe(MARKS, layer="bidirectional: [rnn: 6]"), seed=2, dtype="float64")
    x = np.random.default_rng(0).integers(0, 3, (30, 9)).astype(np.int32)
    said = net.forward(x).argmax(-1)
    assert answered_early(net, x, said, ahead=8) == 1
    cut = x.copy()
    cut[:, 1:] = 0
    alone = net.forward(cut).argmax(-1)[:, 0]
    own = answered_early(net, x, np.where(np.arange(9) == 0, alone[:, None], -1), ahead=0)
    assert own == pytest.approx(1 / 9)


def test_what_can_be_known_grows_from_one_direction_to_all() -> None:
    inputs = BothSides(length=20, samples=300).generate().columns["inputs"].astype(np.int64)
    found = [known_ahead(inputs, 2, ahead) for ahead in range(20)]
    assert found[0] == pytest.approx(one_way(inputs, 2)[0]) and found[-1] == 1
    assert all(a <= b for a, b in pairwise(found))
    assert known_ahead(np.array([[1, 0, 0, 2]]), 2, 1) == pytest.approx(1 - 0.5 / 4)


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_recurrent_nets_take_a_round_more_with_every_step(kind: str) -> None:
    counts = [rounds(build(recipe(RECALL, gap=gap, layer=f"{kind}: {{units: 5, return: last}}")).plan) for gap in (3, 23)]
    assert counts[1] - counts[0] == 20


def test_only_recurrent_kernels_walk_and_time_passes() -> None:
    net = build(recipe(RECALL, gap=3, layer="rnn: {units: 5, return: last}"))
    kernels = [row.kernel for row in net.plan.program("infer").rows if row.kernel is not None]
    assert [kernel.title for kernel in kernels if walks(kernel)] == ["ops.rnn.forward"]
    assert 0 < seconds(net, 4) < 10


def test_attention_takes_the_same_rounds_for_any_length() -> None:
    layer = "transformer_block: {heads: 2}, last_step"
    counts = [rounds(build(recipe(RECALL, gap=gap, layer=layer)).plan) for gap in (3, 23)]
    assert counts[0] == counts[1] > 5


def test_answers_by_length_and_looks_at_the_mirror_image() -> None:
    net = Subject.trained(parse(WORDS, label="r.yaml"), seed=0)
    lengths, right = right_by_length(net)
    assert lengths.tolist() == [4, 5, 6] and ((right >= 0) & (right <= 1)).all()
    share = mirrored(net)
    assert share is not None and 0 < share < 1
    seen = look(net, "test", int(np.argmax(net.data.dataset.columns["lengths"][net.rows("test")])))
    assert seen.layers[0].heads[0].shares.shape[1] == 6
    assert mirrored(Subject.untrained(recipe(MARKS, layer="rnn: 4"))) is None
