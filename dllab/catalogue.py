"""The parts a recipe can name: how one is declared, found, documented and built.

A part is one class in one file: its fields are the options a recipe may give it, its docstring is its page in the
catalogue, its methods are what it does. Families (layers, losses, optimizers, ...) are packages; the name a recipe
uses is the class attribute `name`. Nothing else in the lab lists parts: adding a file adds the part.

    class LeakyRelu(Layer):
        '''Leaky ReLU: y = x where x > 0, slope * x elsewhere. ...'''
        name = "leaky_relu"
        main = "slope"                      # `leaky_relu: 0.1` means `leaky_relu: {slope: 0.1}`
        slope: Annotated[float, Field(ge=0, le=1)] = 0.01
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

FAMILIES = {
    "layers": "dllab.ops",
    "losses": "dllab.losses",
    "metrics": "dllab.metrics",
    "optimizers": "dllab.optim",
    "schedules": "dllab.schedules",
    "initializers": "dllab.inits",
    "datasets": "dllab.data",
    "augmentations": "dllab.augment",
}

Size = Annotated[int, Field(ge=1, le=1_000_000)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
Rate = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]


class Part(BaseModel):
    """Base of everything a recipe can name; a subclass declares its options as fields.

    `name` is what a recipe writes; `main` is the option that the short form `name: value` sets (None: no short form).
    `group` is the heading under which lists show it. Instances are frozen and compare by value.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True)
    name: ClassVar[str] = ""
    main: ClassVar[str | None] = None
    group: ClassVar[str] = ""


class Nested:
    """Marks a field whose value is itself a part, or a list of parts, of another family.

    `init: Annotated[Initializer | None, Nested("initializers")] = None`. The recipe parser builds the inner part first,
    so that an error in it is reported at its own line.
    """

    def __init__(self, family: str) -> None:
        self.family = family


class FilePath:
    """Marks a text field that names a file: `csv: Annotated[str, FilePath()]`.

    The recipe parser makes it an absolute path: in a recipe's file it counts from the file's folder, elsewhere from the
    working folder.
    """


class LayerName:
    """Marks a text field that names an earlier layer by its label: `memory: Annotated[str | None, LayerName()] = None`.

    The recipe parser checks that there is one; `input` and `decoder` are the data's own inputs.
    """


class UnknownPart(KeyError):
    """No part of that family has that name. `known` lists those that exist."""

    def __init__(self, family: str, name: str, known: list[str]) -> None:
        super().__init__(name)
        self.family, self.part, self.known = family, name, known


Own = Mapping[str, Mapping[str, type[Part]]]
"""Parts of the user's own: family to name to class."""

_own: ContextVar[Own] = ContextVar("own", default=MappingProxyType({}))


@contextmanager
def with_parts(own: Own) -> Iterator[None]:
    """For as long as this lasts, the families hold these parts as well: those of one recipe, and of no other."""
    before = _own.get()
    token = _own.set({family: {**before.get(family, {}), **own.get(family, {})} for family in {**before, **own}})
    try:
        yield
    finally:
        _own.reset(token)


def parts(family: str) -> dict[str, type[Part]]:
    """All parts of a family by name, in the order of their files; parts of the user's own come last."""
    return {**built_in(family), **_own.get().get(family, {})}


@cache
def built_in(family: str) -> dict[str, type[Part]]:
    """The parts of a family that come with the lab."""
    package = importlib.import_module(FAMILIES[family])
    found: dict[str, type[Part]] = {}
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        found.update((part.name, part) for part in declared_in(module))
    return found


def find(family: str, name: str) -> type[Part]:
    """The part class of that name. Raises UnknownPart.

    Looks first in the file of that name, so that running a recipe imports only the parts it uses.
    """
    own = _own.get().get(family, {})
    return own[name] if name in own else _find(family, name)


@cache
def _find(family: str, name: str) -> type[Part]:
    for module in _candidates(family, name):
        for part in declared_in(importlib.import_module(module)):
            if part.name == name:
                return part
    everything = built_in(family)
    if name not in everything:
        raise UnknownPart(family, name, sorted(parts(family)))
    return everything[name]


def _candidates(family: str, name: str) -> Iterator[str]:
    """The modules a part may be in: the one of its name, then those whose text names it; other files stay unread."""
    package = FAMILIES[family]
    if has_file(family, name):
        yield f"{package}.{name}"
    for info in pkgutil.iter_modules(importlib.import_module(package).__path__):
        spec = importlib.util.find_spec(f"{package}.{info.name}")
        if spec is not None and spec.origin is not None:
            with suppress(OSError), open(spec.origin, encoding="utf-8") as file:
                if f'    name = "{name}"\n' in file.read():
                    yield f"{package}.{info.name}"


def family_of_part(part: type[Part]) -> str | None:
    """The family that a class belongs to: that of the base it is derived from."""
    for base in part.__mro__[1:]:
        for family, package in FAMILIES.items():
            if base.__module__.startswith(f"{package}."):
                return family
    return None


def has_file(family: str, name: str) -> bool:
    """Whether a family has a file of that name."""
    return name.isidentifier() and importlib.util.find_spec(f"{FAMILIES[family]}.{name}") is not None


def summary(part: type[Part]) -> str:
    """The first line of a part's documentation."""
    return (inspect.getdoc(part) or "").partition("\n")[0]


def declared_in(module: Any) -> Iterator[type[Part]]:
    """The parts whose classes stand in a module's own text."""
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Part) and value.name and value.__module__ == module.__name__:
            yield value
