"""Explanations hold: every equation that is shown gives what the engine has, in nets of every kind, early and late."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest
from marks import compiled_only

import dllab
from dllab.lab.explain import FAMILIES, explain
from dllab.lab.explain_asked import Asked
from dllab.lab.explain_losses import LOSSES
from dllab.lab.explain_step import Moment, rows_of
from dllab.lab.explain_updates import RULES
from dllab.lab.explanation import Equation, Explained, weighted
from dllab.lab.suits import Unsuited
from dllab.recipe import RecipeError, load
from dllab.training.trainer import Trainer

RECIPES = (
    "xor", "perceptron", "spirals", "iris", "diabetes", "digits-cnn", "lenet", "mnist1d-cnn", "mnist1d-gru", "names-lstm",
    "names-gpt", "names-rnn", "reversal", "conv-autoencoder", "languages", "resnet", "vowels",
)  # fmt: skip


@cache
def moment(name: str, step: int, *changes: str) -> Moment:
    return Moment(load(name, changes), step)


def wrong(found: Explained) -> list[str]:
    pairs = [(section, equation) for section in found.sections for equation in section.equations if not equation.agrees]
    return [f"{s.path}: {e.left} = {e.formula}: {e.computed} here, {e.value} there" for s, e in pairs]


@compiled_only
@pytest.mark.parametrize("step", [1, 50])
@pytest.mark.parametrize("name", RECIPES)
def test_every_equation_gives_what_the_engine_has(name: str, step: int) -> None:
    at = moment(name, min(step, Trainer(load(name)).steps))
    for row in (None, at.rows - 1):
        found = explain(at, Asked(row))
        assert wrong(found) == []
        assert found.equations
    changed = [dataclasses.replace(e, value=e.value * 1.001 + 1e-30) for e in found.equations if not e.hidden and e.value]
    assert sum(e.agrees for e in changed) <= len(changed) // 4  # the check can fail: a part in a thousand is seen


CHAINS = {
    "sgd": "sgd", "momentum": "momentum", "nesterov": "nesterov", "rmsprop": "rmsprop", "adam": "adam",
    "adamw": "{name: adamw, weight_decay: 0.3}", "clipped": "[{clip_norm: 0.01}, {sgd: 0.1}]",
    "bounded": "[{clip_value: 0.001}, adam]", "shrunk": "[{weight_decay: 0.3}, {momentum: 0.1}]",
    "l2": "[{l2: 0.2}, {sgd: 0.1}]", "l1": "[{l1: 0.2}, {sgd: 0.1}]", "adagrad": "adagrad",
    "lion": "lion", "decayed": "{name: lion, weight_decay: 0.3}", "muon": "muon",
}  # fmt: skip


@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)
@pytest.mark.parametrize("step", [1, 4])
def test_updates(chain: str, step: int) -> None:
    at = Moment(load("xor", [f"optimizer={chain}", "schedule={cosine: {warmup: 3}}"]), step)
    found = explain(at, Asked(layer="update"))
    assert [section.part for section in found.sections] == ["update"]
    assert wrong(found) == []
    assert any(e.left.endswith("after") for e in found.equations) == (chain != "muon")


def curve(name: str) -> list[str]:
    return [f"model[1]={name}"]


ACTIVATIONS = ("relu", "relu6", "leaky_relu", "elu", "selu", "tanh", "sigmoid", "hard_tanh", "silu", "softplus", "softsign",
               "mish", "gelu", "{gelu: tanh}", "softmax")  # fmt: skip


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name: str) -> None:
    assert wrong(explain(Moment(load("xor", curve(name)), 2))) == []


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_at_0(name: str) -> None:
    at = Moment(load("xor", curve(name)), 1)
    zeros = next(n for n in range(at.rows) if not at.inside.input("0_dense")[n].any())
    found = explain(at, Asked(zeros))
    assert any(e.left.startswith("dx") for e in found.equations) and wrong(found) == []


NETS = {
    "mse": ("xor", "loss=mse"), "mae": ("diabetes", "loss=mae"), "huber": ("diabetes", "loss={huber: 0.3}"),
    "smoothed": ("iris", "loss={cross_entropy: {label_smoothing: 0.1, class_weights: [1, 2, 3]}}"),
    "binary": ("xor", "loss={binary_cross_entropy: {positive_weight: 3, label_smoothing: 0.2}}"),
    "one against the rest": ("iris", "loss=binary_cross_entropy"), "perceptrons": ("iris", "loss=perceptron"),
    "mixup": ("iris", "augment=[mixup: 1.0]"), "frozen": ("iris", "freeze=[0_dense]"),
    "unbiased": ("iris", "model=[{dense: {units: 4, bias: false}}, relu, {dense: classes}]"),
}  # fmt: skip


@pytest.mark.parametrize("words", NETS.values(), ids=NETS)
def test_losses_and_other_nets(words: tuple[str, ...]) -> None:
    at = Moment(load(words[0], [*words[1:], "train.steps=5", "train.epochs="]), 3)
    for row in range(min(at.rows, 5)):
        assert wrong(explain(at, Asked(row))) == []


CELLS = ("lstm: 5", "gru: 5", "rnn: 5", "rnn: {units: 5, activation: relu}", "lstm: {units: 5, return: last}",
         "gru: {units: 5, return: last}", "rnn: {units: 5, return: last}", "lstm: {units: 4, layers: 2}",
         "lstm: {units: 4, learn_start: true}")  # fmt: skip


@compiled_only
@pytest.mark.parametrize("cell", CELLS)
def test_recurrent_cells(cell: str) -> None:
    end = "" if "last" in cell else ", flatten"
    words = ["data={name: mnist1d, samples: 100}", f"model=[{{reshape: [40, 1]}}, {{{cell}}}{end}, {{dense: classes}}]"]
    at = Moment(load("mnist1d-gru", [*words, "train.batch=8"]), 3)
    for unit in (None, 1, 2, 3):
        assert wrong(explain(at, Asked(unit=unit))) == []


def test_kinds_and_parts_are_those_of_the_lab() -> None:
    from dllab.catalogue import parts

    assert set(FAMILIES) <= set(parts("layers"))
    assert set(LOSSES) <= set(parts("losses"))
    assert set(RULES) <= set(parts("optimizers"))


@compiled_only
@pytest.mark.parametrize("step", [1, 2, 57, 301])
def test_the_step_is_that_of_training(step: int) -> None:
    """What comes out of the explained step is what `dllab train` has after so many."""
    changes = ["train.epochs=8"]
    at = moment("spirals", step, *changes)
    result = dllab.train("spirals", [*changes, "train.epochs=", f"train.steps={at.course.steps}"], save=False)
    assert at.course.steps == 8 * 43
    trainer = Trainer(load("spirals", changes))
    for _ in trainer.up_to(step):
        pass
    for label, values in trainer.network.parameters.items():
        np.testing.assert_array_equal(at.after[label], values)
    assert result.status == "finished"
    for _ in trainer.course.events():
        pass


def test_up_to_a_step_and_on_is_the_whole_run() -> None:
    trainer, whole = Trainer(load("xor")), Trainer(load("xor"))
    for _ in trainer.up_to(123):
        pass
    assert trainer.course.step == 123
    trainer.course.until = trainer.course.steps
    for _ in trainer.course.events():
        pass
    for _ in whole.events():
        pass
    for label, values in whole.network.parameters.items():
        np.testing.assert_array_equal(trainer.network.parameters[label], values)


def test_the_chosen_unit_and_layer() -> None:
    at = moment("spirals", 1)
    found = explain(at, Asked(2, "2_dense", 7), 2)
    assert {section.path for section in found.sections} == {"2_dense", "update"}
    first = found.equations[0]
    assert first.left == "y[7]" and first.formula.count("*") == 2 and "(30 more)" in first.formula
    n = 2
    before = at.before["2_dense.w"].astype(float)
    y = at.inside.input("2_dense")[n].astype(float) @ before[:, 6] + at.before["2_dense.b"][6]
    assert first.value == pytest.approx(y, rel=1e-5)
    assert {section.path for section in explain(at, Asked(layer="tanh")).sections} == {"1_tanh", "3_tanh"}


def test_a_small_net_is_told_in_full() -> None:
    found = explain(moment("xor", 1))
    assert found.full and found.input == 1  # the first row of XOR is all 0
    assert sum(e.left.startswith("y[") for e in found.equations) == 8 + 8 + 1
    assert not explain(moment("spirals", 1)).full


def test_inputs_are_counted_from_0_everywhere() -> None:
    found = explain(moment("xor", 1), Asked(3))
    names = {name for equation in found.equations for name, _ in equation.operands if " of input " in name}
    assert {name.rpartition(" ")[2] for name in names} == {"0", "1", "2"}


@compiled_only
def test_steps_that_fill_a_name_up_are_no_steps() -> None:
    at = moment("names-gru", 3)
    found = explain(at)
    text = moment_text(at, found.row)
    assert "".join(found.reads) == text
    names = [name for equation in found.equations for name, _ in equation.operands if name.startswith("(its other")]
    assert set(names) == {f"(its other {len(text) - 1} steps)"}


def moment_text(at: Moment, row: int) -> str:
    columns = at.data.dataset.columns
    return "".join(at.data.dataset.vocabulary[i] for i in columns["inputs"][row][: columns["lengths"][row]])


@pytest.mark.parametrize(("name", "layer", "gates"), [("names-gru", "gru", 3), ("names-lstm", "lstm", 4)])
def test_where_the_columns_of_gates_come_from(name: str, layer: str, gates: int) -> None:
    found = explain(moment(name, 1), Asked(layer=layer, unit=30))
    remarks = [block for section in found.sections for block in section.blocks if isinstance(block, str)]
    (told,) = [remark for remark in remarks if remark.startswith("columns of")]
    assert told.endswith(", ".join(["unit 30 has 30", "94 = 64 + 30", "158 = 128 + 30", "222 = 192 + 30"][:gates]))


def test_how_many_numbers_move() -> None:
    said = {section.says for section in explain(moment("xor", 1), Asked(layer="update")).sections}
    assert said == {"33 numbers in 4 arrays move"}
    dead = explain(moment("xor", 1, "model[0].dense.init=zeros", "model[1]=relu"), Asked(layer="update")).sections[0].says
    assert dead.startswith("0 of 33 numbers")  # nothing passes a relu of 0, and the answers are half 0, half 1


@pytest.mark.parametrize(
    ("asked", "step", "problem"),
    [(Asked(example=4), 1, "--input 4"), (Asked(layer="3_dense"), 1, "--layer 3_dense"), (Asked(unit=9), 1, "--unit 9"),
     (Asked(layer="2_dense", unit=2), 1, "--unit 2"), (Asked(), 301, "--step 301")],
)  # fmt: skip
def test_what_is_not_there_is_refused_before_training(
    asked: Asked, step: int, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(Trainer, "up_to")
    with pytest.raises(Unsuited, match=problem):
        Moment(load("xor"), step, check=asked.check)


def test_the_last_batch_of_an_epoch_may_be_smaller() -> None:
    trainer = Trainer(load("iris"))
    rows, batch = len(trainer.rows), trainer.question.batch
    assert rows % batch
    sizes = [rows_of(trainer, step + 1) for step in range(trainer.steps_per_epoch + 1)]
    assert sizes == [batch] * (trainer.steps_per_epoch - 1) + [rows % batch, batch]
    assert Moment(load("iris"), trainer.steps_per_epoch).rows == rows % batch


def test_a_training_that_ends_earlier() -> None:
    with pytest.raises(RecipeError, match="diverges"):
        Moment(load("diabetes", ["optimizer={sgd: 1e6}"]), 50)


def test_why_this_input_and_these_units() -> None:
    at = moment("xor", 1)
    assert explain(at).why[0].startswith("Input 1 is the first that is not all 0")
    assert explain(at, Asked(2)).why[0] == "Input 2 is the one asked for."
    assert explain(moment("spirals", 1)).why[0].startswith("Input 0 is the first of the batch")
    assert "the largest |y dy|" in explain(moment("spirals", 1)).why[1]
    assert explain(at, Asked(unit=3)).why[1].startswith("Shown is unit 3")


def test_an_equation_is_worked_out_from_what_it_shows() -> None:
    equation = Equation("y", "{} * {} - {}^2 / (1 + exp(-{}))", (("a", 2.0), ("b", -3.0), ("c", -2.0), ("d", 0.0)), -8.0)
    assert equation.computed == pytest.approx(-8) and equation.agrees
    assert equation.terms == pytest.approx((-6, -2))
    assert not Equation("y", "{} + {}", (("a", 1.0), ("b", 2.0)), 3.001).agrees
    assert Equation("y", "max(0, {})", (("a", -1.0),), 0.0).agrees


def test_a_long_sum_names_its_largest_terms() -> None:
    a, b = np.array([1.0, 5.0, 2.0, -4.0, 0.5]), np.ones(5)
    equation = weighted("y", a, b, lambda i: (f"a{i}", f"b{i}"), 4.5, 2, [("c", 0.0)])
    assert [name for name, _ in equation.operands] == ["a1", "b1", "a3", "b3", "(3 more)", "c"]
    assert equation.agrees
