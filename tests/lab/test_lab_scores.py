"""What a net says at its scores, and what its loss says to them."""

from __future__ import annotations

import numpy as np
import pytest

from dllab.lab.scores import at_scores, surest_mistakes
from dllab.lab.subject import Subject
from dllab.recipe import parse

CLOUDS = """\
data: {name: blobs, samples: 60}
model: [{dense: 5}, tanh, {dense: classes}, softmax]
loss: cross_entropy
train: {dtype: float64, epochs: 2}
"""


def test_slopes_are_p_less_the_smoothed_targets() -> None:
    net = Subject.untrained(parse(CLOUDS, ["loss.cross_entropy.label_smoothing=0.3"], "clouds"), seed=1)
    found = at_scores(net, net.rows("train")[:5])
    np.testing.assert_allclose(found.smoothed(0.3).sum(1), 1)
    np.testing.assert_allclose(found.slopes * 5, found.p - found.smoothed(0.3), atol=1e-14)


@pytest.mark.parametrize("loss", ["cross_entropy", "mse"])
def test_scores_are_what_goes_into_the_softmax(loss: str) -> None:
    """Whether the loss absorbs it or not; slopes are those of differences of the mean loss."""
    net = Subject.trained(parse(CLOUDS, [f"loss={loss}"], "clouds"), seed=1)
    rows = net.rows("train")[:7]
    found = at_scores(net, rows)
    np.testing.assert_allclose(found.p, net.network.forward(net.data.seen(rows)), rtol=1e-12)
    np.testing.assert_array_equal(found.y.argmax(1), net.data.targets(rows))
    assert np.all(found.y.sum(1) == 1)
    if loss == "cross_entropy":
        assert found.losses.mean() == pytest.approx(net.backward(rows).loss, rel=1e-12)

    def mean(z: np.ndarray) -> float:
        p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
        if loss == "mse":
            return float(np.mean((p - found.y) ** 2))
        return float(-np.mean(np.log((p * found.y).sum(1))))

    for place in np.ndindex(*found.z.shape):
        step = np.zeros_like(found.z)
        step[place] = 1e-5
        assert found.slopes[place] == pytest.approx((mean(found.z + step) - mean(found.z - step)) / 2e-5, abs=1e-9)


def test_mistakes_by_how_sure_they_are() -> None:
    """Of ten mistakes the two with the highest p, and the two with the lowest."""
    net = Subject.untrained(parse(CLOUDS, ["data.samples=200"], "clouds"), seed=1)
    rows = net.rows("train")
    found = at_scores(net, rows)
    wrong = rows[found.p.argmax(1) != found.y.argmax(1)][:10]
    assert len(wrong) == 10
    order = np.argsort(at_scores(net, wrong).p.max(1))
    losses = at_scores(net, wrong[order]).losses
    assert surest_mistakes(net, wrong) == pytest.approx(losses[-2:].mean() / losses[:2].mean(), rel=1e-9)
