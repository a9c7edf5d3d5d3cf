"""Vectors of words that are refused: nets without them, words they do not know, layers and losses over other data."""

from __future__ import annotations

import shutil
from pathlib import Path

from command_lines import typed
from error_cases import Case

TEXT = "the cat drinks milk and the dog eats meat and a king rules the land\n\n" * 30
NET = """\
data: {name: word_pairs, file: cats.txt, test: 0, task: skip_gram}
model: [{skip_gram: 4}]
loss: negative_sampling
train: {epochs: 1, batch: 64}
"""


def asked(line: str) -> Case:
    """A question to a net of words, which has become the run `words`."""

    def before(folder: Path) -> None:
        (folder / "cats.txt").write_text(TEXT)
        (folder / "cats.yaml").write_text(NET)
        assert typed(folder, ["train", "cats.yaml", "-q"]).code == 0
        next((folder / "runs").glob("cats-*")).rename(folder / "runs/words")

    return line, before


def net(*changes: tuple[str, str]) -> Case:
    """A net of words that does not fit its data."""
    text = NET
    for old, new in changes:
        text = text.replace(old, new)
    return "train r.yaml --no-save -q", {"r.yaml": text, "cats.txt": TEXT}


WORDS: list[Case] = [
    asked("neighbours words catt"), asked("neighbours words 'king - qu'"), asked("neighbours words king --against my.yaml"),
    ("neighbours one king", {}), ("neighbours lost king", {}), ("neighbours glove10k king -", {}),
    ("neighbours glove10k 'king - king'", {}), ("neighbours glove10k 'king - man + man - king'", {}),
    ("neighbours glove10k '- king + queen'", {}),
    ("neighbours glove10k kingg", {}), ("neighbours", {}),
    ("neighbours glove10k king --count 0", {}), ("neighbours glove10k king --against one", {}),
    ("neighbours own = --against glove10k", lambda folder: tiny(folder)),
    ("neighbours own king", lambda folder: tiny(folder)),
    net(("skip_gram}", "cbow}")), net(("{skip_gram: 4}", "flatten, {dense: 1}")),
    net(("{skip_gram: 4}", "{embedding: 4}, {cbow: 4}")), net(("skip_gram}", "cbow}"), ("{skip_gram: 4}", "{glove: 4}")),
    net(("{skip_gram: 4}", "{glove: 4}")), net(("[{skip_gram: 4}]", "[{skip_gram: {units: 4, negatives: 0}}]")),
    net(("loss: negative_sampling", "loss: {glove: 0}"), ("{skip_gram: 4}", "{glove: 4}")),
    ("train my.yaml 'model=[{skip_gram: 3}]' loss=negative_sampling", {}),
]  # fmt: skip


def tiny(folder: Path) -> None:
    """A net of few ids."""
    line = ["train", "my.yaml", "-q", "data={modular_addition: 3}", "model=[{embedding: 2}, flatten, {dense: classes}]"]
    assert typed(folder, line).code == 0
    next((folder / "runs").glob("my-*")).rename(folder / "runs/own")


def gone(folder: Path) -> None:
    (folder / "glove10k-words.txt").unlink()


def shorter(folder: Path) -> None:
    (folder / "glove10k-words.txt").write_text("king\nqueen\n")


def cut(folder: Path) -> None:
    path = folder / "glove10k-vectors.npz"
    path.write_bytes(path.read_bytes()[:1000])


def array(folder: Path) -> None:
    import numpy as np

    np.save(folder / "one.npy", np.ones(3))
    shutil.move(folder / "one.npy", folder / "glove10k-vectors.npz")


SAMPLE = [("neighbours glove10k king", change) for change in (gone, shorter, cut, array)]
