"""The factors of the chain rule: their products are the slopes that differences find."""

from __future__ import annotations

import pytest

from dllab.engine.network import build
from dllab.lab.chain_rule import way_back

DENSE = {"dense": {"units": 1, "init": {"normal": 1.0}}}


def test_products_are_the_slopes() -> None:
    net = build({"input": [1], "model": [DENSE, "tanh", DENSE, "tanh", DENSE], "loss": "mse"}, seed=3, dtype="float64")
    found = way_back(net, 0.8, 1.0)
    assert [one.at for one in found] == ["y", "h_2", "z_2", "h_1", "z_1", "w_1"]
    assert [one.factor for one in found] == ["2 (y - t)", "w_3", "1 - h_2^2", "w_2", "1 - h_1^2", "x"]
    for one in found:
        assert one.product == pytest.approx(one.engine, rel=1e-12)
    for label, slope in (("0_dense.w", found[-1]), ("0_dense.b", found[-2])):
        kept = net.parameters[label].copy()
        ends = []
        for by in (1e-5, -1e-5):
            net.parameters[label][...] = kept + by
            ends.append(net.loss_and_gradients([[0.8]], [[1.0]])[0])
        net.parameters[label][...] = kept
        assert slope.product == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-6)
    assert len(way_back(build({"input": [1], "model": [DENSE], "loss": "mse"}, dtype="float64"), 0.8, 1.0)) == 2


def test_other_nets_are_told_off() -> None:
    for model in ([DENSE, "relu", DENSE], [DENSE, "tanh"]):
        with pytest.raises(ValueError, match="dense and tanh in turn"):
            way_back(build({"input": [1], "model": model, "loss": "mse"}, dtype="float64"), 0.8, 1.0)
