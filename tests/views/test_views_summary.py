"""The summary as it stands on a terminal of 80 columns, and its JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from screens import compare, screen

from dllab.lab.summary import summarize
from dllab.recipe import load
from dllab.views.summary import bytes_text, document, summary_view

BLOCKS = {
    "about": "Blocks inside blocks.",
    "input": [6],
    "model": [
        {"dense": {"units": 8, "name": "stem"}},
        {"repeat": {"times": 2, "layers": [{"residual": ["layer_norm", {"dense": 8}, "relu", {"dense": 8}]}]}},
        {"branches": [[{"dense": 4}], [{"dense": 2}, "tanh"]]},
        {"dense": 3},
    ],
    "loss": "mse",
    "optimizer": [{"clip_norm": 1.0}, {"momentum": 0.1}],
}


def shown(recipe: Any, **more: Any) -> str:
    return screen(summary_view(summarize(load(recipe)), "NAME"), **more)


def test_of_a_plain_net() -> None:
    compare("summary_spirals", shown("spirals"))


def test_of_a_large_net_on_two_cores() -> None:
    model = [{"dense": 256}, "relu", {"dense": 128}, "relu", {"dense": 10}]
    compare("summary_large", shown({"input": [784], "model": model, "loss": "cross_entropy", "train": {"batch": 64}}))


def test_of_blocks() -> None:
    compare("summary_blocks", shown(BLOCKS))


PICTURES = {
    "about": "Pictures.",
    "input": [28, 28, 1],
    "model": [
        {"conv": {"units": 16, "padding": "same", "bias": False, "name": "stem"}},
        "batch_norm",
        "relu",
        {"residual": {"layers": [{"conv": {"units": 32, "stride": 2, "padding": "same"}}, {"batch_norm": {"gain": 0}}],
                      "shortcut": "projection"}},
        {"branches": [[{"conv": {"units": 16, "kernel": 1}}], [{"depthwise_conv": {"padding": "same"}}, "relu"]]},
        {"conv_transpose": 16},
        {"upsample": 2},
        {"group_norm": 4},
        "global_avg_pool",
        {"dense": 10},
    ],
    "loss": "mse",
}  # fmt: skip


@pytest.mark.parametrize("width", [60, 80, 120])
def test_of_pictures(width: int) -> None:
    compare(f"summary_pictures_{width}", shown(PICTURES, width=width))


def test_in_ascii() -> None:
    text = shown(BLOCKS, ascii_only=True)
    assert text.isascii()
    assert text.count("\n") == shown(BLOCKS).count("\n")


@pytest.mark.parametrize("width", [60, 80, 120])
def test_nothing_is_cut(width: int) -> None:
    lines = shown(BLOCKS, width=width).splitlines()
    assert max(map(len, lines)) <= width
    words = " ".join(lines)
    for word in ("stem", "layer_norm", "0_residual", "multiply-", "parameters", "clip_norm > momentum", "total"):
        assert word in words, word
    assert "…" not in words


def test_the_document() -> None:
    found = json.loads(json.dumps(document(summarize(load("xor")))))
    assert found["layers"][0] == {
        "name": "0_dense",
        "kind": "dense",
        "output_shape": [8],
        "parameters": 24,
        "multiply_adds": 16,
        "receptive_field": None,
    }
    assert found["parameters"] == 33
    assert found["memory"]["parameters"] == 132
    assert found.keys() == {"recipe", "input_shape", "layers", "parameters", "multiply_adds", "memory"}
    assert [layer["name"] for layer in found["layers"]] == ["0_dense", "1_tanh", "2_dense", "3_sigmoid"]


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1536, "1.5 kB"), (5_000_000, "5.0 MB"), (3 * 10**12, "3.0 TB")],
)
def test_bytes(count: int, text: str) -> None:
    assert bytes_text(count) == text
