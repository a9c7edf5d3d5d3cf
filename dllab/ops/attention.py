"""Attention: every step looks at all others, and takes more from those that answer its question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from dllab.catalogue import Nested, Size
from dllab.core.bits import like
from dllab.core.device import device
from dllab.core.kernel import kernel
from dllab.core.tile import FROM_ZERO, products
from dllab.core.vecmath import exp
from dllab.inits.initializer import Initializer
from dllab.ops import dense
from dllab.ops.layer import Case, Layer
from dllab.ops.window import signal
from dllab.symbols import Dim, Net, ShapeError, Value

# q, k, v and y are (B, T, D), head h having the columns h d to (h + 1) d of each. p is (B, heads, T, S): what share each
# step takes of every step of the memory.


@device
def columns_of(turned: Any, x: Any, n: int, first: int) -> None:
    """Turned (d, S) = the columns `first` to first + d of x[n] (S, D), as rows."""
    for s in range(x.shape[1]):
        row = x[n, s]
        for j in range(turned.shape[0]):
            turned[j, s] = row[first + j]


@device
def ladder(table: Any, step: int) -> None:
    """table[i] = i step."""
    for i in range(table.shape[0]):
        table[i] = i * step


@kernel(y="B T D", p="B N T S", q="B T D", k="B S D", v="B S D", turned="E S", of_step="T:int64", to_score="T:int64",
        to_step="T:int64", causal=":int64", scale="")  # fmt: skip
def forward(y, p, q, k, v, turned, of_step, to_score, to_step, causal, scale):
    """P = softmax(q k' scale) for each head, over the memory's steps (not the later ones where causal); y = p v."""
    steps, memory, width, part, heads = q.shape[1], k.shape[1], q.shape[2], turned.shape[0], p.shape[1]
    ladder(of_step, width)
    ladder(to_score, memory)
    ladder(to_step, width)
    for n in range(q.shape[0]):
        for h in range(heads):
            scores = p[n, h]
            columns_of(turned, k, n, h * part)
            products(scores, 0, to_score, q, n * steps * width + h * part, of_step, steps, 0, 0, 1,
                     turned, 0, 0, 0, memory, 1, 1, part, memory, turned, FROM_ZERO)  # fmt: skip
            for t in range(steps):
                row = scores[t]
                seen = min(t + 1, memory) if causal else memory
                _softmax(row[:seen], scale)
                for s in range(seen, memory):
                    row[s] = 0
            products(y, n * steps * width + h * part, to_step, scores, 0, to_score, steps, 0, 0, 1,
                     v, n * memory * width + h * part, 0, 0, width, 1, 1, memory, part, y, FROM_ZERO)  # fmt: skip


@device
def _softmax(row: Any, scale: float) -> None:
    """Row = softmax(scale row)."""
    highest = row[0]
    for s in range(1, row.shape[0]):
        highest = row[s] if row[s] > highest else highest
    for s in range(row.shape[0]):
        row[s] = exp((row[s] - highest) * scale)
    total = like(scale, 0.0)
    for s in range(row.shape[0]):
        total += row[s]
    share = like(scale, 1.0) / total
    for s in range(row.shape[0]):
        row[s] *= share


@kernel(dq="B T D", dp="T S", dy="B T D", p="B N T S", q="B T D", k="B S D", v="B S D", turned="E S", ds="B N T S",
        of_step="T:int64", to_score="T:int64", to_step="T:int64", scale="")  # fmt: skip
def backward_q(dq, dp, dy, p, q, k, v, turned, ds, of_step, to_score, to_step, scale):
    """Ds = scale p (dp - the sum of dp p), dp = dy v', the gradient of q k'; dq = ds k."""
    steps, memory, width, part = q.shape[1], k.shape[1], q.shape[2], turned.shape[0]
    ladder(of_step, width)
    ladder(to_score, memory)
    ladder(to_step, width)
    for n in range(q.shape[0]):
        for h in range(p.shape[1]):
            columns_of(turned, v, n, h * part)
            products(dp, 0, to_score, dy, n * steps * width + h * part, of_step, steps, 0, 0, 1,
                     turned, 0, 0, 0, memory, 1, 1, part, memory, turned, FROM_ZERO)  # fmt: skip
            for t in range(steps):
                slope, share, to = dp[t], p[n, h, t], ds[n, h, t]
                total = like(scale, 0.0)
                for s in range(memory):
                    total += slope[s] * share[s]
                for s in range(memory):
                    to[s] = scale * share[s] * (slope[s] - total)
            products(dq, n * steps * width + h * part, to_step, ds[n, h], 0, to_score, steps, 0, 0, 1,
                     k, n * memory * width + h * part, 0, 0, width, 1, 1, memory, part, dq, FROM_ZERO)  # fmt: skip


@device
def gathered(dk: Any, shares: Any, of: Any, part: int, of_memory: Any, to_memory: Any) -> None:
    """dk[s] = the sum over t of shares[t, s] of[t], for every head."""
    steps, memory, width = of.shape[1], dk.shape[1], dk.shape[2]
    ladder(of_memory, 1)
    ladder(to_memory, width)
    for n in range(dk.shape[0]):
        for h in range(shares.shape[1]):
            products(dk, n * memory * width + h * part, to_memory, shares[n, h], 0, of_memory, memory, 0, 0, memory,
                     of, n * steps * width + h * part, 0, 0, width, 1, 1, steps, part, dk, FROM_ZERO)  # fmt: skip


@kernel(dk="B S D", ds="B N T S", q="B T D", turned="E S", of_memory="S:int64", to_memory="S:int64")
def backward_k(dk, ds, q, turned, of_memory, to_memory):
    """Dk = ds' q."""
    gathered(dk, ds, q, turned.shape[0], of_memory, to_memory)


@kernel(dv="B S D", dy="B T D", p="B N T S", turned="E S", of_memory="S:int64", to_memory="S:int64")
def backward_v(dv, dy, p, turned, of_memory, to_memory):
    """Dv = p' dy."""
    gathered(dv, p, dy, turned.shape[0], of_memory, to_memory)


class Attention(Layer):
    """Multi-head attention: y = (p_1 v_1, ..., p_N v_N) wo + bo, p_h = softmax(q_h k_h' / sqrt(d)).

    q = x wq + bq asks, k = x wk + bk answers, v = x wv + bv is what there is to take; each of the N heads has d = units / N
    columns of them and looks for something else. Every step reaches every other in one layer, however far; the work
    grows with the square of their number. Nothing says where a step stands: add a positional layer below. x (B, T, F)
    becomes (B, T, F); wq, wk, wv are (F, units), wo (units, F). Backward: dp = dy v', ds = p (dp - sum of dp p) / sqrt(d),
    dq = ds k, dk = ds' q, dv = p' dy.

        - attention: {heads: 4}
        - attention: {heads: 4, causal: true}

    Options:

    - heads: how many look side by side; units must be a multiple of it.
    - units: columns of q, k and v together; left out, the features of x.
    - causal: no step sees a later one, as nets that continue a text must not.
    - bias: whether bq, bk, bv and bo are there.
    - init: how the weights start; left out, xavier.

    Source: Vaswani and others, Attention is all you need (2017), sections 3.2.1 and 3.2.2.
    """

    name = "attention"
    group = "sequences"
    main = "heads"
    heads: Size = 1
    units: Size | None = None
    causal: bool = False
    bias: bool = True
    init: Annotated[Initializer | None, Nested("initializers")] = None

    cases: ClassVar[Sequence[Case]] = (
        Case({}, shape=(4, 3)),
        Case({"heads": 2, "causal": True}, shape=(5, 4)),
        Case({"heads": 3, "units": 6, "bias": False}, shape=(3, 2), batch=1),
    )

    def build(self, net: Net, x: Value) -> Value:
        """Three products, the heads one after the other, one product."""
        steps, features = signal(x)
        width = self.units or features
        if width % self.heads:
            raise ShapeError(f"{width} units do not divide among {self.heads} heads; give it units: {self._near(width)}")
        q, k, v = (self._projected(net, x, name, width) for name in "qkv")
        y = net.array((x.shape[0], steps, width), "heads")
        shares = (x.shape[0], self.heads, steps, steps)
        part = width // self.heads
        tables = ("of_step", "to_score", "to_step", "of_memory", "to_memory")
        places = {name: net.array((steps,), name, "int64") for name in tables}
        net.call(
            forward, backward=(backward_q, backward_k, backward_v), y=y, q=q, k=k, v=v, p=net.array(shares, "p"),
            ds=net.array(shares, "ds"), dp=net.array((steps, steps), "dp"), turned=net.array((part, steps), "turned"),
            causal=net.whole(int(self.causal)), scale=net.constant(part**-0.5), **places,
        )  # fmt: skip
        return self._projected(net, y, "o", features)

    def _projected(self, net: Net, x: Value, name: str, width: int) -> Value:
        w = net.parameter(f"w{name}", (x.features, width), self.init)
        y = net.array((*x.shape[:-1], width), name)
        if self.bias:
            b = net.parameter(f"b{name}", (width,), decays=False)
            steps = (dense.backward_x, dense.backward_w, dense.backward_b)
            net.call(dense.forward, backward=steps, y=y, x=x, w=w, b=b)
        else:
            net.call(dense.forward_unbiased, backward=(dense.backward_x, dense.backward_w), y=y, x=x, w=w)
        return y

    def _near(self, width: int) -> int:
        return -(-width // self.heads) * self.heads

    def multiply_adds(self, x: tuple[Dim, ...], y: tuple[Dim, ...]) -> int:
        """Four projections, scores and sums."""
        steps, features, width = int(x[1]), int(x[2]), self.units or int(x[2])
        return steps * (4 * features * width + 2 * steps * width)
