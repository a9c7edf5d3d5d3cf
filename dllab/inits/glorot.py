"""Glorot: another name of xavier."""

from __future__ import annotations

from dllab.inits.xavier import Xavier


class Glorot(Xavier):
    """Glorot: xavier under its author's other name; values around 0, deviation gain * sqrt(2 / (fan_in + fan_out)).

        - dense: {units: 32, init: glorot}

    Source: Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks (2010), eq. 16.
    """

    name = "glorot"
