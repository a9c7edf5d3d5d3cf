"""The bench: what is counted and in which turns; never how fast something is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

import dllab
from dllab.core.settings import bounds_checked, jit_enabled
from dllab.lab import bench, peers, roofline
from dllab.lab.bench import Doing, Timing
from dllab.lab.bench_cases import CASES, BenchCase, Conv
from dllab.lab.roofline import Roofline

pytestmark = pytest.mark.skipif(not jit_enabled() or bounds_checked(), reason="nothing to time")
XOR = CASES[0]


def test_the_cases_are_those_that_peers_are_timed_on() -> None:
    assert {case.name: case.text for case in CASES} == {
        "xor": "2-8-2, 4",
        "spirals": "2-16-16-3, 16",
        "digits": "64-64-10, 32",
        "mnist-mlp": "784-256-128-10, 64",
        "digits-cnn": "8x8x1-c8-p-c16-p-10, 32",
        "lenet": "28x28x1-c6-p-c16-p-120-84-10, 64",
        "char-rnn": "27-e16-rnn64-27, 32x32",
        "char-lstm": "27-e16-lstm64-27, 32x32",
        "char-gru": "27-e16-gru64-27, 32x32",
        "transformer": "27-e64-b-b-27, 32x32",
    }
    cnn, lenet = CASES[4:6]
    assert [(n.kernel, n.same) for n in (*cnn.layers, *lenet.layers) if isinstance(n, Conv)] == [
        (3, True), (3, True), (5, True), (5, False),
    ]  # fmt: skip
    assert [shape for case in (cnn, lenet) for shape in case.shapes if len(shape) == 1] == [(64,), (400,), (120,), (84,)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_work_and_parameters_are_those_of_the_net(case: BenchCase) -> None:
    net = dllab.build(bench.recipe_of(case))
    assert case.parameters == sum(p.size for p in net.parameters.values())
    forward = sum(info.multiply_adds for info in net.plan.infos)
    first = net.plan.infos[0].multiply_adds
    assert case.multiply_adds == case.batch * (3 * forward - first)


def test_figures_follow_from_the_time() -> None:
    timing = Timing(XOR, 0.5, 1, 0.1, {"slow": 5.0, "fast": 2.0})
    assert timing.samples_per_second == pytest.approx(4 / 0.5e-6)
    assert timing.gflops == pytest.approx(2 * XOR.multiply_adds / 0.5e-6 / 1e9)
    assert timing.roofline_percent == pytest.approx(20)
    assert (timing.fastest, timing.ratio_to_fastest) == ("fast", 4.0)
    alone = Timing(XOR, 0.5, 1, 0.1)
    assert (alone.fastest, alone.ratio_to_fastest) == (None, None)


def test_everybody_is_timed_in_turns_and_the_best_round_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    seconds = {"a": iter([3e-6, 1e-6, 2e-6]), "b": iter([5e-6, 5e-6, 4e-6])}

    def contenders(peer: str, case: BenchCase) -> Mapping[str, Any]:
        def timed(name: str) -> float:
            calls.append(name)
            return next(seconds[name])

        return {name: lambda name=name: timed(name) for name in ("a", "b")}

    monkeypatch.setattr(peers, "contenders", contenders)
    monkeypatch.setattr(bench, "REST", 0.0)
    monkeypatch.setattr(bench, "ROUND", 0.001)
    monkeypatch.setattr(roofline, "measure", lambda numbers: Roofline(1, 1e9, 1e9))
    *doing, timing = bench.run([XOR], ["fake"], rounds=3)
    assert calls == ["a", "b"] * 3
    assert isinstance(timing, Timing)
    assert timing.peers == pytest.approx({"a": 1.0, "b": 4.0})
    assert timing.us_per_step > 0
    flops, moved = 2 * XOR.multiply_adds / 1e9, 28 * XOR.parameters / 1e9
    assert timing.roofline_us == pytest.approx(1e6 * (flops + moved))
    assert [(d.done, d.total) for d in doing if isinstance(d, Doing)] == [(n, 5) for n in range(5)]


def test_steps_with_probes_are_timed_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[bool] = []
    calls: list[bool] = []

    def own(case: BenchCase, probes: bool = False) -> Any:
        made.append(probes)
        return 1, lambda: (calls.append(probes), 3e-6 if probes else 2e-6)[1]

    monkeypatch.setattr(bench, "_own", own)
    monkeypatch.setattr(bench, "REST", 0.0)
    monkeypatch.setattr(roofline, "measure", lambda numbers: Roofline(1, 1e9, 1e9))
    *_, timing = bench.run([XOR], rounds=2, probes=True)
    assert isinstance(timing, Timing) and made == [False, True] and calls == [False, True] * 2
    assert timing.peers == {} and timing.probes_percent == pytest.approx(50)
    *_, timing = bench.run([XOR], rounds=1)
    assert isinstance(timing, Timing) and timing.probes_percent is None


def test_the_roofline_is_measured_on_every_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roofline, "SECONDS", 0.0005)
    monkeypatch.setattr(roofline, "REPEATS", 2)
    measured = roofline.measure(5000)
    assert measured.flops > 0
    assert measured.bytes > 0
    assert Roofline(2, 100.0, 50.0).seconds(200, 25) == 2.5


def test_the_kernels_of_the_roofline_do_the_work_they_are_counted_for() -> None:
    import numpy as np
    from kernels import run

    rng = np.random.default_rng(0)
    a, b, y = (rng.normal(size=(8, 8)).astype(np.float32) for _ in range(3))
    run(roofline.product, y=y, a=a, b=b, times=2)
    np.testing.assert_allclose(y, a @ b, rtol=1e-5, atol=1e-6)
    p, m, v, g = (np.full(5, n, np.float32) for n in (1.0, 2.0, 3.0, 4.0))
    run(roofline.traffic, p=p, m=m, v=v, g=g, times=2)
    np.testing.assert_array_equal([p[0], m[0], v[0], g[0]], [1 + 6 + 10, 10, -5, 4])


@pytest.mark.slow
@pytest.mark.parametrize("peer", peers.LIBRARIES)
def test_peers_take_steps(peer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not peers.installed(peer):
        pytest.skip(f"{peer} is not installed")
    monkeypatch.setattr(peers, "ROUND", 0.001)
    for case in (XOR, *CASES[-4:]):
        for contender in peers.contenders(peer, case).values():
            assert contender() > 0
