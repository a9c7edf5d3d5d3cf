"""What the file of a lesson holds, and how lessons are found.

A lesson is a module of dllab/lessons/fifty, named by number and name: `n16_vanishing_gradient.py`. Its docstring is the
question, on a line of its own, and the answer. Then come, in this order, what it needs of

    RECIPE      the recipe as YAML, or RECIPES, several by name; plain recipes, that `dllab train` takes as they are
    KNOBS       short names for places in the recipe: {"depth": "model[0].repeat.times"}
    OPTIONS     what can be changed and is no part of a recipe, with its usual value
    PREDICT     a Prediction: the number that is asked for before the experiment
    LEFT_OUT    what the usual answer leaves out
    NEXT        commands to try next, each with what it shows
    BREAKS      changes that take the cause away, each with the id of the claim that fails then
    run(lab)    the experiment: it trains, measures, claims, draws; see dllab/lessons/lab.py

Every change that a user makes (`dllab lesson 16 depth=30`) goes into the recipe before the lesson's own variants of it.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from dllab.lessons.claim import Prediction

if TYPE_CHECKING:
    from dllab.lessons.lab import Lab

FOLDER = Path(__file__).parent / "fifty"
FILE = re.compile(r"n(\d\d)_(\w+)")
Option = int | float | str


class NoLesson(ValueError):
    """There is no such lesson, or it cannot be changed like that: the problem, and what to do instead."""

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(f"{problem}; {hint}")
        self.problem, self.hint = problem, hint


@dataclass(frozen=True)
class Heading:
    """A lesson in the list."""

    number: int
    slug: str
    question: str
    module: str


@dataclass(frozen=True)
class Lesson:
    """All that a lesson's file says."""

    number: int
    slug: str
    question: str
    answer: str
    recipes: Mapping[str, str]
    knobs: Mapping[str, str]
    options: Mapping[str, Option]
    predict: Prediction | None
    left_out: str
    next: tuple[tuple[str, str], ...]
    breaks: tuple[tuple[str, str], ...]
    run: Callable[[Lab], None]


@cache
def headings() -> tuple[Heading, ...]:
    """All lessons by number; their files are read, not run."""
    found = []
    for path in sorted(FOLDER.glob("n*.py")):
        if (match := FILE.fullmatch(path.stem)) is not None:
            said = ast.get_docstring(ast.parse(path.read_bytes())) or ""
            question = _paragraphs(said)[0] if said else ""
            found.append(Heading(int(match[1]), match[2].replace("_", "-"), question, path.stem))
    return tuple(found)


def find(reference: str) -> Lesson:
    """A lesson by its number or its name. Raises NoLesson."""
    known = headings()
    for heading in known:
        if reference == heading.slug or (reference.isdecimal() and int(reference) == heading.number):
            return _lesson(heading)
    if reference.isdecimal():
        raise NoLesson(f"there is no lesson {int(reference):,}", f"they are numbered from 1 to {known[-1].number}")
    close = get_close_matches(reference, [heading.slug for heading in known], n=1)
    shown = repr(reference[:40])
    raise NoLesson(f"there is no lesson {shown}" + (f"; did you mean {close[0]}?" if close else ""),
                   "`dllab lessons` lists them, by number and name")  # fmt: skip


def knobs_in(heading: Heading) -> dict[str, str]:
    """The knobs and options of a lesson by name, with what they are usually or stand for; its file is read, not run."""
    found: dict[str, str] = {}
    for node in ast.parse((FOLDER / f"{heading.module}.py").read_bytes()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("KNOBS", "OPTIONS"):
            found |= {str(name): str(usual) for name, usual in ast.literal_eval(node.value).items()}
    return found


@cache
def _lesson(heading: Heading) -> Lesson:
    module = importlib.import_module(f"dllab.lessons.fifty.{heading.module}")
    question, *answer = _paragraphs(module.__doc__ or "")
    recipes = getattr(module, "RECIPES", None) or ({"": module.RECIPE} if hasattr(module, "RECIPE") else {})
    return Lesson(
        heading.number, heading.slug, question, "\n\n".join(answer), recipes, _said(module, "KNOBS", {}),
        _said(module, "OPTIONS", {}), getattr(module, "PREDICT", None), " ".join(_said(module, "LEFT_OUT", "").split()),
        tuple(_said(module, "NEXT", ())), tuple(_said(module, "BREAKS", ())), module.run,
    )  # fmt: skip


def _said(module: ModuleType, name: str, otherwise: Any) -> Any:
    return getattr(module, name, otherwise)


def _paragraphs(text: str) -> list[str]:
    """Paragraphs with their lines joined; those that are indented (formulas) keep their lines."""
    found = []
    for block in re.split(r"\n\s*\n", text.strip("\n")):
        lines = block.split("\n")
        indented = all(line.startswith("    ") for line in lines)
        found.append("\n".join(line.rstrip() for line in lines) if indented else " ".join(" ".join(lines).split()))
    return found
