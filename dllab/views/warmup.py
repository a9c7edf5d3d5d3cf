"""What `dllab warmup` did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from dllab.views.parts import Plain


@dataclass(frozen=True)
class Warmed:
    """How many of the wanted kernels were compiled now, and the folder they are all kept in. `jit`: whether at all."""

    compiled: int
    wanted: int
    folder: str
    jit: bool


def warmup_view(warmed: Warmed) -> RenderableType:
    """One sentence, and where the kernels are."""
    if not warmed.jit:
        return Plain(Text("NUMBA_DISABLE_JIT is set: kernels run as plain Python, so there is nothing to compile."))
    ready = warmed.wanted - warmed.compiled
    if warmed.compiled == 0:
        said = f"All {warmed.wanted} kernels were ready; nothing to compile."
    else:
        said = f"Compiled {_kernels(warmed.compiled)}" + (f"; {_kernels(ready)} were ready." if ready else ".")
    return Plain(Text(f"{said}\nThey are kept in {warmed.folder}"))


def document(warmed: Warmed) -> dict[str, Any]:
    """The JSON document: `compiled` now, `ready` before, and the cache `folder`."""
    ready = warmed.wanted - warmed.compiled if warmed.jit else 0
    return {"compiled": warmed.compiled, "ready": ready, "folder": warmed.folder}


def _kernels(count: int) -> str:
    return f"{count} kernel{'s' * (count != 1)}"
