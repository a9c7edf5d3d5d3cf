"""Words said backwards or sorted, and dates: against plain twins, and what can be known of them without the input."""

import inspect
import itertools
import re
from collections import Counter
from datetime import date, datetime
from math import factorial, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dllab.data.dates import FORMATS, Dates
from dllab.data.orderings import Reversal, Sorting

few = settings(max_examples=25, deadline=None)
SMALL = {"symbols": 4, "min_length": 2, "max_length": 5, "samples": 300}


def said(data):
    """What is read, and what is to be said, as lists of words."""
    read = [[data.vocabulary[one] for one in row[:n]] for row, n in zip(data.columns["inputs"], data.columns["lengths"])]
    return read, [[data.classes[one] for one in row if one >= 0] for row in data.columns["targets"]]


def page_of(source):
    return " ".join(inspect.getdoc(source).split())


def check_decoder(data):
    """The decoder reads the boundary, then what it was to say, one step late; behind the last label nothing counts."""
    targets, decoder = data.columns["targets"], data.columns["decoder"]
    assert decoder.shape == targets.shape and data.columns["lengths"].dtype == decoder.dtype == np.int32
    for row, labels in zip(decoder, targets):
        steps = int((labels >= 0).sum())
        assert labels[steps - 1] == 0 and (labels[: steps - 1] > 0).all() and (labels[steps:] == -1).all()
        assert row[0] == 0 and row[1:steps].tolist() == labels[: steps - 1].tolist() and not row[steps:].any()


# ---- reversal, sorting -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("source", "twin"), [(Reversal, lambda word: word[::-1]), (Sorting, sorted)])
@few
@given(symbols=st.integers(2, 26), least=st.integers(1, 6), more=st.integers(0, 6), seed=st.integers(0, 2**31))
def test_words_are_said_in_the_wanted_order(source, twin, symbols, least, more, seed):
    samples = min(40, sum(symbols**length for length in range(least, least + more + 1)))
    shape = {"symbols": symbols, "min_length": least, "max_length": least + more, "samples": samples, "seed": seed}
    data = source(**shape).load()
    assert data.vocabulary == data.classes == (".", *"abcdefghijklmnopqrstuvwxyz"[:symbols])
    assert data.columns["inputs"].shape == (samples, least + more) and data.columns["targets"].shape[1] == least + more + 1
    for read, answer in zip(*said(data)):
        assert answer == [*twin(read), "."] and least <= len(read) <= least + more and "." not in read
    for row, length in zip(data.columns["inputs"], data.columns["lengths"]):
        assert not row[length:].any()
    check_decoder(data)


@pytest.mark.parametrize("source", [Reversal, Sorting])
def test_no_word_is_in_training_and_test(source):
    prepared = source(**SMALL, validation=0.1).prepare()
    words = ["".join(word) for word in said(prepared.dataset)[0]]
    splits = prepared.splits
    assert len(set(words)) == len(words) == 300
    assert not {words[row] for row in splits.train} & {words[row] for row in (*splits.test, *splits.validation)}


def test_lengths_are_equally_frequent_as_far_as_there_are_words():
    lengths = Reversal(symbols=3, min_length=1, max_length=5, samples=150).load().columns["lengths"]
    assert np.bincount(lengths)[1:].tolist() == [3, 9, 27, 55, 56]
    lengths = Reversal(samples=701).load().columns["lengths"]
    assert np.ptp(np.bincount(lengths)[4:]) <= 1 and list(lengths[:20]) != sorted(lengths[:20])


def test_all_words_there_are_can_be_drawn_and_no_more():
    words = {"".join(word) for word in said(Sorting(symbols=3, min_length=1, max_length=3, samples=39).load())[0]}
    assert words == {"".join(word) for n in (1, 2, 3) for word in itertools.product("abc", repeat=n)}
    with pytest.raises(ValueError, match="data set sorting: samples: 40 rows, and there are 39 different words of 1 to 3"):
        Sorting(symbols=3, min_length=1, max_length=3, samples=40).load()


def test_words_of_one_length_are_drawn_evenly():
    counts = Counter("".join(word)[:2] for word in said(Reversal(symbols=4, min_length=8, max_length=8).load())[0])
    assert len(counts) == 16 and all(abs(count - 5000 / 16) < 90 for count in counts.values())


@pytest.mark.parametrize(("source", "written"), [(Reversal, 2.26), (Sorting, 1.34)])
def test_a_net_that_has_not_read_the_word_stays_at_the_loss_of_the_page(source, written):
    data = source().load()
    cost = [-log(chance_of(answer[:-1], source is Sorting)) for answer in said(data)[1]]
    steps = (data.columns["targets"] >= 0).sum()
    assert abs(sum(cost) / steps - written) < 0.006
    assert f"{written} for the options left alone" in page_of(source)
    saved = np.mean([log(orders(answer[:-1])) for answer in said(data)[1]]) if source is Sorting else 0.0
    assert abs((7 * log(10) + log(7) - saved) / 8 - written) < 0.006


def chance_of(answer, in_order):
    """The chance of an answer among all of 4 to 10 letters out of ten, all lengths equally frequent."""
    return (orders(answer) if in_order else 1) / 10 ** len(answer) / 7


def orders(letters):
    """The different words of these letters."""
    found = factorial(len(letters))
    for count in Counter(letters).values():
        found //= factorial(count)
    return found


def test_the_orders_of_a_word_are_counted_as_by_hand():
    counts = Counter(tuple(sorted(word)) for word in itertools.product("abc", repeat=4))
    assert all(orders(letters) == count for letters, count in counts.items())


# ---- dates -----------------------------------------------------------------------------------------------------------

READ = (
    "%d %B %Y", "%B %d, %Y", "%d.%m.%Y", "%m/%d/%Y", "%b %d, %Y", "%d %b %Y", "%A, %d %B %Y", "%Y/%m/%d", "%a, %b %d %Y",
    "the %d of %B %Y", "%A %B %d, %Y", "%Y, %B %d",
)  # fmt: skip


def read_as(text, form):
    plain = re.sub(r"(?<=\d)(st|nd|rd|th)\b", "", text)
    try:
        return datetime.strptime(plain, form).date().isoformat()
    except ValueError:
        return None


@pytest.mark.parametrize("number", range(len(READ)))
def test_every_form_is_read_as_its_date(number):
    data = Dates(first_year=2000, last_year=2003, samples=1461, formats=number + 1).load()
    used = 0
    for read, answer in zip(*said(data)):
        found = [read_as("".join(read), form) for form in READ[: number + 1]]
        assert set(found) - {None} == {"".join(answer[:-1])} and answer[-1] == "<end>"
        used += found[number] is not None
    assert abs(used - 1461 / (number + 1)) < 6 * (1461 / (number + 1)) ** 0.5
    check_decoder(data)


@pytest.mark.parametrize("formats", [1, 6, 7, 12])
def test_texts_have_as_many_steps_as_the_longest_there_is(formats):
    data = Dates(samples=36_525, formats=formats).load()
    assert data.columns["inputs"].shape[1] == data.columns["lengths"].max()


def test_forms_are_as_the_page_shows_them():
    shown = re.search(r"equal chance: (.*?)\. With points", page_of(Dates))[1].split("; ")
    assert len(shown) == len(FORMATS) == len(READ)
    day = date(2026, 11, 26)
    for text, form, read in zip(shown, FORMATS, READ):
        assert form.format(day=26, number=11, year=2026, month="November", weekday="Thursday", th="th") == text
        assert read_as(text, read) == day.isoformat()


def test_days_have_their_endings():
    data = Dates(first_year=2001, last_year=2001, samples=365, formats=10).load()
    endings = {}
    for read, answer in zip(*said(data)):
        if "".join(read).startswith("the "):
            day = re.match(r"the (\d+)(\w\w) of ", "".join(read))
            endings[int(day[1])] = day[2]
            assert int(day[1]) == int("".join(answer)[8:10])
    assert len(endings) > 15
    for day, ending in endings.items():
        assert ending == {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}.get(day, "th")


def test_no_date_comes_twice():
    answers = ["".join(answer) for answer in said(Dates().load())[1]]
    assert len(set(answers)) == 5000 and min(answers) < "1951" and max(answers) > "2049"


def test_dates_without_their_text_cost_the_logarithm_of_the_days():
    data = Dates(first_year=2001, last_year=2001, samples=365).load()
    targets = data.columns["targets"]
    total = 0.0
    for step in range(11):  # what follows a beginning, as often as it follows it
        begins, following = (Counter(map(tuple, targets[:, : step + more].tolist())) for more in (0, 1))
        total -= sum(count * log(count / begins[begin[:step]]) for begin, count in following.items())
    assert abs(total / targets.size - log(365) / 11) < 1e-9
    assert abs(log(36_525) / 11 - 0.955) < 5e-4 and "0.955 for the options left alone" in page_of(Dates)


def test_more_dates_than_days_are_refused():
    with pytest.raises(
        ValueError, match="data set dates: samples: 366 rows, and there are 365 days from 2001 to 2001; give"
    ):
        Dates(first_year=2001, last_year=2001, samples=366).load()
