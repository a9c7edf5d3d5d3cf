"""Renderables as plain text of a fixed width, and the golden files they are compared with."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Literal

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.style import Style

from dllab.views.parts import Plain

GOLDEN = Path(__file__).parent / "golden"


class AsciiText(io.StringIO):
    """A file that takes ASCII only, as a terminal in the C locale does."""

    encoding = "ascii"  # type: ignore[assignment]


def screen(renderable: RenderableType, width: int = 80, ascii_only: bool = False) -> str:
    """What a terminal without colours shows. No line is to be wider than it is, or to end in blanks."""
    file = AsciiText() if ascii_only else io.StringIO()
    console = Console(file=file, width=width, color_system=None, force_terminal=False, legacy_windows=False)
    console.print(renderable)
    lines = file.getvalue().split("\n")
    assert not [line for line in lines if line != line.rstrip()], "no blanks at the end of a line"
    assert not [line for line in lines if cell_len(line) > width], f"no line wider than {width}"
    return "".join(f"{line}\n" for line in lines[:-1])


def piece(renderable: RenderableType, width: int = 80, ascii_only: bool = False) -> str:
    """The same of a part of a view, which leaves out the blanks that fill the part's lines."""
    return screen(Plain(renderable), width, ascii_only)


def compare(name: str, text: str) -> None:
    """Fail unless the text is that of the golden file; DLLAB_WRITE_GOLDENS=1 writes the file instead."""
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("DLLAB_WRITE_GOLDENS") == "1":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


def coloured(renderable: RenderableType, width: int = 80, system: Literal["256", "truecolor"] = "truecolor") -> str:
    """What a terminal with colours is sent."""
    Style.parse.cache_clear()  # a style keeps the codes of the terminal where it was first shown
    Style._add.cache_clear()
    console = Console(
        file=io.StringIO(), width=width, color_system=system, force_terminal=True, no_color=False, legacy_windows=False
    )
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()
