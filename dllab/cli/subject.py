"""What the commands that look inside a net have in common: which net, and in which state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from dllab.cli.failures import Refused, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dllab.cli.live import Live
    from dllab.data.dataset import Prepared
    from dllab.lab.subject import Subject
    from dllab.plan.plan import Plan
    from dllab.recipe import Recipe
    from dllab.training.events import Event

RecipeOrRun = Annotated[
    str,
    typer.Argument(help="A recipe, which is trained first (no run is kept), or a run, or `last`.", metavar="RECIPE|RUN"),
]
Before = Annotated[bool, typer.Option("--before", help="The net as its weights are drawn, before any training.")]
SplitName = Annotated[
    str | None,
    typer.Option("--split", help="Take examples from train, validation or test [default: test].", metavar="NAME"),
]


def subject(
    target: str, given: Sequence[str] = (), *, view: str, seed: int | None = None, run_dir: str | None = None,
    trust: bool = False, before: bool = False, during: bool = False, path: bool | None = False,
    fits: Callable[[Plan], object] | None = None, has: Callable[[Prepared], object] | None = None,
    live: Live | None = None,
) -> Subject:  # fmt: skip
    """The net to look into; trained first where it has to be, drawn by `live` meanwhile. `during`: with a trace of that.

    `path`: with the way of its weights; a run is trained anew for both. None: with that where it is trained anyway.

    `view` is checked before anything is trained, and so is what `fits` and `has` raise Unsuited for. Raises Refused,
    and what loading a recipe or a run raises.
    """
    from dllab.lab.subject import Subject

    opened = None
    if is_run(target, run_dir):
        from dllab.runs.opened import Opened

        if given or seed is not None:
            changes = given[0] if given else f"--seed {seed}"
            raise Refused(
                f"{changes}: a run is what it was trained to be", "name its recipe, with the change, to train it anew"
            )
        opened = Opened(target, run_dir, trust=trust)
        for file in opened.edited():
            say(f"{file} is not what it was when this net was trained")
        recipe = opened.recipe
    else:
        from dllab.recipe import load

        recipe = load(target, given, trust=trust)
    _check(view, recipe, fits, has)
    with following() if live is None else live.showing() as listen:
        if before:
            return Subject.untrained(recipe, seed=seed, on_event=listen, trust=trust)
        if opened is None or during or path:
            walked = opened is None if path is None else path
            found = Subject.trained(recipe, seed=seed, on_event=listen, trust=trust, watched=during, path=walked,
                                    on_look=None if live is None else live.look)  # fmt: skip
            if opened is not None:
                found.name = f"{opened.folder.path.name} trained again"
        else:
            found = Subject.of_run(opened)
    if found.ended is not None and found.ended.status == "diverged":
        if during and found.steps == 0:
            raise Refused(f"{target}: training diverged in its first step, so there is nothing to look at over it",
                          "--before shows the net as its weights are drawn")  # fmt: skip
        say(f"training diverged after {found.steps:,} step{'s' * (found.steps != 1)}; this is the net as it was then")
    if not found.same_data:
        say("the data are not what they were when this net was trained")
    return found


def named(target: str, given: Sequence[str], *, seed: int | None, trust: bool, run_dir: str | None) -> list[str]:
    """The words of a command line that say which net is meant, for the next one."""
    seeded = ["--seed", str(seed)] if seed is not None else []
    elsewhere = ["--run-dir", run_dir] if run_dir is not None else []
    return [target, *given, *seeded, *(["--trust"] if trust else []), *elsewhere]


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


def _check(
    view: str, recipe: Recipe, fits: Callable[[Plan], object] | None, has: Callable[[Prepared], object] | None
) -> None:
    """Refuse a view that makes no sense for a recipe's net, or a layer or an example that there is not."""
    from dllab.engine.prepare import plan_of, prepared
    from dllab.engine.question import question_of
    from dllab.lab.suits import Unsuited, check
    from dllab.recipe import Problem, RecipeError

    data = prepared(recipe)
    if data is None:
        hint = "give it data:, or use `dllab summary` and `dllab gradcheck`, which need none"
        raise RecipeError([Problem("this recipe has no data to look at", recipe.place("input"), hint)])
    try:
        plan = plan_of(recipe, question_of(recipe, data))
        check(view, plan, data)
        if fits is not None:
            fits(plan)
        if has is not None:
            has(data)
    except Unsuited as error:
        raise Refused(error.problem, error.hint) from None


@contextmanager
def following() -> Iterator[Callable[[Event], None]]:
    """A bar for what training tells."""
    from dllab.cli.console import progress
    from dllab.training.events import Compiling, FirstTraining, Progress

    with progress("training") as advance:

        def listen(event: Event) -> None:
            if isinstance(event, Compiling):
                advance(event.done, event.total, f"compiling {event.kernel}")
            elif isinstance(event, FirstTraining):
                advance(event.step, event.steps, f"first {event.recipe}")
            elif isinstance(event, Progress):
                advance(event.step, event.steps, f"loss {event.loss:.4g}")

        yield listen
