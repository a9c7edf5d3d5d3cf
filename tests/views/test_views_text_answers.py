"""What a net says of texts, as rows of CSV."""

from __future__ import annotations

import numpy as np
import pytest

from dllab.data.text_lines import TextLine
from dllab.lab.decode import Answer
from dllab.lab.texts import Said, Step
from dllab.views.text_answers import said_lines

LINE = TextLine(1, "ab")
CUT, WHOLE = Answer((1, 1), -0.5, False), Answer((1,), -1.0, True)


@pytest.mark.parametrize("every", [False, True])
def test_an_answer_that_was_cut_off_says_so(every: bool) -> None:
    said = [Said(LINE, "aa", -0.5, others=(("aa", CUT), ("a", WHOLE)))]
    names, *rows = said_lines("answer", said, [".", "a"], every)
    assert [row[names.index("ended")] for row in rows] == (["false", "true"] if every else ["false"])
    assert all(len(row) == len(names) for row in rows)


@pytest.mark.parametrize("every", [False, True])
def test_a_line_end_that_comes_next_can_be_seen(every: bool) -> None:
    steps = (Step("\x1b", "\n", -0.1, np.log([0.9, 0.1])),)
    rows = list(said_lines("next", [Said(LINE, "\n", -0.1, steps)], ["\n", "a"], every))
    assert rows[1][rows[0].index("next")] == "\\n"
    assert all(cell.isprintable() for row in rows for cell in row)
