"""What the recipes of word vectors say of their neighbours, beside the losses they must reach."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pytest
from marks import compiled_only

import dllab
from dllab.data.word_vectors import glove
from dllab.engine.network import Network
from dllab.engine.prepare import prepared
from dllab.lab.word_vectors import Overlap, circle_power, overlap, top_share
from dllab.recipe import load
from dllab.training.trainer import Trainer

TABLES = {"word2vec": "0_skip_gram.w", "word2vec-cbow": "0_cbow.w", "glove": "0_glove.w"}
OTHER_PROCESSOR = 0.005
"""By how much a share may lie beside the range that is told, for other last bits."""

pytestmark = compiled_only


@cache
def words(name: str) -> tuple[str, ...]:
    data = prepared(load(name))
    assert data is not None
    return data.dataset.vocabulary


def agreement(name: str, network: Network) -> Overlap:
    """How far the neighbours are those of the GloVe sample."""
    return overlap(words(name), network.parameters[TABLES[name]], *glove())


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", TABLES)
def test_neighbours_are_often_those_of_other_texts(name: str, seed: int) -> None:
    recipe = load(name)
    low, high, chance = (float(n) / 100 for n in re.findall(
        r"10 nearest words ([\d.]+) to ([\d.]+) % .*?, ([\d.]+) %", re.sub(r"\n# ", " ", recipe.text))[0])  # fmt: skip
    trainer = Trainer(recipe, seed=seed)
    for _ in trainer.events():
        pass
    found = agreement(name, trainer.network)
    assert low - OTHER_PROCESSOR <= found.share <= high + OTHER_PROCESSOR
    assert found.words > 2000 and round(found.chance, 3) == chance and found.share > 10 * found.chance


@pytest.mark.parametrize("name", TABLES)
def test_vectors_that_have_learnt_nothing_agree_by_chance(name: str) -> None:
    network = dllab.build(name, seed=0)
    found = agreement(name, network)
    assert found.share == pytest.approx(found.chance, abs=0.002)
    assert network.parameters[TABLES[name]].shape == (len(words(name)), 50), "far fewer numbers than one for each word"


def test_a_second_is_enough_to_be_far_from_chance() -> None:
    """On a part of the words."""
    trainer = Trainer(load("glove", ["data.words=1000", "train.epochs=4"]))
    for _ in trainer.events():
        pass
    vectors = trainer.network.parameters["0_glove.w"]
    found = overlap(trainer.data.dataset.vocabulary, vectors, *glove())
    assert np.isfinite(vectors).all() and found.share > 4 * found.chance


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_numbers_that_are_added_end_up_on_circles(seed: int) -> None:
    recipe = load("modular-addition")
    count, low, high, random = re.findall(
        r"(five) frequencies of 48 have (\d+) to (\d+) % .*? have (\d+) %", re.sub(r"\n# ", " ", recipe.text)
    )[0]
    trainer = Trainer(recipe, seed=seed)
    table = trainer.network.parameters["0_embedding.w"]
    before = top_share(circle_power(table), 5)
    for _ in trainer.events():
        pass
    assert count == "five" and abs(before - int(random) / 100) < 0.015
    assert int(low) / 100 - 0.03 <= top_share(circle_power(table), 5) <= int(high) / 100 + 0.03
