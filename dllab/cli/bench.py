"""`dllab bench`: how fast training steps are on this machine."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from dllab.cli.failures import Refused, say
from dllab.cli.options import Json


def bench(
    cases: Annotated[
        str | None,
        typer.Option(help="Only these cases, such as xor,lenet,char-gru: those of the table.", metavar="A,B"),
    ] = None,
    against: Annotated[
        str | None, typer.Option(help="Time these too, in turns: torch, jax, sklearn.", metavar="A,B")
    ] = None,
    rounds: Annotated[int, typer.Option(help="Rounds of each; the best counts.", min=1, max=1000, metavar="N")] = 5,
    probes: Annotated[
        bool, typer.Option("--probes", help="Also time steps that record what viz-gradients and the like show.")
    ] = False,
    sweep: Annotated[
        bool, typer.Option("--sweep", help="Time sweeps instead: trainings a second, and the memory they take.")
    ] = False,
    json: Json = False,
) -> None:
    """Time training steps: microseconds, samples a second, GFLOP/s, and the share of what the machine could do.

    --against asks other libraries to train the same nets in the same run, and prints how many times as long the fastest
    of them takes. Their packages come with: pip install 'dllab[peers]'
    """
    from dllab.lab.bench_cases import CASES
    from dllab.lab.peers import LIBRARIES, installed

    if sweep:
        if cases is not None or against is not None or probes:
            raise Refused("--sweep times sweeps alone", "leave out --cases, --against and --probes")
        _check_compiled()
        _sweeps(json)
        return
    every = [case.name for case in CASES]
    wanted = every if cases is None else _names(cases, every, "case")
    chosen = [case for case in CASES if case.name in wanted]
    peers = [] if against is None else _names(against, list(LIBRARIES), "peer")
    for name in [peer for peer in peers if not installed(peer)]:
        say(f"{name} is not installed, so it is left out; the peers come with: pip install 'dllab[peers]'")
        peers.remove(name)
    _check_compiled()
    if "OPENBLAS_CORETYPE" in os.environ:
        say("OPENBLAS_CORETYPE is set, which slows matrix products; for figures that count, unset it")

    from dllab.cli.console import output, progress
    from dllab.lab import bench as lab
    from dllab.views import bench as views

    timings: list[lab.Timing] = []
    with progress("timing") as bar:
        for event in lab.run(chosen, peers, rounds, probes):
            if isinstance(event, lab.Timing):
                timings.append(event)
            else:
                bar(event.done, event.total, event.what)
    machine = lab.machine()
    if json:
        output().document(views.document(timings, machine))
    else:
        output().show(views.BenchView(timings, machine))


def _check_compiled() -> None:
    from dllab.core.settings import jit_enabled

    if not jit_enabled():
        raise Refused("there is nothing to time without compiled kernels", "unset NUMBA_DISABLE_JIT")


def _sweeps(json: bool) -> None:
    from dllab.cli.console import output, progress
    from dllab.lab import bench_sweep as lab
    from dllab.lab.bench import machine
    from dllab.views import bench_sweep as views

    timings: list[lab.SweepTiming] = []
    with progress("sweeps") as bar:
        bar(0, len(lab.SIZES), "")
        try:
            for timing in lab.run():
                timings.append(timing)
                bar(len(timings), len(lab.SIZES), "")
        except lab.BenchFailed as error:
            raise Refused("a sweep that was to be timed failed", str(error)) from None
    if json:
        output().document(views.document(timings, machine()))
    else:
        output().show(views.view(timings, machine()))


def _names(text: str, known: list[str], noun: str) -> list[str]:
    """The names in `A,B`. Refuses those that are not known, and a text without any."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    hint = f"the {noun}s are {', '.join(known)}"
    if not names:
        raise Refused(f"no {noun} is named", hint)
    for name in names:
        if name not in known:
            from dllab.recipe.errors import did_you_mean, show

            raise Refused(f"there is no {noun} {show(name)}.{did_you_mean(name, known)}", hint)
    return names
