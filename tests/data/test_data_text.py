"""Long texts in windows: what a row holds, that splits share nothing, and what is hidden from a net."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dllab.data.blocks import blocks_of
from dllab.data.dataset import Prepared
from dllab.data.folds import Folds
from dllab.data.kjv import Kjv, verses
from dllab.data.masking import masked
from dllab.data.sequences import filled, one_step_late
from dllab.data.shakespeare8 import Shakespeare8
from dllab.data.table_text import TableError
from dllab.data.text import Text
from dllab.data.text_windows import TextByLevel
from dllab.data.tokens import characters, most_frequent, words

few = settings(max_examples=60, deadline=None)
PARTS = ("train", "validation", "test")


class Given(TextByLevel):
    """A text from memory."""

    given: str = ""

    def read(self) -> str:
        return self.given


def spelt(data: Prepared, row: int, column: str = "inputs", gap: str = "") -> str:
    return gap.join(data.dataset.vocabulary[i] for i in data.dataset.columns[column][row])


def steps_of(data: Prepared, split: str, reach: int) -> set[int]:
    """All places in the text that the rows of a split see or are asked."""
    starts = data.dataset.columns["starts"][getattr(data.splits, split)]
    return {int(start) + step for start in starts for step in range(reach)}


# ---- rows and splits -------------------------------------------------------------------------------------------------


@few
@given(
    st.integers(220, 900), st.integers(1, 20), st.integers(1, 25), st.sampled_from([0.0, 0.15, 0.3]),
    st.sampled_from([0.0, 0.1, 0.25]), st.sampled_from(["next", "masked"]), st.integers(1, 3),
)  # fmt: skip
def test_no_place_of_the_text_is_in_two_splits(
    size: int, length: int, stride: int, test: float, validation: float, task: Any, copies: int
) -> None:
    text = "".join(chr(97 + i * i % 26) for i in range(size))  # long enough for a row of 21 in a tenth of it
    options: dict[str, Any] = {"copies": copies} if task == "masked" else {}
    data = Given(given=text, length=length, stride=stride, test=test, validation=validation, task=task, **options).prepare()
    reach = length + (task == "next")
    seen = [steps_of(data, split, reach) for split in PARTS]
    assert max(seen[0]) < min(seen[1] | {size}) and max(seen[1] | seen[0]) < min(seen[2] | {size})
    assert max(seen[0] | seen[1] | seen[2]) < size
    borders = (round(size * (1 - test - validation)), round(size * (1 - test)))
    assert min(seen[2] | {size}) >= borders[1] - 1 and bool(seen[2]) == (test > 0) and bool(seen[1]) == (validation > 0)
    rows = np.concatenate([getattr(data.splits, split) for split in PARTS])
    np.testing.assert_array_equal(rows, np.arange(data.dataset.rows))


@few
@given(st.text(min_size=120, max_size=400), st.integers(1, 9), st.integers(1, 12))
def test_rows_spell_the_text_and_targets_are_a_step_later(text: str, length: int, stride: int) -> None:
    text = text.encode("utf-8", "replace").decode()
    data = Given(given=text, length=length, stride=stride).prepare()
    for row, start in enumerate(data.dataset.columns["starts"]):
        assert spelt(data, row) == text[start : start + length]
        assert spelt(data, row, "targets") == text[start + 1 : start + 1 + length]
    assert data.dataset.vocabulary == data.dataset.classes == tuple(sorted(set(text)))


def test_rows_flow_on_where_the_next_one_begins_at_the_end() -> None:
    text = "abcdefghij" * 30
    assert Given(given=text, length=8).load().flows and Given(given=text, length=8, stride=8).load().flows
    assert not Given(given=text, length=8, stride=4).load().flows
    assert not Given(given=text, length=8, task="masked").load().flows


def test_blocks_share_the_steps_out() -> None:
    assert blocks_of(100, 0.2, 0.1) == (range(70), range(70, 80), range(80, 100))
    assert blocks_of(10, 0.0, 0.0) == (range(10), range(10, 10), range(10, 10))


def test_folds_and_classes_are_refused() -> None:
    source = Given(given="abcdefghij" * 30, length=8)
    with pytest.raises(ValueError, match="folds: its rows have an order"):
        Folds(source, 3)
    for options in ({"only": ("a", "b")}, {"per_class": 3}, {"standardise": True}, {"reconstruct": True}):
        with pytest.raises(ValueError, match="leave"):
            Given(given="abcdefghij" * 30, length=8, **options).prepare()


def test_the_number_of_ids_is_limited() -> None:
    with pytest.raises(ValueError, match=r"some 90,000 rows of 1,000 steps .*; make stride: larger"):
        Given(given="ab" * 50_000, length=1000, stride=1).load()
    with pytest.raises(ValueError, match="make copies: smaller"):
        Given(given="ab" * 50_000, length=1000, task="masked", copies=1000).load()


# ---- words ----------------------------------------------------------------------------------------------------------


def test_words_marks_and_paragraphs() -> None:
    found = words("The cat's tail -- it's well-known,\nshe said.\n\n  Yes_2!\n \n\n")
    assert [found.words[i] for i in found.ids] == [
        "The", "cat's", "tail", "-", "-", "it's", "well-known", ",", "she", "said", ".", "<end>", "Yes", "_", "2", "!",
        "<end>",
    ]  # fmt: skip
    assert found.words[0] == "<end>" and found.special == 1


def test_only_the_training_part_says_which_words_are_known() -> None:
    text = "a b a b c " * 20 + "z z z z z z z z z z z z"
    data = Given(given=text, level="word", length=4, test=0.115).prepare()
    assert data.dataset.vocabulary == ("<end>", "<unk>", "a", "b", "c")
    assert spelt(data, int(data.splits.test[0]), gap=" ") == "<unk> <unk> <unk> <unk>"
    two = Given(given=text, level="word", length=4, words=2).load()
    assert two.vocabulary == ("<end>", "<unk>", "a", "b")


def test_known_words_are_ordered_by_how_often_they_are() -> None:
    tokens = words("x y y z z z\n\ny q")
    found = most_frequent(tokens, 3, range(len(tokens.ids)))
    assert found.words == ("<end>", "<unk>", "y", "z", "x") and found.special == 2
    assert [found.words[i] for i in found.ids] == ["x", "y", "y", "z", "z", "z", "<end>", "y", "<unk>", "<end>"]


def test_small_letters() -> None:
    assert Given(given="ABC abc" * 20, length=4, lower=True).load().vocabulary == (" ", "a", "b", "c")


def test_characters_of_any_script() -> None:
    found = characters("naïve 日本 🙂\n")
    assert "".join(found.words[i] for i in found.ids) == "naïve 日本 🙂\n" and found.words == tuple(sorted(found.words))


# ---- masks ----------------------------------------------------------------------------------------------------------


def test_of_the_chosen_most_are_hidden_some_changed_some_kept() -> None:
    windows = np.tile(np.arange(2, 12, dtype=np.int32), (4000, 1))
    windows[:, 0], windows[:, 1] = 0, 1
    seen, asked = masked(windows, 12, 2, 0.15, np.random.default_rng(0))
    chosen = asked >= 0
    assert not chosen[:, :2].any() and chosen[:, 2:].mean() == pytest.approx(0.15 + 0.85**8 / 8, abs=0.01)
    np.testing.assert_array_equal(asked[chosen], windows[chosen])
    np.testing.assert_array_equal(seen[~chosen], windows[~chosen])
    hidden, kept = seen[chosen] == 12, seen[chosen] == windows[chosen]
    assert hidden.mean() == pytest.approx(0.8, abs=0.02) and kept.mean() == pytest.approx(0.1 + 0.1 / 10, abs=0.02)
    assert seen.min() == 0 and set(np.unique(seen[chosen])) == set(range(2, 13))
    assert chosen.any(axis=1).all(), "a row asks for something"


def test_a_row_of_what_stands_for_nothing_asks_for_nothing() -> None:
    windows = np.zeros((3, 4), np.int32)
    seen, asked = masked(windows, 5, 2, 0.5, np.random.default_rng(0))
    assert not seen.any() and (asked == -1).all()


def test_copies_are_masked_otherwise_and_what_is_judged_stays() -> None:
    text = "the quick brown fox jumps over the lazy dog " * 40
    one, three = (Given(given=text, length=16, task="masked", validation=0.1, copies=n).prepare() for n in (1, 3))
    count = len(one.splits.train)
    assert len(three.splits.train) == 3 * count
    inputs = three.dataset.columns["inputs"]
    assert not np.array_equal(inputs[:count], inputs[count : 2 * count])
    starts = three.dataset.columns["starts"]
    np.testing.assert_array_equal(starts[:count], starts[count : 2 * count])
    for column in ("inputs", "targets"):
        for split in ("validation", "test"):
            a, b = (data.dataset.columns[column][getattr(data.splits, split)] for data in (one, three))
            np.testing.assert_array_equal(a, b)
    assert one.dataset.vocabulary[-1] == "<mask>"
    other = Given(given=text, length=16, task="masked", validation=0.1, seed=5).load()
    assert not np.array_equal(other.columns["inputs"], one.dataset.columns["inputs"])


@pytest.mark.parametrize("options", [{"copies": 2}, {"words": 10}])
def test_options_that_do_not_go_together(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="leave it out"):
        Given(given="x", **options)


# ---- files ----------------------------------------------------------------------------------------------------------


def test_a_file_is_read_as_it_is_but_for_its_mark_and_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "my.txt"
    path.write_bytes(b"\xef\xbb\xbf" + "grün\r\nblau\rrot\n".encode() * 20)
    source = Text(file=str(path), length=5, test=0.25)
    assert (source.load().name, source.read()) == ("my.txt", "grün\nblau\nrot\n" * 20)
    before = source.stamp()
    path.write_text("something else")
    assert source.stamp() != before


BAD = [
    (b"", "is empty"), (b" \n\n", "is empty"), (b"caf\xe9", r"line 1: a byte 0xe9 that is no UTF-8; save it as UTF-8"),
    (b"ok\nok\n\xff", "line 3: a byte 0xff"), (b"a\0b", "holds bytes that stand in none"),
    (b"\x1f\x8b\x08", "packed with gzip"),
    (b"abc", r"3 steps to train on hold no row, which takes 65; make length: smaller"),
    (b"a" * 100, r"test: 0.1 of it, 10 steps, holds no row, which takes 65; make length: smaller, or test: larger"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "told"), BAD)
def test_a_file_that_is_no_text_or_too_short(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "my.txt").write_bytes(content)
    with pytest.raises(ValueError, match=told):
        Text(file=str(tmp_path / "my.txt")).load()


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path, told in ((tmp_path / "none.txt", "there is no file"), (tmp_path, "is a folder")):
        with pytest.raises(TableError, match=told):
            Text(file=str(path)).load()


# ---- the texts that come with the lab ---------------------------------------------------------------------------------


def test_shakespeare_is_as_published() -> None:
    text = Shakespeare8().read()
    assert len(text) == 1_035_997 and len(set(text)) == 76
    assert text.startswith("HAMLET, PRINCE OF DENMARK\n") and "World Library" not in text and "Gutenberg" not in text
    data = Shakespeare8().prepare()
    assert [len(getattr(data.splits, split)) for split in PARTS] == [14_568, 0, 1_618]
    assert spelt(data, 0) == text[:64] and spelt(data, 0, "targets") == text[1:65]
    assert spelt(data, int(data.splits.test[0])) == text[-103_600:][:64]


def test_the_bible_is_as_published() -> None:
    found = verses()
    assert len(found) == 31_102 and sum(len(verse.split()) for verse in found) == 789_634
    assert found[0] == "In the beginning God created the heaven and the earth."
    data = Kjv().prepare()
    assert "944,708 words and marks, 12,781 different ones" in data.dataset.about
    assert spelt(data, 0, gap=" ").startswith("in the beginning god created the heaven and the earth . <end> and the earth")
    assert "girdle" in spelt(data, int(data.splits.test[0]), gap=" "), "Acts 21"
    assert Kjv(level="char", lower=False, length=60).prepare().dataset.rows > 60_000


# ---- what ends ------------------------------------------------------------------------------------------------------


def test_what_is_read_and_what_is_said() -> None:
    read, said = one_step_late([[5, 13, 13, 1], [2]])
    assert read.tolist() == [[0, 5, 13, 13, 1], [0, 2, 0, 0, 0]]
    assert said.tolist() == [[5, 13, 13, 1, 0], [2, 0, -1, -1, -1]]
    assert filled([[1, 2], []], 3, 9).tolist() == [[1, 2, 9], [9, 9, 9]]
