"""Parts and their options, read from the source files: for completion, which has no time to import them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent.parent
_HEAD = re.compile(r'class (\w+)\(.*\):\n    """(.*)')
_NAME = re.compile(r'^    name(?:: [^=\n]+)? = "(\w+)"$', re.MULTILINE)


@dataclass(frozen=True)
class Option:
    """What completion knows of an option: words it takes, the family of its parts, or the class of its inner options."""

    words: tuple[str, ...] = ()
    family: str = ""
    block: str = ""


@dataclass
class _Classes:
    """What a file declares: classes, and names for types. Files of the lab that it imports from, by imported name."""

    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    types: dict[str, ast.expr] = field(default_factory=dict)
    imports: dict[str, Path] = field(default_factory=dict)


@cache
def families() -> dict[str, Path]:
    """The folder of each family of parts."""
    packages = ast.literal_eval(_declared(PACKAGE / "catalogue.py").types["FAMILIES"])
    return {family: PACKAGE.joinpath(*module.split(".")[1:]) for family, module in packages.items()}


@cache
def names(family: str) -> dict[str, str]:
    """The parts of a family, sorted, each with its first line."""
    return {name: said for name, (said, _, _) in sorted(_found(family).items())}


@cache
def options(family: str, name: str) -> dict[str, Option]:
    """The options of a part; none where there is no such part."""
    if name not in _found(family):
        return {}
    _, path, cls = _found(family)[name]
    return dict(_options(path, cls))


def block_options(file: str, cls: str) -> dict[str, Option]:
    """The options that a class of a file of the package declares."""
    return dict(_options(PACKAGE / file, cls))


def constant(file: str, name: str) -> tuple[str, ...]:
    """A tuple of texts that a file of the package assigns."""
    found = _declared(PACKAGE / file).types.get(name)
    return tuple(ast.literal_eval(found)) if found is not None else ()


@cache
def _found(family: str) -> dict[str, tuple[str, Path, str]]:
    folder = families().get(family)
    found: dict[str, tuple[str, Path, str]] = {}
    for path in sorted(folder.glob("*.py")) if folder is not None else ():
        for text in re.split(r"^(?=class )", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            head, name = _HEAD.match(text), _NAME.search(text)
            if head is not None and name is not None:
                found[name[1]] = (head[2], path, head[1])
    return found


@cache
def _declared(path: Path) -> _Classes:
    found = _Classes()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            found.classes[node.name] = node
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found.types[node.targets[0].id] = node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            found.types[node.target.id] = node.value
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dllab."):
            file = PACKAGE.joinpath(*str(node.module).split(".")[1:]).with_suffix(".py")
            if file.is_file():
                found.imports.update({alias.asname or alias.name: file for alias in node.names})
    return found


def _options(path: Path, cls: str) -> Iterator[tuple[str, Option]]:
    """Options of a class and its bases; a class's own first."""
    declared = _declared(path)
    if cls not in declared.classes:
        yield from _made(path, declared.types.get(cls))
        if cls in declared.imports:
            yield from _options(declared.imports[cls], cls)
        return
    seen = set()
    for node in declared.classes[cls].body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            written = ast.unparse(node.annotation)
            seen.add(node.target.id)
            if not written.startswith("ClassVar"):
                yield node.target.id, _option(path, node.annotation, written)
    for base in declared.classes[cls].bases:
        if isinstance(base, ast.Name):
            yield from (pair for pair in _options(path, base.id) if pair[0] not in seen)


def _made(path: Path, call: ast.expr | None) -> Iterator[tuple[str, Option]]:
    """Options of a class that is made by `create_model`: those whose names are words of Python."""
    for keyword in call.keywords if isinstance(call, ast.Call) else ():
        if keyword.arg is None and isinstance(keyword.value, ast.Dict):
            for key, value in zip(keyword.value.keys, keyword.value.values):
                if isinstance(key, ast.Constant) and isinstance(value, ast.Tuple):
                    yield str(key.value), _option(path, value.elts[0], ast.unparse(value.elts[0]))
        elif keyword.arg == "__base__" and isinstance(keyword.value, ast.Name):
            yield from _options(path, keyword.value.id)


def _option(path: Path, annotation: ast.expr, written: str) -> Option:
    """What an annotation says of the values."""
    nested, block = re.search(r"Nested\('(\w+)'\)", written), re.search(r"Block\((\w+)\)", written)
    if nested is not None and "Literal" not in written:
        return Option(family="" if "tuple" in written or "list" in written else nested[1])
    words: list[str] = []
    for node in ast.walk(annotation):
        alias = _alias(path, node.id) if isinstance(node, ast.Name) else None
        if alias is not None:
            words += _option(*alias, "").words
        elif isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Literal":
            inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            words += [item.value for item in inner if isinstance(item, ast.Constant) and isinstance(item.value, str)]
        elif isinstance(node, ast.Name) and node.id == "bool":
            words += ["true", "false"]
    return Option(tuple(dict.fromkeys(words)), block=block[1] if block is not None else "")


def _alias(path: Path, name: str) -> tuple[Path, ast.expr] | None:
    """The type that a name stands for in a file, and the file that says so."""
    declared = _declared(path)
    if name in declared.types:
        return path, declared.types[name]
    home = declared.imports.get(name)
    return (home, _declared(home).types[name]) if home is not None and name in _declared(home).types else None
