"""The temperature of an absorbed softmax: the loss then looks at the scores divided by it."""

from __future__ import annotations

from dllab.core.kernel import kernel
from dllab.symbols import Net, Value


@kernel(y="*N", x="*N", temperature="")
def forward(y, x, temperature):
    """Y = x / temperature."""
    for i in range(y.shape[0]):
        y[i] = x[i] / temperature


@kernel(dx="*N", dy="*N", temperature="")
def backward(dx, dy, temperature):
    """Dx = dy / temperature."""
    for i in range(dx.shape[0]):
        dx[i] = dy[i] / temperature


def tempered(net: Net, x: Value, temperature: float) -> Value:
    """Scores x (B, K) divided by a temperature; x itself where that is 1."""
    if temperature == 1.0:
        return x
    y = net.array(x.shape, "tempered")
    net.call(forward, backward=(backward,), y=y, x=x, temperature=net.constant(temperature))
    return y
