"""Texts as ids of a vocabulary and back, as people write them: letters without gaps, words with spaces between."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property

BOUNDARIES = (".", "<end>")
"""How the id 0 is spelt where it begins, ends and pads."""
UNKNOWN, MASK = "<unk>", "<mask>"
WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*|[^\w\s]|_")
SPECIAL = re.compile(r"<\w+>")
PARAGRAPH = re.compile(r"\n[^\S\n]*\n\s*")
CLOSING, OPENING = ".,;:!?)]}”’%", "([{“‘"
SHOWN = 60


class Unspelt(ValueError):
    """A text that the vocabulary does not spell: `piece` is what it lacks, `place` where that begins, counted from 1."""

    def __init__(self, piece: str, place: int) -> None:
        super().__init__(f"{piece!r} at {place}")
        self.piece, self.place = piece, place


class Spelling:
    """How a vocabulary spells texts. `ends`: its id 0 is the boundary, which stands in no text."""

    def __init__(self, vocabulary: Sequence[str], ends: bool) -> None:
        self.words = tuple(vocabulary)
        self.ends = ends
        self.ids = {word: i for i, word in enumerate(self.words)}
        self.mask = self.ids.get(MASK)

    @cached_property
    def plain(self) -> tuple[str, ...]:
        """What stands in texts: all but `<end>`, `<unk>` and their like, and the boundary."""
        return tuple(
            word for i, word in enumerate(self.words) if not SPECIAL.fullmatch(word) and not (self.ends and i == 0)
        )

    @cached_property
    def in_letters(self) -> bool:
        """Whether each of them is one character."""
        return all(len(word) == 1 for word in self.plain)

    @cached_property
    def one_case(self) -> bool:
        """Whether there are small letters only, or only capitals: then a text may be in either."""
        letters = "".join(self.plain)
        return letters == letters.lower() or letters == letters.upper()

    def encode(self, text: str) -> list[int]:
        """The ids of a text. Raises Unspelt at the first letter or word that the vocabulary lacks."""
        return [self._id(piece, place) for piece, place in (self._letters if self.in_letters else self._words)(text)]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ids; the boundary is left out."""
        text = ""
        for i in ids:
            text += self.following(text[-1:], i)
        return text

    def following(self, before: str, i: int) -> str:
        """How the id goes on behind a text that ends in the character `before` ("": begins one), with its space."""
        word = self.words[i]
        if self.ends and i == 0:
            return ""
        if self.in_letters:
            return word
        if word == BOUNDARIES[1]:
            return "\n\n" if before else ""
        apart = before and not before.isspace() and before not in OPENING and not (len(word) == 1 and word in CLOSING)
        return f" {word}" if apart else word

    @property
    def kind(self) -> str:
        """What a step is."""
        return "letter" if self.in_letters else "word"

    def known(self) -> str:
        """What it knows, as far as that can be shown on a line."""
        words = [repr(word) if word.isspace() else word for word in self.plain]
        found = " ".join(words)
        return found if len(found) <= SHOWN else f"{found[:SHOWN].rpartition(' ')[0]} … ({len(words)} in all)"

    def _id(self, piece: str, place: int) -> int:
        for way in (piece, piece.lower(), piece.upper()) if self.one_case else (piece,):
            if (found := self.ids.get(way)) is not None and not (self.ends and found == 0):
                return found
        if not self.in_letters and piece == "\n\n" and BOUNDARIES[1] in self.ids:
            return self.ids[BOUNDARIES[1]]
        if UNKNOWN in self.ids:
            return self.ids[UNKNOWN]
        raise Unspelt(piece, place)

    def _letters(self, text: str) -> Iterable[tuple[str, int]]:
        """The characters, and what is written as `<mask>` as one."""
        at = 0
        while at < len(text):
            special = SPECIAL.match(text, at)
            piece = special[0] if special is not None and special[0] in self.ids else text[at]
            yield piece, at + 1
            at += len(piece)

    def _words(self, text: str) -> Iterable[tuple[str, int]]:
        """Words and marks of punctuation; what is known as a whole, such as `<mask>`, is one."""
        for number, paragraph in enumerate(PARAGRAPH.split(text.strip())):
            if number:
                yield "\n\n", 1
            for part in re.finditer(r"\S+", paragraph):
                if part[0] in self.ids or (self.one_case and part[0].lower() in self.ids):
                    yield part[0], part.start() + 1
                    continue
                for word in re.finditer(f"{SPECIAL.pattern}|{WORD.pattern}", part[0]):
                    yield word[0], part.start() + word.start() + 1
