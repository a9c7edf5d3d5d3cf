"""Recipes that begin with other weights, freeze layers or slow them down, and cannot."""

from __future__ import annotations

from pathlib import Path

from error_cases import Case
from error_cases_runs import bent, status

NET = "data: {name: moons, samples: 40}\nmodel: [{dense: {units: 4, name: low}}, batch_norm, tanh, {dense: classes}]\n"
WILD = """\
data: moons
model: [{dense: {units: 4, name: low}}, {dense: classes}]
loss: mse
optimizer: {sgd: 1000}
"""
TRAIN = "train t.yaml -q"


def own(text: str, line: str = TRAIN, **files: str) -> Case:
    """A recipe with these keys is refused."""
    return line, {"t.yaml": f"{NET}{text}\n", **{f"{name}.yaml": content for name, content in files.items()}}


def with_run(text: str, case: Case) -> Case:
    """The same, with something done to the run `one` before."""
    line, act = case

    def both(folder: Path) -> None:
        assert callable(act)
        act(folder)
        (folder / "t.yaml").write_text(f"{NET}{text}\n")

    return line, both


TRANSFER: list[Case] = [
    own("freeze: [low, 3_dens]"),
    own("freeze: 2_tanh", "summary t.yaml"),
    own('freeze: ["*"]', "gradcheck t.yaml"),
    own("freeze: [low, 1_batch_norm, 3_dense]"),
    own("lr_factors: {lw: 0.1}"),
    own("init_from: {from: one, layers: [zz]}"),
    own("init_from: on"),
    own("init_from: nothing.yaml"),
    own("init_from: broken.yaml"),
    own("init_from: one", "train t.yaml 'model=[{dense: 3}, tanh, {dense: 3}, tanh, {dense: classes}]'"),
    own("init_from: folds.yaml"),
    own("init_from: net.yaml", net="input: [2]\nmodel: [{dense: 4}]\n"),
    own("init_from: {from: my.yaml, weights: best}"),
    own("init_from: two"),
    own("init_from: {from: one, weights: best}"),
    own("init_from: t.yaml"),
    own("init_from: u.yaml", u=f"{NET}init_from: t.yaml\n"),
    own("init_from: wild.yaml", wild=WILD),
    own("init_from: uses.yaml"),
    with_run("init_from: one", bent(TRAIN, "weights.safetensors", lambda content: content[:-1] + b"!")),
    with_run("init_from: one", status(TRAIN, folds=[])),
    ("resume one init_from=two train.epochs=3", {}),
]  # fmt: skip
