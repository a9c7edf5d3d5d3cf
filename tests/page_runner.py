"""Does what a page of docs/ tells its reader to do, and compares what it shows.

A block whose fence names a file (```yaml my.yaml) is stored under that name; one called `right` mends a kernel that was
stored before. In a block ```console each line `$ COMMAND` is run by a shell, all in one folder; the lines below it must
come in the output in this order (`...` stands for what is left out), and `$ echo $?` tells the exit code of the command
before. Figures in percent may be off by three points; other numbers are not compared, as another machine has other times
and another processor other last bits.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUN_NAME = re.compile(r"\d{8}-\d{6}(-\d+)?")
NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")
PERCENT_OFF = 3.0


@dataclass
class Told:
    """A command of a page, and the lines that the page shows below it."""

    command: str
    lines: list[str]


def commands(block: str) -> list[Told]:
    """The commands of a console block."""
    told: list[Told] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            told.append(Told(line[2:], []))
        else:
            told[-1].lines.append(line)
    return told


def play(page: Path, folder: Path, package: Path = ROOT) -> int:
    """Go through the page in this folder, with `dllab` from `package`; returns how many commands were run."""
    surroundings = environment(folder, package)
    count, code = 0, 0
    for language, name, block in BLOCK.findall(page.read_text(encoding="utf-8")):
        if name == "right":
            mend(folder, block)
        elif name:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(block, encoding="utf-8")
        if language != "console":
            continue
        for told in commands(block):
            if told.command == "echo $?":
                assert [str(code)] == told.lines, f"{page.name}: the command before ends with {code}"
                continue
            done = subprocess.run(
                ["bash", "-c", told.command], cwd=folder, env=surroundings, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", timeout=300,
            )  # fmt: skip
            code, count = done.returncode, count + 1
            assert "Traceback" not in done.stdout, done.stdout
            compare(told, done.stdout, page.name)
    return count


def mend(folder: Path, kernel: str) -> None:
    """Put this kernel in the place of the one of its name, in the file that has it."""
    head = re.search(r"^def \w+\(.*$", kernel, re.MULTILINE)
    assert head is not None
    (file,) = (
        path for path in folder.glob("dllab/ops/*.py") if f"\n{kernel.splitlines()[0]}\n{head[0]}\n" in path.read_text()
    )
    text = file.read_text(encoding="utf-8")
    old = re.search(rf"^@kernel[^\n]*\n{re.escape(head[0])}\n.*?(?=\n\n\n)", text, re.MULTILINE | re.DOTALL)
    assert old is not None and old[0] != kernel.rstrip()
    file.write_text(text.replace(old[0], kernel.rstrip()), encoding="utf-8")


def environment(folder: Path, package: Path) -> dict[str, str]:
    """80 columns, no colours, runs in the folder, and `dllab` on the path."""
    programs = folder.parent / "programs"
    programs.mkdir(exist_ok=True)
    for name, options in (("dllab", "-m dllab"), ("pytest", "-m pytest"), ("python3", "")):
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {options} "$@"\n')
        (programs / name).chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if name not in ("DLLAB_RUNS", "NO_COLOR", "FORCE_COLOR")}
    paths = f"{programs}{os.pathsep}{kept.get('PATH', '')}"
    return {**kept, "PATH": paths, "PYTHONPATH": str(package), "COLUMNS": "80", "PYTHONUTF8": "1"}


def compare(told: Told, output: str, page: str) -> None:
    """Fail unless the lines of the page come in this order in the output."""
    shown = iter(output.splitlines())
    for line in told.lines:
        if line.strip() in ("", "..."):
            continue
        for found in shown:
            if alike(line, found):
                break
        else:
            raise AssertionError(f"{page}: `{told.command}` does not show\n{line}\nbut\n{output}")


def alike(line: str, found: str) -> bool:
    """Whether two lines say the same, but for numbers and spaces; figures in percent must be near."""
    if masked(line) != masked(found):
        return False
    pairs = zip(re.findall(r"([\d.]+) %", line), re.findall(r"([\d.]+) %", found))
    return all(abs(float(a) - float(b)) <= PERCENT_OFF for a, b in pairs)


def masked(line: str) -> str:
    """The line with every number, the names of runs, and all that is drawn with signs, replaced."""
    line = RUN_NAME.sub("#", line)  # with a number behind it where two runs begin in the same second
    return re.sub(r"[─·●○]+", "─", re.sub(r"\s+", " ", NUMBER.sub("#", line.strip())))
