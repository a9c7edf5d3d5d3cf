"""`dllab sweep`: trains a recipe with every combination of some values, or with so many drawn at random."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from dllab.cli.failures import FINE, INTERRUPTED, NEGATIVE, Refused, say
from dllab.cli.options import LARGEST_SEED, Quiet, RunDir, Trust
from dllab.cli.saving import Save

if TYPE_CHECKING:
    from dllab.lab.cluster import Cluster
    from dllab.lab.sweep_plan import SweepPlan
    from dllab.lab.sweep_run import SweepRun
    from dllab.lab.sweep_summary import NoMeasure, SweepSummary

MOST_JOBS, MOST_TOP = 1024, 1000


def sweep(
    recipe: Annotated[
        str | None,
        typer.Argument(help="Name of a recipe that comes with the lab, or the path of one.", metavar="RECIPE"),
    ] = None,
    values: Annotated[
        list[str] | None,
        typer.Argument(
            help="Values of a key: optimizer.lr=0.1,0.01, train.epochs=range(5,21,5), train.l2=linear(0,0.1,5), "
            "optimizer.lr=log(0.001,1,7).",
            metavar="KEY=VALUES",
        ),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option("--sample", help="Train so many settings drawn at random.", min=1, max=10_000_000, metavar="N"),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            "--seeds", help="Train every setting with so many seeds [default: 1].", min=1, max=10_000_000, metavar="N"
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", help="The first seed, instead of the recipe's.", min=0, max=LARGEST_SEED, metavar="FIRST"),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            "-j",
            help="Members trained at a time; changes no figure [default: one a processor].",
            min=1,
            max=MOST_JOBS,
            metavar="N",
        ),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            "--metric",
            help="The figure to rank by, such as validation_accuracy [default: the recipe's first, "
            "on validation rows if there are any].",
            metavar="SPLIT_METRIC",
        ),
    ] = None,
    search: Annotated[
        str | None,
        typer.Option("--search", help="Find settings by what earlier ones came to: `tpe`, with --sample.", metavar="KIND"),
    ] = None,
    no_prune: Annotated[
        bool, typer.Option("--no-prune", help="In a search, train members to the end that fall behind.")
    ] = False,
    cluster: Annotated[
        str | None,
        typer.Option("--cluster", help="Train on the workers of the Dask scheduler there.", metavar="ADDRESS"),
    ] = None,
    top: Annotated[int, typer.Option("--top", help="Settings to list.", min=1, max=MOST_TOP, metavar="N")] = 5,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and train nothing.")] = False,
    resume: Annotated[
        str | None,
        typer.Option("--resume", help="Go on with a sweep: its folder, its name, or `last`.", metavar="SWEEP"),
    ] = None,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Stop at the first member that fails.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON document a line on stdout: members, then a summary.")
    ] = False,
    quiet: Quiet = False,
    run_dir: RunDir = None,
    no_save: Annotated[bool, typer.Option("--no-save", help="Keep no folder of the sweep.")] = False,
    save: Save = None,
    trust: Trust = False,
) -> int:
    """Train a recipe with every combination of some values, thousands of nets in one go.

    Each KEY=VALUES lists values, or gives a range of them; with --sample settings are drawn from all combinations, and
    ranges need no count: optimizer.lr=log(0.001,1). A member is one setting with one seed, and comes to the figures that
    `dllab train` has for it, whatever the number of jobs and the order. Every value is tried before anything is trained.

    One member that fails never stops the others. What has ended is kept as it goes in the sweep's folder, figures and no
    weights: after Ctrl-C or a crash --resume trains what is missing or failed.

    --search tpe draws settings where earlier ones were good, and gives up members that fall behind. --cluster trains on
    other machines, to the same figures.

    Exit code 1 if members failed, 2 for an error in the recipe or the values, 130 after Ctrl-C. Divergence is a result.
    """
    from dllab.cli import saving

    saving.check(save)
    if resume is not None:
        _refuse_beside_resume(recipe, values, sample, seeds, seed, search, dry_run, no_save, no_prune)
    elif recipe is None:
        raise Refused("which recipe?", "such as: dllab sweep xor optimizer.lr=0.1,0.01 --seeds 5")
    from dllab.cli.sweep_extras import check_search, connected

    check_search(search, sample, no_prune)
    with connected(cluster, jobs) as workers:
        from dllab.lab.grid import NoGrid
        from dllab.lab.sweep_run import SweepRun
        from dllab.lab.sweep_summary import NoMeasure

        try:
            if resume is not None:
                run = SweepRun.resumed(resume, jobs=jobs, metric=metric, trust=trust, run_dir=run_dir, with_lines=as_json,
                                       cluster=workers)  # fmt: skip
            else:
                assert recipe is not None
                plan = _planned(recipe, values or [], seeds or 1, seed, sample, trust, search, not no_prune)
                run = SweepRun(plan, jobs=jobs, metric=metric, run_dir=run_dir, save=not no_save, cluster=workers)
        except NoMeasure as error:
            raise _no_measure(metric, error) from None
        except NoGrid as error:
            raise Refused(error.problem, error.hint) from None
        if dry_run:
            return _show_plan(run, as_json, metric, cluster)
        _follow(run, workers, as_json, quiet, fail_fast)
        return _end(run.summary(top), as_json, quiet, save, run.status)


def _follow(run: SweepRun, workers: Cluster | None, as_json: bool, quiet: bool, fail_fast: bool) -> None:
    """Train it, with what may change its bits told before and after."""
    from dllab.cli.sweep_extras import tell_differences
    from dllab.cli.sweep_progress import show_progress

    for note in run.notes if not quiet else ():
        say(f"its bits may differ from those of a sweep in one go: {note}")
    told: set[str] = set()
    tell_differences(workers, told)
    with show_progress(run, as_json=as_json, quiet=quiet) as listener:
        run.follow(listener, fail_fast=fail_fast)
    tell_differences(workers, told)


def _refuse_beside_resume(recipe: str | None, values: list[str] | None, sample: int | None, seeds: int | None,
                          seed: int | None, search: str | None, dry_run: bool, no_save: bool,
                          no_prune: bool) -> None:  # fmt: skip
    given = {"RECIPE": recipe, "KEY=VALUES": values, "--sample": sample, "--seeds": seeds, "--seed": seed,
             "--search": search}  # fmt: skip
    said = [name for name, value in given.items() if value not in (None, [])]
    said += [name for name, value in (("--dry-run", dry_run), ("--no-save", no_save), ("--no-prune", no_prune)) if value]
    if said:
        raise Refused(f"--resume goes on with a sweep as it was begun; leave out {', '.join(said)}",
                      "such as: dllab sweep --resume last")  # fmt: skip


def _planned(recipe: str, values: list[str], seeds: int, seed: int | None, sample: int | None, trust: bool,
             search: str | None, prune: bool) -> SweepPlan:  # fmt: skip
    from dllab.lab.sweep_plan import plan_of

    return plan_of(recipe, values, seeds=seeds, first=seed, sample=sample, trust=trust, search=search, prune=prune)


def _no_measure(metric: str | None, error: NoMeasure) -> Refused:
    from dllab.recipe.errors import one_of, show

    return Refused(f"--metric {show(metric)}: members have no such figure", one_of(error.known, metric or ""))


def _show_plan(run: SweepRun, as_json: bool, metric: str | None, cluster: str | None) -> int:
    from dllab.cli.console import output
    from dllab.views import sweep as views

    plan = run.plan
    if as_json:
        output().document(views.plan_document(plan, run.tally.measure))
        return FINE
    grid = plan.grid
    words = ["dllab", "sweep", plan.reference, *plan.values]
    words += ["--sample", str(grid.sample)] if grid.sample is not None else []
    words += ["--search", plan.search] if plan.search is not None else []
    words += ["--no-prune"] if not plan.prune else []
    words += ["--seeds", str(len(grid.seeds))] if len(grid.seeds) > 1 else []
    words += _seed(plan)
    words += ["--metric", metric] if metric is not None else []
    words += ["--cluster", cluster] if cluster is not None else []
    words += ["--trust"] if plan.trust else []
    output().show(views.PlanView(plan, run.tally.measure, run.jobs, shlex.join(words)))
    return FINE


def _seed(plan: SweepPlan) -> list[str]:
    """The option that says the first seed, where it is not the recipe's."""
    first = plan.grid.seeds[0]
    return ["--seed", str(first)] if first != plan.recipe.train.seed else []


def _end(found: SweepSummary, as_json: bool, quiet: bool, save: str | None, status: str) -> int:
    """Show what it came to; returns the exit code."""
    from dllab.cli import saving
    from dllab.cli.console import output
    from dllab.cli.interrupt import interrupts
    from dllab.views import sweep as views

    interrupts.release()
    view = views.SweepView(found, [] if quiet else _next(found))
    if as_json:
        output().document(views.document(found))
    else:
        output().show(view)
    saving.save(views.SweepView(found), save, f"dllab sweep {found.plan.recipe.name}")
    if status == "interrupted":
        return INTERRUPTED
    return NEGATIVE if found.counts.get("failed") else FINE


def _next(found: SweepSummary) -> list[tuple[str, str]]:
    """Commands that go on from here."""
    from dllab.cli.commands import known

    commands = []
    trust = ["--trust"] if found.plan.trust else []
    plan = found.plan
    failed = bool(found.failures) and plan.search is None  # a search went on from there
    if found.folder is not None and (found.done < len(plan.grid) or failed):
        line = shlex.join(["dllab", "sweep", "--resume", str(found.folder), *trust])
        commands.append((line, "train what is missing or failed" if plan.search is None else "train what is missing"))
    if found.best:
        words = ["dllab", "train", plan.reference, *found.best[0].overrides, *_seed(plan), *trust]
        commands.append((shlex.join(words), "train the best setting, and keep it"))
    if found.folder is not None and "runs" in known():
        commands.append((shlex.join(["dllab", "runs", "list", found.folder.name]), "all members"))
    return commands
