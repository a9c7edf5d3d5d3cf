"""What the keys of a recipe mean, in words: for comments, for editors and for the documentation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Key:
    """One key: what its value says, what holds where it is left out, and the family of its parts ("": not parts)."""

    means: str
    left_out: str
    family: str = ""


MEANINGS = {
    "about": Key("what the recipe shows, in a sentence", "empty"),
    "use": Key("Python files with parts of your own, beside the recipe or below; they run only with `--trust`", "none"),
    "data": Key("the data set to train on; exactly one of `data` and `input` is needed", "", "datasets"),
    "input": Key("the shape of one example, for a net without data; such a net is not trained", ""),
    "augment": Key("a list of changes to the training rows, drawn anew in every step", "none", "augmentations"),
    "model": Key("the list of layers, first to last; needed", "", "layers"),
    "init_from": Key(
        "a run or recipe whose weights to begin with: its name or path, or `{from: ..., layers: [...], weights: best}`",
        "new weights",
    ),
    "freeze": Key('layers or parameters that training leaves as they are, by name or pattern: `[0_dense, "*.b"]`', "none"),
    "lr_factors": Key("factors of the learning rate by name or pattern, the last that fits counts: `{0_dense: 0.1}`", "1"),
    "loss": Key(
        "what training makes small",
        "by the data: `cross_entropy`, `binary_cross_entropy` after a final `sigmoid`, `mse` for numbers",
        "losses",
    ),
    "optimizer": Key("how parameters change: an optimizer, or a chain of parts that ends in one", "`adam`", "optimizers"),
    "schedule": Key("how the learning rate changes", "`constant`", "schedules"),
    "metrics": Key("a list of figures besides the loss", "`accuracy`; for numbers `mae`, `rmse`, `r2`", "metrics"),
    "train": Key("length, batches, regularisation", "20 epochs of batches of 32"),
    "expect": Key("figures that training must reach, as `<split>_<metric>`", "none"),
}
"""The keys in the order of a recipe."""
