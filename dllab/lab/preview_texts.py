"""A recipe to begin with for a text."""

from __future__ import annotations

from typing import Any

from dllab.data.table_text import TableError
from dllab.data.text_file import read_text

ENDINGS = (".txt", ".text", ".md")
USUAL, SHORTEST, LEAST = 64, 8, 500
"""Characters of a row, if there are enough; no fewer than these; and how many a text must have."""
BATCH, STEPS, MOST_EPOCHS = 32, 2000, 300
TEST = 0.1


def beginning(path: str) -> dict[str, Any]:
    """A recipe of a GRU that learns which character comes next in a text. Raises TableError.

    It must be long enough, and of more than one character.
    """
    text = read_text(path)
    characters = len(text)
    if characters < LEAST:
        told = f"{path} has {characters} characters"
        raise TableError(told, f"a text to learn from has {LEAST} at least, and better a hundred times as many")
    if len(set(text)) < 2:
        raise TableError(
            f"{path} holds one character only, {text[0]!r}, again and again", "take a text with something to tell"
        )
    length = max(min(USUAL, int(characters * TEST) // 2), SHORTEST)
    steps = max(int(characters * (1 - TEST)) // (length * BATCH), 1)
    data: dict[str, Any] = {"text": path}
    return {
        "data": data if length == USUAL else {"name": "text", "file": path, "length": length},
        "model": [{"embedding": 32}, {"gru": 128}, {"dense": "classes"}],
        "metrics": ["accuracy", "bits_per_character"],
        "optimizer": {"adam": 0.003},
        "train": {"epochs": min(max(round(STEPS / steps), 1), MOST_EPOCHS), "batch": BATCH, "clip_norm": 1.0},
    }
