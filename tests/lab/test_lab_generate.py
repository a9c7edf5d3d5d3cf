"""Generation: what is drawn, from what context, by which seed; and nets that cannot do it, found out bit for bit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dllab
from dllab.core.settings import jit_enabled
from dllab.engine.prepare import prepared
from dllab.lab.ahead import looks_ahead
from dllab.lab.generate import Choice, Unsuited, Writer
from dllab.runs.data_file import Learnt
from dllab.runs.ready import Ready

pytestmark = pytest.mark.skipif(not jit_enabled(), reason="nets that take minutes without compiled kernels")

CYCLE = "abcdefgh"
P = np.array([0.5, 0.25, 0.125, 0.125])
GRU: tuple[Any, ...] = ({"embedding": 8}, {"gru": 12}, {"dense": "classes"})
ATTENTION: tuple[Any, ...] = (
    {"embedding": 8}, "positional", {"attention": {"heads": 2, "causal": True}}, {"dense": "classes"}
)  # fmt: skip


def trained(recipe: dict[str, Any]) -> Ready:
    result = dllab.train(recipe, save=False)
    data = prepared(result.recipe)
    assert data is not None
    return Ready(result.recipe, Learnt.of(data), result.network)


@pytest.fixture(scope="module")
def cycle(tmp_path_factory: pytest.TempPathFactory) -> Writer:
    """A net that has learnt the letters in a circle, eight steps at a time."""
    book = tmp_path_factory.mktemp("cycle") / "cycle.txt"
    book.write_text(CYCLE * 100)
    data = {"name": "text", "file": str(book), "length": 8, "stride": 3}
    return Writer(trained({"data": data, "model": list(GRU), "optimizer": {"adam": 0.02}, "train": {"epochs": 40}}))


def names(model: Sequence[Any]) -> Ready:
    return _names(json.dumps(model))


@cache
def _names(model: str) -> Ready:
    return trained({"data": "names", "model": json.loads(model), "train": {"steps": 2}})


def test_draws_follow_the_probabilities() -> None:
    drawn = [Choice(seed=3, sample=i).draw(np.log(P), 0) for i in range(4000)]
    np.testing.assert_allclose(np.bincount(drawn, minlength=4) / 4000, P, atol=0.025)
    bold = [Choice(temperature=0.5, seed=3, sample=i).draw(np.log(P), 0) for i in range(4000)]
    np.testing.assert_allclose(np.bincount(bold, minlength=4) / 4000, P**2 / (P**2).sum(), atol=0.025)
    few = [Choice(top_k=2, seed=3, sample=i).draw(np.log(P), 0) for i in range(4000)]
    np.testing.assert_allclose(np.bincount(few, minlength=4) / 4000, [2 / 3, 1 / 3, 0, 0], atol=0.025)


def test_temperature_zero_and_one_of_one_are_the_likeliest() -> None:
    log_p = np.log(P[[2, 0, 1, 3]])
    for seed in range(20):
        assert Choice(temperature=0, seed=seed).draw(log_p, 5) == 1
        assert Choice(temperature=5, top_k=1, seed=seed).draw(log_p, 5) == 1
    equal = np.log(np.full(4, 0.25))
    assert {Choice(top_k=2, seed=seed).draw(equal, 0) for seed in range(50)} == {0, 1}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("temperature", [5e-324, 1e-320, 1e-300, 1e-9, 1e-6])
def test_the_lowest_temperatures_are_zero(temperature: float) -> None:
    log_p = np.log(np.array([0.125, 0.5, 0.25, 0.125]))
    log_p[3] = -np.inf
    assert {Choice(temperature=temperature, seed=seed).draw(log_p, 0) for seed in range(9)} == {1}


def test_what_cannot_be_is_never_drawn() -> None:
    log_p = np.array([-np.inf, 0.0, -np.inf, -np.inf])
    assert {Choice(temperature=100, seed=seed).draw(log_p, 0) for seed in range(200)} == {1}


def test_seed_sample_and_place_decide() -> None:
    flat = np.zeros(1000)
    first = [Choice(seed=1).draw(flat, place) for place in range(50)]
    assert [Choice(seed=1).draw(flat, place) for place in range(50)] == first
    for other in Choice(seed=2), Choice(seed=1, sample=1):
        assert sum(other.draw(flat, place) == first[place] for place in range(50)) <= 2
    assert len(set(first)) > 40


def test_a_net_goes_on_with_a_text(cycle: Writer) -> None:
    start = cycle.spelling.encode("cd")
    ids = list(cycle.tokens(start, 40, Choice(temperature=0)))
    assert cycle.spelling.decode(ids) == ("efghabcd" * 5)
    assert not cycle.ends and len(list(cycle.tokens([], 25, Choice(seed=4)))) == 25


def test_the_same_seed_gives_the_same_text(cycle: Writer) -> None:
    texts = [list(cycle.tokens([0], 60, Choice(temperature=3, seed=seed, sample=n))) for seed in (5, 5, 6) for n in (0, 1)]
    assert texts[0] == texts[2] and texts[1] == texts[3]
    assert texts[0] != texts[1] and texts[0] != texts[4]


def test_only_the_last_steps_are_seen(cycle: Writer) -> None:
    log_p = cycle.log_p([0, 3, 1, 2, 0, 5, 5, 6, 7])
    np.testing.assert_array_equal(log_p, cycle.log_p([4, 4, 3, 1, 2, 0, 5, 5, 6, 7]))
    assert np.abs(log_p - cycle.log_p([0, 4, 1, 2, 0, 5, 5, 6, 7])).max() > 0
    np.testing.assert_allclose(np.exp(log_p).sum(), 1)


def test_what_is_read_is_what_a_whole_row_says(cycle: Writer) -> None:
    """Asked for a beginning, a causal net says what it says of that beginning within a row."""
    row = np.array([cycle.spelling.encode("hgfedcba")], np.int32)
    whole = cycle.ready.log_probabilities(row)[0]
    for count in range(1, 9):
        np.testing.assert_array_equal(cycle.log_p(row[0, :count].tolist()), whole[count - 1])


@pytest.mark.parametrize("model", [GRU, ATTENTION], ids=["gru", "attention"])
def test_what_ends_by_itself(model: tuple[Any, ...]) -> None:
    writer = Writer(names(model))
    assert writer.ends and writer.opening == [0]
    found = [list(writer.tokens([], writer.steps, Choice(seed=seed))) for seed in range(60)]
    assert not any(0 in ids for ids in found)
    assert min(map(len, found)) < writer.steps
    context = [0, 5, 13]
    whole = writer.ready.log_probabilities(np.array([[*context, *[0] * (writer.steps - 3)]], np.int32),
                                           lengths=np.array([3], np.int32))  # fmt: skip
    np.testing.assert_array_equal(writer.log_p(context), whole[0, 2])


LOOKING: list[list[Any]] = [
    [{"embedding": 4}, {"bidirectional": [{"gru": 4}]}, {"dense": "classes"}],
    [{"embedding": 4}, {"attention": {"causal": False}}, {"dense": "classes"}],
    [{"embedding": 4}, {"attention": {"causal": True}}, {"attention": {"causal": False}}, {"dense": "classes"}],
    [{"embedding": 4}, {"conv1d": {"units": 4, "kernel": 3, "padding": "same"}}, {"dense": "classes"}],
    [{"embedding": 4}, "flatten", {"dense": 160}, {"reshape": [16, 10]}, {"dense": "classes"}],
]
BACK: list[list[Any]] = [
    [{"embedding": 4}, {"rnn": 4}, {"lstm": 4}, {"dense": "classes"}],
    [{"embedding": 4}, {"residual": ["layer_norm", {"attention": {"causal": True}}]}, {"dense": "classes"}],
    [{"embedding": 4}, {"dense": "classes"}],
]


@pytest.mark.parametrize(("model", "ahead"), [*((m, True) for m in LOOKING), *((m, False) for m in BACK)])
def test_nets_that_look_ahead(model: list[Any], ahead: bool) -> None:
    ready = names(model)
    assert looks_ahead(ready) is ahead
    if ahead:
        with pytest.raises(Unsuited, match="looks ahead"):
            Writer(ready)


def test_a_net_that_looks_one_step_ahead_at_the_end_alone() -> None:
    """The last place but one is among those that are tried."""
    ready = names(GRU)
    steps = ready.learnt.input_shape[0]
    forward = ready.outputs

    def peeking(inputs: Any, **beside: Any) -> Any:
        found = forward(inputs, **beside)
        found[:, steps - 2] += inputs[:, steps - 1, None]
        return found

    assert not looks_ahead(ready)
    ready.outputs = peeking  # type: ignore[method-assign]
    try:
        assert looks_ahead(ready)
    finally:
        del ready.outputs


def test_nets_that_foretell_nothing() -> None:
    recipe = {"data": {"name": "names", "task": "classify"}, "model": [{"embedding": 4}, {"gru": {"units": 4,
              "return": "last"}}, {"dense": "classes"}], "train": {"steps": 1}}  # fmt: skip
    for ready in trained(recipe), trained({"data": "moons", "model": [{"dense": 2}], "train": {"steps": 1}}):
        with pytest.raises(Unsuited, match="does not say what comes next"):
            Writer(ready)


def test_words_that_stand_for_none_are_never_said(tmp_path: Path) -> None:
    book = tmp_path / "book.txt"
    book.write_text("the king is here, and the queen is not. one two three four five six seven\n\n" * 30)
    data = {"name": "text", "file": str(book), "length": 6, "level": "word", "words": 5}
    writer = Writer(trained({"data": data, "model": list(GRU), "train": {"epochs": 2}}))
    unknown = writer.spelling.ids["<unk>"]
    ids = list(writer.tokens([], 300, Choice(temperature=2)))
    assert unknown not in ids and 0 in ids
    assert writer.opening == [0]
    text = writer.spelling.decode(ids)
    assert "\n\n" in text and "<" not in text and " ," not in text
    assert all(a != " " or b != " " for a, b in pairwise(text))
