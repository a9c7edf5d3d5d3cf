"""What is taken for what, beside counts made by hand from the net's own predictions."""

from __future__ import annotations

import numpy as np
import pytest
from marks import compiled_only

from dllab.lab.misses import misses
from dllab.lab.mistakes import confusion
from dllab.lab.subject import Subject
from dllab.metrics.mae import MAE
from dllab.metrics.r2 import R2
from dllab.metrics.rmse import RMSE
from dllab.recipe import load

pytestmark = compiled_only


def test_rows_are_counted_by_class_and_the_least_probable_truth_is_the_worst() -> None:
    subject = Subject.trained(load("iris", ["train.epochs=1"]), seed=1)
    found = confusion(subject, "test", 3)
    rows, columns = subject.rows("test"), subject.data.dataset.columns
    told = subject.ready().predict(columns["inputs"][rows])
    truth = columns["targets"][rows]
    by_hand = np.zeros((3, 3), int)
    for true, said in zip(truth, told.labels):
        by_hand[true, said] += 1
    np.testing.assert_array_equal(found.counts, by_hand)
    assert found.accuracy == pytest.approx((truth == told.labels).mean())
    wrong = [(told.outputs[i, truth[i]], rows[i]) for i in range(len(rows)) if told.labels[i] != truth[i]]
    assert len(wrong) > 3
    assert [mistake.row for mistake in found.worst] == [row for _, row in sorted(wrong)[:3]]
    assert found.worst[0].p_true == pytest.approx(min(wrong)[0], rel=1e-5)
    assert all(times == by_hand[true, said] and true != said for true, said, times in found.confusions(9))


def test_labels_at_every_step_pass_over_those_that_do_not_count() -> None:
    subject = Subject.untrained(load("brackets"), seed=1)
    found = confusion(subject, "test", 2)
    targets = subject.data.dataset.columns["targets"][subject.rows("test")]
    np.testing.assert_array_equal(found.counts.sum(axis=1), [(targets == label).sum() for label in range(2)])
    worst = found.worst[0]
    assert worst.step is not None and worst.truth == subject.data.dataset.columns["targets"][worst.row, worst.step]
    assert worst.p_true is not None and worst.p_true <= (found.worst[1].p_true or 0)


def test_a_decoder_answers_by_itself() -> None:
    subject = Subject.untrained(load("reversal"), seed=1)
    found = confusion(subject, "test", 2)
    assert found.kind == "answers" and found.answered is not None and found.answered[0] == 200
    worst, columns = found.worst[0], subject.data.dataset.columns
    read = "".join(subject.data.dataset.vocabulary[i] for i in columns["inputs"][worst.row, : worst.length])
    assert worst.right_answer == read.rstrip(".")[::-1] != worst.answer


def test_values_are_in_the_unit_of_the_data() -> None:
    subject = Subject.trained(load("autompg", ["train.epochs=2"]), seed=1)
    found = misses(subject, "test", 2)
    rows, columns = subject.rows("test"), subject.data.dataset.columns
    off = subject.ready().predict(columns["inputs"][rows]).outputs[:, 0] - columns["targets"][rows, 0]
    assert found.rmse == pytest.approx(np.sqrt((off**2).mean()), rel=1e-5)
    assert found.mae == pytest.approx(abs(off).mean(), rel=1e-5)
    assert found.worst[0].row == rows[abs(off).argmax()]
    assert found.counts.sum() == len(rows)


def test_r2_of_several_values_is_that_of_the_metric() -> None:
    net = Subject.untrained(load("sunspots", ["data.horizon=3", "metrics=[r2, rmse, mae]"]))
    found, rows, columns = misses(net, "test", 0), net.rows("test"), net.data.dataset.columns
    said, truth = net.ready().predict(columns["inputs"][rows]).outputs, columns["targets"][rows].astype(np.float64)
    assert truth.shape[1] == 3 and (found.rmse, found.mae, found.r2) == pytest.approx(
        (RMSE().measure(said, truth), MAE().measure(said, truth), R2().measure(said, truth)), rel=1e-5
    )


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("recipe", ["wine", "brackets"])
def test_outputs_that_are_not_finite_are_no_answer(recipe: str) -> None:
    subject = Subject.untrained(load(recipe), seed=1)
    for values in subject.network.parameters.values():
        values[...] = np.nan
    found = confusion(subject, "test", 3)
    targets = subject.data.dataset.columns["targets"][subject.rows("test")]
    assert not found.counts.any() and found.accuracy == 0 and found.worst == ()
    np.testing.assert_array_equal(found.unanswered, np.bincount(targets[targets >= 0].astype(int)))
    np.testing.assert_array_equal(found.there, found.unanswered)


def test_values_that_are_not_finite_are_no_answer() -> None:
    subject = Subject.untrained(load("autompg"), seed=1)
    assert misses(subject, "test", 2).unanswered == 0
    for values in subject.network.parameters.values():
        values[...] = np.nan
    found = misses(subject, "test", 2)
    assert found.unanswered == len(subject.rows("test")) and found.worst == ()


@pytest.mark.parametrize("recipe", ["iris", "reversal", "brackets"])
def test_a_mistake_has_its_place_in_the_split(recipe: str) -> None:
    subject = Subject.untrained(load(recipe), seed=1)
    for mistake in confusion(subject, "test", 3).worst:
        assert subject.rows("test")[mistake.place] == mistake.row
