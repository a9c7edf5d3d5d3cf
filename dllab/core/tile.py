"""Sums over windows: the arithmetic of convolution, without copying windows into a matrix first.

A window of a picture kept channels-last is a few runs of neighbouring numbers, and all windows of a picture differ in
where they begin only. So a convolution is a matrix product whose left rows overlap in memory. BLAS does not take such
rows; these do. A tile of some rows by one or two vectors of columns stays in registers for the whole sum.

These are the plain forms, used without JIT; tile_numba.py has the compiled ones. Arrays may have any number of axes and
are taken as flat memory; `at`, `to` and the like are tables of places in it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

FROM_ZERO, FROM_START, FROM_Y = 0, 1, 2
"""What a sum begins with: nothing, the same row of numbers for every row of y, or what y holds."""


def products(
    y: Any, y_at: int, to: Any, x: Any, x_at: int, at: Any, rows: int, x1: int, x2: int, x3: int, w: Any, w_at: int,
    w1: int, w2: int, w3: int, n1: int, n2: int, n3: int, columns: int, start: Any, begin: int,
) -> None:  # fmt: skip
    """For every row m < rows and column c: y[y_at + to[m] + c] = begin + the sum over i < n1, j < n2, k < n3 of

    x[x_at + at[m] + i x1 + j x2 + k x3] w[w_at + i w1 + j w2 + k w3 + c].
    """
    i, j, k = np.arange(n1)[:, None, None], np.arange(n2)[:, None], np.arange(n3)
    of_x = (i * x1 + j * x2 + k * x3).reshape(-1)
    of_w = (i * w1 + j * w2 + k * w3).reshape(-1)
    left = x.reshape(-1)[x_at + at[:rows, None] + of_x]  # (rows, terms)
    right = w.reshape(-1)[w_at + of_w[:, None] + np.arange(columns)]  # (terms, columns)
    flat, places = y.reshape(-1), y_at + to[:rows, None] + np.arange(columns)
    first = 0 if begin == FROM_ZERO else start.reshape(-1)[:columns] if begin == FROM_START else flat[places]
    flat[places] = first + left @ right


def spread(
    y: Any, y_at: int, to: Any, x: Any, x_at: int, x_step: int, rows: int, w: Any, w_step: int, terms: int,
    piece_to: Any, piece_of: Any, piece_size: Any, pieces: int,
) -> None:  # fmt: skip
    """Every row of x adds to a window of y; windows may overlap. A window is made of pieces of at most lanes() numbers:

    y[y_at + to[m] + piece_to[p] + c] += the sum over k < terms of x[x_at + m x_step + k] w[piece_of[p] + k w_step + c].
    """
    flat_x, flat_w, flat_y = x.reshape(-1), w.reshape(-1), y.reshape(-1)
    k = np.arange(terms)
    for p in range(pieces):
        columns = np.arange(piece_size[p])
        right = flat_w[piece_of[p] + k[:, None] * w_step + columns]
        left = flat_x[x_at + np.arange(rows)[:, None] * x_step + k]
        np.add.at(flat_y, y_at + to[:rows, None] + piece_to[p] + columns, left @ right)


def largest(
    y: Any, y_at: int, best: Any, x: Any, x_at: int, windows: int, x_step: int, n1: int, x1: int, n2: int, x2: int,
    columns: int,
) -> None:  # fmt: skip
    """For every window q < windows and column c: y[y_at + q columns + c] = the largest over i < n1, j < n2 of

    x[x_at + q x_step + i x1 + j x2 + c], and `best` at the same place where in x that stands: the first of equal ones in
    the order of i, then j. A NaN is the largest, and the last one of several.
    """
    flat_x, flat_y, flat_best = x.reshape(-1), y.reshape(-1), best.reshape(-1)
    taps = (np.arange(n1)[:, None] * x1 + np.arange(n2) * x2).reshape(-1)
    for q in range(windows):
        places = x_at + q * x_step + taps[:, None] + np.arange(columns)  # (taps, columns)
        numbers, strange = flat_x[places], np.isnan(flat_x[places])
        last = len(taps) - 1 - np.argmax(strange[::-1], axis=0)
        row = np.where(strange.any(axis=0), last, np.argmax(numbers, axis=0))
        to = y_at + q * columns
        flat_y[to : to + columns] = numbers[row, np.arange(columns)]
        flat_best[to : to + columns] = places[row, np.arange(columns)]


def lanes(like: Any) -> int:
    """How many numbers of that array's type one vector register holds."""
    return 64 // int(like.itemsize)
