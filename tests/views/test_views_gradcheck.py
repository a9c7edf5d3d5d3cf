"""The gradcheck view at 80 columns, as plain text."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from dllab.lab.differences import sweep
from dllab.lab.gradcheck_report import Check, Element, Report
from dllab.views.gradcheck import GradcheckView

GOLDEN = Path(__file__).parent / "golden"


def check(name: str, shape: tuple[int, ...], error: float, index: tuple[int, ...], **more: object) -> Check:
    layer, _, parameter = name.partition(".") if "case" in more else name.rpartition(".")
    size = math.prod(shape)
    fields = {"checked": size, "of": size, "kinks": 0, "verdict": "ok", **more}
    return Check(layer, parameter, shape, error, index, **fields)  # type: ignore[arg-type]


def element(index: tuple[int, ...], analytic: float, f: Callable[[float], float]) -> Element:
    return Element(index, analytic, sweep(f))


SMOOTH = element((1, 22), 0.33, lambda t: 0.3 * t + 2 * t * t)
FLIPPED = element((3, 4), -4.2e-5, lambda t: math.sin(4.2e-5 * t))
KINK = element((3,), 0.0, lambda t: 0.5 * max(t, 0.0) - 0.25 * t)
NAN = Element((0,), math.nan, sweep(lambda t: math.nan))

PASSED = Report(
    "mnist-mlp",
    (
        check("0_dense.w", (784, 256), 2.1e-9, (84, 246), checked=60),
        check("0_dense.b", (256,), 7.2e-12, (25,), kinks=2, kink=KINK),
        check("2_residual.0_dense.w", (64, 64), 6.9e-13, (48, 9)),
        check("4_dense.b", (4,), 0.0, (3,), kinks=4, verdict="kink", kink=KINK),
        check("input.x", (8, 784), 1.5e-11, (6, 228), checked=60),
    ),
)
FAILED = Report(
    "spirals",
    (
        check("0_dense.w", (2, 32), 0.0909, (1, 22), verdict="bug", worst=SMOOTH, factor=1.1),
        check("0_dense.b", (32,), 2.2e-12, (3,)),
        check("2_dense.w", (32, 32), 2.0, (3, 4), verdict="bug", worst=FLIPPED, factor=-1.0),
        check("2_dense.b", (32,), math.nan, (0,), verdict="not finite", worst=NAN),
        check("input.x", (8, 2), 1.0, (1, 22), verdict="bug", worst=SMOOTH, factor=0.0),
    ),
)
PLANTED = Report("xor", FAILED.checks[:2], planted="dense")
HIDDEN = Report("xor", FAILED.checks[1:2], planted="step")
PARTS = Report(
    "every layer and loss",
    (
        check("binary_cross_entropy.x", (5, 1), 1.3e-12, (3, 0), case=""),
        check("residual.1_residual.0_dense.w", (25,), 5.8e-13, (0, 0), case="{layers: [{dense: 5}]}"),
        check("residual.0_dense.w", (3, 32), 0.0909, (1, 22), verdict="bug", worst=SMOOTH, case="{layers: [{de…}"),
        check("residual.x", (5, 4), 2.1e-13, (2, 0, 2), case="{layers: [{dense: 5}]}"),
        check("softmax.x", (4, 5), 4.4e-13, (3, 0), case=""),
        check("softmax.x", (4, 5), 4.5e-12, (1, 1), case="{temperature: 0.5}", kinks=1, kink=KINK),
    ),
    parts=True,
)
VIEWS = {
    "gradcheck_passed": GradcheckView(PASSED, "dllab gradcheck mnist-mlp --inject-bug 0_dense"),
    "gradcheck_failed": GradcheckView(FAILED, "dllab gradcheck --all", "every layer by itself"),
    "gradcheck_planted": GradcheckView(PLANTED),
    "gradcheck_hidden": GradcheckView(HIDDEN),
    "gradcheck_parts": GradcheckView(PARTS),
    "gradcheck_ascii": GradcheckView(PARTS),
}


def text_of(view: GradcheckView, encoding: str = "utf-8") -> str:
    """What a file gets, without the spaces at the ends of lines."""
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    Console(file=file, width=80, height=50).print(view)
    file.flush()
    text = file.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


@pytest.mark.parametrize("name", VIEWS)
def test_golden(name: str) -> None:
    text = text_of(VIEWS[name], "ascii" if name.endswith("ascii") else "utf-8")
    assert text == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")
    assert all(len(line) <= 80 for line in text.splitlines())


def test_colour_is_never_alone() -> None:
    """Without styles a failing line still differs from a passing one."""
    lines = text_of(VIEWS["gradcheck_failed"]).splitlines()
    assert next(line for line in lines if "0_dense  w" in line).endswith("✗ bug")
    assert next(line for line in lines if "0_dense  b" in line).endswith("✓ ok")
