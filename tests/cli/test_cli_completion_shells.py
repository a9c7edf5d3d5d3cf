"""Completion in zsh and fish themselves, where they are installed; bash: test_cli_completion.py."""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from terminals import environment, piped

LINES = {
    "dllab train spi": "spirals",
    "dllab train spirals optimizer.l": "optimizer.lr=",
    "dllab losses hu": "huber",
    "dllab resume la": "last",
    "dllab grad": "gradcheck",
}
CODES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """An environment in which `dllab` is this one."""
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "dllab"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m dllab "$@"\n')
    command.chmod(0o755)
    (tmp_path / "runs" / "xor-20261125-031500").mkdir(parents=True)
    (tmp_path / "runs" / "xor-20261125-031500" / "run.json").write_text("{}")
    found = environment(tmp_path, {"TERM": "xterm", "HOME": str(tmp_path)})
    return {**found, "PATH": f"{tmp_path / 'bin'}:{found['PATH']}", "PYTHONPATH": os.pathsep.join(sys.path)}


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
@pytest.mark.parametrize("line", LINES)
def test_fish(tmp_path: Path, variables: dict[str, str], line: str) -> None:
    (tmp_path / "dllab.fish").write_text(piped(tmp_path, "completion", "fish").out)
    code = f"source dllab.fish; complete -C '{line}'"
    done = subprocess.run(["fish", "-c", code], cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=60)
    assert LINES[line] in [found.split("\t")[0] for found in done.stdout.splitlines()], done.stderr


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh(tmp_path: Path, variables: dict[str, str]) -> None:
    import pty

    (tmp_path / "_dllab").write_text(piped(tmp_path, "completion", "zsh").out)
    child, master = pty.fork()
    if not child:
        os.chdir(tmp_path)
        os.execvpe("zsh", ["zsh", "-f"], variables)
    try:
        typed(master, "PS1='> '; autoload -U compinit; compinit -u -D; source ./_dllab; echo re''ady\n", "ready")
        for line, found in LINES.items():
            assert found in typed(master, f"{line}\t", found)
            typed(master, "\x15", "")
    finally:
        os.write(master, b"\x04")
        os.close(master)
        os.waitpid(child, 0)


def typed(master: int, keys: str, awaited: str) -> str:
    """What a terminal shows after these keys, as soon as the awaited text is there, or after some seconds."""
    os.write(master, keys.encode())
    shown, deadline = "", time.monotonic() + (20 if awaited else 0.2)
    while time.monotonic() < deadline and (not awaited or awaited not in shown):
        if select.select([master], [], [], 0.05)[0]:
            shown = CODES.sub("", shown + os.read(master, 65536).decode("utf-8", "replace"))
    return shown
