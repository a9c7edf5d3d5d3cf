"""A text as ids: of its characters, or of its words."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dllab.data.sequences import WORD_END, Ids

UNKNOWN, MASK = "<unk>", "<mask>"
WORD = re.compile(r"\n[^\S\n]*\n\s*|[^\W_]+(?:['’\-][^\W_]+)*|[^\w\s]|_")
"""The end of a paragraph, a word with its apostrophes and hyphens, or a mark of punctuation."""
CODES = 0x110000  # code points there are


@dataclass(frozen=True, eq=False)
class Tokens:
    """A text as ids (M,) int32 into `words`. `special`: so many of the first words stand for none of the text."""

    ids: Ids
    words: tuple[str, ...]
    special: int = 0


def characters(text: str) -> Tokens:
    """Every character, in the order of their code points."""
    codes = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    present = np.flatnonzero(np.bincount(codes, minlength=1))
    place = np.zeros(int(present[-1]) + 1, np.int32)
    place[present] = np.arange(len(present))
    return Tokens(place[codes], tuple(map(chr, present)))


def words(text: str) -> Tokens:
    """Words and marks of punctuation, in the order in which they first occur; `<end>`, the id 0, ends a paragraph."""
    found = WORD.findall(text.strip())
    kinds = dict.fromkeys(found)
    known = (WORD_END, *(kind for kind in kinds if kind[0] != "\n"))
    place = {**dict.fromkeys(kinds, 0), **{word: i for i, word in enumerate(known)}}  # ends of paragraphs stay at 0
    ids = np.fromiter(map(place.__getitem__, found), np.int32, len(found))
    return Tokens(np.append(ids, np.int32(0)), known, special=1)


def most_frequent(tokens: Tokens, count: int, block: range) -> Tokens:
    """The same with the most frequent words of a block only, by how often they are there; all others are `<unk>`."""
    often = np.bincount(tokens.ids[block.start : block.stop], minlength=len(tokens.words))
    often[: tokens.special] = 0
    kept = np.argsort(-often, kind="stable")[:count]
    kept = kept[often[kept] > 0]
    place = np.full(len(tokens.words), tokens.special, np.int32)
    place[: tokens.special] = np.arange(tokens.special)
    place[kept] = tokens.special + 1 + np.arange(len(kept))
    names = (*tokens.words[: tokens.special], UNKNOWN, *(tokens.words[i] for i in kept))
    return Tokens(place[tokens.ids], names, tokens.special + 1)


def counts_of(tokens: Tokens) -> NDArray[np.int64]:
    """How often each word is there, (V,)."""
    return np.bincount(tokens.ids, minlength=len(tokens.words)).astype(np.int64)
