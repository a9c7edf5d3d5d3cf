"""One-dimensional convolution: one small filter for every step of a signal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from dllab.catalogue import Nested, Size
from dllab.inits.initializer import Initializer
from dllab.ops.conv import build_conv
from dllab.ops.layer import Case, Layer, Reach
from dllab.ops.sequence import lengths_behind, masked
from dllab.ops.window import Axis, Zeros, axes, signal
from dllab.symbols import Dim, Net, Value


class Conv1d(Layer):
    """Convolution along a signal (1-D): y[t] = b + the sum over k of x[t s + k d - low] w[k].

    One small filter looks at every step of a signal: x (B, T, C) becomes y (B, P, units), w is (kernel, C, units), b
    (units,). Use it for curves, sound and anything with neighbours in time; a row of plain numbers becomes a signal by
    `reshape: [T, 1]`. Output size: floor((T + p - d (k - 1) - 1) / s) + 1, with p zeros of padding, stride s, dilation
    d. Behind the end of a sequence shorter than T there are zeros, as around the signal, and what comes out is as long
    as the formula says of that sequence alone, at least one step.
    Backward: dx is dy spread over the windows by w, dw the sum of x by dy over all steps.

        - conv1d: 25
        - conv1d: {units: 25, kernel: 5, stride: 2, padding: 1}
        - conv1d: {units: 8, kernel: 2, dilation: 4, padding: causal}

    Options:

    - units: filters, the channels of the output.
    - kernel: steps that a window looks at.
    - stride: steps from one window to the next.
    - dilation: distance between the steps a window looks at; 1 is next to each other.
    - padding: zeros around the signal. valid is none; same makes the output ceil(T / stride); causal puts all zeros in
      front, so that no output sees a later step; a number is so many at either end.
    - bias: whether b is there.
    - init: how w starts; left out, what suits the activation that follows.

    Source: Waibel, Hanazawa, Hinton, Shikano, Lang, Phoneme recognition using time-delay neural networks (1989).
    """

    name = "conv1d"
    group = "pictures and signals"
    main = "units"
    units: Size
    kernel: Size = 3
    stride: Size = 1
    dilation: Size = 1
    padding: Literal["valid", "same", "causal"] | Zeros = "valid"
    bias: bool = True
    init: Annotated[Initializer | None, Nested("initializers")] = None

    cases: ClassVar[Sequence[Case]] = (
        Case({"units": 3}, shape=(6, 2)),
        Case({"units": 2, "kernel": 5, "stride": 2, "padding": 1, "bias": False}, shape=(9, 1)),
        Case({"units": 2, "kernel": 2, "dilation": 3, "padding": "causal"}, shape=(5, 3)),
        Case({"units": 2, "kernel": 4, "padding": "same"}, shape=(5, 2), batch=1),
        Case({"units": 2, "padding": "same"}, shape=(4, 2), lengths=True),
        Case({"units": 2, "stride": 2}, shape=(6, 2), lengths=True),
    )

    def build(self, net: Net, x: Value) -> Value:
        """A convolution over a picture of one row."""
        steps, inputs = signal(x)
        along = self._axis(steps)
        fans = self.kernel * inputs, self.kernel * self.units
        w = net.parameter("w", (self.kernel, inputs, self.units), self.init, fans=fans)
        b = net.parameter("b", (self.units,), decays=False) if self.bias else None
        row = net.view(masked(net, x), (x.shape[0], 1, steps, inputs))
        y = build_conv(net, row, net.view(w, (1, *w.shape)), b, Axis(1, 1, 1, 1, 0, 0), along)
        y = net.view(y, (x.shape[0], along.outputs, self.units))
        y.lengths = lengths_behind(net, x, along, self.padding)
        return y

    def _axis(self, steps: int) -> Axis:
        if self.padding != "causal":
            return axes([steps], [self.kernel], [self.stride], [self.dilation], self.padding)[0]
        return Axis(steps, self.kernel, self.stride, self.dilation, self.dilation * (self.kernel - 1), 0)

    def multiply_adds(self, x: tuple[Dim, ...], y: tuple[Dim, ...]) -> int:
        """Window times filters, at every step."""
        return int(y[1]) * self.kernel * int(x[2]) * self.units

    def reach(self, x: tuple[Dim, ...]) -> Reach:
        """The window."""
        return Reach((self.kernel,), (self.stride,), (self.dilation,))
