"""What the commands that look inside a net have in common: which net, in which state, which layers and examples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dllab.cli.failures import Refused, say

if TYPE_CHECKING:
    from pathlib import Path

    from dllab.cli.live import Live
    from dllab.data.dataset import Prepared
    from dllab.lab.cross_validate import FoldEvent
    from dllab.lab.subject import Subject
    from dllab.plan.plan import Plan
    from dllab.recipe import Recipe
    from dllab.runs.opened import Opened
    from dllab.training.events import Event


def _split(usual: str) -> Any:
    """The option --split of a command that takes examples from this one by itself."""
    told = f"Take examples from train, validation or test [default: {usual}]."
    return typer.Option("--split", help=told, metavar="NAME")


RecipeOrRun = Annotated[
    str,
    typer.Argument(help="A recipe, which is trained first (no run is kept), or a run, or `last`.", metavar="RECIPE|RUN"),
]
Before = Annotated[bool, typer.Option("--before", help="The net as its weights are drawn, before any training.")]
SplitName = Annotated[str | None, _split("test")]
TrainSplit = Annotated[str | None, _split("train")]
InputIndex = Annotated[
    int | None, typer.Option("--input", help="This example of the split, counted from 0.", min=0, metavar="I")
]
Layer = Annotated[
    str | None,
    typer.Option(
        "--layer", help="This layer alone, by its path as `dllab summary` has it, or those of a kind.", metavar="PATH|KIND"
    ),
]
Fits = Callable[["Plan", "Prepared"], object]


@dataclass(frozen=True)
class Meant:
    """The net that a command line means: a recipe with changes, or a run, and `before`: as its weights are drawn."""

    target: str
    given: tuple[str, ...] = ()
    seed: int | None = None
    run_dir: str | None = None
    trust: bool = False
    before: bool = False

    @classmethod
    def by(
        cls, target: str, changes: Sequence[str] | None, settings: Sequence[str] | None, *, seed: int | None = None,
        run_dir: str | None = None, trust: bool = False, before: bool = False,
    ) -> Meant:  # fmt: skip
        """What the options that these commands share say together."""
        return cls(target, (*(changes or ()), *(settings or ())), seed, run_dir, trust, before)

    @property
    def words(self) -> list[str]:
        """Those of a command line that say which net is meant, for the next one; not its state."""
        return [self.target, *self.given, *spelled(seed=self.seed, trust=self.trust, run_dir=self.run_dir)]


def spelled(**options: object) -> list[str]:
    """Options that are given as one types them: layer="relu", before=True is `--layer relu --before`; None is not given."""
    words: list[str] = []
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        if value is True:
            words.append(flag)
        elif value is not None and value is not False:
            words += [flag, str(value)]
    return words


def subject(
    meant: Meant, view: str, *, fits: Fits, during: bool = False, path: bool | None = False, live: Live | None = None
) -> Subject:
    """The net to look into; trained first where it has to be, drawn by `live` meanwhile. `during`: with a trace of that.

    `path`: with the way of its weights; a run is trained anew for both. None: with that where it is trained anyway.

    The view is checked before anything is trained, and so is all that `fits` raises Unsuited for: whatever a command can
    refuse belongs there. Raises Refused, Unsuited, and what loading a recipe or a run raises.
    """
    from dllab.lab.subject import Subject

    opened = _opened(meant)
    recipe = _recipe(meant) if opened is None else opened.recipe
    _check(view, recipe, fits)
    with following() if live is None else live.showing() as listen:
        if meant.before:
            return Subject.untrained(recipe, seed=meant.seed, on_event=listen, trust=meant.trust, run_dir=meant.run_dir)
        if opened is None or during or path:
            walked = opened is None if path is None else path
            found = Subject.trained(
                recipe, seed=meant.seed, on_event=listen, trust=meant.trust, run_dir=meant.run_dir, watched=during,
                path=walked, on_look=None if live is None else live.look,
            )  # fmt: skip
            if opened is not None:
                found.name = f"{opened.folder.path.name} trained again"
        else:
            found = Subject.of_run(opened)
    if found.ended is not None and found.ended.status == "diverged":
        if during and found.steps == 0:
            raise Refused(f"{meant.target}: training diverged in its first step, so there is nothing to look at over it",
                          "--before shows the net as its weights are drawn")  # fmt: skip
        say(f"training diverged after {found.steps:,} step{'s' * (found.steps != 1)}; this is the net as it was then")
    if not found.same_data:
        say("the data are not what they were when this net was trained")
    return found


def _opened(meant: Meant) -> Opened | None:
    """The run that is meant, None for a recipe. Raises Refused where a run is to be other than it is."""
    if not is_run(meant.target, meant.run_dir):
        return None
    from dllab.runs.opened import Opened

    if meant.given or meant.seed is not None:
        changes = meant.given[0] if meant.given else f"--seed {meant.seed}"
        raise Refused(
            f"{changes}: a run is what it was trained to be", "name its recipe, with the change, to train it anew"
        )
    opened = Opened(meant.target, meant.run_dir, trust=meant.trust)
    for file in opened.edited():
        say(f"{file} is not what it was when this net was trained")
    return opened


def _recipe(meant: Meant) -> Recipe:
    from dllab.recipe import load

    check_known(meant.target, meant.run_dir)
    return load(meant.target, meant.given, trust=meant.trust)


def recipe_source(target: str, run_dir: str | None) -> tuple[str | Path, str | None]:
    """What to load for a recipe, or for that of a run, and the run's name: for views of what was asked for in training."""
    if not is_run(target, run_dir):
        return target, None
    from dllab.runs.find import find_run

    folder = find_run(target, run_dir)
    return folder / "recipe.yaml", folder.name


def check_known(target: str, run_dir: str | None) -> None:
    """Refuse what is the name neither of a recipe nor of a run, and tell of both."""
    import os

    from dllab.recipe import RecipeError
    from dllab.recipe.errors import did_you_mean, show
    from dllab.recipe.find import ENDINGS, LISTING, locate, shipped
    from dllab.runs.find import runs_in
    from dllab.runs.store import root_of

    try:
        path, _ = locate(target)
        if path.suffix in ENDINGS or os.path.exists(path):
            return
    except (RecipeError, ValueError):  # a name that no file can have
        pass
    root = root_of(run_dir)
    runs = [run.name for run in runs_in(root)]
    some = f"the newest runs in {root} are {', '.join(runs[:SHOWN])}" if runs else f"there is no run in {root} yet"
    meant = did_you_mean(target, [*shipped(), *runs])
    raise Refused(f"neither a recipe nor a run is called {show(target)}.{meant}".removesuffix("."), f"{LISTING}; {some}")


SHOWN = 5
"""Runs that a refusal names."""


def is_run(target: str, run_dir: str | None) -> bool:
    """Whether a run is meant: `last`, or what is no recipe of the lab and is one."""
    from dllab.recipe import shipped
    from dllab.runs.disk import StoreError
    from dllab.runs.find import LAST, find_run

    if target == LAST:
        return True
    if target in shipped():
        return False
    try:
        find_run(target, run_dir)
    except StoreError:
        return False
    return True


def _check(view: str, recipe: Recipe, fits: Fits) -> None:
    """Refuse a view that makes no sense for a recipe's net, or a layer or an example that there is not."""
    from dllab.engine.prepare import data_of, plan_of
    from dllab.engine.question import question_of
    from dllab.lab.suits import check

    data = data_of(recipe)
    plan = plan_of(recipe, question_of(recipe, data))
    check(view, plan, data)
    fits(plan, data)


@contextmanager
def following(title: str = "training") -> Iterator[Callable[[Event | FoldEvent], None]]:
    """A bar for what training tells, that of folds among it."""
    from dllab.cli.console import progress
    from dllab.lab.cross_validate import FoldsProgress
    from dllab.training.events import Compiling, FirstTraining, Progress

    with progress(title) as advance:

        def listen(event: Event | FoldEvent) -> None:
            if isinstance(event, Compiling):
                advance(event.done, event.total, f"compiling {event.kernel}")
            elif isinstance(event, FirstTraining):
                advance(event.step, event.steps, f"first {event.recipe}")
            elif isinstance(event, Progress):
                advance(event.step, event.steps, f"loss {event.loss:.4g}")
            elif isinstance(event, FoldsProgress):
                advance(event.work, event.of, "folds")

        yield listen
