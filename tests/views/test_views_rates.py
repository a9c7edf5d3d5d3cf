"""What viz-schedule shows: rates as curves, beside each other or below, and what they reach."""

from __future__ import annotations

import pytest
from screens import coloured, compare, screen

from dllab.lab.rates import rates_of
from dllab.views.rates import document, rates_view

FOUR = ["cosine", "step: 200", "plateau", "{name: one_cycle, curve: linear}"]


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_recipe(width: int) -> None:
    text = screen(rates_view(rates_of("spirals", [], ["schedule={name: cosine, warmup: 900}"]), "spirals"), width)
    assert max(map(len, text.splitlines())) <= width
    compare(f"rates_recipe_{width}", text)


def test_two_in_one_picture() -> None:
    compare("rates_two", screen(rates_view(rates_of("spirals", ["one_cycle"]), "spirals one_cycle")))


@pytest.mark.parametrize("ascii_only", [False, True])
def test_more_than_two_have_pictures_of_their_own_where_there_is_no_colour(ascii_only: bool) -> None:
    text = screen(rates_view(rates_of(None, FOUR), "x"), ascii_only=ascii_only)
    assert text.isascii() == ascii_only and text.count("step 999") >= 4
    compare("rates_four_ascii" if ascii_only else "rates_four", text)


def test_colours_tell_them_apart() -> None:
    text = coloured(rates_view(rates_of(None, FOUR), "x"))
    assert text.count("1mrate\x1b") == 1 and text.count("--- ") == 4, "one picture, and whose colour is whose"


def test_early_stops_are_told_of() -> None:
    found = rates_of("moons", [], ["train.early_stop=5", "data.validation=0.2"])
    assert "may stop early" in screen(rates_view(found, "moons"))


def test_a_long_run_has_some_of_its_steps_in_the_document() -> None:
    found = document(rates_of("spirals"))
    assert len(found["at_steps"]) == len(found["schedules"][0]["rates"]) == 1000
    assert found["at_steps"][0] == 0 and found["at_steps"][-1] == found["steps"] - 1


def test_schedules_of_one_name_are_told_apart() -> None:
    same = rates_of("spirals", ["cosine", "{name: cosine, warmup: 10}"], ["schedule=cosine"])
    text = screen(rates_view(same, "spirals"))
    assert "cosine (recipe): highest" in text and "cosine: highest" in text and "cosine 2: {warmup: 10}: " in text
    assert "(recipe)" not in screen(rates_view(rates_of("spirals", ["one_cycle"], ["schedule=cosine"]), "spirals"))


def test_a_warm_up_that_is_longer_than_the_run_is_told_of() -> None:
    text = " ".join(screen(rates_view(rates_of(None, ["{name: cosine, warmup: 5000}"]), "x")).split())
    assert "warm-up over 5,000 steps, longer than the run's 1,000, from" in text


def test_epochs_have_one_digit() -> None:
    assert "160 steps, 3.7 epochs of 43" in " ".join(screen(rates_view(rates_of("digits", steps=160), "x")).split())
