"""What viz-data shows: every kind of data a net can get."""

from __future__ import annotations

import json

import pytest
from screens import coloured, compare, screen

from dllab.lab.seen import seen
from dllab.recipe import load
from dllab.views.seen import document, seen_view

KINDS = ("spirals", "iris", "digits", "mnist1d-mlp", "sunspots", "names-bigram", "dates", "conv-autoencoder", "function")


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_data(name: str) -> None:
    text = screen(seen_view(seen(load(name)), name))
    assert max(map(len, text.splitlines())) <= 80
    compare(f"seen_{name}", text)


@pytest.mark.parametrize("width", [60, 200])
def test_widths(width: int) -> None:
    text = screen(seen_view(seen(load("wine")), "wine"), width)
    assert max(map(len, text.splitlines())) <= width
    compare(f"seen_wine_{width}", text)


@pytest.mark.parametrize("name", ["spirals", "digits", "sunspots", "names-bigram"])
def test_ascii(name: str) -> None:
    text = screen(seen_view(seen(load(name)), name), ascii_only=True)
    assert text.isascii()
    compare(f"seen_{name}_ascii", text)


def test_chosen_examples() -> None:
    text = screen(seen_view(seen(load("digits"), split="test", inputs=[3, 0]), "digits"))
    assert "examples of the test split, asked for:" in text and text.index("input 3") < text.index("input 0")
    points = screen(seen_view(seen(load("spirals"), inputs=[1]), "spirals"))
    assert "input 1, " in points and "x1 across" not in points


def test_pictures_in_colour() -> None:
    assert "▀" in coloured(seen_view(seen(load("digits")), "digits"))


@pytest.mark.parametrize("name", KINDS)
def test_documents(name: str) -> None:
    found = json.loads(json.dumps(document(seen(load(name), inputs=[2])), allow_nan=False))
    assert len(found["examples"]) == 1 and found["examples"][0]["input"] == 2
    assert (found["examples"][0]["seen"] is None) == (name in ("names-bigram", "dates"))
