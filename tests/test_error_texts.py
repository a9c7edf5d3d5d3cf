"""Every text by which the lab refuses something stands, word for word, in a golden of the tests.

The texts are found in the source: the literal pieces of what is given to an error's class, followed through variables and
functions of the same module. The goldens are the files in `tests` that hold expected texts, and texts in tests that are
compared as a whole.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import dllab

PACKAGE = Path(dllab.__file__).parent
TESTS = Path(__file__).parent
ERRORS = {
    "Refused", "StoreError", "TableError", "Problem", "ShapeError", "ShapeFlowError", "ValueError", "Damaged", "Unfit",
    "OutOfRange", "UnknownLayer", "_Refused", "_Stop", "_Broken", "FileNotFoundError",
    "Unsuited", "NoPlane", "BadQuery", "NoGrid", "NoLesson",
}  # fmt: skip
LEFT_OUT = ("core", "templates")
SHORTEST = 6  # characters of a piece that tells one text from another

NO_GOLDEN = {
    "try another folder": "a folder without rights, which root has not",
    "try again, or get the file anew": "a disk that fails half way through a file",
    "season is": "no command asks for a season",
    "before the first of these rows there are": "no command asks for a season",
    "pairs of words and a number, not": "no command reads these lists yet",
    "lines of four words, not": "no command reads these lists yet",
    "this net was built without a loss": "every recipe has a loss",
    "there is nothing to train": "every recipe has a loss",
    "no parameter is called": "probes are named by the lab itself",
    "no layer is called": "probes are named by the lab itself",
    "the data bring no table of": "layers of the lab do without, and only one of the user's own would ask",
    "take data that do, such as word pairs": "layers of the lab do without, and only one of the user's own would ask",
    "a scaling is a list of numbers": "told as a file that is not of this version",
    "no kind of numbers of that name": "told as a file that is not of this version",
    "no task of that name, or something neither true nor false": "told as a file that is not of this version",
    "dense layers are, with": "told after what the change was",
    "is not worked out by hand": "told after what the change was",
    "the chain rule is told of dense and tanh in turn, dense first and last": "told after what the change was",
    "curvature takes a net in float64, this one is in": "told after what the change was",
    "only dense layers and layers without weights are counted, not": "told after what the change was",
    ": only hidden layers of 2 units, and one output, fold the line": "told after what the change was",
    "a weight of shape": "told after what the change was",
    "selectivity is defined for outputs that are not below 0, such as those of relu": "told after what the change was",
    "is no shape of": "told as a file that is not of this version",
    "numbers do not fit in memory": "told as a file that is not of this version",
    "has no line with": "a lesson that quotes code which is not there, which a test looks for",
    "regression does not learn": "no command asks for a baseline; lessons ask for those that fit",
    "give one outcome for each, and at least one": "no command asks for a calibration",
    "probabilities and": "no command asks for a calibration",
    "the net that goes on has parameters of other shapes": "lessons go on with nets of the same shapes",
    "expected two knots or more, in rising order, and a value for each": "lessons give knots that rise",
    "rows have shape": "lessons draw their batches themselves",
    "expected up to": "lessons draw their batches themselves",
    "rows run from": "lessons draw their batches themselves",
    "is no single loop over numbers": "lessons count kernels that are one",
    "these are no dense layers with biases: expected w (inputs, units), b (units,), w, b, ...": "lessons have such nets",
    "of the data is not what it was when this net was trained": "layers of the lab read tables in training only",
}
"""Pieces that no golden shows, and why."""

Function = ast.FunctionDef | ast.Module


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.relative_to(PACKAGE).parts[0] not in LEFT_OUT:
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def pieces(node: ast.AST, module: ast.Module, around: ast.AST, depth: int = 0) -> Iterator[str]:
    """The literal pieces of a text that an expression makes."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield node.value
    elif isinstance(node, ast.JoinedStr):
        for value in node.values:
            yield from pieces(value, module, around, depth)
    elif isinstance(node, ast.FormattedValue):
        yield from pieces(node.value, module, around, depth)
    elif isinstance(node, ast.BinOp):
        yield from pieces(node.left, module, around, depth)
        if not isinstance(node.op, ast.Mod):
            yield from pieces(node.right, module, around, depth)
    elif isinstance(node, ast.IfExp):
        yield from pieces(node.body, module, around, depth)
        yield from pieces(node.orelse, module, around, depth)
    elif isinstance(node, ast.Starred):
        yield from pieces(node.value, module, around, depth)
    elif isinstance(node, ast.Tuple):
        for element in node.elts:
            yield from pieces(element, module, around, depth)
    elif isinstance(node, ast.Name) and depth < 4:
        for value in assigned(node.id, around) or assigned(node.id, module):
            yield from pieces(value, module, around, depth + 1)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and depth < 4:
        for function in module.body:
            if isinstance(function, ast.FunctionDef) and function.name == node.func.id:
                for inner in ast.walk(function):
                    if isinstance(inner, ast.Return) and inner.value is not None:
                        yield from pieces(inner.value, module, function, depth + 1)


def assigned(name: str, around: ast.AST) -> list[ast.expr]:
    """What a name is set to, in a function, or in a module outside of functions."""
    body = around.body if isinstance(around, ast.Module) else ast.walk(around)
    found = []
    for node in body:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name) and target.id == name:
                    found.append(node.value)
                elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    found += [v for t, v in zip(target.elts, node.value.elts, strict=False)
                              if isinstance(t, ast.Name) and t.id == name]  # fmt: skip
    return found


def sites(module: ast.Module) -> Iterator[tuple[int, list[str]]]:
    """Lines at which an error is made, and the pieces of its text."""
    functions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]
    for node in ast.walk(module):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        adds = name == "add" and isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value).endswith("problems")
        if name in ERRORS or adds or name == "say":
            inside = [f for f in functions if f.lineno <= node.lineno <= (f.end_lineno or 0)]
            around = max(inside, key=lambda f: f.lineno, default=module)
            yield node.lineno, [p for argument in node.args for p in pieces(argument, module, around)]


def parted(texts: list[str]) -> list[str]:
    """The pieces, cut where a hint may begin on a line of its own, and where words are filled in."""
    return [part for text in texts for part in re.split("; |%s", text)]


def plain(text: str) -> str:
    return " ".join(text.split())


@cache
def goldens() -> str:
    """All expected texts there are."""
    files = [*TESTS.rglob("*.golden"), *TESTS.rglob("golden/*.txt")]
    texts = [path.read_text(encoding="utf-8") for path in files]
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and whole(node.value):
                texts.append(node.value)
    return plain("\n".join(texts))


def whole(text: str) -> bool:
    """Whether a text in a test is all that is said."""
    return text.endswith("\n") and ("dllab: " in text or "override " in text or ".yaml:" in text)


def missing() -> list[str]:
    found = []
    for path, module in sources():
        for line, texts in sites(module):
            for text in map(plain, parted(texts)):
                if len(text) >= SHORTEST and " " in text and text not in goldens() and text not in NO_GOLDEN:
                    found.append(f"{path.relative_to(PACKAGE)}:{line}: {text}")
    return sorted(set(found))


def test_every_error_text_has_a_golden() -> None:
    assert missing() == []


def test_what_has_no_golden_is_still_said() -> None:
    texts = [text for _, module in sources() for _, found in sites(module) for text in found]
    said = set(map(plain, parted(texts)))
    assert set(NO_GOLDEN) - said == set()
