"""From the tree of a recipe to the values of its keys."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from dllab.catalogue import Part, Size, UnknownPart, find, parts
from dllab.recipe.errors import Problems, closest, one_of, show
from dllab.recipe.nodes import Entry, ListNode, MapNode, Node, ScalarNode, is_null, plain
from dllab.recipe.parts import AugmentEntry, Builder, LayerEntry
from dllab.recipe.paths import Folder
from dllab.recipe.place import Place
from dllab.recipe.train_options import TrainOptions
from dllab.recipe.transfer import InitFrom, read_factors, read_init_from, read_patterns

KEYS = (
    "about", "use", "data", "input", "augment", "model", "init_from", "freeze", "lr_factors", "loss", "optimizer",
    "schedule", "metrics", "train", "expect",
)  # fmt: skip
SPLITS = ("train", "validation", "test")
Shape = Annotated[list[Size], Field(min_length=1, max_length=8)]


def assemble(root: MapNode, problems: Problems, folder: Folder | None = None) -> dict[str, Any]:
    """The values of a recipe's keys, by name; complaints go to `problems`, and what they are about is None.

    `folder`: where paths in the recipe count from.
    """
    return _Assembly(root, problems, folder or Folder()).values()


def files_used(root: MapNode, problems: Problems, folder: Folder) -> list[tuple[str, Place]]:
    """The files of the user's own that a recipe names under `use:`, as absolute paths, and where it does."""
    entry = root.entries.get("use")
    if entry is None or is_null(entry.value):
        return []
    items = entry.value.items if isinstance(entry.value, ListNode) else [entry.value]
    found = []
    for item in items:
        if isinstance(item, ScalarNode) and isinstance(item.value, str) and item.value.endswith(".py"):
            found.append((folder.absolute(item.value, item.place), item.place))
        else:
            problems.add(
                f"{show(plain(item))} under use:", item.place, "expected the path of a Python file: use: [mylayer.py]"
            )
    return found


@dataclass
class _Assembly:
    root: MapNode
    problems: Problems
    folder: Folder

    def values(self) -> dict[str, Any]:
        self.builder = Builder(self.problems, self.folder)
        self.meant: set[str] = set()  # keys a slip stands for; they are not called missing, too
        for key, entry in self.root.entries.items():
            if key not in KEYS:
                self.problems.add(f"unknown key {show(key)} of the recipe", entry.key.place, one_of(KEYS, key))
                self.meant.update(closest(key, KEYS))
        values = {
            "about": self.about(),
            "use": tuple(path for path, _ in files_used(self.root, Problems(), self.folder)),
            "data": self.one("data", "datasets"),
            "augment": self.augment(),
            "input": self.input(),
            "model": self.model(),
            "init_from": self.init_from(),
            "freeze": self.freeze(),
            "lr_factors": self.lr_factors(),
            "loss": self.one("loss", "losses"),
            "optimizer": self.optimizer(),
            "schedule": self.one("schedule", "schedules", "constant"),
            "metrics": self.metrics(),
            "train": self.train(),
            "expect": self.expect(),
        }
        self.builder.finish()
        self.one_source()
        return values

    def given(self, key: str) -> Node | None:
        """The value of a key; None where it is absent, empty or null."""
        entry = self.root.entries.get(key)
        return None if entry is None or is_null(entry.value) else entry.value

    def about(self) -> str:
        node = self.given("about")
        if node is None:
            return ""
        if isinstance(node, ScalarNode) and (isinstance(node.value, str) or node.text):
            return node.value if isinstance(node.value, str) else node.text
        self.problems.add("about: is not a text", node.place, "expected a sentence that says what the recipe shows")
        return ""

    def one(self, key: str, family: str, default: str | None = None) -> Part | None:
        node = self.given(key)
        if node is None and default is not None:
            node = ScalarNode(default, default, self.root.place)
        return self.builder.part(family, node) if node is not None else None

    def one_source(self) -> None:
        data, shape = self.given("data"), self.given("input")
        if data is None and shape is None:
            if self.meant & {"data", "input"}:
                return
            hint = "name a data set, `data: spirals`, or the shape of one example, `input: [2]`"
            self.problems.add("the recipe has neither data: nor input:", self.root.place, hint)
        elif data is not None and shape is not None:
            hint = "keep data: to train, or input: for a net without data"
            place = self.root.entries["input"].key.place
            self.problems.add("the recipe has both data: and input:", place, hint)

    def augment(self) -> tuple[AugmentEntry | None, ...]:
        node = self.given("augment")
        if node is None:
            return ()
        items = node.items if isinstance(node, ListNode) else [node]
        if items and self.given("data") is None and self.given("input") is not None:
            place = self.root.entries["augment"].key.place
            self.problems.add("augment: changes rows of data, and the recipe has none", place, "take augment: out")
        return tuple(map(self.builder.augmentation, items))

    def input(self) -> tuple[int, ...] | None:
        node = self.given("input")
        if node is None:
            return None
        try:
            return tuple(_shape().validate_python(plain(node), strict=True))
        except ValidationError as error:
            at = error.errors(include_url=False)[0]["loc"]
            wrong = node.items[at[0]] if isinstance(node, ListNode) and at and isinstance(at[0], int) else node
            advice = f". Write [{show(plain(node))}]" if isinstance(plain(node), int) else ""
            hint = f"expected a list of 1 to 8 sizes, each from 1 to 1,000,000, got {show(plain(node))}{advice}"
            self.problems.add("wrong shape for input:", wrong.place, hint)
            return None

    def model(self) -> tuple[LayerEntry, ...] | None:
        node = self.given("model")
        if node is None:
            if "model" in self.meant:
                return None
            entry = self.root.entries.get("model")
            place = entry.key.place if entry else self.root.place
            self.problems.add("the recipe has no model", place, "list its layers under model:, such as `- dense: 32`")
            return None
        return self.builder.layers(node)

    def init_from(self) -> InitFrom | None:
        node = self.given("init_from")
        return read_init_from(node, self.problems, self.folder) if node is not None else None

    def freeze(self) -> tuple[str, ...]:
        node = self.given("freeze")
        return read_patterns(node, self.problems, "layers to freeze") if node is not None else ()

    def lr_factors(self) -> dict[str, float]:
        node = self.given("lr_factors")
        return read_factors(node, self.problems) if node is not None else {}

    def optimizer(self) -> tuple[Part | None, ...]:
        node = self.given("optimizer") or ScalarNode("adam", "adam", self.root.place)
        if not isinstance(node, ListNode):
            return (self.builder.part("optimizers", node),)
        if not node.items:
            self.problems.add("an empty optimizer", node.place, "name at least one part, or leave the key out for adam")
        return tuple(self.builder.part("optimizers", item) for item in node.items)

    def metrics(self) -> tuple[Part | None, ...] | None:
        node = self.given("metrics")
        if node is None:
            return None
        if not isinstance(node, ListNode):
            self.problems.add("metrics: is not a list", node.place, "write [accuracy], or one per line after a dash")
            return None
        return tuple(self.builder.part("metrics", item) for item in node.items)

    def train(self) -> TrainOptions | None:
        node = self.given("train") or MapNode(self.root.place)
        if not isinstance(node, MapNode):
            message = f"train: is {'a list' if isinstance(node, ListNode) else show(plain(node))}, not a mapping"
            self.problems.add(message, node.place, "write options: `train: {epochs: 20, batch: 32}`")
            return None
        entry = self.root.entries.get("train")
        built: TrainOptions | None = self.builder.options(
            TrainOptions, node, "train", entry.key.place if entry else node.place
        )
        stop = built.early_stop if built is not None else None
        if stop is not None and not _is_figure(stop.metric):
            hint = one_of(["loss", *sorted(parts("metrics"))], stop.metric)
            place = _place_of(node, "early_stop", "metric")
            self.problems.add(f"early_stop watches an unknown metric {show(stop.metric)}", place, hint)
        return built

    def expect(self) -> dict[str, float]:
        node = self.given("expect") or MapNode(self.root.place)
        if not isinstance(node, MapNode):
            self.problems.add("expect: is not a mapping", node.place, "write figures: `expect: {test_accuracy: 0.97}`")
            return {}
        return {key: figure for key, entry in node.entries.items() if (figure := self.figure(entry)) is not None}

    def figure(self, entry: Entry) -> float | None:
        """One figure to reach, such as `test_accuracy: 0.97`."""
        key, value = entry.key, plain(entry.value)
        split, _, metric = key.text.partition("_")
        if split not in SPLITS or not metric:
            hint = f"expected <split>_<metric>, such as test_accuracy; the splits are {', '.join(SPLITS)}"
            self.problems.add(f"{show(key.text)} names no figure", key.place, hint)
        elif not _is_figure(metric):
            hint = one_of(["loss", *sorted(parts("metrics"))], metric)
            self.problems.add(f"unknown metric {show(metric)} in {show(key.text)}", key.place, hint)
        elif isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            hint = f"expected a number, got {show(value)}"
            self.problems.add(f"wrong value for {key.text} of expect", entry.value.place, hint)
        else:
            return float(value)
        return None


@cache
def _shape() -> TypeAdapter[list[int]]:
    return TypeAdapter(Shape)


def _is_figure(name: str) -> bool:
    """Whether training reports a figure of that name: the loss, or a metric."""
    if name == "loss":
        return True
    try:
        find("metrics", name)
    except UnknownPart:
        return False
    return True


def _place_of(node: Node, *path: str) -> Place:
    """The place of the value under these keys, as deep as they exist."""
    for key in path:
        if isinstance(node, MapNode) and key in node.entries:
            node = node.entries[key].value
    return node.place
