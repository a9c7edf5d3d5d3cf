"""A validated recipe, and how one is made from YAML or plain data."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dllab.catalogue import Part, with_parts
from dllab.recipe.assemble import KEYS, assemble, files_used
from dllab.recipe.dump import plain_value, to_yaml
from dllab.recipe.errors import Problems, show
from dllab.recipe.find import locate, read_bytes
from dllab.recipe.nodes import Entry, ListNode, MapNode, Node, from_plain, plain
from dllab.recipe.overrides import apply
from dllab.recipe.own_parts import load_parts
from dllab.recipe.parts import AugmentEntry, LayerEntry
from dllab.recipe.paths import Folder
from dllab.recipe.place import Place
from dllab.recipe.train_options import TrainOptions
from dllab.recipe.transfer import InitFrom, places_inside
from dllab.recipe.yaml_nodes import decode, file_places, read

ABOUT_FILES = re.compile(r"\s*use\s*[=\[]")
"""How overrides begin that name files to be run."""


@dataclass(frozen=True)
class Recipe:
    """What to train and how; made by `load` or `parse`, never changed.

    Exactly one of `data` (a data set) and `input` (the shape of one example) is set. `loss` and `metrics` are None
    where the recipe leaves them to the data's task. `optimizer` is a chain of one or more parts, applied in order.
    `expect` maps `<split>_<metric>` to the figure training must reach. `init_from`, `freeze` and `lr_factors` name layers
    by patterns, which engine.patterns compares with those of the net. `use` are the files of the user's own that it runs,
    `used` the SHA-256 of each. Two recipes are equal when they say the same,
    whatever their files.
    """

    about: str
    name: str = field(compare=False)
    source_path: Path | None = field(compare=False)
    data: Part | None
    input: tuple[int, ...] | None
    model: tuple[LayerEntry, ...]
    loss: Part | None
    optimizer: tuple[Part, ...]
    schedule: Part
    metrics: tuple[Part, ...] | None
    train: TrainOptions
    expect: dict[str, float]
    augment: tuple[AugmentEntry, ...] = ()
    init_from: InitFrom | None = None
    freeze: tuple[str, ...] = ()
    lr_factors: dict[str, float] = field(default_factory=dict)
    use: tuple[str, ...] = ()
    used: dict[str, str] = field(default_factory=dict, compare=False, repr=False)
    text: str = field(default="", compare=False, repr=False)
    places: dict[str, Place] = field(default_factory=dict, compare=False, repr=False)

    def place(self, key: str) -> Place:
        """Where a top-level key stands, or `freeze[0]` and the like; for a key that is left out the recipe itself."""
        return self.places.get(key) or self.places.get(re.split(r"[.\[]", key)[0]) or self.places[""]

    def resolved(self) -> dict[str, Any]:
        """The recipe as plain data with every default filled in; keys left to the data's task are left out."""
        values = {key: plain_value(getattr(self, key)) for key in KEYS}
        if len(self.optimizer) == 1:
            values["optimizer"] = values["optimizer"][0]
        return {
            key: value
            for key, value in values.items()
            if value is not None and value not in ("", {}) and (key not in ("use", "augment", "freeze") or value)
        }

    def to_yaml(self) -> str:
        """The resolved recipe as YAML; loading it gives an equal recipe."""
        return to_yaml(self.resolved())


def load(reference: str | Path | Mapping[str, Any], overrides: Sequence[str] = (), *, trust: bool = False,
         working: str | None = None) -> Recipe:  # fmt: skip
    """The recipe of that name, path or text (anything with a line break), or made of plain data.

    `overrides` are texts such as "optimizer.lr=0.1", "model[0].dense.units=64" or "model.hidden.units=64" (by label).
    `trust`: run the Python files that the recipe names under `use:`; without it such a recipe is refused.
    `working`: the folder that relative paths in overrides count from, instead of the working folder.
    Raises RecipeError with everything that is wrong.
    """
    if isinstance(reference, Mapping):
        problems = Problems()
        root = from_plain(reference, problems)
        problems.raise_if_any()
        return _assemble(root, overrides, problems, "recipe", None, "", trust, working)
    if isinstance(reference, str) and "\n" in reference:
        return parse(reference, overrides, trust=trust, working=working)
    path, label = locate(reference)
    raw, size = read_bytes(path, label)
    problems = Problems()
    text = decode(raw, label, problems, size)
    if text is None:
        problems.raise_if_any()
    return parse(text or "", overrides, label, path, trust=trust, working=working)


def chosen(given: str | Path | Mapping[str, Any] | Recipe, overrides: Sequence[str] = (), *, trust: bool = False) -> Recipe:
    """The same for a recipe that may be made already, and is then changed by the overrides. Raises RecipeError.

    Who made it has trusted its files, but not those that an override names.
    """
    if not isinstance(given, Recipe):
        return load(given, overrides, trust=trust)
    if not overrides:
        return given
    same_files = not any(ABOUT_FILES.match(override) for override in overrides)
    return replace(load(given.resolved(), overrides, trust=trust or same_files), name=given.name)


def parse(text: str, overrides: Sequence[str] = (), label: str = "recipe", path: Path | None = None, *,
          trust: bool = False, working: str | None = None) -> Recipe:  # fmt: skip
    """The recipe of a YAML text; `label` is how messages name it, the rest as for `load`. Raises RecipeError."""
    problems = Problems()
    if path is None:
        decode(text.encode("utf-8", "replace"), label, problems)
        problems.raise_if_any()
    root = read(text, file_places(label, text), problems)
    if root is None:
        if not problems:
            problems.add("an empty recipe", Place(label), "a recipe has at least data: (or input:) and model:")
        problems.raise_if_any()
    assert root is not None
    return _assemble(root, overrides, problems, path.stem if path else label, path, text, trust, working)


def _assemble(root: Node, overrides: Sequence[str], problems: Problems, name: str, path: Path | None, text: str,
              trust: bool, working: str | None) -> Recipe:  # fmt: skip
    if not isinstance(root, MapNode):
        kind = "a list" if isinstance(root, ListNode) else f"one value, {show(plain(root))}"
        hint = f"write key: value; the keys are {', '.join(KEYS)}"
        problems.add(f"the recipe is {kind}, not a mapping", root.place, hint)
        problems.raise_if_any()
    assert isinstance(root, MapNode)
    folder = Folder(None if path is None else path.resolve().parent, working)
    about_files = [override for override in overrides if ABOUT_FILES.match(override)]
    apply(root, about_files, problems)
    own = load_parts(files_used(root, problems, folder), trust, problems)
    problems.raise_if_any()
    with with_parts(own.found):
        apply(root, [override for override in overrides if override not in about_files], problems)
        values = assemble(root, problems, folder)
    problems.raise_if_any()
    places = {"": root.place, **{key: _place_of(entry) for key, entry in root.entries.items()}}
    places.update(places_inside(root))
    return Recipe(name=name, source_path=path, text=text, places=places, used=own.digests, **values)


def _place_of(entry: Entry) -> Place:
    """Where a key stands, or the override that gives it its value."""
    overridden = entry.value.place.label != entry.key.place.label
    return entry.value.place if overridden else entry.key.place
