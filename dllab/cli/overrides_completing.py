"""Completion of overrides: keys, options, layers of the recipe on the line, and the words that an option takes."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dllab.cli import part_sources
from dllab.cli.part_sources import Option

TRAIN = "recipe/train_options.py"
FAMILIES = {"data": "datasets", "loss": "losses", "optimizer": "optimizers", "schedule": "schedules", "metrics": "metrics",
            "augment": "augmentations"}  # fmt: skip
USUAL = {"optimizer": "adam", "schedule": "constant"}

Candidates = Iterator[tuple[str, str]]


def candidates(recipe: str, current: str) -> Candidates:
    """Overrides of a recipe (its name or path) that the word may become."""
    path, equals, _ = current.partition("=")
    if equals:
        yield from ((f"{path}={word}", said) for word, said in _values(recipe, path).items())
        return
    outer, _, _ = path.rpartition(".")
    if not outer:
        yield from _keys(recipe)
        return
    for name, option in _options(recipe, outer).items():
        inner = bool(option.block)
        yield f"{outer}.{name}{'.' if inner else '='}", "options" if inner else _said(option)
    if outer == "model":
        yield from _layers(recipe)
    if outer == "expect":
        yield from ((f"expect.{split}_accuracy=", "a figure to reach") for split in ("train", "validation", "test"))


def of_part(family: str, name: str, current: str) -> Candidates:
    """Options of one part, `noise=`, and the words they take."""
    option, equals, _ = current.partition("=")
    known = part_sources.options(family, name)
    if not equals:
        yield from ((f"{one}=", _said(kind)) for one, kind in known.items())
    elif option in known:
        yield from ((f"{option}={word}", "") for word in _words(known[option]))


def _keys(recipe: str) -> Candidates:
    for key in part_sources.constant("recipe/assemble.py", "KEYS"):
        if key not in ("train", "expect", "model"):  # whole ones are long
            yield f"{key}=", f"all of {key}"
        if key in ("train", "expect") or (key in FAMILIES and _options(recipe, key)):
            yield f"{key}.", f"an option of {key}"
    yield from _layers(recipe)


def _layers(recipe: str) -> Candidates:
    """Layers by place, label, and kind where there is but one of it."""
    kinds = [kind for kind, _ in _model(recipe)]
    for index, (kind, options) in enumerate(_model(recipe)):
        yield f"model[{index}].", kind
        if "name" in options:
            yield f"model.{options['name']}.", kind
        if kinds.count(kind) == 1:
            yield f"model.{kind}.", kind


def _options(recipe: str, path: str) -> dict[str, Option]:
    """The options of what stands at a path, as far as the recipe tells."""
    head, _, rest = path.partition(".")
    if head == "train":
        known = part_sources.block_options(TRAIN, "TrainOptions")
        if rest in known and known[rest].block:
            return part_sources.block_options(TRAIN, known[rest].block)
        return {} if rest else known
    if head in FAMILIES and not rest:
        return _merged(FAMILIES[head], _kinds(_read(recipe).get(head) or USUAL.get(head)))
    return _merged("layers", _layer_at(recipe, path))


def _layer_at(recipe: str, path: str) -> list[str]:
    """The kind of the layer that a path names, alone in a list."""
    match = re.fullmatch(r"model(?:\[(-?\d+)\]|\.(\w+))(?:\.(\w+))?", path)
    model = _model(recipe)
    if match is None:
        return []
    if match[1] is not None or match[2].isdigit():
        index = int(match[1] if match[1] is not None else match[2])
        return [model[index][0]] if -len(model) <= index < len(model) else []
    found = [kind for kind, options in model if options.get("name") == match[2] or kind == match[2]]
    return found[:1]


def _merged(family: str, kinds: list[str]) -> dict[str, Option]:
    return {name: option for kind in kinds for name, option in part_sources.options(family, kind).items()}


def _values(recipe: str, path: str) -> dict[str, str]:
    """The words that may stand after `path=`."""
    if path in FAMILIES:
        known = part_sources.names(FAMILIES[path])
        return {f"[{name}]": said for name, said in known.items()} if path in ("metrics", "augment") else known
    outer, _, name = path.rpartition(".")
    option = _options(recipe, outer).get(name)
    if option is not None:
        return part_sources.names(option.family) if option.family else dict.fromkeys(_words(option), "")
    if outer in FAMILIES and name == "name":
        return part_sources.names(FAMILIES[outer])
    return part_sources.names("layers") if re.fullmatch(r"model\[-?\d+\]", path) else {}


def _words(option: Option) -> tuple[str, ...]:
    return tuple(part_sources.names(option.family)) if option.family else option.words


def _said(option: Option) -> str:
    return f"one of the {option.family}" if option.family else ", ".join(option.words)


def _kinds(written: Any) -> list[str]:
    """The names of the parts that a value of a recipe holds, in any of their forms."""
    if isinstance(written, str):
        return [written]
    if isinstance(written, dict):
        return [str(written["name"])] if "name" in written else [str(key) for key in written][:1]
    return [kind for item in written for kind in _kinds(item)] if isinstance(written, list) else []


def _model(recipe: str) -> list[tuple[str, dict[str, Any]]]:
    """The kind of each layer, and its options where they are written as a mapping."""
    found = []
    for layer in _read(recipe).get("model") or ():
        kind, options = next(iter(layer.items())) if isinstance(layer, dict) and layer else (layer, None)
        found.append((str(kind), options if isinstance(options, dict) else {}))
    return found


_recipes: dict[str, dict[str, Any]] = {}


def _read(recipe: str) -> dict[str, Any]:
    """The recipe as plain data; an empty one where it cannot be read."""
    if recipe not in _recipes:
        _recipes[recipe] = {}
        with contextlib.suppress(Exception):
            from ruamel.yaml import YAML

            found = YAML(typ="safe", pure=True).load(_file(recipe).read_text(encoding="utf-8"))
            _recipes[recipe] = found if isinstance(found, dict) else {}
    return _recipes[recipe]


def _file(recipe: str) -> Path:
    from dllab.places import folder

    own = Path(recipe).expanduser()
    if own.is_file():
        return own
    return next(path for path in folder("recipes").iterdir() if path.stem == recipe)
