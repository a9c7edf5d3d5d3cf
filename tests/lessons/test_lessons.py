"""Every lesson: its file says what it must, its claims hold, and one fails where the cause is taken away."""

from __future__ import annotations

import contextlib
import re
import shlex
from statistics import median

import pytest
from marks import compiled_only
from rich.console import Console

from dllab.cli.main import run as command_line
from dllab.lessons.knobs import usual
from dllab.lessons.lab import Lab
from dllab.lessons.lesson import Lesson, find, headings, knobs_in
from dllab.lessons.pictures import Table, Trace
from dllab.lessons.report import run
from dllab.recipe import RecipeError, parse
from dllab.views import lesson as views
from dllab.views.lesson_pictures import line_of

SLUGS = [heading.slug for heading in headings()]
BREAKS = [(slug, change, claim) for slug in SLUGS for change, claim in find(slug).breaks]


@pytest.fixture(params=SLUGS)
def lesson(request: pytest.FixtureRequest) -> Lesson:
    return find(request.param)


def test_numbers_run_from_one_and_names_are_told_apart() -> None:
    numbers = [heading.number for heading in headings()]
    assert numbers == sorted(set(numbers)) and len(set(SLUGS)) == len(SLUGS)
    assert all(heading.question.endswith("?") and len(heading.question) <= 78 for heading in headings())


def test_what_a_file_says(lesson: Lesson) -> None:
    """A short answer, a prediction, a caveat, commands to go on with, and what takes the cause away."""
    lines = [line for paragraph in lesson.answer.split("\n\n") for line in paragraph.split("\n")]
    shown = sum(-(-len(line) // 78) for line in lines)
    assert 3 <= shown <= 9, f"{shown} lines"
    assert lesson.recipes and lesson.predict is not None and lesson.left_out and lesson.breaks
    assert 2 <= len(views.steps(lesson)) <= 4


def test_recipes_can_be_used_as_they_are(lesson: Lesson) -> None:
    for name in lesson.recipes:
        text = Lab(lesson).text(name)
        assert parse(text, label="r.yaml") is not None


def test_what_the_shell_completes_is_what_can_be_changed(lesson: Lesson) -> None:
    """The names are read from the file, which is not run for that: they must stand there as they are."""
    (heading,) = [one for one in headings() if one.slug == lesson.slug]
    assert knobs_in(heading) == {**lesson.knobs, **{name: str(usual) for name, usual in lesson.options.items()}}


def test_commands_to_try_next_exist(lesson: Lesson) -> None:
    """Lines run as they are printed: here that they can be understood, in the slow tier that they run."""
    for command, _ in views.steps(lesson):
        words = shlex.split(command)
        assert words[0] == "dllab"
        if words[1] == "lesson":
            Lab(find(words[2]), changes=[word for word in words[3:] if not word.startswith("-")])


def shows_all(lesson: Lesson, few: bool, width: int = 80) -> str:
    report = run(lesson, few=few)
    console = Console(width=width, color_system=None, force_terminal=False, legacy_windows=False)
    with console.capture() as captured:
        console.print(views.whole(report, 1.0))
    kinds = [type(picture) for picture, _ in report.blocks]
    assert Table in kinds and any(kind not in (Table, Trace, type(None)) for kind in kinds), "a table and a picture"
    assert Trace in kinds, "one quantity, four ways"
    assert all(says for picture, says in report.blocks if picture is not None and not isinstance(picture, Table | Trace))
    assert report.truth is not None and len({claim.id for claim in report.claims}) == len(report.claims)
    for picture, _ in report.blocks:
        if isinstance(picture, Trace):
            assert line_of(*picture.code) > 0
    return captured.get()


@pytest.mark.slow
@compiled_only
def test_it_fits_eighty_columns(lesson: Lesson) -> None:
    assert max(map(len, shows_all(lesson, few=True).splitlines())) <= 80


@pytest.mark.slow
@compiled_only
def test_claims_hold(lesson: Lesson) -> None:
    report = run(lesson)
    assert report.holds, [claim for claim in report.claims if claim.holds is False]
    assert report.claims and any(claim.holds for claim in report.claims)


@pytest.mark.slow
@compiled_only
@pytest.mark.parametrize(("slug", "change", "claim"), BREAKS)
def test_without_the_cause_a_claim_fails(slug: str, change: str, claim: str) -> None:
    report = run(find(slug), changes=shlex.split(change))
    assert {one.id: one.holds for one in report.claims}[claim] is False


def test_what_a_knob_is_said_to_be_it_is(lesson: Lesson) -> None:
    """Typed as a change it changes nothing, in every recipe that takes it."""
    said = {name: value for name, value in usual(lesson).items() if value and name in lesson.knobs}
    for name, value in said.items():
        taken = 0
        for text in lesson.recipes.values():
            with contextlib.suppress(RecipeError):
                assert parse(text, [f"{lesson.knobs[name]}={value}"]).resolved() == parse(text).resolved(), name
                taken += 1
        assert taken, f"no recipe takes {name}={value}"


def test_most_knobs_are_said_to_be_something() -> None:
    values = [value for slug in SLUGS for value in usual(find(slug)).values()]
    assert sum(map(bool, values)) > 0.8 * len(values)


@pytest.mark.slow
@compiled_only
def test_commands_to_try_next_run(lesson: Lesson, capfd: pytest.CaptureFixture[str]) -> None:
    for command, _ in views.steps(lesson):
        words = shlex.split(command)[1:]
        if words[0] != "lesson" or any("=" in word for word in words):
            code = command_line(words)
            assert code in ((0, 1) if words[0] == "lesson" else (0,)), capfd.readouterr().err


@pytest.mark.slow
@compiled_only
def test_claims_hold_with_forty_seeds(lesson: Lesson, capsys: pytest.CaptureFixture[str]) -> None:
    """The share of seeds that hold, and of each claim how far the worst one is from its bound."""
    reports = [run(lesson, seed=seed) for seed in range(1, 41)]
    lines = [f"{lesson.number} {lesson.slug}: {sum(report.holds for report in reports)} of {len(reports)} seeds hold"]
    for place, claim in enumerate(reports[0].claims):
        values = [report.claims[place].value for report in reports]
        known = sorted(value for value in values if value is not None)
        if claim.op is not None and known:
            low, middle, high = known[0], median(known), known[-1]
            lines.append(f"  {claim.id}: {low:.4g} .. {middle:.4g} .. {high:.4g} {claim.op} {claim.bound:g}")
    with capsys.disabled():
        print("\n" + "\n".join(lines))
    assert all(report.holds for report in reports), lines


def test_every_number_in_a_name_is_that_of_the_file() -> None:
    assert all(re.fullmatch(rf"n{heading.number:02}_\w+", heading.module) for heading in headings())
