"""`dllab train`: trains a recipe, shows how it goes, keeps the run."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from dllab.cli.commands import known
from dllab.cli.folds import refuse_options, train_folds
from dllab.cli.follow import Watch, follow, trusted
from dllab.cli.options import Changes, Json, Quiet, RecipeName, RunDir, SeedOption, Settings, Trust

if TYPE_CHECKING:
    from dllab.lab.fold_results import CrossValidation
    from dllab.runs.result import Result

MOST_JOBS = 1024
ENDED = ("finished", "stopped")
WORD_VECTORS = {"skip_gram", "cbow", "glove"}

NEXT = (("summary", "layers, shapes, parameters"), ("gradcheck", "proof that its gradients are right"))


def train(
    recipe: RecipeName,
    changes: Changes = None,
    settings: Settings = None,
    as_json: Json = False,
    quiet: Quiet = False,
    seed: SeedOption = None,
    run_dir: RunDir = None,
    save: Annotated[bool, typer.Option("--save/--no-save", help="Keep the run's folder.")] = True,
    watch: Watch = None,
    trust: Trust = False,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            "-j",
            help="Folds trained at a time; changes no figure [default: one a processor].",
            min=1,
            max=MOST_JOBS,
            metavar="N",
        ),
    ] = None,
) -> int:
    """Train a recipe and watch it learn.

    At a terminal a live picture shows curves, progress, and for points of a plane the boundary as it bends; elsewhere
    there is a line an evaluation. A run too short to be watched is slowed down there, which changes nothing it computes
    (--watch). The run's folder keeps the resolved recipe, metrics, weights, and what it takes to go on. Ctrl-C stops,
    with nothing lost: `dllab resume` goes on.

    A recipe with folds (train.folds=5) is trained once for each; the result is the mean of their test figures, with its
    spread. No weights are kept.

    Exit code 1 if training diverged, 2 for an error in the recipe or the options, 130 after Ctrl-C.
    """
    from dllab.recipe import load
    from dllab.runs import train as runs

    given = [*(changes or ()), *(settings or ())]
    words = [recipe, *given, *(["--trust"] if trust else [])]
    loaded = load(recipe, given, trust=trust)
    folds = loaded.train.folds is not None
    refuse_options(folds, jobs, watch)
    if folds:
        return train_folds(
            loaded, seed=seed, jobs=jobs, run_dir=run_dir, save=save, as_json=as_json, quiet=quiet,
            commands=_next(None, words, False), advice=lambda result: _advice(result, words),
            changes=given, trust=trust,
        )  # fmt: skip
    return follow(
        lambda listener: runs.train_loaded(loaded, given, seed=seed, run_dir=run_dir, save=save, on_event=listener,
                                           trust=trust),
        loaded.name, quiet=quiet, as_json=as_json, watch=watch,
        next_steps=lambda result, slowed, ahead: _next(result, words, slowed, ahead),
        advice=lambda result: _advice(result, words),
    )  # fmt: skip


def _next(result: Result | None, words: list[str], slowed: bool, ahead: bool = False) -> list[tuple[str, str]]:
    """Commands that go on from here, of those there are; a net that looks `ahead` can only be shown."""
    commands = []
    if result is not None and result.status == "interrupted" and result.folder is not None and result.steps:
        line = shlex.join(["dllab", "resume", str(result.folder), *trusted(result)])
        commands.append((line, "go on where it stopped"))
    if result is not None and result.folder is not None and result.status in ENDED and not ahead:
        commands += _asking(result)
    commands += [(shlex.join(["dllab", name, *words]), what) for name, what in NEXT if name in known()]
    if slowed:
        commands.append((shlex.join(["dllab", "train", *words, "--watch", "0"]), "the same, not slowed for watching"))
    return commands


def _asking(result: Result) -> list[tuple[str, str]]:
    """Commands that ask a net of texts or series what it has learnt."""
    from dllab.data.time_series import TimeSeries
    from dllab.runs.data_file import Learnt
    from dllab.runs.disk import StoreError
    from dllab.runs.find import LAST
    from dllab.runs.store import RunFolder, root_of

    assert result.folder is not None
    try:
        learnt = Learnt.from_document(RunFolder(result.folder).read_data())
    except StoreError:  # somebody has moved the run away meanwhile
        return []
    run = LAST if result.folder.parent == root_of() else str(result.folder)
    found: tuple[list[str], str] | None = None
    if learnt.foretells:
        found = ["generate", run, *(["--count", "10"] if learnt.ends else [])], "what it writes"
    elif {entry.part.name for entry in result.recipe.model} & WORD_VECTORS:
        found = ["neighbours", run, "WORD"], "words it takes for alike"
    elif learnt.vocabulary:
        found = ["predict", run, "FILE"], "what it says of texts"
    elif isinstance(result.recipe.data, TimeSeries):
        found = ["predict", run, "FILE"], "what comes behind the end of a series"
    return [] if found is None else [(shlex.join(["dllab", *found[0], *trusted(result)]), found[1])]


def _advice(result: Result | CrossValidation, words: list[str]) -> list[str]:
    """Command lines that may train where this one diverged."""
    recipe = result.recipe
    rate = getattr(recipe.optimizer[-1], "lr", None)
    others = [word for word in words if not word.startswith("optimizer.lr=")]
    advice = [] if rate is None else [shlex.join(["dllab", "train", *others, f"optimizer.lr={rate / 10:g}"])]
    if recipe.train.clip_norm is None:
        advice.append(shlex.join(["dllab", "train", *words, "train.clip_norm=1"]))
    return advice
