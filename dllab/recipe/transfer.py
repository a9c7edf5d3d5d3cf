"""Transfer in a recipe: weights to begin with (`init_from`), what stays as it is (`freeze`), own rates (`lr_factors`)."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dllab.recipe.errors import Problems, one_of, show
from dllab.recipe.find import ENDINGS
from dllab.recipe.nodes import ListNode, MapNode, Node, ScalarNode, is_null, plain
from dllab.recipe.paths import Folder
from dllab.recipe.place import Place

WEIGHTS = ("last", "best")
OPTIONS = ("from", "layers", "weights")
SOURCE = "expected a run (its name or folder) or a recipe (its name or path)"
PATTERNS = 'expected a name or pattern of layers, such as 0_dense or "*.b", or a list of them'


@dataclass(frozen=True)
class InitFrom:
    """Where first weights come from: `source` names a run or a recipe, `layers` are patterns (none: all layers)."""

    source: str
    layers: tuple[str, ...] = ()
    weights: str = "last"

    def plain(self) -> dict[str, Any]:
        """As a recipe writes it."""
        layers = {"layers": list(self.layers)} if self.layers else {}
        return {"from": self.source, **layers, "weights": self.weights}


def read_init_from(node: Node, problems: Problems, folder: Folder) -> InitFrom | None:
    """The value of `init_from`; None (and a problem) for one that cannot be."""
    before = len(problems)
    if not isinstance(node, MapNode):
        source = _source(node, problems, folder)
        return InitFrom(source) if source is not None else None
    for key, entry in node.entries.items():
        if key not in OPTIONS:
            problems.add(f"unknown option {show(key)} of init_from", entry.key.place, one_of(OPTIONS, key))
    given = {key: entry.value for key, entry in node.entries.items() if not is_null(entry.value)}
    if "from" not in given:
        if len(problems) == before:
            problems.add("init_from needs the option 'from'", node.place, f"{SOURCE}: init_from: {{from: NAME}}")
        return None
    found = _source(given["from"], problems, folder)
    layers = read_patterns(given["layers"], problems, "layers of init_from") if "layers" in given else ()
    weights = plain(given["weights"]) if "weights" in given else WEIGHTS[0]
    if weights not in WEIGHTS:
        problems.add("wrong value for option 'weights' of init_from", given["weights"].place, one_of(WEIGHTS, str(weights)))
    return InitFrom(found, layers, weights) if found is not None and len(problems) == before else None


def _source(node: Node, problems: Problems, folder: Folder) -> str | None:
    if not isinstance(node, ScalarNode) or not isinstance(node.value, str) or not node.value:
        problems.add(f"{show(plain(node))} where init_from takes a source", node.place, SOURCE)
        return None
    text = node.value
    is_path = "/" in text or os.sep in text or text.endswith(ENDINGS)
    return folder.absolute(text, node.place) if is_path else text


def read_patterns(node: Node, problems: Problems, words: str) -> tuple[str, ...]:
    """Names or patterns of layers, one or a list."""
    found = []
    for item in node.items if isinstance(node, ListNode) else [node]:
        if isinstance(item, ScalarNode) and isinstance(item.value, str) and item.value:
            found.append(item.value)
        else:
            problems.add(f"{show(plain(item))} among the {words}", item.place, PATTERNS)
    return tuple(found)


def read_factors(node: Node, problems: Problems) -> dict[str, float]:
    """The value of `lr_factors`: pattern to factor, in the order of the recipe."""
    if not isinstance(node, MapNode):
        hint = 'write patterns and factors: lr_factors: {0_dense: 0.1, "block*": 0.5}'
        problems.add("lr_factors: is not a mapping", node.place, hint)
        return {}
    found = {}
    for pattern, value in _factors(node):
        factor = plain(value)
        if isinstance(factor, bool) or not isinstance(factor, int | float) or not 0 <= factor < math.inf:
            hint = f"expected a number of at least 0, got {show(factor)}"
            problems.add(f"wrong factor for {show(pattern)} of lr_factors", value.place, hint)
        else:
            found[pattern] = float(factor)
    return found


def _factors(node: MapNode, outer: str = "") -> Iterator[tuple[str, Node]]:
    """Patterns and factors; `{0_dense: {w: 0.1}}`, as an override makes it, is `{0_dense.w: 0.1}`."""
    for key, entry in node.entries.items():
        if isinstance(entry.value, MapNode):
            yield from _factors(entry.value, f"{outer}{key}.")
        else:
            yield f"{outer}{key}", entry.value


def places_inside(root: MapNode) -> Iterator[tuple[str, Place]]:
    """Where patterns stand: `freeze[0]`, `init_from.layers[1]`, `lr_factors.NAME`."""
    for key, path in (("freeze", ("freeze",)), ("init_from.layers", ("init_from", "layers"))):
        node: Node | None = root
        for step in path:
            node = node.entries[step].value if isinstance(node, MapNode) and step in node.entries else None
        if node is not None:
            items = node.items if isinstance(node, ListNode) else [node]
            yield from ((f"{key}[{number}]", item.place) for number, item in enumerate(items))
    entry = root.entries.get("lr_factors")
    if entry is not None and isinstance(entry.value, MapNode):
        yield from _factor_places(entry.value)


def _factor_places(node: MapNode, outer: str = "") -> Iterator[tuple[str, Place]]:
    for key, entry in node.entries.items():
        if isinstance(entry.value, MapNode):
            yield from _factor_places(entry.value, f"{outer}{key}.")
        else:
            yield f"lr_factors.{outer}{key}", entry.key.place
