"""Answers of an encoder and decoder, by how long what was read is, and how much they look at its mirror image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dllab.lab.attention import KIND
from dllab.lab.subject import Subject
from dllab.symbols import DECODER, LENGTHS


def right_by_length(net: Subject, split: str = "test") -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The lengths there are, and the share of rows of each of which all of the answer is right (the decoder reads the

    true answer so far, as in training).
    """
    rows, columns = net.rows(split), net.data.dataset.columns
    y, own = net.data.targets(rows), columns[LENGTHS][rows]
    outputs = net.network.forward(net.data.seen(rows), lengths=own, decoder=columns[DECODER][rows])
    right = ((outputs.argmax(-1) == y) | (y < 0)).all(axis=1)
    lengths = np.unique(own)
    return lengths, np.array([right[own == length].mean() for length in lengths])


def mirrored(net: Subject, split: str = "test") -> float | None:
    """The mean share that step t of the first head gives the t-th step from the end; None without attention."""
    path = next((info.path for info in net.network.plan.infos if info.kind == KIND), None)
    if path is None:
        return None
    rows = net.rows(split)
    net.compile("infer")
    p = net.inference(rows).inner(path, "p")[:, 0]  # (N, steps of the answer, steps that are read)
    lengths = net.data.dataset.columns[LENGTHS][rows]
    shares = [p[n, np.arange(length), np.arange(length)[::-1]] for n, length in enumerate(lengths)]
    return float(np.concatenate(shares).mean())
