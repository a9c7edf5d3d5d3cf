"""What a net says of texts, as rows of CSV."""

from __future__ import annotations

import pytest

from dllab.data.text_lines import TextLine
from dllab.lab.decode import Answer
from dllab.lab.texts import Said
from dllab.views.text_answers import said_lines

LINE = TextLine(1, "ab")
CUT, WHOLE = Answer((1, 1), -0.5, False), Answer((1,), -1.0, True)


@pytest.mark.parametrize("every", [False, True])
def test_an_answer_that_was_cut_off_says_so(every: bool) -> None:
    said = [Said(LINE, "aa", -0.5, others=(("aa", CUT), ("a", WHOLE)))]
    names, *rows = said_lines("answer", said, [".", "a"], every)
    assert [row[names.index("ended")] for row in rows] == (["false", "true"] if every else ["false"])
    assert all(len(row) == len(names) for row in rows)
