"""The bench tables at 80 columns, from made-up timings."""

from __future__ import annotations

from screens import compare, screen

from dllab.lab.bench import Timing
from dllab.lab.bench_cases import CASES
from dllab.views import bench

MACHINE = {"processor": "Made-up processor", "cores": 2, "system": "Linux x86_64", "python": "3.12.1"}
OWN = (
    Timing(CASES[0], 0.875, 1, 0.014),
    Timing(CASES[1], 12.5, 1, 0.25),
    Timing(CASES[2], 105.4, 1, 31.62),
    Timing(CASES[3], 12345.6, 2, 9876.5),
)
PEERS = (
    Timing(CASES[0], 0.5, 1, 0.1, {"jax scan": 4.2, "jax jit": 61.0, "torch": 250.4, "sklearn": 812.0}),
    Timing(CASES[3], 800.0, 2, 400.0, {"jax scan": 1570.0, "torch": 1204.0}),
)


def test_own_figures() -> None:
    text = screen(bench.BenchView(OWN, MACHINE))
    assert "…" not in text
    compare("bench_own", text)


def test_beside_peers() -> None:
    text = screen(bench.BenchView(PEERS, MACHINE))
    assert text.count("* 4.20") == text.count("* 1,204") == 1  # the fastest of each case is marked
    compare("bench_peers", text)


def test_many_cases_take_several_tables() -> None:
    timings = [Timing(case, 800.0, 2, 400.0, {"torch eager, 2 threads": 1570.0}) for case in CASES]
    text = screen(bench.BenchView(timings, MACHINE))
    assert "…" not in text and text.count("torch eager, 2 threads") == 3
    assert all(text.count(f" {case.name}") >= 1 for case in CASES)
    assert screen(bench.BenchView(timings, MACHINE), width=120).count("torch eager, 2 threads") == 2


def test_beside_peers_in_ascii() -> None:
    text = screen(bench.BenchView(PEERS, MACHINE), ascii_only=True)
    assert text.isascii() and "us/step" in text and "8.40 x" in text


def test_with_probes() -> None:
    timings = (Timing(CASES[0], 0.8, 1, 0.01, {}, 0.84), Timing(CASES[5], 2000.0, 2, 900.0, {}, 1990.0))
    compare("bench_probes", screen(bench.BenchView(timings, MACHINE)))
    assert screen(bench.BenchView(timings, MACHINE), ascii_only=True).isascii()
    first, second = bench.document(timings, MACHINE)["cases"]
    assert first["us_with_probes"] == 0.84 and round(first["probes_percent"], 6) == 5.0
    assert round(second["probes_percent"], 6) == -0.5


def test_lines_end_in_what_can_be_seen() -> None:
    assert all(line == line.rstrip() for line in _lines())


def test_the_document() -> None:
    document = bench.document(PEERS, MACHINE)
    assert document["machine"] == MACHINE
    first, second = document["cases"]
    keys = ["case", "us_per_step", "samples_per_second", "gflops", "roofline_percent", "peers", "ratio_to_fastest"]
    assert list(first) == list(second) == keys
    assert first["samples_per_second"] == 8e6
    assert second["roofline_percent"] == 50.0
    assert second["ratio_to_fastest"] == 1204.0 / 800.0
    assert bench.document(OWN, MACHINE)["cases"][0]["ratio_to_fastest"] is None


def _lines() -> list[str]:
    import io

    from rich.console import Console

    file = io.StringIO()
    Console(file=file, width=80, color_system=None).print(bench.BenchView([*OWN, *PEERS], MACHINE))
    return file.getvalue().splitlines()
