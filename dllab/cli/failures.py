"""Exit codes, and how what goes wrong is told: decided here for every command.

Only the standard library is imported here, so that Ctrl-C and failures are met from the first moment on.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from typing import Any

from dllab.cli.terminal import sign

FINE = 0
NEGATIVE = 1
"""A negative verdict: a gradient check failed, a run diverged."""
USAGE = 2
"""What the user asked for cannot be done as asked: a wrong option, an error in a recipe, a folder without rights."""
INTERNAL = 3
"""A fault of the lab itself; the message names a log file."""
INTERRUPTED = 130


class Refused(Exception):
    """A request that cannot be met, exit 2: what is wrong, and a hint of what to do next."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


def guarded(command: Callable[[], Any], interrupted: Callable[[], bool] = lambda: False) -> int:
    """Do it; whatever goes wrong is told on stderr. Returns the exit code.

    `interrupted` says whether Ctrl-C was pressed: a library that is just
    being imported turns its exception into an ImportError.
    """
    try:
        returned = command()
        sys.stdout.flush()
        return returned if isinstance(returned, int) else FINE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        forget_output()
        return FINE
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else FINE
    except Exception as error:
        return INTERRUPTED if interrupted() and isinstance(error, ImportError) else _tell(error)


def say(message: str) -> None:
    """A message of the lab on stderr."""
    write(folded(f"dllab: {message}"))


def write(text: str) -> None:
    """A text on stderr, whatever characters that can show, and even if nobody reads it."""
    sign.clear()
    encoding = getattr(sys.stderr, "encoding", None) or "ascii"
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(text.encode(encoding, "replace").decode(encoding) + "\n")
        sys.stderr.flush()


def forget_output() -> None:
    """Nobody reads stdout any more (`| head`): let what is still to come vanish without a complaint."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def folded(text: str) -> str:
    """The text with its lines broken at spaces to fit the terminal; what goes on is indented."""
    import textwrap

    keep = {"break_long_words": False, "break_on_hyphens": False}
    lines = []
    for line in text.split("\n"):
        indent = " " * (len(line) - len(line.lstrip(" ")))
        lines += textwrap.wrap(line, columns(), subsequent_indent=indent or "  ", **keep) or [""]  # type: ignore[arg-type]
    return "\n".join(lines)


def columns() -> int:
    """The width messages are broken at."""
    import shutil

    return max(40, shutil.get_terminal_size((80, 24)).columns)


def _tell(error: Exception) -> int:
    if isinstance(error, Refused):
        write(folded(f"dllab: {error.message}" + (f"\n  {error.hint}" if error.hint else "")))
        return USAGE
    if _is(error, "dllab.lab.suits", "Unsuited"):
        write(folded(f"dllab: {error.problem}\n  {error.hint}"))  # type: ignore[attr-defined]
        return USAGE
    if _is(error, "dllab.recipe.errors", "RecipeError"):
        write(error.render(columns()))  # type: ignore[attr-defined]
        return USAGE
    if _is(error, "dllab.runs.disk", "StoreError"):
        write(folded(f"dllab: {error}"))
        return USAGE
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None)):
        say("what was to be written does not fit on the disk; make room there, or write elsewhere")
        return USAGE
    if isinstance(error, MemoryError):
        say("there is not enough memory for this; use fewer units, a smaller batch or less data")
        return USAGE
    if hasattr(error, "format_message"):  # a wrong option or argument, from the command-line library
        write(_usage(error))
        return USAGE
    if type(error).__name__ == "Abort":
        return INTERRUPTED
    own = sys.modules.get("dllab.recipe.own_parts")
    if own is not None and (blamed := own.blame(error)) is not None:
        write(folded(f"dllab: {blamed[0]}: {blamed[1]}\n  that is a file of your own; {write_log(error)} has the details"))
        return USAGE
    write(f"dllab: internal error: {_one_line(error)}; the details are in {write_log(error)}")
    return INTERNAL


def _usage(error: Any) -> str:
    """How the command is used, where it tells more, and what is wrong."""
    from dllab.cli.usage import complaint

    context = getattr(error, "ctx", None)
    message = folded(f"dllab: {complaint(error)}")
    if context is None:
        return message
    return f"{message}\n\n{context.get_usage()}\n`{context.command_path} --help` tells more."


def write_log(error: BaseException) -> str:
    """Keep what a developer needs; returns the path of the log file."""
    from dllab import __version__

    lines = [f"dllab {__version__}, Python {sys.version.split()[0]}, {sys.platform}", f"command: {sys.argv!r}", ""]
    text = "\n".join(lines) + "".join(traceback.format_exception(error))
    try:
        handle, path = tempfile.mkstemp(prefix="dllab-error-", suffix=".log", text=True)
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        return path
    except OSError as problem:
        return f"no file ({problem})"


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    shown = text if len(text) <= 200 else text[:199] + "…"
    return f"{type(error).__name__}: {shown}" if shown else type(error).__name__


def _is(error: Exception, module: str, name: str) -> bool:
    """Whether it is an instance of a class, without importing what defines it: who raised it has done so."""
    found = getattr(sys.modules.get(module), name, None)
    return found is not None and isinstance(error, found)
