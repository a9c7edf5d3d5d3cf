"""The picture that is drawn over itself: what is sent to the terminal, and what a terminal makes of it."""

from __future__ import annotations

import io

import pytest
from rich.console import ConsoleDimensions
from rich.text import Text

from dllab.cli.console import Output
from dllab.cli.screen import Screen


class Terminal(io.StringIO):
    """A stream that claims to be one."""

    encoding = "utf-8"  # type: ignore[assignment]

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    for name in ("NO_COLOR", "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("LINES", "6")
    return Terminal()


def sent(terminal: Terminal, screen: Screen, text: str) -> str:
    before = terminal.tell()
    screen.draw(Text(text))
    return terminal.getvalue()[before:]


def test_only_lines_that_changed_are_written(terminal: Terminal) -> None:
    screen = Screen(Output(terminal))
    assert sent(terminal, screen, "one\ntwo\nthree") == "one\x1b[K\ntwo\x1b[K\nthree\x1b[K\n"
    assert sent(terminal, screen, "one\nTWO\nthree") == "\x1b[3A\nTWO\x1b[K\n\n"
    assert sent(terminal, screen, "one") == "\x1b[3A\n\x1b[K\n\x1b[K\n\x1b[K\x1b[2A"


def test_a_screen_is_never_wiped_from_its_top(terminal: Terminal) -> None:
    """Or tmux keeps the picture among what was scrolled off, above the last one."""
    screen = Screen(Output(terminal))
    sent(terminal, screen, "one\ntwo")
    assert "\x1b[J" not in sent(terminal, screen, "")


def test_nothing_is_wiped_before_it_is_written_over(terminal: Terminal) -> None:
    """What would flicker: a line erased as a whole, or the rest of a line when its last column has just been filled."""
    screen = Screen(Output(terminal))
    sent(terminal, screen, "a" * 20)
    assert sent(terminal, screen, "b" * 20) == "\x1b[1A" + "b" * 20 + "\n"
    assert "\x1b[2K" not in terminal.getvalue()


def test_a_picture_never_scrolls(terminal: Terminal) -> None:
    screen = Screen(Output(terminal))
    assert sent(terminal, screen, "\n".join("abcdefgh")).count("\n") == 5


def test_all_is_drawn_afresh_in_a_terminal_of_another_size(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(Output(terminal))
    sent(terminal, screen, "one\ntwo")
    monkeypatch.setattr(Output, "size", ConsoleDimensions(30, 9))
    assert sent(terminal, screen, "one\ntwo") == "\x1b[H\x1b[2Jone\x1b[K\ntwo\x1b[K\n"
    assert sent(terminal, screen, "one\ntwo") == "\x1b[2A\n\n"


def test_the_cursor_comes_back(terminal: Terminal) -> None:
    with pytest.raises(KeyboardInterrupt), Screen(Output(terminal)):
        raise KeyboardInterrupt
    assert terminal.getvalue() == "\x1b[?25l\r\x1b[K\x1b[?25h"
