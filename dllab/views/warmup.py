"""What `dllab warmup` did."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text


def warmup_view(compiled: int, wanted: int, folder: str) -> RenderableType:
    """One sentence, and where the kernels are."""
    ready = wanted - compiled
    if compiled == 0:
        said = f"All {wanted} kernels were ready; nothing to compile."
    elif ready:
        said = f"Compiled {compiled} kernels; {ready} were ready."
    else:
        said = f"Compiled {compiled} kernels."
    return Text(f"{said}\nThey are kept in {folder}")


def without_jit_view() -> RenderableType:
    """What is said where nothing is ever compiled."""
    return Text("NUMBA_DISABLE_JIT is set: kernels run as plain Python, so there is nothing to compile.")
