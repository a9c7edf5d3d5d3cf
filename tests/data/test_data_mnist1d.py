"""MNIST-1D against what the authors' own package (mnist1d 0.0.2.post1) makes with its default settings."""

import numpy as np
import pytest

from dllab.data.mnist1d import Mnist1d, templates


@pytest.fixture(scope="module")
def authors():
    data = Mnist1d().load()
    return data.columns["inputs"], data.columns["targets"]


def test_labels_come_in_the_authors_order(authors):
    _, targets = authors
    assert targets[:20].tolist() == [2, 6, 4, 5, 6, 6, 6, 0, 3, 1, 6, 9, 4, 3, 4, 5, 1, 9, 0, 3]
    assert targets[-20:].tolist() == [0, 6, 6, 9, 6, 7, 8, 3, 3, 9, 8, 3, 3, 6, 1, 2, 5, 9, 6, 4]
    assert np.bincount(targets[:4000]).tolist() == [398, 396, 411, 394, 394, 402, 401, 404, 402, 398]


def test_curves_are_the_authors_curves(authors):
    inputs, _ = authors
    first = [-0.332005667369, -0.471910365656, -0.778697076293, -1.009740826537, -0.882352565405, 0.103934812646]
    last = [-0.395910550844, -0.098646092585, 0.447232885143, 0.659875647089, 0.877734349753, 1.193151836835]
    np.testing.assert_array_equal(inputs[0, :6], np.array(first, np.float32))
    np.testing.assert_array_equal(inputs[4999, -6:], np.array(last, np.float32))
    wide = inputs.astype(np.float64)
    rows, columns = [1, 1234, 3999], [0, 20, 39]
    np.testing.assert_allclose(wide[rows].sum(axis=1), [-6.129340461014, -11.633383823899, -27.721806198404], rtol=1e-6)
    squares = (wide[:4000] ** 2).sum(axis=0)[columns]
    np.testing.assert_allclose(squares, [4886.724321504373, 4056.378557460544, 4981.826382131977], rtol=1e-8)


def test_all_numbers_together_have_mean_0_and_deviation_1(authors):
    inputs, _ = authors
    assert abs(inputs.mean(dtype=np.float64)) < 1e-7
    assert abs(inputs.std(dtype=np.float64) - 1) < 1e-7


def test_the_published_split_is_the_last_thousand():
    splits = Mnist1d(validation=0.1).prepare().splits
    np.testing.assert_array_equal(splits.test, np.arange(4000, 5000))
    assert (len(splits.train), len(splits.validation)) == (3500, 500)
    assert len(Mnist1d(samples=100).prepare().splits.test) == 20


def test_shuffle_moves_the_points_of_all_rows_alike(authors):
    inputs, _ = authors
    shuffled = Mnist1d(shuffle=True).load().columns["inputs"]
    first = [1.035874029493, 0.410198495762, -0.882352565405, -1.093485710822, 0.867392583731, 0.935410055517]
    np.testing.assert_array_equal(shuffled[0, :6], np.array(first, np.float32))
    order = [int(np.flatnonzero(inputs[0] == value)[0]) for value in shuffled[0]]
    np.testing.assert_array_equal(shuffled, inputs[:, order])
    assert shuffled.flags.c_contiguous


def test_templates_start_at_0_and_differ():
    curves = templates()
    assert curves.shape == (10, 12)
    np.testing.assert_array_equal(curves[:, 0], 0)
    np.testing.assert_allclose(curves.std(axis=1), 1 / 6)
    assert np.abs(curves[:, None] - curves[None]).max(axis=2)[~np.eye(10, dtype=bool)].min() > 0.05


def test_without_any_randomness_but_padding_a_row_is_its_template():
    bare = Mnist1d(samples=100, noise=0, smooth_noise=0, scale=0, translation=1, slope=0, length=72, test=0)
    inputs, targets = (bare.load().columns[column] for column in ("inputs", "targets"))
    lengths = set()
    for row, digit in zip(inputs, targets, strict=True):
        rest = row[-1]  # the padding
        drawn = np.flatnonzero(np.abs(row - rest) > 1e-4)
        lengths.add(drawn[-1] - drawn[0] + 1)
        assert drawn[-1] < 20
        ratio = (row - rest).max() - (row - rest).min()
        assert ratio > 0 and np.abs(row[20:] - rest).max() < 1e-6
        height = templates()[digit]
        assert np.sign((row - rest)[np.abs(row - rest).argmax()]) == np.sign(height[np.abs(height).argmax()])
    assert len(lengths) > 3  # paddings differ, and so do the widths of the digits


@pytest.mark.parametrize("option", [{"noise": 0.5}, {"smooth_noise": 2.0}, {"scale": 2.0}, {"slope": 5.0}])
def test_each_option_changes_the_curves_but_not_the_labels(option, authors):
    inputs, targets = authors
    changed = Mnist1d(**option).load().columns
    np.testing.assert_array_equal(changed["targets"], targets)
    assert np.abs(changed["inputs"] - inputs).max() > 0.1


def test_length_resamples_the_same_curves(authors):
    long = Mnist1d(length=79).load()  # every other point of 79 lies where one of 40 does
    assert long.input_shape == (79,)
    together = long.columns["inputs"][:, ::2]
    correlation = np.corrcoef(together.ravel(), authors[0].ravel())[0, 1]
    assert correlation > 1 - 1e-6
