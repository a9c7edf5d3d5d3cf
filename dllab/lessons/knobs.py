"""The short names of what a lesson lets one change, with what each usually is."""

from __future__ import annotations

import re
from typing import Any

from dllab.lessons.lesson import Lesson
from dllab.recipe import parse

STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def usual(lesson: Lesson) -> dict[str, str]:
    """Options and knobs by name, each with its value as one types it; "" where recipes differ or a word does not do."""
    recipes = [parse(text).resolved() for text in lesson.recipes.values()] if lesson.knobs else []
    found = {name: _word(value) for name, value in lesson.options.items()}
    for name, path in lesson.knobs.items():
        steps = [int(index) if index else key for index, key in STEP.findall(path)]
        values = {_word(value) for recipe in recipes if (value := _at(recipe, steps)) is not None}
        found[name] = values.pop() if len(values) == 1 else ""
    return found


def _at(node: Any, steps: list[int | str]) -> Any:
    """What stands at a path of a recipe; the name of a part (adam) may be left out, as in optimizer.lr. None: nothing."""
    for step in steps:
        if isinstance(node, dict) and step not in node and len(node) == 1:
            (node,) = node.values()
        try:
            node = node[step]
        except (KeyError, IndexError, TypeError):
            return None
    return node


def _word(value: Any) -> str:
    """A value in one word, of the options of a part the first; "" of a part as a whole, and of all that takes more."""
    if isinstance(value, dict) and value:
        first = next(iter(value.values()))
        return "" if isinstance(first, dict) else _word(first)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:g}"
    return value if isinstance(value, str) and value.isidentifier() else ""
