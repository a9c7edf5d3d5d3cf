"""Training on sequences: labels that are missing, figures in parts, states that are carried on, resumption."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from dllab.engine import executor, network
from dllab.engine.network import Network
from dllab.engine.prepare import plan_of, prepared
from dllab.engine.question import question_of
from dllab.plan.plan import Column, Plan
from dllab.recipe import RecipeError, load
from dllab.training import evaluate
from dllab.training.lanes import lanes
from dllab.training.trainer import Trainer

HERE = Path(__file__).parent
METRICS = ["accuracy", "perplexity", "bits_per_character"]


def recipe(kind="windows", layer="gru", **train):
    return load(
        {
            "use": [str(HERE / "toy_text.py")],
            "data": {"toy_text": {"kind": kind}},
            "model": [{"embedding": 5}, {layer: 6}, {"dense": "classes"}],
            "metrics": METRICS,
            "optimizer": {"adam": 0.02},
            "train": {"epochs": 3, "batch": 8, **train},
        },
        trust=True,
    )


def trained(of, start=None, until=None):
    trainer = Trainer(of, start=start)
    end = None
    for event in trainer.events():
        end = event
        if until is not None and trainer.course.step >= until:
            break
    return trainer, end


@pytest.mark.parametrize("kind", ["windows", "words"])
def test_figures_are_those_of_all_steps_that_count(kind):
    trainer, _ = trained(recipe(kind))
    data, net = trainer.data, trainer.network
    rows = data.splits.test
    columns = data.dataset.columns
    extras = {"lengths": columns["lengths"][rows]} if kind == "words" else {}
    scores = net.forward(columns["inputs"][rows], **extras).astype(np.float64)
    labels = columns["targets"][rows]
    log_p = scores - np.log(np.exp(scores).sum(axis=2, keepdims=True))
    picked = np.take_along_axis(log_p, np.maximum(labels, 0)[..., None], 2)[..., 0][labels >= 0]
    figures = trainer.evaluator.evaluate("test")
    assert figures["loss"] == pytest.approx(-picked.mean(), rel=1e-5)
    assert figures["perplexity"] == pytest.approx(np.exp(-picked.mean()), rel=1e-5)
    assert figures["accuracy"] == pytest.approx((scores.argmax(2) == labels)[labels >= 0].mean())


@pytest.mark.parametrize("kind", ["windows", "words"])
def test_a_large_split_is_measured_in_parts_to_the_same_figures(kind, monkeypatch):
    whole = Trainer(recipe(kind)).evaluator.evaluate("train")
    monkeypatch.setattr(evaluate, "CHUNK", 8)
    monkeypatch.setattr(evaluate, "PART", 8 * 28)
    trainer = Trainer(recipe(kind))
    assert len(trainer.evaluator._parts("train")) == 6
    parts = trainer.evaluator.evaluate("train")
    assert parts == pytest.approx(whole, rel=1e-5)
    assert len(trainer.evaluator._bound) == 2, "parts of equal size share one program's memory; the last is smaller"


def test_where_a_row_needs_much_memory_fewer_are_evaluated_at_once(monkeypatch):
    figures, rows = [], []
    for allowed in (network.WORK_AT_ONCE, 80_000, 10):
        monkeypatch.setattr(network, "WORK_AT_ONCE", allowed)
        evaluator = Trainer(recipe()).evaluator
        figures.append(evaluator.evaluate("train"))
        rows.append(next(iter(evaluator._bound.values())).capacity)
    assert rows == [45, 32, 8]
    assert figures[1] == pytest.approx(figures[0], rel=1e-5)
    assert figures[2] == pytest.approx(figures[0], rel=1e-5)


@pytest.mark.parametrize("carry_state", [False, True])
@pytest.mark.parametrize("kind", ["windows", "words"])
def test_two_shards_measure_what_one_does(kind, carry_state, monkeypatch):
    if kind == "words" and carry_state:
        pytest.skip("words have no lanes")
    of = recipe(kind, carry_state=carry_state, shuffle=not carry_state, batch=4)
    found = []
    for shards in (1, 2):
        monkeypatch.setattr(Plan, "_choose_shards", lambda _, number=shards: number)
        evaluator = Trainer(of).evaluator
        found.append([evaluator.evaluate(split) for split in evaluator.splits])
        assert {bound.shards for bound in evaluator._bound.values()} == {shards}
    for one, two in zip(*found):
        assert two == pytest.approx(one, rel=1e-5)
    with executor.one_thread():
        assert [evaluator.evaluate(split) for split in evaluator.splits] == found[1], "on one core, to the bit"


def without_labels(of, *rows):
    """The recipe's data without the labels of some rows."""
    data = prepared(of)
    targets = data.dataset.columns["targets"].copy()
    targets[np.r_[rows]] = -1
    columns = {**data.dataset.columns, "targets": targets}
    return dataclasses.replace(data, dataset=dataclasses.replace(data.dataset, columns=columns))


@pytest.mark.filterwarnings("error")
def test_parts_and_batches_without_labels_count_nowhere(monkeypatch):
    of = recipe("words")
    data = without_labels(of, slice(0, 8), slice(16, 24), slice(40, 45))
    labelled = dataclasses.replace(data, splits=dataclasses.replace(data.splits, train=np.r_[8:16, 24:40]))
    wanted = Trainer(of, data=labelled).evaluator.evaluate("train")
    monkeypatch.setattr(evaluate, "CHUNK", 8)
    assert Trainer(of, data=data).evaluator.evaluate("train") == pytest.approx(wanted, rel=1e-5), "whole batches"
    monkeypatch.setattr(evaluate, "PART", 8 * 28)
    assert Trainer(of, data=data).evaluator.evaluate("train") == pytest.approx(wanted, rel=1e-5), "whole parts"
    nothing = Trainer(of, data=without_labels(of, slice(0, 45))).evaluator
    assert len(nothing._parts("train")) == 6
    assert all(np.isnan(figure) for figure in nothing.evaluate("train").values())
    monkeypatch.undo()
    whole = Trainer(of, data=without_labels(of, slice(0, 45))).evaluator
    assert all(np.isnan(figure) for figure in whole.evaluate("train").values())


def test_the_loss_of_a_step_is_the_mean_over_the_labels_of_the_whole_batch():
    of = recipe("words")
    data = prepared(of)
    losses = []
    for shards in (1, 2):
        question = dataclasses.replace(question_of(of, data, precision="float64"), shards=shards)
        net = Network(plan_of(of, question), of)
        rows = data.splits.train[:9]
        columns = data.dataset.columns
        x, y = columns["inputs"][rows].astype(float), columns["targets"][rows]
        loss, gradients = net.loss_and_gradients(x, y, lengths=columns["lengths"][rows])
        scores = net.forward(x, lengths=columns["lengths"][rows])
        log_p = scores - np.log(np.exp(scores).sum(axis=2, keepdims=True))
        picked = np.take_along_axis(log_p, np.maximum(y, 0)[..., None], 2)[..., 0][y >= 0]
        assert loss == pytest.approx(-picked.mean(), rel=1e-12)
        losses.append((loss, gradients))
    for name, gradient in losses[0][1].items():
        np.testing.assert_allclose(losses[1][1][name], gradient, atol=1e-14)


def test_lanes_lay_rows_side_by_side():
    order, goes_on = lanes(np.array([2, 3, 4, 5, 6, 7, 9, 10, 11, 12]), 13, 3)
    assert order.tolist() == [2, 5, 9, 3, 6, 10, 4, 7, 11]  # lanes 2 3 4, 5 6 7, 9 10 11; 12 is left out
    assert np.flatnonzero(goes_on).tolist() == [3, 4, 6, 7, 10, 11]
    order, goes_on = lanes(np.array([0, 1, 3, 4]), 5, 2)
    assert order.tolist() == [0, 3, 1, 4]
    assert np.flatnonzero(goes_on).tolist() == [1, 4]


def test_states_go_on_in_evaluation_as_in_training(monkeypatch):
    """The test rows, 15, in 4 lanes of 3 and 3 that begin anew; each lane is one sequence of 21 letters to the net."""
    of = recipe(carry_state=True, shuffle=False, batch=4)
    trainer, _ = trained(of)
    data, net, before = trainer.data, trainer.network, trainer.network.memory.arrays["running"].copy()
    figures = trainer.evaluator.evaluate("test")
    np.testing.assert_array_equal(net.memory.arrays["running"], before, "states of training")
    monkeypatch.setattr(evaluate, "PART", 4 * 28)
    parts = Trainer(of)
    for name, values in parts.network.parameters.items():
        values[...] = net.parameters[name]
    assert len(parts.evaluator._parts("test")) == 4
    assert parts.evaluator.evaluate("test") == pytest.approx(figures, rel=1e-6)
    ids = data.dataset.columns["inputs"][data.splits.test]
    labels = data.dataset.columns["targets"][data.splits.test]
    long = dataclasses.replace(question_of(of, data), inputs=Column("inputs", (21,), "float32"), extras=(), loss=None,
                               targets=None)  # fmt: skip
    whole = Network(plan_of(of, long), of)
    for name, values in whole.parameters.items():
        values[...] = net.parameters[name]
    scores = whole.forward(ids[:12].reshape(4, 21)).reshape(12, 7, 4)
    short = dataclasses.replace(question_of(of, data), extras=(), loss=None, targets=None)
    alone = Network(plan_of(of, short), of)
    for name, values in alone.parameters.items():
        values[...] = net.parameters[name]
    scores = np.concatenate([scores, alone.forward(ids[12:])]).astype(np.float64)
    log_p = scores - np.log(np.exp(scores).sum(axis=2, keepdims=True))
    picked = np.take_along_axis(log_p, labels[..., None], 2)
    assert figures["loss"] == pytest.approx(-picked.mean(), rel=1e-5)


@pytest.mark.parametrize(
    ("kind", "train", "told"),
    [
        ("words", {"carry_state": True, "shuffle": False}, "do not go on from one to the next"),
        ("windows", {"carry_state": True}, "shuffle mixes them"),
        ("windows", {"carry_state": True, "shuffle": False, "batch": "full"}, "do not fill two batches"),
    ],
)
def test_states_cannot_be_carried_where_rows_do_not_flow(kind, train, told):
    with pytest.raises(RecipeError, match=told):
        Trainer(recipe(kind, **train))


@pytest.mark.parametrize("layer", ["rnn", "lstm", "gru"])
def test_carried_states_change_training_and_go_on_bit_for_bit(layer):
    of = recipe(layer=layer, shuffle=False, carry_state=True)
    whole, _ = trained(of)
    assert not all((v == whole.network.parameters[name]).all()
                   for name, v in trained(recipe(layer=layer, shuffle=False))[0].network.parameters.items())  # fmt: skip
    part, _ = trained(of, until=1)  # in the middle of the first epoch
    state = part.course.state()
    assert 0 < state.facts["step"] < whole.steps
    assert state.facts["step"] % whole.steps_per_epoch
    carried = [name for name in state.arrays if "carried_" in name]
    assert len(carried) == (2 if layer == "lstm" else 1)
    assert all(state.arrays[name].any() for name in carried)
    rest, _ = trained(of, start=state)
    for name, values in whole.network.parameters.items():
        np.testing.assert_array_equal(rest.network.parameters[name], values)


def test_extras_that_do_not_fit_are_told():
    of = recipe("words")
    net = Network(plan_of(of, question_of(of, prepared(of))), of)
    x = np.zeros((2, 7))
    with pytest.raises(ValueError, match="lengths run from 0 to 8; sequences here have 1 to 7 steps"):
        net.forward(x, lengths=[0, 8])
    with pytest.raises(ValueError, match=r"lengths has shape \(3,\)"):
        net.forward(x, lengths=[1, 2, 3])
    with pytest.raises(ValueError, match="this net reads no decoder; it reads inputs, lengths"):
        net.forward(x, decoder=x)


@pytest.mark.parametrize("data, read", [
    ("shakespeare8", []),
    ("languages", ["lengths"]),
    ("airline", []),
    ("sorting", ["lengths", "decoder"]),
])  # fmt: skip
def test_a_net_reads_what_layers_know_of_and_no_books_that_data_keep(data, read):
    of = load({"data": data, "model": ["flatten" if data == "airline" else {"embedding": 3}, {"dense": 3}]})
    assert [column.name for column in question_of(of, prepared(of)).extras] == read


def test_a_further_column_is_asked_for_by_its_shape():
    of = recipe("words")
    question = dataclasses.replace(question_of(of, prepared(of)), extras=(Column("mood", (), "float32"),))
    net = Network(plan_of(of, question), of)
    with pytest.raises(ValueError, match=r"this net also reads mood \(N,\): give mood=\.\.\."):
        net.forward(np.zeros((2, 7)))


def test_buckets_change_the_batches_and_nothing_else():
    plain, bucketed = trained(recipe("words"))[0], trained(recipe("words", bucket_lengths=True))[0]
    assert plain.steps == bucketed.steps
    again = trained(recipe("words", bucket_lengths=True))[0]
    for name, values in bucketed.network.parameters.items():
        assert (values == again.network.parameters[name]).all()
        assert (values != plain.network.parameters[name]).any()


@pytest.mark.parametrize(
    ("kind", "train", "told"),
    [
        ("windows", {}, "are all of the same length"),
        ("words", {"shuffle": False}, "puts batches together anew"),
        ("words", {"batch": "full"}, "puts batches together anew"),
    ],
)
def test_buckets_need_lengths_and_a_free_order(kind, train, told):
    with pytest.raises(RecipeError, match=told):
        Trainer(recipe(kind, bucket_lengths=True, **train))
