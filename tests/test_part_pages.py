"""Every part has a full page: a formula, what its options mean, examples that are recipes, and a source."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import TypeAdapter
from ruamel.yaml import YAML

from dllab.catalogue import FAMILIES, Part, parts
from dllab.page import meaning, page_of
from dllab.recipe import EarlyStop, TrainOptions, load
from dllab.recipe.dump import plain_value

EVERYTHING = [(family, name) for family in FAMILIES for name in parts(family)]
every = pytest.mark.parametrize(("family", "name"), EVERYTHING)

FORMULAS = {
    "layers": r"\b[yh](\[[a-z, ]+\])? = ",
    "losses": r"^[^:]+: the (mean|height)\b.*[|(^-]",
    "metrics": r"[/=-]|the (share|number|chance) of|\bsqrt\(",
    "optimizers": r"\b[pgw] [-+*]?= ",
    "schedules": r"\bfactor\b|[-+*^] ?\(",
    "initializers": r"[*/]|(starts at|mean|between|orthonormal)",
    "datasets": r"[=:]",
    "augmentations": r"\b[yh](\[i, j\]|\[i\])? = ",
}
"""What a page's first line or text must hold to say what the part computes."""

PLACES: dict[str, dict[str, Any]] = {
    "layers": {"input": [4]},
    "losses": {"input": [4], "model": [{"dense": 3}]},
    "metrics": {"data": "xor", "model": [{"dense": 2}]},
    "optimizers": {"input": [4], "model": [{"dense": 3}], "loss": "mse"},
    "schedules": {"input": [4], "model": [{"dense": 3}], "loss": "mse"},
    "initializers": {"input": [4]},
    "augmentations": {"data": "digits", "model": [{"dense": "classes"}]},
    "datasets": {"model": [{"dense": "outputs"}]},
}
"""The rest of a recipe that an example of a family is put into."""


def part_of(family: str, name: str) -> type[Part]:
    return parts(family)[name]


def recipes_of(family: str, example: str) -> list[dict[str, Any]]:
    """The recipes of an example: a list of layers is one model; keys that repeat begin another recipe."""
    yaml = YAML(typ="safe", pure=True)
    if example.startswith("- "):
        return [{**PLACES[family], "model": yaml.load(example)}]
    blocks: list[list[str]] = []
    for line in example.splitlines():
        key = line.partition(":")[0]
        if not blocks or any(earlier.partition(":")[0] == key for earlier in blocks[-1]):
            blocks.append([])
        blocks[-1].append(line)
    found = [{**PLACES[family], **yaml.load("\n".join(block))} for block in blocks]
    return [{key: value for key, value in one.items() if key != "input" or "data" not in one} for one in found]


@every
def test_the_first_line_says_what_it_is_and_the_page_how_it_is_computed(family: str, name: str) -> None:
    page = page_of(part_of(family, name))
    assert re.match(r"[^:]{1,40}[:.] ?.", page.title) and page.title.endswith(".") and len(page.title) <= 120
    assert re.search(FORMULAS[family], f"{page.title}\n{page.body}"), "no formula"
    assert part_of(family, name).__dict__.get("__doc__"), "the page is inherited"


@every
def test_a_source_is_named(family: str, name: str) -> None:
    assert len(page_of(part_of(family, name)).source) > 20


@every
def test_every_option_is_explained(family: str, name: str) -> None:
    part = part_of(family, name)
    for option in part.model_fields:
        told = [page_of(base).options.get(option, "") for base in part.__mro__ if issubclass(base, Part)]
        assert re.search(r"\w{2}", "".join(told)), f"{option} is not explained"
        assert meaning(part, option) in told


@every
def test_examples_are_recipes_that_use_the_part(family: str, name: str) -> None:
    examples = page_of(part_of(family, name)).examples
    assert examples, "no example"
    used = 0
    for recipe in (recipe for example in examples for recipe in recipes_of(family, example)):
        resolved = load(recipe)
        assert load(resolved.resolved()) == resolved
        used += bool(re.search(rf"['\s]{name}['\s]", f" {plain_value(resolved.resolved())} "))
    assert used, f"no example uses {name}"


@pytest.mark.parametrize("name", parts("datasets"))
def test_options_in_the_text_of_a_page_are_options_that_a_source_takes(name: str) -> None:
    part = part_of("datasets", name)
    page = page_of(part)
    for text in re.findall(r"`(\w+: [^`]+)`", "\n".join([page.body, *page.options.values()])):
        ((option, value),) = YAML(typ="safe", pure=True).load(text).items()
        assert option in part.model_fields or option in ("from", "reshape"), "neither its own nor of a layer"
        if option in part.model_fields:
            TypeAdapter(part.model_fields[option].annotation).validate_python(value)


@pytest.mark.parametrize("cls", [TrainOptions, EarlyStop])
def test_every_option_of_training_is_explained(cls: type) -> None:
    for option in cls.__pydantic_fields__:  # type: ignore[attr-defined]
        assert meaning(cls, option), f"{option} is not explained"


# ---- how a docstring is taken apart ----------------------------------------------------------------------------------


class Base(Part):
    """Base of toys.

    Options:

    - shared: what all toys have.
    """

    shared: int = 1


class Toy(Base):
    """Toy: y = x.

    A paragraph.

        - toy: 3

    - a list: of what is no option.

    Options:

    - size: how many, over
      two lines.

        - toy: {size: 4}

    Source: Somebody
    (2020).
    """

    size: int = 1
    other: int = 2


class Running(Base):
    """Running: y = 2 x.

    Options: `low` and `high` (0.5, from 0 to 1), the ends; `word` (left or right): which `low` it is.
    Source: nowhere.
    """

    low: float = 0.5
    high: float = 0.5
    word: str = "left"


class Prose(Base):
    """Prose: y = 3 x.

    `often` counts what is `rare`; `rare` is not.

        - prose
    """

    often: int = 1


class Silent(Toy):
    size: int = 2


def test_the_pieces_of_a_page() -> None:
    page = page_of(Toy)
    assert page.title == "Toy: y = x."
    assert page.body.split("\n\n") == [
        "A paragraph.", "    - toy: 3", "- a list: of what is no option.", "    - toy: {size: 4}"
    ]  # fmt: skip
    assert page.examples == ("- toy: 3", "- toy: {size: 4}")
    assert page.options == {"size": "how many, over two lines."}
    assert page.source == "Somebody (2020)."


def test_options_of_bases_are_explained_there() -> None:
    assert meaning(Toy, "shared") == "what all toys have."
    assert meaning(Silent, "size") == "how many, over two lines."
    assert meaning(Toy, "other") == "" and meaning(Toy, "nothing") == ""


def test_options_in_running_text() -> None:
    assert page_of(Running).options == {
        "low": "(0.5, from 0 to 1), the ends",
        "high": "(0.5, from 0 to 1), the ends",
        "word": "(left or right): which",
    }
    assert page_of(Prose).options == {} and meaning(Prose, "often") == "counts what is"
