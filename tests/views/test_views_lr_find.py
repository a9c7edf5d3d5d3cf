"""What lr-find shows: the curve with its marks, what the rules say, how the test ended; and the picture while it runs."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from screens import coloured, compare, screen

from dllab.lab.lr_find import HIGH, LOW, RangeTest, Soundings, rising, smooth, turns
from dllab.training.events import Compiling, FirstTraining
from dllab.views.lr_find import document, live_view, lr_find_view

STEPS = 300


def test_of(loss: np.ndarray, **facts: Any) -> RangeTest:
    """As if three trainings had such a mean loss."""
    rates = rising(LOW, HIGH, STEPS)[: len(loss)]
    smoothed = smooth(loss, STEPS)
    steepest, least = turns(smoothed, rates)
    made = RangeTest(
        recipe="spirals", optimizer="adam", schedule="cosine", lr=0.002, steps=STEPS, per_epoch=43, seeds=(0, 1, 2),
        low=LOW, high=HIGH, rates=rates, losses=np.tile(loss, (3, 1)), loss=loss, smoothed=smoothed, ended="rose",
        steepest=steepest, least=least,
    )  # fmt: skip
    return replace(made, **facts)


test_of.__test__ = False  # type: ignore[attr-defined]


def curve(noise: float = 0.08) -> np.ndarray:
    """Falls from 2 to near 0, and rises to 4 at the end."""
    x = np.log10(rising(LOW, HIGH, STEPS))[:250]
    loss = 0.1 + 1.9 / (1 + np.exp(3 * (x + 2.8))) + np.exp(6 * (x + 0.35))
    return loss * (1 + noise * np.sin(np.arange(250) * 7.3) * np.cos(np.arange(250) ** 2))


@pytest.mark.parametrize("width", [60, 80, 200])
def test_at_every_width(width: int) -> None:
    text = screen(lr_find_view(test_of(curve()), "spirals"), width)
    assert max(map(len, text.splitlines())) <= width
    compare(f"lr_find_{width}", text)


def test_ascii_and_colours() -> None:
    text = screen(lr_find_view(test_of(curve()), "spirals"), ascii_only=True)
    assert text.isascii()
    compare("lr_find_ascii", text)
    assert "38;2;0;114;178m" in coloured(lr_find_view(test_of(curve()), "spirals"))


def test_marks_stand_below_their_rates() -> None:
    found = replace(test_of(curve()), steepest=1e-3, least=1.0, lr=1e-5)
    *_, marks, axis = screen(lr_find_view(found, "spirals")).split("\n\n")[0].splitlines()
    for sign, label in (("S", "0.001"), ("L", "1 "), ("T", "0.1"), ("o", "1e-05")):
        assert marks.index(sign) == axis.index(f" {label}") + 1, sign
    assert abs(axis.index(" 0.01 ") + 1 - marks.index("*")) <= 1, "half-way between 0.001 and 0.1"


def test_nothing_learnt() -> None:
    compare("lr_find_nothing", screen(lr_find_view(test_of(np.full(STEPS, 0.7), ended="done", schedule="constant"), "toy")))


def test_no_loss_at_all() -> None:
    text = screen(lr_find_view(test_of(np.empty(0), ended="not finite"), "toy"))
    assert "At 1e-06 a loss was no finite number" in text and "It was the first" in text and "hardly falls" not in text
    assert document(test_of(np.empty(0), ended="not finite"))["stopped_at"] == 1e-6


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"lr": 0.02, "steepest": 0.002, "least": 0.02}, "10 times more"),
        ({"lr": 0.0001, "steepest": 0.002, "least": 0.02}, "20 times less"),
        ({"lr": 0.003, "steepest": 0.002, "least": 0.02}, "about the same"),
        ({"steepest": 1e-4, "least": 1.0}, "The two rules are far apart"),
        ({"seeds": (7,)}, "7 epochs; one training"),
        ({"per_epoch": 300}, "1 epoch; mean of 3 trainings"),
        ({"optimizer": "sgd"}, "dllab lr-find spirals optimizer=adam"),
        ({"ended": "done"}, "The loss did not blow up by 10."),
    ],
)
def test_what_is_said(facts: dict[str, Any], said: str) -> None:
    assert said in " ".join(screen(lr_find_view(test_of(curve(), **facts), "spirals")).split())


def test_a_loss_that_is_0_before_it_begins() -> None:
    text = screen(lr_find_view(test_of(np.append(0, np.ones(99)), ended="done"), "perceptron"))
    assert "It is 0 before the first step" in text and "dllab train perceptron " in text and "--steps" not in text


def test_the_next_command_repeats_no_optimizer() -> None:
    text = screen(lr_find_view(test_of(curve()), "spirals optimizer=adam"))
    assert "dllab train spirals optimizer=adam optimizer.lr=" in text and "lr-find" not in text


def test_the_document() -> None:
    found = json.loads(json.dumps(document(test_of(np.append(curve(), np.inf))), allow_nan=False))
    assert found["curve"][-1]["loss"] is None and found["curve"][0]["lr"] == LOW and len(found["curve"]) == 251
    assert found["least_tenth"] == pytest.approx(found["least"] / 10) and found["rule"]
    assert document(test_of(curve(), ended="done"))["stopped_at"] is None


def test_while_it_runs() -> None:
    rates = rising(LOW, HIGH, STEPS)
    compare("lr_find_live", screen(live_view("spirals", Soundings(rates, curve()[:170], 2, 3))))
    assert "training 1 of 3, step   0 of 300" in screen(live_view("spirals", Soundings(rates, np.empty(0), 1, 3)))
    assert "compiling kernels (once), 3 of 9 dense" in screen(live_view("spirals", Compiling(3, 9, "dense")))
    assert "first base is trained, step 10 of 40" in screen(live_view("late", FirstTraining("base", 10, 40, 0.1)))
    heights = {screen(live_view("x", Soundings(rates, curve()[:n], 2, 3))).count("\n") for n in (1, 50, 250)}
    assert len(heights) == 1 and max(heights) < 24
