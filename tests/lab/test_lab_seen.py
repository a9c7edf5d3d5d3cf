"""A recipe's data as its net gets them: against numpy, and the net's own columns."""

from __future__ import annotations

import numpy as np
import pytest

from dllab.lab.seen import seen
from dllab.lab.subject import Subject
from dllab.lab.suits import Unsuited
from dllab.recipe import RecipeError, load


def test_ranges_before_and_after_are_those_of_the_training_rows() -> None:
    found = seen(load("iris"))
    train, inputs = found.rows["train"], found.data.dataset.columns["inputs"]
    assert [r.name for r in found.before] == list(found.data.dataset.features)
    for feature, (before, after) in enumerate(zip(found.before, found.after)):
        own = inputs[train, feature].astype(np.float64)
        assert (before.least, before.greatest) == (own.min(), own.max())
        assert (before.mean, before.spread) == (pytest.approx(own.mean()), pytest.approx(own.std()))
        assert (after.mean, after.spread) == (pytest.approx(0, abs=1e-5), pytest.approx(1, rel=1e-5))
        assert after.greatest == pytest.approx((own.max() - own.mean()) / own.std(), rel=1e-4)
    raw = seen(load("iris", ["data.standardise=false"]))
    assert raw.before == raw.after == found.before


def test_classes_are_counted_in_every_split() -> None:
    found = seen(load("iris"))
    assert {name: counts.tolist() for name, counts in found.counts.items()} == {
        "train": [30, 30, 30], "validation": [10, 10, 10], "test": [10, 10, 10],
    }  # fmt: skip
    letters = seen(load("names-bigram"))
    labels = letters.data.dataset.columns["targets"][letters.rows["test"]]
    assert letters.counts["test"].sum() == (labels >= 0).sum(), "steps that nobody asks about do not count"


def test_examples_are_of_every_class_or_those_asked_for() -> None:
    found = seen(load("digits"), each=2, split="test")
    labels = found.data.dataset.columns["targets"]
    assert [int(labels[example.row]) for example in found.examples] == [d for d in range(10) for _ in range(2)]
    assert all(found.rows["test"][example.place] == example.row for example in found.examples)
    chosen = seen(load("digits"), inputs=[5, 0])
    assert [example.place for example in chosen.examples] == [5, 0] and chosen.chosen
    assert chosen.examples[0].row == found.rows["train"][5]


def test_what_is_seen_is_what_the_engine_reads() -> None:
    found = seen(load("wine"))
    subject = Subject.untrained(load("wine"))
    rows = np.array([example.row for example in found.examples])
    np.testing.assert_allclose(found.data.seen(rows), subject.inference(rows).input("0_dense"), rtol=1e-6)


def test_targets_of_numbers_have_ranges() -> None:
    found = seen(load("sunspots"))
    (before,), (after,) = found.targets_before, found.targets_after
    assert before.greatest > 100 and after.spread == pytest.approx(1, rel=1e-5) and found.frame.kind == "signal"
    many = seen(load("conv-autoencoder"))
    assert [r.name for r in many.before] == ["all 196 inputs"] and [r.name for r in many.targets_before] == [
        "all 196 targets"
    ]


def test_texts_have_no_ranges() -> None:
    found = seen(load("names-bigram"))
    assert found.text and found.before == () and len(found.examples) == 4


def test_what_is_not_there_is_said() -> None:
    with pytest.raises(Unsuited, match="no such split"):
        seen(load("xor"), split="test")
    with pytest.raises(Unsuited, match="has 4 examples"):
        seen(load("xor"), inputs=[4])
    with pytest.raises(RecipeError, match="no data to look at"):
        seen(load({"input": [2], "model": [{"dense": 1}], "loss": "mse"}))
