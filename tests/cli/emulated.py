"""What a terminal shows after all that was written to it: as far as the lab moves the cursor, and refusing the rest."""

from __future__ import annotations

import re

CODE = re.compile(r"\x1b\[(\?)?(\d*(?:;\d+)*)([A-Za-z])")


class Emulated:
    """A terminal of that many lines and columns. `cursor`: whether it is to be seen; `scrolled`: lines gone at the top."""

    def __init__(self, lines: int = 24, columns: int = 80) -> None:
        self.lines, self.columns = lines, columns
        self.screen = [[" "] * columns for _ in range(lines)]
        self.row = self.column = 0
        self.cursor, self.scrolled = True, list[str]()

    @property
    def text(self) -> list[str]:
        """The lines, without blanks at their ends and without empty lines at the end."""
        found = ["".join(line).rstrip() for line in self.screen]
        while found and not found[-1]:
            found.pop()
        return found

    def write(self, text: str) -> Emulated:
        """All of a text."""
        place = 0
        while place < len(text):
            if text[place] == "\x1b":
                code = CODE.match(text, place)
                assert code is not None, repr(text[place : place + 12])
                self._code(code[1] is not None, code[2], code[3])
                place = code.end()
            else:
                self._character(text[place])
                place += 1
        return self

    def _character(self, character: str) -> None:
        if character == "\n":
            self.row, self.column = self.row + 1, 0
            if self.row == self.lines:
                self.scrolled.append("".join(self.screen.pop(0)).rstrip())
                self.screen.append([" "] * self.columns)
                self.row -= 1
        elif character == "\r":
            self.column = 0
        else:
            assert self.column < self.columns, "a line is wider than the terminal"
            self.screen[self.row][self.column] = character
            self.column += 1

    def _code(self, private: bool, numbers: str, letter: str) -> None:
        if private:
            assert numbers == "25" and letter in "hl"
            self.cursor = letter == "h"
        elif letter == "A":
            self.row = max(0, self.row - int(numbers or 1))
        elif letter in "KJ":
            self.screen[self.row][self.column :] = [" "] * (self.columns - self.column)
            for row in range(self.row + 1, self.lines) if letter == "J" else ():
                self.screen[row] = [" "] * self.columns
        else:
            assert letter == "m", (numbers, letter)
