"""`dllab compare-optimizers`: which optimizer suits a recipe, with equal starts, equal tuning and an honest verdict."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from dllab.cli.comparing import USUAL_SEEDS, Aim, FirstSeed, Jobs, Judge, Seeds, WatchRace
from dllab.cli.failures import FINE, Refused
from dllab.cli.options import Changes, Json, Quiet, Settings, Trust
from dllab.cli.saving import Save

if TYPE_CHECKING:
    from dllab.lab.comparison import Comparison

MOST_TUNING = 1000
USUAL, USUAL_TUNING = "sgd,momentum,rmsprop,adam", 8


def compare_optimizers(
    recipe: Annotated[
        str | None,
        typer.Argument(
            help="Name of a recipe that comes with the lab, or the path of one; none with --surface.", metavar="RECIPE",
            show_default=False,
        ),
    ] = None,
    changes: Changes = None,
    settings: Settings = None,
    optimizers: Annotated[
        str,
        typer.Option(
            "--optimizers",
            help="Which; a rate given here is not searched for: sgd:lr=0.5,adam.",
            metavar="NAMES",
        ),
    ] = USUAL,
    seeds: Seeds = USUAL_SEEDS,
    seed: FirstSeed = None,
    tune: Annotated[
        int,
        typer.Option(
            "--tune", help="Runs of each optimizer's search for a learning rate; 0: its default.", min=0, max=MOST_TUNING,
            metavar="N",
        ),
    ] = USUAL_TUNING,
    surface: Annotated[
        str | None,
        typer.Option(
            "--surface",
            help="A race on a landscape, not a recipe: bowl, valley, rosenbrock, saddle, beale, himmelblau.",
            metavar="SURFACE",
        ),
    ] = None,
    metric: Judge = None,
    target: Aim = None,
    jobs: Jobs = None,
    watch: WatchRace = None,
    save: Save = None,
    as_json: Json = False,
    quiet: Quiet = False,
    trust: Trust = False,
) -> int:  # fmt: skip
    """Compare optimizers on a recipe, honestly.

    For every seed all begin with the same weights and see the same batches. Each optimizer's learning rate is searched for
    with the same number of runs, judged on rows set aside for that, with a seed that is not compared. The table has the
    mean over seeds with its interval, how soon a target is reached, and how wide the band of good rates is; the verdict
    says "no significant difference" where that is so. At a terminal the race can be watched.

    With --surface they race downhill on a map instead, from one point (with --seed from another one).

    Divergence is counted, not an error. Exit code 2 for an error in the recipe or the options, 130 after Ctrl-C, which
    shows what has ended so far. No run is kept.
    """
    from dllab.cli import comparing, saving

    saving.check(save)
    if surface is not None or recipe is None:
        if surface is not None and recipe is None:
            _refuse_beside_surface(seeds, tune, metric, target, jobs, settings, trust)
        return _surface(surface, recipe, optimizers, seed, watch, save, as_json, quiet)
    aim = comparing.target_of(target)
    from dllab.lab import contenders as lab
    from dllab.lab.compare import Wanted

    given = [*(changes or ()), *(settings or ())]
    found = comparing.unfit(lambda: lab.optimizers(recipe, given, optimizers, trust=trust))
    if not tune:
        found = tuple(lab.settled(contender) for contender in found)
    words = [recipe, *given, *(["--trust"] if trust else [])]
    options = {
        "--optimizers": optimizers if optimizers != USUAL else None, "--seeds": seeds if seeds != USUAL_SEEDS else None,
        "--seed": seed, "--tune": tune if tune != USUAL_TUNING else None, "--metric": metric, "--target": target,
        "--jobs": jobs,
    }  # fmt: skip
    wanted = Wanted(comparing.seeds_from(seed, found, seeds), tune, metric, aim, jobs)
    return comparing.run(
        found, wanted, kind="optimizers", what="optimizers", quiet=quiet, as_json=as_json, trust=trust, watch=watch,
        save=save, title=comparing.line_of("compare-optimizers", words, options),
        commands=lambda result: _next(
            result, words, seed, comparing.next_lines(result, "compare-optimizers", words, options)
        ),
    )  # fmt: skip


def _refuse_beside_surface(seeds: int, tune: int, metric: str | None, target: str | None, jobs: int | None,
                           settings: list[str] | None, trust: bool) -> None:  # fmt: skip
    """A race on a landscape has one start, one search, and no figure but the height."""
    given = {"--seeds": seeds != USUAL_SEEDS, "--tune": tune != USUAL_TUNING, "--metric": metric, "--target": target,
             "--jobs": jobs, "--set": settings, "--trust": trust}  # fmt: skip
    said = [name for name, there in given.items() if there]
    if said:
        raise Refused(f"--surface: no recipe is trained there; leave out {', '.join(said)}",
                      "or name a recipe instead of --surface")  # fmt: skip


def _surface(
    surface: str | None, recipe: str | None, optimizers: str, seed: int | None, watch: float | None, save: str | None,
    as_json: bool, quiet: bool,
) -> int:  # fmt: skip
    """The race on a landscape."""
    from dllab.cli import comparing
    from dllab.cli.surface_race import show_race
    from dllab.lab import contenders as lab
    from dllab.lab.surface_race import TERRAINS
    from dllab.recipe.errors import did_you_mean, show

    if surface is None:
        raise Refused(
            "what are optimizers to be compared on?", "name a recipe, such as spirals, or a landscape: --surface bowl"
        )
    if recipe is not None:
        raise Refused(f"--surface and the recipe {show(recipe)}: one race at a time", "leave one of them out")
    known = next((name for name in TERRAINS if name == surface), None)
    if known is None:
        hint = f"the landscapes are {', '.join(TERRAINS)}.{did_you_mean(surface, list(TERRAINS))}"
        raise Refused(f"--surface: there is no landscape {show(surface)}", hint.removesuffix("."))
    racers = comparing.unfit(lambda: lab.racers(optimizers))
    title = shlex.join(["dllab", "compare-optimizers", "--surface", surface])
    show_race(known, racers, seed=seed or 0, watch=watch, save=save, as_json=as_json, quiet=quiet, title=title)
    return FINE


def _next(result: Comparison, words: list[str], seed: int | None, again: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Train with the best, then what else to compare."""
    from dllab.cli import comparing
    from dllab.recipe.dump import brief

    number = result.order[0]
    best = result.results[number]
    if not best.counted or len(best.contender.recipe.optimizer) > 1:
        return again
    written = brief(best.contender.recipe.optimizer[-1])
    change = f"optimizer={{{written}}}" if ":" in written else f"optimizer={written}"
    better = any(pair.significant and number in (pair.first, pair.second) for pair in result.pairs)
    line = comparing.line_of("train", [*words, change], {"--seed": seed})
    return [(line, f"train with the best{'' if better else ' mean'}"), *again]
