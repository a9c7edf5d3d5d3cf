"""What a race on a landscape shows: the map with all ways, the table, who is there first; and every moment of it."""

from __future__ import annotations

import json

import pytest
from screens import coloured, compare, screen

from dllab.core.settings import jit_enabled
from dllab.lab.surface_race import SurfaceRace, race
from dllab.views.surface_race import document, frame, race_view, signs

FOUR = [("sgd", {"lr": 0.04}), ("momentum", {"lr": 0.01}), ("rmsprop", {"lr": 0.05}), ("adam", {"lr": 0.2, "beta1": 0.8})]


def valley() -> SurfaceRace:
    return race("valley", FOUR, 120)


@pytest.mark.skipif(not jit_enabled(), reason="the goldens are of compiled kernels, whose last bits differ")
@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_race_at_every_width(width: int) -> None:
    text = screen(race_view(valley()), width)
    assert max(map(len, text.splitlines())) <= width
    compare(f"surface_race_{width}", text)


def test_ascii() -> None:
    text = screen(race_view(valley()), ascii_only=True)
    assert text.isascii()
    compare("surface_race_ascii", text)


def test_rates_that_were_searched_and_a_landscape_below_zero() -> None:
    compare("surface_race_tuned", screen(race_view(race("saddle", [("sgd", {}), ("adam", {}), ("adagrad", {})], 60))))


def test_colours() -> None:
    picture = coloured(race_view(valley())).partition("f (log)")[0]
    assert "▀" in picture and "48;2;0;114;178m" in picture and "48;2;230;159;0m" in picture, "each on a colour of its own"


def test_who_diverges_has_no_place_on_the_map() -> None:
    text = screen(race_view(race("beale", [("sgd", {"lr": 5.0}), ("adam", {"lr": 0.5})], 30)))
    assert "diverged" in text and text.split("sgd")[1].splitlines()[0].endswith("-         -")
    picture = text.partition("f (log)")[0]
    assert "S" not in picture and "A" in picture
    assert "Nobody is there after 30 steps" in text and "adam is lowest" in text
    assert "Nobody" in screen(race_view(race("beale", [("sgd", {"lr": 5.0})], 30)))


def test_frames_of_a_live_race_keep_their_size_and_fit() -> None:
    found = valley()
    for rows in (24, 50):
        frames = [screen(frame(found, step, rows)) for step in (0, 1, 60, 120)]
        assert len({text.count("\n") for text in frames}) == 1 and frames[0].count("\n") < rows
    first, *_, last = [screen(frame(found, step, 24)) for step in (0, 120)]
    assert "step   0 of 120" in first and "m" not in first.partition("f (log)")[0]
    assert first.count("10.4") == 4 and "step 120 of 120" in last
    compare("surface_race_frame", screen(frame(found, 12, 24)))


def test_signs_are_letters_of_the_names() -> None:
    assert signs(["sgd", "momentum", "adam", "adagrad", "adamw", "adam", "sgd"]) == ["s", "m", "a", "d", "w", "b", "g"]
    assert "o" not in signs(["muon"] * 25) and len(set(signs(["muon"] * 25))) == 25


def test_the_document() -> None:
    found = json.loads(json.dumps(document(race("beale", [("sgd", {"lr": 5.0}), ("adam", {})], 12)), allow_nan=False))
    sgd, adam = found["optimizers"]
    assert sgd["diverged"] and sgd["final"] is None and sgd["path"][-1] == [None, None] and not sgd["tuned"]
    assert adam["tuned"] and adam["lr"] in found["rates_tried"] and adam["diverged_at"] is None
    assert len(adam["values"]) == 13
    assert document(valley())["rates_tried"] == [] and found["minima"] == [[3.0, 0.5]]
