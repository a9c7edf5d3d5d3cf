import numpy as np
import pytest
from pydantic import ValidationError

from dllab.data.blobs import Blobs
from dllab.data.csv import Csv
from dllab.data.diabetes import Diabetes
from dllab.data.digits import Digits
from dllab.data.folds import Folds
from dllab.data.iris import Iris
from dllab.data.mnist10k import Mnist10k
from dllab.data.npz import Npz
from dllab.data.penguins import Penguins


def counts(data, split="train"):
    return np.bincount(data.dataset.columns["targets"][getattr(data.splits, split)]).tolist()


def test_only_some_classes_are_left_and_numbered_in_the_order_given():
    whole, some = Digits().load(), Digits(only=(7, "1")).load()
    labels = whole.columns["targets"]
    rows = np.flatnonzero(np.isin(labels, (7, 1)))
    assert some.classes == ("7", "1") and some.rows == len(rows)
    np.testing.assert_array_equal(some.columns["inputs"], whole.columns["inputs"][rows])
    np.testing.assert_array_equal(some.columns["targets"], np.where(labels[rows] == 7, 0, 1))
    assert some.columns["targets"].dtype == np.int32


def test_only_keeps_the_published_test_split():
    whole, data = Mnist10k().load(), Mnist10k(only=(0, 1)).prepare()
    tests = whole.columns["targets"][8000:]
    assert counts(data, "test") == [int((tests == 0).sum()), int((tests == 1).sum())]
    assert len(data.splits.train) + len(data.splits.test) == data.dataset.rows


def test_classes_with_names_may_be_given_by_number_and_the_other_way_round():
    by_name, by_number = Iris(only=("virginica", "setosa")).load(), Iris(only=(2, 0)).load()
    assert by_name.classes == by_number.classes == ("virginica", "setosa")
    assert by_name.columns["targets"].tobytes() == by_number.columns["targets"].tobytes()


def test_only_stands_beside_an_option_that_counts_classes():
    data = Blobs(classes=5, only=(1, 4)).load()
    assert (data.classes, data.rows) == (("1", "4"), 120)


def test_per_class_takes_training_rows_only_and_small_choices_lie_in_large_ones():
    whole = Digits(validation=0.1).prepare()
    few, more = (Digits(validation=0.1, per_class=count).prepare() for count in (3, 10))
    assert counts(few) == [3] * 10 and counts(more) == [10] * 10
    for part in ("validation", "test"):
        np.testing.assert_array_equal(getattr(few.splits, part), getattr(whole.splits, part))
    assert set(few.splits.train) < set(more.splits.train) < set(whole.splits.train)
    other = Digits(validation=0.1, per_class=3, seed=5).prepare()
    assert set(other.splits.train) != set(few.splits.train)


def test_per_class_is_a_limit_and_not_a_demand():
    assert counts(Iris(per_class=1000).prepare()) == counts(Iris().prepare())


def test_features_are_standardised_by_the_rows_that_are_left():
    data = Iris(per_class=4, standardise=True).prepare()
    seen = data.seen(data.splits.train)
    np.testing.assert_allclose(seen.mean(axis=0), 0, atol=1e-5)


def test_every_fold_trains_on_few_rows_and_judges_by_all():
    folds = Folds(Iris(per_class=2, only=(0, 1)), 5)
    assert [counts(folds.prepared(fold)) for fold in range(5)] == [[2, 2]] * 5
    assert sum(len(folds.prepared(fold).splits.test) for fold in range(5)) == 100


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (Iris(only=("setosa", "virginca")), "'virginca' is no class of it; .*0 to 2. Did you mean 'virginica'"),
        (Digits(only=(1, 10)), "10 is no class of it; its classes are 0, 1, 2, 3, 4, 5, 6, 7, 8, 9$"),
        (Iris(only=(0, 3)), "3 is no class"),
        (Iris(only=(0, "setosa")), "names the class 'setosa' twice"),
        (Diabetes(only=(0, 1)), "the targets are numbers; leave only: out"),
        (Diabetes(per_class=3), "the targets are numbers; leave per_class: out"),
    ],
)
def test_what_cannot_be_chosen_is_refused(source, message):
    with pytest.raises(ValueError, match=message):
        source.prepare()


@pytest.mark.parametrize("few", [(), (1,)])
def test_one_class_is_not_enough(few):
    with pytest.raises(ValidationError, match="at least 2 items"):
        Iris(only=few)


def test_a_class_that_is_named_by_a_number_is_never_taken_by_its_place(tmp_path):
    path = tmp_path / "odd.npz"
    np.savez(path, x=np.arange(12.0).reshape(6, 2), y=np.array([3, 5, 7] * 2))
    assert Npz(npz=str(path), only=(7, 3)).load().classes == ("7", "3")
    with pytest.raises(ValueError, match="0 is no class"):
        Npz(npz=str(path), only=(0, 3)).load()


def test_a_gap_in_a_table_is_filled_by_the_rows_that_are_left(tmp_path):
    path = tmp_path / "gaps.csv"
    rows = [f"{value},{kind}" for kind, value in (("low", 1), ("high", 3), ("odd", 1000)) for _ in range(20)]
    path.write_text("\n".join(["size,kind", *rows, ",low", ",odd"]) + "\n")
    data = Csv(csv=str(path), target="kind", missing="mean", only=("low", "high"), test=0.0).load()
    assert data.rows == 41 and data.classes == data.encoding.classes == ("low", "high")
    fill = data.encoding.features[0].fill
    assert fill == pytest.approx((20 * 1 + 20 * 3) / 40)
    few = Csv(csv=str(path), target="kind", missing="mean", only=("low", "high"), test=0.0, per_class=1).load()
    assert few.encoding.features[0].fill in (2.0, 3.0)


def test_a_shipped_table_takes_both_options():
    data = Penguins(only=("Gentoo", "Adelie"), per_class=5).prepare()
    assert data.dataset.classes == ("Gentoo", "Adelie") and counts(data) == [5, 5]
