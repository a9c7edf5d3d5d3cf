"""The command line's frame: `dllab COMMAND ...`, exit codes, Ctrl-C, and errors without tracebacks."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from dllab.cli.failures import INTERRUPTED, guarded, say
from dllab.cli.interrupt import interrupts

EPILOG = "Start with:  dllab train spirals    Then:  dllab COMMAND --help"


def main() -> None:
    """The entry point: run the command line's arguments and leave with the exit code."""
    if "_DLLAB_COMPLETE" in os.environ:  # a shell asks what the line may become
        from dllab.cli.completing import answer

        sys.exit(answer(sys.argv[1:]))
    code = run(sys.argv[1:])
    if code == INTERRUPTED:
        leave(interrupts.code)  # all is said and kept: nobody who pressed Ctrl-C waits for libraries to be taken down
    sys.exit(code)


def leave(code: int) -> None:
    """End the process on the spot, with what was written on its way."""
    import contextlib

    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)


def run(arguments: Sequence[str]) -> int:
    """Do what the arguments say; returns the exit code."""
    with interrupts.watching():
        try:
            _mend_streams()
            code = guarded(lambda: _call(list(arguments)), interrupted=lambda: interrupts.pressed > 0)
        except KeyboardInterrupt:
            code = INTERRUPTED
        if code == INTERRUPTED:
            say("interrupted" if interrupts.code == INTERRUPTED else "terminated")
        return code


def _mend_streams() -> None:
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the shell: `>&-`
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        stream = getattr(sys, name)
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a picture in poor characters beats none


def _call(arguments: list[str]) -> Any:
    return application()(args=arguments or ["--help"], prog_name="dllab", standalone_mode=False)


def application() -> Any:
    """The command-line application."""
    import typer

    from dllab.cli.commands import LazyGroup

    app = typer.Typer(
        cls=LazyGroup, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )  # fmt: skip

    @app.callback(epilog=EPILOG)
    def dllab(
        version: bool = typer.Option(False, "--version", help="Print the version and exit.", is_eager=True,
                                     callback=_print_version),
    ) -> None:  # fmt: skip
        """A lab for training toy neural networks: recipes in YAML, compiled kernels, measured claims."""

    return typer.main.get_command(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        import typer

        from dllab import __version__

        typer.echo(f"dllab {__version__}")
        raise typer.Exit()
