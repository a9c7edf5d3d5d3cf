"""The generated sequences against plain twins, and what guessing reaches on them against the figures of their pages."""

import inspect
import re
from collections import Counter, defaultdict
from itertools import product
from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dllab.data.adding import Adding
from dllab.data.both_sides import BothSides, one_way
from dllab.data.brackets import Brackets, opening_chances
from dllab.data.copy_memory import CopyMemory
from dllab.data.modular_addition import ModularAddition
from dllab.data.reber import EMBEDDED, Reber, allowed
from dllab.data.recall import Recall
from dllab.data.running_parity import RunningParity
from dllab.data.temporal_order import TemporalOrder

few = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 2**31)


def columns(source):
    data = source.load()
    return data, data.columns["inputs"], data.columns["targets"]


def texts(data, ids):
    return [[data.vocabulary[one] for one in row] for row in ids]


def entropy(values):
    """Of what values are drawn from, by their counts."""
    counts = np.array(list(Counter(values).values())) / len(values)
    return float(-(counts * np.log(counts)).sum())


FIGURES = [
    (Adding, 1 / 6, "0.167"), (Adding, 1 / 12, "0.083"),
    (CopyMemory, log(8), "2.08"), (CopyMemory, 10 * log(8) / 120, "0.173"),
    (Reber, 7 * log(2) / 13, "0.373"), (Reber, 9.5 / 13, "0.731"), (Reber, 8 * log(2) / 13, "0.427"),
    (Reber, 9 / 13, "0.692"), (Reber, 6 * log(2) / 9, "0.462"), (TemporalOrder, log(4), "1.386"),
    (Brackets, 0.55 + 0.45 / 2, "0.775"), (ModularAddition, log(97), "4.57"),
    (BothSides, 9.4 / 15, "0.627"), (BothSides, 11.2 / 15 * log(2), "0.518"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "figure", "written"), FIGURES)
def test_a_figure_of_a_page_is_its_formula(source, figure, written):
    assert re.search(rf"(?<![\d.]){re.escape(written)}(?!\d)", inspect.getdoc(source))
    places = len(written.partition(".")[2])
    assert abs(figure - float(written)) <= 0.50001 * 10**-places


# ---- adding ----------------------------------------------------------------------------------------------------------


@few
@given(length=st.integers(2, 30), samples=st.integers(1, 50), seed=seeds)
def test_adding_marks_one_step_of_each_half_and_wants_their_sum(length, samples, seed):
    data, inputs, targets = columns(Adding(length=length, samples=samples, seed=seed))
    assert inputs.shape == (samples, length, 2) and targets.shape == (samples, 1)
    assert data.features[:2] == ("t1 value", "t1 mark")
    for row, (total,) in zip(inputs, targets):
        marked = [step for step in range(length) if row[step, 1] == 1]
        assert len(marked) == 2 and marked[0] < length // 2 <= marked[1]
        assert set(row[:, 1]) <= {0, 1} and row[:, 0].min() >= 0 and row[:, 0].max() <= 1
        assert total == row[marked[0], 0] + row[marked[1], 0]


def test_adding_is_guessed_with_a_sixth_and_half_known_with_a_twelfth():
    _, inputs, targets = columns(Adding(length=20, samples=40_000))
    assert abs(((targets - 1) ** 2).mean() - 1 / 6) < 0.004
    first = (inputs[:, :10, 0] * inputs[:, :10, 1]).sum(axis=1, keepdims=True)
    assert abs(((targets - first - 0.5) ** 2).mean() - 1 / 12) < 0.002
    np.testing.assert_allclose(inputs[:, :, 1].mean(axis=0), 0.1, atol=0.01)


# ---- copy_memory -----------------------------------------------------------------------------------------------------


@few
@given(length=st.integers(1, 20), symbols=st.integers(2, 9), remember=st.integers(1, 12), seed=seeds)
def test_copy_memory_is_symbols_silence_a_sign_and_silence(length, symbols, remember, seed):
    shape = {"length": length, "symbols": symbols, "remember": remember, "samples": 20, "seed": seed}
    data, inputs, targets = columns(CopyMemory(**shape))
    whole, same, all_targets = columns(CopyMemory(**shape, score="all"))
    np.testing.assert_array_equal(inputs, same)
    assert data.vocabulary == ("_", *"abcdefghi"[:symbols], "?")
    assert data.classes == data.vocabulary[1:-1] and whole.classes == data.vocabulary[:-1]
    for row, label, every in zip(texts(data, inputs), targets, all_targets):
        said = row[:remember]
        assert set(said) <= set(data.classes)
        assert row[remember:] == ["_"] * (length - 1) + ["?"] + ["_"] * remember
        assert label[: length + remember].tolist() == [-1] * (length + remember)
        assert [data.classes[one] for one in label[length + remember :]] == said
        assert [whole.classes[one] for one in every] == ["_"] * (length + remember) + said


def test_copy_memory_is_guessed_with_ten_ln_8_over_t_plus_20():
    targets = columns(CopyMemory(length=100, samples=4000, score="all"))[2]
    per_step = [entropy(targets[:, step]) for step in range(120)]  # what is known of a step without memory
    assert abs(np.mean(per_step) - 10 * log(8) / 120) < 1e-4
    assert abs((targets == np.where(np.arange(120) < 110, 0, 1)).mean() - (110 + 10 / 8) / 120) < 2e-3
    answers = columns(CopyMemory(length=100, samples=4000))[2]
    assert abs(entropy(answers[answers >= 0]) - log(8)) < 1e-3


# ---- recall ----------------------------------------------------------------------------------------------------------


@few
@given(gap=st.integers(0, 12), symbols=st.integers(2, 26), kind=st.sampled_from(["digits", "symbols"]), seed=seeds)
def test_recall_asks_for_the_first_symbol(gap, symbols, kind, seed):
    data, inputs, targets = columns(Recall(gap=gap, symbols=symbols, distractors=kind, samples=60, seed=seed))
    allowed_between = set("0123456789") if kind == "digits" else set(data.classes)
    for row, label in zip(texts(data, inputs), targets):
        assert row[0] == data.classes[label] and row[-1] == "?" and len(row) == gap + 2
        assert set(row[1:-1]) <= allowed_between
    assert len(data.classes) == symbols and np.ptp(np.bincount(targets)) <= 1


@few
@given(pairs=st.integers(1, 6), more=st.integers(0, 5), gap=st.integers(0, 4), seed=seeds)
def test_recall_of_pairs_asks_for_the_value_of_a_key(pairs, more, gap, seed):
    data, inputs, targets = columns(Recall(pairs=pairs, keys=pairs + more, gap=gap, samples=60, seed=seed))
    for row, label in zip(texts(data, inputs), targets):
        keys, values = row[: 2 * pairs : 2], row[1 : 2 * pairs : 2]
        assert len(set(keys)) == pairs and set(keys) <= set("abcdefghijklmnopqrstuvwxyz")
        assert row[-2] == "?" and set(row[2 * pairs : -2]) <= set("0123456789") and len(row) == 2 * pairs + gap + 2
        assert dict(zip(keys, values))[row[-1]] == data.classes[label]


@pytest.mark.parametrize(("pairs", "begin", "end"), [(0, 1, -1), (2, 4, -2)])
@pytest.mark.parametrize(("kind", "kinds"), [("digits", set("0123456789")), ("symbols", set("ABCDEFGH"))])
def test_recall_is_distracted_by_all_kinds(kind, kinds, pairs, begin, end):
    data, inputs, _ = columns(Recall(pairs=pairs, distractors=kind, samples=200))
    between = texts(data, inputs[:, begin:end])
    assert len(between[0]) == 20 and {one for row in between for one in row} == kinds


def test_recall_of_a_value_without_its_key():
    _, inputs, targets = columns(Recall(pairs=3, gap=0, samples=30_000))
    right = (inputs[:, 1:6:2] == targets[:, None]).mean()
    assert abs(right - (1 / 3 + (1 - 1 / 3) / 8)) < 0.005
    asked = (inputs[:, 0:6:2] == inputs[:, -1:]).mean(axis=0)
    np.testing.assert_allclose(asked, 1 / 3, atol=0.01)


# ---- running_parity --------------------------------------------------------------------------------------------------


@few
@given(length=st.integers(1, 20), modulo=st.integers(2, 9), ids=st.booleans(), seed=seeds)
def test_running_sums_wrap_around(length, modulo, ids, seed):
    shape = {"length": length, "modulo": modulo, "ids": ids, "samples": 20, "seed": seed}
    data, inputs, targets = columns(RunningParity(**shape))
    last = columns(RunningParity(**shape, answer="last"))[2]
    assert inputs.shape == ((20, length) if ids else (20, length, 1)) and inputs.dtype == (np.int32 if ids else np.float32)
    assert data.vocabulary == (data.classes if ids else ())
    for row, labels, end in zip(inputs.reshape(20, length), targets, last):
        total = 0
        for number, label in zip(row, labels):
            total = (total + int(number)) % modulo
            assert label == total
        assert end == total


@pytest.mark.parametrize("modulo", [2, 5])
def test_running_sums_can_only_be_guessed_without_state(modulo):
    _, inputs, targets = columns(RunningParity(modulo=modulo, ids=True, samples=8000))
    later = list(zip(inputs[:, 5], targets[:, 5]))
    assert abs(entropy(later) - entropy(inputs[:, 5]) - log(modulo)) < 0.002
    for step in (0, 1, 19):
        assert abs(entropy(targets[:, step]) - log(modulo)) < 0.002


# ---- reber -----------------------------------------------------------------------------------------------------------

FROM_X = "(?:XT*VP)*(?:S|XT*VV)"  # after the X of T S* X, and after the second P of P T* V P
WORD = f"B(?:TS*X{FROM_X}|PT*V(?:V|P{FROM_X}))E"
NESTED = f"B(?:T{WORD}T|P{WORD}P)E"


def words(data):
    lengths = data.columns["lengths"]
    return ["".join(data.vocabulary[one] for one in row[1:n]) for row, n in zip(data.columns["inputs"], lengths)]


@pytest.mark.parametrize("embedded", [True, False])
def test_reber_words_are_of_the_grammar_and_every_next_symbol_is_asked(embedded):
    data, inputs, targets = columns(Reber(embedded=embedded, samples=1500))
    assert data.vocabulary == (".", *"BEPSTVX") and data.classes == data.vocabulary and inputs.shape == (1500, 31)
    for row, label, word, length in zip(inputs, targets, words(data), data.columns["lengths"]):
        assert re.fullmatch(NESTED if embedded else WORD, word) and len(word) == length - 1 <= 30
        assert row[0] == 0 and not row[length:].any()
        assert [data.classes[one] for one in label[:length]] == [*word, "."] and set(label[length:]) <= {-1}


@pytest.mark.parametrize("embedded", [True, False])
def test_allowed_is_what_may_come_next(embedded):
    data = Reber(embedded=embedded, samples=20_000, longest=16).load()
    seen = defaultdict(set)
    for word in words(data):
        for place in range(len(word) + 1):
            seen[word[:place]].add(f"{word}."[place])
    often = [begin for begin in seen if len(begin) <= (9 if embedded else 7)]
    assert len(often) > 50
    for begin in often:
        assert allowed(begin, embedded) == seen[begin] == allowed([".", *begin], embedded)
    begins = {begin for begin in seen if len(begin) == 4}
    for begin in map("".join, product("BEPSTVX", repeat=4)):
        assert bool(allowed(begin, embedded)) == (begin in begins)
    assert allowed("BTBTXSETE.") == set() and allowed("BTXSE", embedded=False) == {"."} and allowed("?") == set()


@pytest.mark.parametrize(("embedded", "loss", "right"), [(True, 7 * log(2) / 13, 9.5 / 13), (False, 6 * log(2) / 9, 6 / 9)])
def test_reber_can_be_foreseen_as_far_as_its_page_says(embedded, loss, right):
    ways, short = [], 0
    for word in words(Reber(embedded=embedded, samples=6000).load()):
        steps = [len(allowed(word[:place], embedded)) for place in range(len(word) + 1)]
        assert set(steps) <= {1, 2}
        if embedded:
            assert allowed(word[:-2]) == {word[1]}
        ways += steps
        short += 1
    assert abs(np.log(ways).mean() - loss) < 0.004 and abs((1 / np.array(ways)).mean() - right) < 0.004
    if embedded:  # the last but one becomes a choice as well
        assert abs((np.log(ways).sum() + short * log(2)) / len(ways) - 8 * log(2) / 13) < 0.004
        assert abs(((1 / np.array(ways)).sum() - short / 2) / len(ways) - 9 / 13) < 0.004


def test_one_reber_word_in_800_is_longer_than_30():
    shares = np.zeros(len(EMBEDDED) + 1)
    shares[0] = 1
    for _ in range(30):
        following = np.zeros_like(shares)
        for share, ways in zip(shares, EMBEDDED):
            for state in ways.values():
                following[state] += share / len(ways)
        following[-2:] += shares[-2:] * [0, 1]
        shares = following
    ended = shares[-2:].sum()  # the whole word is there, or the boundary behind it as well
    assert abs((1 - ended) * 800 - 1) < 0.02


# ---- temporal_order --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("length", "marks"), [(100, 2), (100, 3), (40, 2), (10, 3), (15, 2)])
def test_temporal_order_has_its_symbols_where_the_paper_has_them(length, marks):
    data, inputs, targets = columns(TemporalOrder(length=length, marks=marks, samples=800))
    spread = length // 10
    begins = [int(length * share) for share in ((0.1, 0.5) if marks == 2 else (0.1, 0.33, 0.66))]
    seen = [set() for _ in begins]
    for row, label, steps in zip(texts(data, inputs), targets, data.columns["lengths"]):
        assert row[0] == "E" and row[steps - 1] == "B" and set(row[steps:]) <= {"."} and length <= steps <= length + spread
        places = [step for step in range(steps) if row[step] in "XY"]
        assert "".join(row[step] for step in places) == data.classes[label]
        assert len(places) == marks and set(row[1 : steps - 1]) <= set("abcdXY")
        for place, begin, found in zip(places, begins, seen):
            assert begin <= place <= begin + spread
            found.add(place - begin)
    assert all(found == set(range(spread + 1)) for found in seen)
    assert {data.vocabulary[one] for one in np.unique(inputs)} == {*"EBabcdXY", *"." * (spread > 0)}
    assert set(data.columns["lengths"]) == set(range(length, length + spread + 1))
    assert data.classes == tuple(map("".join, product("XY", repeat=marks)))
    assert abs(entropy(targets) - marks * log(2)) < 1e-3


# ---- brackets --------------------------------------------------------------------------------------------------------


@few
@given(kinds=st.integers(1, 4), pairs=st.integers(1, 15), depth=st.integers(1, 20) | st.none(), seed=seeds)
def test_brackets_close_what_was_opened_last(kinds, pairs, depth, seed):
    data, inputs, targets = columns(Brackets(kinds=kinds, pairs=pairs, depth=depth, samples=30, seed=seed))
    partner = dict(zip("([{<", ")]}>"))
    for row, labels in zip(texts(data, inputs), targets):
        open_now = []
        for step, bracket in enumerate(row):
            if bracket in partner:
                open_now.append(bracket)
                assert len(open_now) <= (depth or pairs)
            else:
                assert partner[open_now.pop()] == bracket
            closes = step + 1 < len(row) and row[step + 1] in partner.values()
            assert labels[step] == (data.classes.index(partner[open_now[-1]]) if closes else -1)
        assert not open_now


@pytest.mark.parametrize(("depth", "texts_there_are"), [(None, 42), (2, 16), (3, 34), (1, 1)])
def test_all_balanced_texts_are_equally_likely(depth, texts_there_are):
    _, inputs, _ = columns(Brackets(kinds=1, pairs=5, depth=depth, samples=42_000))
    counts = Counter(map(tuple, inputs.tolist()))
    expected = 42_000 / texts_there_are
    assert len(counts) == texts_there_are
    assert all(abs(count - expected) < 6 * expected**0.5 for count in counts.values())


def test_chances_of_opening_stay_numbers_in_long_texts():
    chances = opening_chances(1000, 500)
    assert np.isfinite(chances).all() and chances[0, 0] == 1 and not chances[-1].any() and chances.max() <= 1


@pytest.mark.parametrize(("kinds", "pairs"), [(2, 10), (4, 3)])
def test_brackets_are_guessed_as_their_page_says(kinds, pairs):
    _, inputs, targets = columns(Brackets(kinds=kinds, pairs=pairs, samples=10_000))
    asked = targets >= 0
    share = (pairs + 1) / (2 * pairs)
    closing = inputs[:, 1:] >= kinds
    assert abs((inputs[:, :-1] < kinds)[closing].mean() - share) < 0.006
    assert abs(entropy(targets[asked]) - log(kinds)) < 0.001
    last = np.zeros(len(inputs), np.int64)
    right = []
    for step in range(2 * pairs):
        last = np.where(inputs[:, step] < kinds, inputs[:, step], last)
        right.append((last == targets[:, step])[asked[:, step]])
    assert abs(np.concatenate(right).mean() - (share + (1 - share) / kinds)) < 0.006


# ---- modular_addition ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("equals", [True, False])
@pytest.mark.parametrize("p", [2, 7, 97, 113])
def test_modular_addition_lists_every_pair_once(p, equals):
    data, inputs, targets = columns(ModularAddition(p=p, equals=equals))
    assert [tuple(row) for row in inputs[:, :2]] == list(product(range(p), repeat=2))
    assert all((int(a) + int(b)) % p == label for (a, b, *_), label in zip(inputs, targets))
    assert inputs.shape[1] == (3 if equals else 2) and (not equals or set(inputs[:, 2]) == {p})
    assert data.vocabulary == (*map(str, range(p)), "=")[: p + equals] and data.classes == tuple(map(str, range(p)))
    assert abs(entropy(targets) - log(p)) < 1e-9


def test_modular_addition_holds_back_half_of_the_pairs_by_seed():
    one, other = (ModularAddition(p=23, seed=seed).prepare().splits for seed in (1, 2))
    assert len(one.train) == 265 and len(one.test) == 264 and not set(one.train) & set(one.test)
    assert set(one.test) != set(other.test)


# ---- both_sides ------------------------------------------------------------------------------------------------------


@few
@given(length=st.integers(2, 25), rate=st.floats(0, 1), kinds=st.integers(2, 4), seed=seeds)
def test_both_sides_are_the_marks_before_and_behind(length, rate, kinds, seed):
    data, inputs, targets = columns(BothSides(length=length, rate=rate, kinds=kinds, samples=20, seed=seed))
    for row, labels in zip(texts(data, inputs), targets):
        assert row[0] != "-" != row[-1]
        for step, label in enumerate(labels):
            before = next(row[place] for place in range(step, -1, -1) if row[place] != "-")
            after = next(row[place] for place in range(step, length) if row[place] != "-")
            assert data.classes[label] == before + after


@pytest.mark.parametrize("options", [{}, {"kinds": 3, "rate": 0.4, "length": 12}, {"rate": 0.0}])
def test_one_direction_of_both_sides_stays_at_its_bound(options):
    source = BothSides(samples=8000, **options)
    _, inputs, targets = columns(source)
    accuracy, loss = one_way(inputs, source.kinds)
    marks = (2 + source.rate * (source.length - 2)) / source.length
    assert abs(accuracy - (marks + (1 - marks) / source.kinds)) < 0.002
    assert abs(loss - (1 - marks) * log(source.kinds)) < 0.003
    before, after = targets // source.kinds, targets % source.kinds
    for known, other in ((before, after), (after, before)):  # a table of all that one direction can make use of
        given_one = list(zip((inputs > 0).ravel(), known.ravel()))
        both = list(zip(given_one, other.ravel()))
        assert abs(entropy(both) - entropy(given_one) - loss) < 0.004
        best = sum(max(count for (seen, _), count in Counter(both).items() if seen == case) for case in set(given_one))
        assert abs(best / len(both) - accuracy) < 0.012
