"""Dense: every output sees every input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from dllab.catalogue import Nested, Size
from dllab.core.blas import gemm
from dllab.core.device import device
from dllab.core.kernel import kernel
from dllab.inits.initializer import Initializer
from dllab.ops.layer import Case, Layer
from dllab.symbols import Dim, Net, Value


@device
def repeat(y: Any, b: Any) -> None:
    """Every row of y = b."""
    for n in range(y.shape[0]):
        row = y[n]
        for o in range(row.shape[0]):
            row[o] = b[o]


@kernel(y="*N O", x="*N I", w="I O", b="O")
def forward(y, x, w, b):
    """Y = x w + b."""
    repeat(y, b)
    gemm(y, x, w, False, False, True)


@kernel(y="*N O", x="*N I", w="I O")
def forward_unbiased(y, x, w):
    """Y = x w."""
    gemm(y, x, w, False, False, False)


@kernel(dx="*N I", dy="*N O", w="I O")
def backward_x(dx, dy, w):
    """Dx = dy w'."""
    gemm(dx, dy, w, False, True, False)


@kernel(dw="I O", x="*N I", dy="*N O")
def backward_w(dw, x, dy):
    """Dw = x' dy."""
    gemm(dw, x, dy, True, False, False)


@kernel(db="O", dy="*N O")
def backward_b(db, dy):
    """Db = the sum of dy over the batch."""
    for o in range(db.shape[0]):
        db[o] = 0
    for n in range(dy.shape[0]):
        row = dy[n]
        for o in range(row.shape[0]):
            db[o] += row[o]


# The same with w kept as (O, I).


@kernel(y="*N O", x="*N I", w="O I", b="O")
def forward_transposed(y, x, w, b):
    """Y = x w' + b."""
    repeat(y, b)
    gemm(y, x, w, False, True, True)


@kernel(y="*N O", x="*N I", w="O I")
def forward_transposed_unbiased(y, x, w):
    """Y = x w'."""
    gemm(y, x, w, False, True, False)


@kernel(dx="*N I", dy="*N O", w="O I")
def backward_x_transposed(dx, dy, w):
    """Dx = dy w."""
    gemm(dx, dy, w, False, False, False)


@kernel(dw="O I", x="*N I", dy="*N O")
def backward_w_transposed(dw, x, dy):
    """Dw = dy' x."""
    gemm(dw, dy, x, True, False, False)


class Dense(Layer):
    """Dense (fully connected) layer: y = x w + b, with w (inputs, units) and b (units).

    Every output is a weighted sum of every input; the work and the parameters grow as inputs x units. Use it for tables,
    for flattened images, and as the last layer of nearly every net. An input with more axes, (B, T, F), is mapped at
    every position alike, so a sequence needs no layer of its own: each step by itself, padding or not.
    Backward: dx = dy w', dw = x' dy, db = the sum of dy over the batch.

        - dense: 32
        - dense: {units: classes, bias: false, init: xavier}

    Options:

    - units: outputs; `classes` and `outputs` stand for what the data ask for, `features` for the numbers of an example.
    - bias: whether b is there.
    - init: how w starts; left out, what suits the activation that follows: he for the ReLU family, lecun before
      selu-like ones, xavier otherwise.

    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), section 6.1.
    """

    name = "dense"
    group = "with weights"
    main = "units"
    units: Size | Literal["classes", "outputs", "features"]
    bias: bool = True
    init: Annotated[Initializer | None, Nested("initializers")] = None

    cases: ClassVar[Sequence[Case]] = (
        Case({"units": 3}),
        Case({"units": 3, "bias": False}),
        Case({"units": 2}, shape=(3, 4)),
        Case({"units": 1}, batch=1),
    )

    def build(self, net: Net, x: Value) -> Value:
        """One product forward, two backward."""
        units = net.size(self.units)
        w = net.parameter("w", (x.features, units), self.init)
        y = net.array((*x.shape[:-1], units))
        if self.bias:
            b = net.parameter("b", (units,), decays=False)
            if w.transposed:
                stored = net.view(w, (units, x.features))
                steps = (backward_x_transposed, backward_w_transposed, backward_b)
                net.call(forward_transposed, backward=steps, y=y, x=x, w=stored, b=b)
                return y
            net.call(forward, backward=(backward_x, backward_w, backward_b), y=y, x=x, w=w, b=b)
        else:
            net.call(forward_unbiased, backward=(backward_x, backward_w), y=y, x=x, w=w)
        return y

    def multiply_adds(self, x: tuple[Dim, ...], y: tuple[Dim, ...]) -> int:
        """Inputs times units, at every position."""
        positions: Any = 1
        for size in y[1:-1]:
            positions *= size
        return int(positions * x[-1] * y[-1])
