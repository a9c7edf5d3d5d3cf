"""What nets say of texts: rows made of texts, and every kind of answer, each against the net's own outputs."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dllab
from dllab.core.settings import jit_enabled
from dllab.data.table_text import TableError
from dllab.data.text_lines import TextLine, Texts
from dllab.engine.prepare import prepared
from dllab.lab import texts
from dllab.lab.texts import answers, kind_of, rows_of_texts, wanted_of
from dllab.runs.data_file import Learnt
from dllab.runs.ready import Ready

pytestmark = pytest.mark.skipif(not jit_enabled(), reason="nets that take minutes without compiled kernels")

GRU: list[Any] = [{"embedding": 8}, {"gru": 12}, {"dense": "classes"}]
LAST: list[Any] = [{"embedding": 8}, {"gru": {"units": 12, "return": "last"}}, {"dense": "classes"}]
REVERSAL = {
    "data": {"name": "reversal", "symbols": 3, "min_length": 1, "max_length": 3, "samples": 39},
    "model": [
        {"embedding": 8}, {"gru": {"units": 32, "name": "encoder"}}, {"embedding": {"units": 8, "from": "decoder"}},
        {"gru": {"units": 32, "start": "encoder"}}, {"dense": "classes"},
    ],
    "optimizer": {"adam": 0.02},
    "train": {"epochs": 150, "batch": 16},
}  # fmt: skip
NAMES = {"data": "names", "model": GRU, "train": {"steps": 60}, "metrics": ["accuracy", "bits_per_character"]}
GENDER = {"data": {"name": "names", "task": "classify"}, "model": LAST, "train": {"steps": 60}}
MASKED = {
    "data": {"name": "text", "file": "book.txt", "task": "masked", "length": 12, "stride": 1},
    "model": [{"embedding": 8}, {"bidirectional": [{"gru": 16}]}, {"dense": "classes"}],
    "optimizer": {"adam": 0.02},
    "train": {"epochs": 3},
}
LABELS = {
    "data": {"name": "copy_memory", "length": 2, "remember": 2, "symbols": 2, "score": "all", "samples": 200}, "model": GRU,
    "train": {"steps": 20},
}  # fmt: skip


def trained(recipe: dict[str, Any]) -> Ready:
    return _trained(json.dumps(recipe))


@cache
def _trained(recipe: str) -> Ready:
    result = dllab.train(json.loads(recipe), save=False)
    data = prepared(result.recipe)
    assert data is not None
    return Ready(result.recipe, Learnt.of(data), result.network)


def asked(*lines: str, targets: list[str] | None = None) -> Texts:
    wanted = targets or [None] * len(lines)
    return Texts("my.txt", [TextLine(i, text, to) for i, (text, to) in enumerate(zip(lines, wanted), 1)])


@pytest.fixture
def masked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ready:
    (tmp_path / "book.txt").write_text("abcdefghijkl" * 40)
    monkeypatch.chdir(tmp_path)
    return trained(MASKED)


def test_names_begin_with_the_boundary_and_words_to_classify_do_not() -> None:
    rows = rows_of_texts(trained(NAMES), asked("Emma", " al "))
    assert rows.inputs[0, :6].tolist() == [0, 6, 14, 14, 2, 0] and rows.lengths.tolist() == [5, 3]
    rows = rows_of_texts(trained(GENDER), asked("emma"))
    assert rows.inputs[0, :5].tolist() == [6, 14, 14, 2, 0] and rows.lengths.tolist() == [4]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("al9", "my.txt, line 2, letter 3: '9' is no letter that this net has learnt; it knows: - a b c"),
        ("a" * 16, "my.txt, line 2: 16 letters, and this net reads at most 15; shorten it"),
    ],
)
def test_texts_that_do_not_fit(text: str, told: str) -> None:
    with pytest.raises(TableError) as raised:
        rows_of_texts(trained(NAMES), asked("emma", text))
    assert str(raised.value).startswith(told)


def test_rows_that_have_no_lengths_are_read_whole() -> None:
    ready = trained(LABELS)
    assert rows_of_texts(ready, asked("ab_?__")).lengths.tolist() == [6]
    with pytest.raises(TableError, match="line 1: 3 letters, and this net reads exactly 6; give it texts of 6 letters"):
        rows_of_texts(ready, asked("ab?"))


def test_a_decoder_answers_with_its_own_words() -> None:
    ready = trained(REVERSAL)
    assert kind_of(ready) == "answer"
    given = ["a", "ab", "cab", "bbc", "acb"]
    rows = rows_of_texts(ready, asked(*given))
    found = answers(ready, rows)
    assert [one.answer for one in found] == [text[::-1] for text in given]
    wide = answers(ready, rows, beam=4)
    assert [one.answer for one in wide] == [text[::-1] for text in given]
    assert all(len(one.others) == 4 for one in wide)
    for one, text in zip(found, given):
        ids = ready.answering.encode(text[::-1])
        read = np.array([[0, *ids, *[0] * (3 - len(ids))]], np.int32)
        spelt = rows_of_texts(ready, asked(text))
        log_p = ready.log_probabilities(spelt.inputs, None, lengths=spelt.lengths, decoder=read)[0]
        assert one.log_p == pytest.approx(sum(log_p[t, i] for t, i in enumerate([*ids, 0])), rel=1e-5)


def test_many_rows_are_asked_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    ready = trained(REVERSAL)
    rows = rows_of_texts(ready, asked("abc", "b", "ca", "aab", "c"))
    whole = answers(ready, rows)
    monkeypatch.setattr(texts, "TOGETHER", 2)
    parts = answers(ready, rows)
    assert [(one.line, one.answer) for one in parts] == [(one.line, one.answer) for one in whole]


def test_what_comes_next_and_what_a_text_costs() -> None:
    ready = trained(NAMES)
    assert kind_of(ready) == "next"
    rows = rows_of_texts(ready, asked("emma", "zoe"))
    found = answers(ready, rows)
    log_p = ready.log_probabilities(rows.inputs, None, lengths=rows.lengths)
    best = int(log_p[0, 4].argmax())
    assert found[0].answer == ready.learnt.classes[best]
    assert found[0].log_p == pytest.approx(log_p[0, 4, best])
    assert len(found[0].steps) == 5 and found[0].steps[1].read == "e"
    letters = -sum(log_p[0, t, rows.inputs[0, t + 1]] for t in range(4)) / np.log(2)
    assert found[0].bits == pytest.approx(letters / 4)
    targets, beside = wanted_of(ready, rows)
    assert targets[1, :5].tolist() == [27, 16, 6, 0, -1]
    figures = ready.figures_of(rows.inputs, targets, **beside)
    ends = -log_p[0, 4, 0] / np.log(2), -log_p[1, 3, 0] / np.log(2)
    bits = [one.bits for one in found]
    assert bits[0] is not None and bits[1] is not None
    total = bits[0] * 4 + bits[1] * 3 + sum(ends)
    assert figures["bits_per_character"] == pytest.approx(total / 9, rel=1e-5)


def test_masks_are_filled_in(masked: Ready) -> None:
    assert kind_of(masked) == "fill"
    rows = rows_of_texts(masked, asked("abc<mask>efghijkl", "abc<mask>ef", "bcdefg"))
    mask = masked.spelling.mask
    assert rows.inputs[1].tolist() == [0, 1, 2, mask, 4, 5, *[mask] * 6]  # short ones are filled up with masks
    found = answers(masked, rows)
    assert found[0].answer == "abcdefghijkl"
    assert [step.said for step in found[0].steps] == ["d"]
    assert len(found[1].answer) == 6 and "<" not in found[1].answer
    assert found[2].answer == "bcdefg" and found[2].steps == () and found[2].log_p == 0


def test_labels_of_every_step() -> None:
    ready = trained(LABELS)
    assert kind_of(ready) == "labels"
    (said,) = answers(ready, rows_of_texts(ready, asked("ab_?__")))
    log_p = ready.log_probabilities(np.array([[1, 2, 0, 3, 0, 0]], np.int32))[0]
    assert [step.said for step in said.steps] == [ready.learnt.classes[i] for i in log_p.argmax(axis=1)]
    assert said.log_p == pytest.approx(log_p.max(axis=1).sum())
    assert [step.read for step in said.steps] == list("ab_?__")


def test_targets_of_texts() -> None:
    ready = trained(REVERSAL)
    rows = rows_of_texts(ready, asked("ab", "c", targets=["ba", "c"]))
    targets, beside = wanted_of(ready, rows)
    assert targets.tolist() == [[2, 1, 0, -1], [3, 0, -1, -1]]
    assert beside["decoder"].tolist() == [[0, 2, 1, 0], [0, 3, 0, 0]]
    assert ready.figures_of(rows.inputs, targets, **beside)["accuracy"] == 1.0
    rows = rows_of_texts(trained(GENDER), asked("emma", "john", targets=["female", "male"]))
    assert wanted_of(trained(GENDER), rows)[0].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("recipe", "target", "told"),
    [
        (REVERSAL, None, "no target, by which the net could be judged"),
        (REVERSAL, "bxa", "line 1, target, letter 2: 'x' is no letter"),
        (REVERSAL, "abca", "the target is longer than the answers this net gives, 4 steps"),
        (GENDER, "cat", "'cat' is no class of this net; its classes are female, male"),
        (LABELS, "ab", "line 1: a text of 6 steps and a target of 2; this net has a label for every step"),
    ],
)
def test_targets_that_cannot_be(recipe: dict[str, Any], target: str | None, told: str) -> None:
    ready = trained(recipe)
    text = "ab_?__" if recipe is LABELS else "ab"
    with pytest.raises(TableError) as raised:
        wanted_of(ready, rows_of_texts(ready, asked(text, targets=None if target is None else [target])))
    assert told in str(raised.value)


def test_texts_that_foretell_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "book.txt").write_text("abcdefghijkl" * 40)
    monkeypatch.chdir(tmp_path)
    data = {"name": "text", "file": "book.txt", "length": 8}
    ready = trained({"data": data, "model": GRU, "train": {"steps": 1}})
    with pytest.raises(TableError, match=r"my\.txt: there is nothing to judge, no text has a second letter"):
        wanted_of(ready, rows_of_texts(ready, asked("a", "b")))
    assert (wanted_of(ready, rows_of_texts(ready, asked("a", "ab")))[0] >= 0).sum() == 1
