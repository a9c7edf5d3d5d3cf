"""Runs the real command line: through pipes, or in a terminal of its own."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

COMMAND = [sys.executable, "-m", "dllab"]
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\x9b]")
"""Control characters, the line feed left out."""


@dataclass(frozen=True)
class Done:
    """What a command left: exit code, and what it wrote."""

    code: int
    out: str
    err: str = ""


def environment(folder: Path, changes: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """An ordinary user's: 80 columns, no CI; runs go to `folder`/runs."""
    kept = {k: v for k, v in os.environ.items() if k not in ("CI", "NO_COLOR", "FORCE_COLOR", "LANG", "LC_ALL", "LINES")}
    kept.update(COLUMNS="80", TERM="xterm-256color", DLLAB_RUNS=str(folder / "runs"), LANG="C.UTF-8")
    for name, value in (changes or {}).items():
        kept.pop(name, None)
        if value is not None:
            kept[name] = value
    return kept


def piped(folder: Path, *arguments: str, env: Mapping[str, str | None] | None = None) -> Done:
    """Run `dllab ARGUMENTS` in a folder, its output caught by pipes."""
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=folder, env=environment(folder, env), stdin=subprocess.DEVNULL,
        capture_output=True, encoding="utf-8", timeout=300,
    )  # fmt: skip
    return Done(done.returncode, done.stdout, done.stderr)


def in_terminal(folder: Path, *arguments: str, size: tuple[int, int] = (24, 80), interrupt: str = "",
                piped_out: bool = False, env: Mapping[str, str | None] | None = None,
                answers: Sequence[tuple[str, str]] = ()) -> Done:  # fmt: skip
    """Run `dllab ARGUMENTS` in a terminal of that many lines and columns; `out` is all it showed.

    Ctrl-C is pressed as soon as the text `interrupt` has appeared, and again where nothing comes of it for 20 s: one that
    arrives in the instant before Python waits for a line is noticed only after that line. `piped_out`: stdout is a pipe
    (then it is `out`, and `err` is what the terminal showed). `answers`: one after the other, a text that is waited for and
    what is typed then.
    """
    import fcntl
    import pty
    import struct
    import termios

    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    variables = environment(folder, {"COLUMNS": None, **(env or {})})
    stdout = subprocess.PIPE if piped_out else slave
    process = subprocess.Popen([*COMMAND, *arguments], cwd=folder, env=variables, stdin=slave, stdout=stdout, stderr=slave)
    os.close(slave)
    shown, press, deadline = b"", 0.0, time.monotonic() + 300
    waiting, heard = list(answers), 0
    while time.monotonic() < deadline:
        if select.select([master], [], [], 0.05)[0]:
            try:
                piece = os.read(master, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            shown += piece
        if waiting and waiting[0][0].encode() in shown[heard:]:
            heard = len(shown)
            os.write(master, waiting.pop(0)[1].encode())
        if interrupt and interrupt.encode() in shown and time.monotonic() > press:
            process.send_signal(signal.SIGINT)
            press = time.monotonic() + 20
    os.close(master)
    out = process.stdout.read().decode() if process.stdout is not None else ""
    if process.stdout is not None:
        process.stdout.close()
    text = shown.decode("utf-8", "replace").replace("\r\n", "\n")
    return Done(process.wait(10), out, text) if piped_out else Done(process.wait(10), text)
