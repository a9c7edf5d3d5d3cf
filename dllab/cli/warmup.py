"""`dllab warmup`: compile now what would be compiled later."""

from __future__ import annotations

from typing import Annotated

import typer

from dllab.cli.options import Json


def warmup(
    float64: Annotated[bool, typer.Option("--float64", help="Also in double precision, which gradcheck uses.")] = False,
    json: Json = False,
) -> None:
    """Compile every kernel of the shipped recipes and of every layer, loss and optimizer, so that nothing waits later.

    What is compiled is kept at once: Ctrl-C loses nothing, and the next call goes on from there.
    """
    from dllab.cli.console import output, progress
    from dllab.core.settings import jit_enabled
    from dllab.lab import warmup as lab
    from dllab.views import warmup as views

    stock = lab.stock(("float32", "float64") if float64 else ("float32",))
    with progress("compiling") as bar:
        for event in lab.warm(stock):
            bar(event.done, event.total, event.kernel)
    warmed = views.Warmed(len(stock.missing), len(stock.wanted), lab.place(), jit_enabled())
    if json:
        output().document(views.document(warmed))
    else:
        output().show(views.warmup_view(warmed))
