"""`dllab lesson`: one lesson, or all of them; with changes, beside the lesson as it is."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from dllab.cli.failures import FINE, Refused
from dllab.cli.options import LARGEST_SEED, Json, Quiet
from dllab.cli.saving import Save

if TYPE_CHECKING:
    from rich.console import RenderableType

    from dllab.lessons.claim import Prediction
    from dllab.lessons.lesson import Lesson
    from dllab.lessons.report import Report

FAILED = 1
ALL = "all"
GO_ON = "  (press a key to go on) "


def lesson(
    which: Annotated[str, typer.Argument(help="Number or name of a lesson, or `all`.", metavar="LESSON")],
    changes: Annotated[
        list[str] | None,
        typer.Argument(
            help="Changes to see beside it: depth=30, or any key of its recipe; with --show-recipe also the name of one.",
            metavar="KEY=VALUE",
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", help="Seed of all that is random.", min=0, max=LARGEST_SEED // 1001, metavar="N")
    ] = 0,
    predict: Annotated[
        float | None,
        typer.Option(
            "--predict", help="Your prediction, in place of the question for it.", min=-1e300, max=1e300, metavar="NUMBER"
        ),
    ] = None,
    no_input: Annotated[bool, typer.Option("--no-input", help="Ask for no prediction.")] = False,
    pause: Annotated[bool, typer.Option("--pause", help="Wait for a key between the parts of the lesson.")] = False,
    show_recipe: Annotated[
        bool, typer.Option("--show-recipe", help="Print its recipe and end; `> my.yaml` keeps it.")
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="With changes: as many nets as the lesson has, not one.")
    ] = False,
    save: Save = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:  # fmt: skip
    """Run a lesson: a question, a prediction, an experiment, and claims with the numbers that were measured.

    With KEY=VALUE the lesson runs as it is and with the change, side by side. Exit code 1 where a claim fails, 2 for what
    cannot be changed.
    """
    from dllab.cli import saving
    from dllab.lessons.lesson import NoLesson, find

    given = list(changes or ())
    try:
        _check_together(which, given, predict, show_recipe, save)
        found = None if which == ALL else find(which)
        saving.check(save)
        if found is None:
            return _all(seed, save, json, quiet)
        if show_recipe:
            _show_recipe(found, given, seed, json)
            return FINE
        return (
            _changed(found, given, seed, full, pause, save, json, quiet)
            if given
            else _one(found, seed, predict, not (no_input or json), pause, save, json, quiet)
        )
    except NoLesson as error:
        raise Refused(error.problem, error.hint) from None


def _check_together(which: str, given: list[str], predict: float | None, show_recipe: bool, save: str | None) -> None:
    """Raises NoLesson for words that do not go together."""
    from dllab.lessons.lesson import NoLesson

    if which == ALL and (given or show_recipe or predict is not None):
        raise NoLesson("all lessons run as they are", "name one lesson to change it: dllab lesson 16 depth=30")
    if which == ALL and save is not None and save.lower().endswith(".png"):
        raise NoLesson("fifty lessons are too much for one .png", "save them as .html, .svg or .txt")
    if show_recipe and save is not None:
        raise NoLesson("--save keeps pictures, no recipe", f"this keeps it: dllab lesson {which} --show-recipe > my.yaml")
    if given and not show_recipe and predict is not None:
        raise NoLesson("a prediction is made for the lesson as it is", "leave out --predict, or the changes")


def _show_recipe(found: Lesson, given: list[str], seed: int, as_json: bool) -> None:
    """Print a recipe, with the changes. Raises NoLesson."""
    from dllab.lessons.lab import Lab
    from dllab.lessons.lesson import NoLesson

    names = [word for word in given if "=" not in word]
    lab = Lab(found, seed=seed, changes=[word for word in given if "=" in word])
    name = names[0] if names else next(iter(found.recipes))
    if name not in found.recipes or len(names) > 1:
        known = ", ".join(name for name in found.recipes if name)
        raise NoLesson(f"lesson {found.number} has no recipe {' '.join(names)}",
                       f"its recipes are {known}" if known else "it has one, that needs no name")  # fmt: skip
    others = [other for other in found.recipes if other != name]
    text = lab.text(name)
    if as_json:
        from dllab.cli.console import output

        output().document({"number": found.number, "slug": found.slug, "name": name, "others": others, "yaml": text})
        return
    if others:
        text = f"# also: {', '.join(f'dllab lesson {found.number} {other} --show-recipe' for other in others)}\n{text}"
    sys.stdout.write(text if text.endswith("\n") else text + "\n")


def _one(found: Lesson, seed: int, said: float | None, ask: bool, pause: bool, save: str | None, as_json: bool,
         quiet: bool) -> int:  # fmt: skip
    """A lesson from beginning to end."""
    from dllab.cli import saving
    from dllab.cli.console import output
    from dllab.views import lesson as views

    talks = not as_json and not quiet
    if talks:
        output().show(views.question(found))
        if found.predict is not None:
            _wait(pause)
            output().show(views.asked(found.predict))
            said = _ask(found.predict) if said is None and ask else said
            output().show("")
    report = _run(found, seed, quiet)
    if as_json:
        output().document(views.document(seed, [report]))
    elif quiet:
        output().sentence(views.line(report))
    else:
        _show(views.experiment(report, said), pause)
        if found.predict is not None and (told := views.predicted(found.predict, said, report)) is not None:
            _show([told], pause)
        _show([views.claims(report)], pause)
        output().show(views.left_out(found))
    saving.save(views.whole(report, said), save, f"dllab lesson {found.number}")
    return FINE if report.holds else FAILED


def _changed(found: Lesson, given: list[str], seed: int, full: bool, pause: bool, save: str | None, as_json: bool,
             quiet: bool) -> int:  # fmt: skip
    """The lesson with changes beside the lesson."""
    from dllab.cli import saving
    from dllab.cli.console import output, progress
    from dllab.lessons.report import beside
    from dllab.views import lesson as views

    with progress(found.slug) as advance:
        before, now = beside(found, given, seed=seed, few=not full, tell=advance)
    if as_json:
        output().document(views.document(seed, [now]))
    elif quiet:
        output().sentence(views.line(now))
    else:
        _show([views.changed(before, now)], pause)
    saving.save(views.changed(before, now), save, f"dllab lesson {found.number} {' '.join(given)}")
    return FINE if now.holds else FAILED


def _all(seed: int, save: str | None, as_json: bool, quiet: bool) -> int:
    """Every lesson, a line each; a file has all of them whole."""
    from dllab.cli import saving
    from dllab.cli.console import output
    from dllab.lessons.lesson import find, headings
    from dllab.views import lesson as views

    reports: list[Report] = []
    for heading in headings():
        reports.append(_run(find(heading.slug), seed, quiet))
        if not as_json:
            output().sentence(views.line(reports[-1]))
    if as_json:
        output().document(views.document(seed, reports))
    else:
        seconds, failed = sum(report.seconds for report in reports), sum(not report.holds for report in reports)
        output().sentence(f"{len(reports)} lessons in {seconds:.0f} s, {failed or 'none'} with a claim that fails")
    saving.save(views.handout(reports), save, "dllab lesson all")
    return FINE if all(report.holds for report in reports) else FAILED


def _run(found: Lesson, seed: int, quiet: bool) -> Report:
    from dllab.cli.console import progress
    from dllab.lessons.report import run

    if quiet:
        return run(found, seed=seed)
    with progress(f"{found.number} {found.slug}") as advance:
        return run(found, seed=seed, tell=advance)


def _show(blocks: Iterable[RenderableType], pause: bool) -> None:
    from dllab.cli.console import output

    for block in blocks:
        if pause:
            _pages(block)
        else:
            output().show(block)
        _wait(pause)


def _pages(block: RenderableType) -> None:
    """A part that is higher than the screen, a screen at a time: what scrolls away in front of a class is not read."""
    from rich.segment import Segment, Segments

    from dllab.cli.console import output

    console = output()
    lines = console.render_lines(block, pad=False)
    room = max(console.height - 2, 8)
    for first in range(0, len(lines), room):
        if first:
            _wait(True)
        some = [segment for line in lines[first : first + room] for segment in (*line, Segment.line())]
        console.print(Segments(some), end="", crop=False, no_wrap=True, overflow="ignore")


def _ask(predict: Prediction) -> float | None:
    """A number typed at a terminal; None where there is none, or nothing is typed."""
    from dllab.cli.console import messages

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None
    while True:
        unit = f", in {predict.unit}" if predict.unit else ""
        messages().print(f"your prediction{unit}, or Enter to go on without one: ", end="")
        try:
            typed = input().strip().replace(",", "")
        except EOFError:
            return None
        if not typed:
            return None
        try:
            said = float(typed)
        except ValueError:
            messages().sentence("that is no number; such as 0.5 or 1e-6")
            continue
        if math.isfinite(said) and predict.least <= said <= predict.most:
            return said
        messages().sentence(f"a number from {predict.least:g} to {predict.most:g}")


def _wait(pause: bool) -> None:
    """Wait for a key at a terminal."""
    if not pause or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return
    from dllab.cli.console import messages

    messages().print(GO_ON, end="")
    _key()
    messages().file.write(f"\r{'':{len(GO_ON)}}\r")
    messages().file.flush()


def _key() -> None:
    """One key, at once where the terminal can do that."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.getwch()
        return
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin, termios.TCSANOW)  # Ctrl-C stays what it is; a key pressed just before counts
        sys.stdin.read(1)
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
