import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dllab.data.dataset import Dataset, ScaledTargets, Source


def dataset(inputs, targets, **changes):
    fields = {
        "name": "made",
        "columns": {"inputs": inputs, "targets": targets},
        "task": "classification",
        "classes": ("a", "b"),
        "features": tuple("abcdefgh"[: int(np.prod(inputs.shape[1:]))]),
        "fixed_test": None,
        "about": "",
    }
    return Dataset(**{**fields, **changes})


def floats(rows=6, columns=2):
    return np.arange(rows * columns, dtype=np.float32).reshape(rows, columns)


def labels(*values):
    return np.array(values, dtype=np.int32)


class Made(Source):
    inputs: np.ndarray
    targets: np.ndarray
    classes: tuple[str, ...] = ("a", "b")
    fixed_test: np.ndarray | None = None

    def generate(self):
        task = "classification" if self.classes else "regression"
        return dataset(self.inputs, self.targets, classes=self.classes, task=task, fixed_test=self.fixed_test)


def test_a_dataset_knows_its_rows_shape_and_outputs():
    images = dataset(np.zeros((6, 2, 4), np.uint8), labels(0, 1, 0, 1, 0, 1))
    assert (images.rows, images.input_shape, images.outputs) == (6, (2, 4), 2)
    curve = dataset(floats(), np.zeros((6, 3), np.float32), task="regression", classes=())
    assert (curve.rows, curve.input_shape, curve.outputs) == (6, (2,), 3)


def test_columns_are_in_the_order_in_which_kernels_read_them():
    turned = floats(3, 4)[:, [2, 0, 3, 1]]
    assert not turned.flags.c_contiguous
    kept = dataset(turned, labels(0, 1, 0)).columns["inputs"]
    assert kept.flags.c_contiguous
    np.testing.assert_array_equal(kept, turned)


@pytest.mark.parametrize(
    ("inputs", "targets", "changes", "message"),
    [
        (floats().astype(np.float64), labels(0, 1, 0, 1, 0, 1), {}, "inputs must be .* not .*float64"),
        (np.zeros(6, np.float32), labels(0, 1, 0, 1, 0, 1), {"features": ()}, "inputs must be"),
        (floats(5), labels(0, 1, 0, 1, 0, 1), {}, "5 inputs and 6 targets"),
        (floats(0), labels(), {}, "0 inputs and 0 targets"),
        (floats() + np.float32("inf"), labels(0, 1, 0, 1, 0, 1), {}, "NaN or infinity"),
        (floats(), labels(0, 1, 0, 1, 0, 1), {"features": ("x",)}, "1 feature names for 2 inputs"),
        (floats(), labels(0, 1, 0, 1, 0, 1).astype(np.int64), {}, "labels must be .* not .*int64"),
        (floats(), labels(0, 1, 0, 1, 0, 2), {}, "labels 0..2 for 2 classes"),
        (floats(), labels(0, -1, 0, 1, 0, 1), {}, "labels -1..1 for 2 classes"),
        (floats(1), labels(0), {}, "2 classes in 1 row; give more samples or fewer classes"),
        (floats(), np.zeros(6, np.float32), {"task": "regression", "classes": ()}, "targets must be"),
    ],
)
def test_a_dataset_that_does_not_fit_together_is_refused(inputs, targets, changes, message):
    with pytest.raises(ValueError, match="data set made: .*" + message):
        dataset(inputs, targets, **changes)


@settings(deadline=None)
@given(st.integers(0, 1000), st.integers(2, 40))
def test_standardised_training_rows_have_mean_0_and_deviation_1(seed, rows):
    inputs = np.random.default_rng(seed).normal(5, 3, (rows * 4, 3)).astype(np.float32)
    targets = np.arange(rows * 4, dtype=np.int32) % 2
    prepared = Made(inputs=inputs, targets=targets, standardise=True, seed=seed).prepare()
    seen = prepared.seen(prepared.splits.train).astype(np.float64)
    np.testing.assert_allclose(seen.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(seen.std(axis=0), 1, atol=1e-5)
    assert prepared.shift.dtype == prepared.scale.dtype == np.float32


def test_scaling_is_measured_on_training_rows_only():
    targets = np.arange(40, dtype=np.int32) % 2
    quiet = Made(inputs=floats(40), targets=targets, standardise=True, validation=0.25).prepare()
    loud_inputs = floats(40)
    loud_inputs[np.concatenate([quiet.splits.test, quiet.splits.validation])] += 1e6
    loud = Made(inputs=loud_inputs, targets=targets, standardise=True, validation=0.25).prepare()
    np.testing.assert_array_equal(loud.shift, quiet.shift)
    np.testing.assert_array_equal(loud.scale, quiet.scale)


def test_a_constant_feature_is_shifted_but_not_stretched():
    inputs = floats(70)
    inputs[:, 1] = np.float32(0.1)
    prepared = Made(inputs=inputs, targets=labels(0, 1).repeat(35), standardise=True).prepare()
    assert prepared.scale[1] == 1.0
    np.testing.assert_array_equal(prepared.seen(np.arange(70))[:, 1], 0.0)


def test_float_inputs_are_left_alone_unless_standardised():
    prepared = Made(inputs=floats(8), targets=labels(0, 1).repeat(4)).prepare()
    assert prepared.shift is None and prepared.scale is None
    np.testing.assert_array_equal(prepared.seen(np.array([2, 0])), floats(8)[[2, 0]])


def test_byte_inputs_stay_bytes_and_are_seen_as_0_to_1():
    inputs = np.zeros((8, 2, 2), np.uint8)
    inputs[:, 1, 0] = 255
    prepared = Made(inputs=inputs, targets=labels(0, 1).repeat(4)).prepare()
    assert prepared.dataset.columns["inputs"].dtype == np.uint8
    assert prepared.shift.shape == prepared.scale.shape == (4,)
    seen = prepared.seen(np.arange(8))
    assert seen.dtype == np.float32 and seen.shape == (8, 2, 2)
    np.testing.assert_array_equal(seen[3], [[0, 0], [1, 0]])


def test_a_constant_pixel_keeps_its_unit_when_standardised():
    inputs = np.full((8, 2), 51, np.uint8)
    inputs[::2, 0] = 0
    prepared = Made(inputs=inputs, targets=labels(0, 1).repeat(4), standardise=True, test=0.0).prepare()
    np.testing.assert_allclose(prepared.scale, [1 / 25.5, 1 / 255])
    np.testing.assert_allclose(prepared.shift, [25.5, 51])


def test_regression_is_split_without_classes():
    targets = np.linspace(0, 1, 20, dtype=np.float32)[:, None]
    splits = Made(inputs=floats(20), targets=targets, classes=()).prepare().splits
    assert (len(splits.train), len(splits.test)) == (15, 5)


def test_stratify_gives_each_split_its_share_of_every_class():
    targets = (np.arange(100) < 20).astype(np.int32)
    tested = [Made(inputs=floats(100), targets=targets, test=0.2, seed=seed).prepare().splits.test for seed in range(9)]
    assert all(targets[rows].sum() == 4 for rows in tested)
    loose = Made(inputs=floats(100), targets=targets, test=0.2, stratify=False)
    drawn = [targets[loose.model_copy(update={"seed": s}).prepare().splits.test].sum() for s in range(9)]
    assert len(set(drawn)) > 1


def test_a_published_split_is_used_unless_a_fraction_is_given():
    fixed = np.arange(30, 40)
    made = Made(inputs=floats(40), targets=labels(0, 1).repeat(20), test=None, fixed_test=fixed, validation=0.1)
    published = made.prepare().splits
    np.testing.assert_array_equal(published.test, fixed)
    assert (len(published.train), len(published.validation)) == (26, 4)
    drawn = made.model_copy(update={"test": 0.5}).prepare().splits
    assert len(drawn.test) == 20 and drawn.test.min() < 30


def test_no_fraction_and_no_published_split_is_refused():
    with pytest.raises(ValueError, match="made has no published test split; give test: a fraction, or 0 for none"):
        Made(inputs=floats(8), targets=labels(0, 1).repeat(4), test=None).prepare()


def test_an_empty_split_names_the_data_set():
    with pytest.raises(ValueError, match=r"data set made: test: 0.01 of 8 rows is not one whole row"):
        Made(inputs=floats(8), targets=labels(0, 1).repeat(4), test=0.01).prepare()


def test_fractions_that_leave_nothing_to_train_on_are_refused_before_any_data_are_made():
    with pytest.raises(ValidationError, match=r"test: 0.5 and validation: 0.5 leave no rows to train on"):
        Made(inputs=floats(8), targets=labels(0, 1).repeat(4), test=0.5, validation=0.5)


def test_options_are_strict():
    for wrong in ({"test": 1.0}, {"test": -0.1}, {"test": "0.1"}, {"seed": -1}, {"seed": 1.5}, {"split": 0.1}):
        with pytest.raises(ValidationError):
            Made(inputs=floats(8), targets=labels(0, 1).repeat(4), **wrong)


def test_the_base_cannot_be_used_as_a_source():
    with pytest.raises(TypeError, match="abstract"):
        Source()


class Priced(Made, ScaledTargets):
    classes: tuple[str, ...] = ()


def priced(**options):
    targets = (1000 + 300 * np.random.default_rng(5).normal(size=(40, 2)) * [1, 10]).astype(np.float32)
    return Priced(inputs=floats(40), targets=targets, **options)


def test_targets_are_standardised_by_the_training_rows():
    prepared = priced().prepare()
    seen = prepared.targets(prepared.splits.train)
    assert seen.dtype == np.float32 and prepared.target_shift.shape == (2,)
    np.testing.assert_allclose(seen.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(seen.std(axis=0), 1, atol=1e-5)
    loud = priced()
    loud.targets[prepared.splits.test] += 1e6
    np.testing.assert_array_equal(loud.prepare().target_shift, prepared.target_shift)


def test_natural_undoes_the_scaling_of_targets():
    prepared = priced().prepare()
    rows = np.arange(40)
    kept = prepared.dataset.columns["targets"]
    np.testing.assert_allclose(prepared.natural(prepared.targets(rows)), kept, rtol=1e-5)


def test_targets_stay_as_they_are_on_request_and_for_classes():
    plain = priced(standardise_targets=False).prepare()
    np.testing.assert_array_equal(plain.targets(np.arange(40)), plain.dataset.columns["targets"])
    labelled = Priced(inputs=floats(8), targets=labels(0, 1).repeat(4), classes=("a", "b")).prepare()
    for prepared in (plain, labelled):
        outputs = np.ones((3, 2), np.float32)
        assert prepared.target_shift is None and prepared.natural(outputs) is outputs
    assert labelled.targets(np.arange(8)).dtype == np.int32


@pytest.mark.parametrize("standardise", [False, True])
def test_inputs_to_give_back_are_targets_in_their_own_unit(standardise):
    pictures = np.random.default_rng(0).integers(0, 256, (12, 2, 2, 1), np.uint8)
    targets = np.arange(12, dtype=np.int32) % 2
    usual = Made(inputs=pictures, targets=targets, standardise=standardise).prepare()
    prepared = Made(inputs=pictures, targets=targets, standardise=standardise, reconstruct=True).prepare()
    rows = np.arange(12)
    assert (prepared.dataset.task, prepared.dataset.classes, prepared.dataset.outputs) == ("regression", (), 4)
    np.testing.assert_array_equal(prepared.dataset.columns["targets"], pictures.reshape(12, 4))
    np.testing.assert_array_equal(prepared.targets(rows), prepared.seen(rows).reshape(12, 4))
    np.testing.assert_allclose(prepared.natural(prepared.seen(rows)), pictures.reshape(12, 4), atol=1e-4)
    for name in ("train", "test"):  # classes still share out the rows
        np.testing.assert_array_equal(getattr(prepared.splits, name), getattr(usual.splits, name))
