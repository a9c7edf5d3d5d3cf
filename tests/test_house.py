"""The house rules that a program can check: imports point one way, and the light paths stay light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "dllab"

ORDER = [
    ["core"],
    ["catalogue", "page", "symbols", "places"],
    ["inits"],
    ["ops", "losses", "optim", "schedules", "metrics", "data", "augment"],
    ["templates"],
    ["recipe"],
    ["plan"],
    ["engine"],
    ["training"],
    ["runs"],
    ["lab"],
    ["lessons"],
    ["views"],
    ["cli"],
]
"""From the bottom up; a module imports only from its own package and from those in earlier lines."""

LEVEL = {name: level for level, names in enumerate(ORDER) for name in names}


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.stem in LEVEL)


def area(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """The areas of dllab that a file imports, except for type checking only."""
    found: set[str] = set()
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module] if node.module != "dllab" else [f"dllab.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        found.update(name.split(".")[1] for name in names if name.startswith("dllab."))
    return found


def test_every_module_is_in_the_order() -> None:
    loose = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__", *LEVEL}
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir()} - {"__pycache__", "shipped", *LEVEL}
    assert loose | folders == set()


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    own = area(path)
    wrong = {other for other in imported(path) if other in LEVEL and other != own and LEVEL[other] >= LEVEL[own]}
    assert not wrong, f"{own} must not import from {sorted(wrong)}"


def test_numba_stays_inside_the_kernel_core() -> None:
    users = {area(path) for path in modules() if "numba" in imported_packages(path)}
    assert users <= {"core"}


def imported_packages(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def loaded_by(code: str) -> set[str]:
    """The packages that a fresh interpreter has loaded after running `code`."""
    script = f"import sys\n{code}\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import dllab", {"numpy", "numba", "llvmlite", "rich", "typer", "pydantic"}),
        ("from dllab.cli.main import main", {"numpy", "numba", "llvmlite"}),
        ("from dllab.recipe import load\ntry: load('input: [2')\nexcept Exception: pass", {"numba", "llvmlite"}),
        ("import dllab\ndllab.build('xor')", {"numba", "scipy"}),
    ],
)
def test_light_paths_stay_light(code: str, absent: set[str]) -> None:
    assert loaded_by(code) & absent == set()


def test_a_recipe_imports_the_files_of_its_own_parts_only() -> None:
    code = "import sys; from dllab.recipe import load; load('xor'); print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    loaded = set(done.stdout.split())
    assert {"dllab.data.gates", "dllab.ops.dense", "dllab.optim.adam"} <= loaded
    assert not loaded & {"dllab.data.csv", "dllab.data.spirals", "dllab.ops.gelu", "dllab.optim.lion", "numba"}
