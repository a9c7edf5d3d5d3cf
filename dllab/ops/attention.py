"""Attention: every step looks at all others, and takes more from those that answer its question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from dllab.catalogue import Fraction, LayerName, Nested, Size
from dllab.inits.initializer import Initializer
from dllab.ops import dense, dropout, shares
from dllab.ops.join import joined, shape_text
from dllab.ops.layer import Case, Layer
from dllab.ops.sequence import lengths_of, sequence
from dllab.symbols import Net, ShapeError, Value


class Attention(Layer):
    """Multi-head attention: y = (p_1 v_1, ..., p_N v_N) wo + bo, p_h = softmax(q_h k_h' / sqrt(d)).

    q = x wq + bq asks, k = m wk + bk answers, v = m wv + bv is what there is to take; each of the N heads has d = units / N
    columns of them and looks for something else. The memory m is x itself, or the output of another layer. Every step
    reaches every other in one layer, however far; the work grows with the square of their number. Nothing says where a
    step stands: add a positional layer below. x (B, T, F) becomes (B, T, F); wq is (F, units), wk and wv (features of m,
    units), wo (units, F). Steps of the memory beyond a sequence's length are not seen. kind: additive scores a pair of
    steps by u' tanh(q + k), u (heads, d) being learnt, in place of q k' / sqrt(d): at home in small translators, slower.
    Backward: dp = dy v', ds = p (dp - sum of dp p) / sqrt(d), dq = ds k, dk = ds' q, dv = p' dy.

        - attention: {heads: 4}
        - attention: {heads: 4, causal: true, dropout: 0.1}
        - gru: {units: 32, name: encoder}
        - gru: 32
        - attention: {memory: encoder, kind: additive}

    Options:

    - heads: how many look side by side; units must be a multiple of it.
    - units: columns of q, k and v together; left out, the features of x.
    - memory: label of the layer whose output is looked at, an encoder's as a rule; left out, x looks at itself.
    - kind: dot scores by products, additive by a small net.
    - causal: no step sees a later one, as nets that continue a text must not.
    - dropout: chance of a share p to be dropped in a training step.
    - bias: whether bq, bk, bv and bo are there.
    - init: how the weights start; left out, xavier.

    Source: Vaswani and others, Attention is all you need (2017), sections 3.2.1 and 3.2.2; additive: Bahdanau, Cho, Bengio,
    Neural machine translation by jointly learning to align and translate (2015), section A.1.2.
    """

    name = "attention"
    group = "sequences"
    main = "heads"
    heads: Size = 1
    units: Size | None = None
    memory: Annotated[str | None, LayerName()] = None
    kind: Literal["dot", "additive"] = "dot"
    causal: bool = False
    dropout: Fraction = 0.0
    bias: bool = True
    init: Annotated[Initializer | None, Nested("initializers")] = None

    cases: ClassVar[Sequence[Case]] = (
        Case({}, shape=(4, 3)),
        Case({"heads": 2, "causal": True}, shape=(5, 4), lengths=True),
        Case({"heads": 3, "units": 6, "bias": False}, shape=(3, 2), batch=1),
        Case({"causal": True, "dropout": 0.3}, shape=(18, 2)),
        Case({"heads": 2, "kind": "additive"}, shape=(4, 2), lengths=True),
        Case({"kind": "additive", "memory": "m", "bias": False, "dropout": 0.2}, shape=(3, 4),
             before=({"dense": {"units": 3, "name": "m"}}, {"dense": 2})),
        Case({"heads": 2, "memory": "m"}, shape=(5, 2), lengths=True,
             before=({"dense": {"units": 3, "name": "m"}}, {"dense": {"units": 4, "from": "input"}})),
        Case({"memory": "m", "causal": True}, shape=(6, 2), before=({"reshape": {"shape": [4, 3], "name": "m"}},
                                                                    {"dense": {"units": 2, "from": "input"}})),
    )  # fmt: skip

    def build(self, net: Net, x: Value) -> Value:
        """The products of all three, or of two with the memory; the heads one after the other; one product."""
        steps, features = sequence(x)
        width = self.units or features
        if width % self.heads:
            raise ShapeError(f"{width} units do not divide among {self.heads} heads; give it units: {self._near(width)}")
        memory = x if self.memory is None else self._remembered(net, self.memory)
        seen = int(memory.shape[1])
        if self.memory is None and self.kind == "dot":
            q = m = self._projected(net, x, "qkv", width)
            first = 1
        else:
            q, m = self._projected(net, x, "q", width), self._projected(net, memory, "kv", width)
            first = 0
        heads = _Heads(net, self.heads, steps, seen, width)
        y = heads.build(self, q, m, lengths_of(net, memory), (first * width, (first + 1) * width))
        y.lengths = x.lengths
        net.counts(self._work(x, memory, width))
        w, b = self._weights(net, "o", width, features)
        return _product(net, y, w, b)

    def _remembered(self, net: Net, label: str) -> Value:
        """The output of that layer, (B, S, F). Raises ShapeError where it is something else."""
        memory = net.output_of(label)
        if len(memory.shape) == 3:
            return memory
        hint = "name a layer that gives a vector at every step"
        if memory.ids > 0:
            hint = "these are ids: name an embedding that reads them, or a layer behind it"
        elif net.states_of(label):
            hint = f"write return: sequence in '{label}'"
        raise ShapeError(f"'{label}' gives {shape_text(memory.shape)}, and a memory is (B, steps, features); {hint}")

    def _projected(self, net: Net, x: Value, names: str, width: int) -> Value:
        """X times the matrices of these names, side by side."""
        pairs = [self._weights(net, name, x.features, width) for name in names]
        w = joined(net, [w for w, _ in pairs], "concat")
        biases = [b for _, b in pairs if b is not None]
        return _product(net, x, w, joined(net, biases, "concat") if biases else None)

    def _weights(self, net: Net, name: str, inputs: int, outputs: int) -> tuple[Value, Value | None]:
        w = net.parameter(f"w{name}", (inputs, outputs), self.init)
        return w, net.parameter(f"b{name}", (outputs,), decays=False) if self.bias else None

    def _near(self, width: int) -> int:
        return -(-width // self.heads) * self.heads

    @staticmethod
    def _work(x: Value, memory: Value, width: int) -> int:
        """Multiply-adds: wq and wo over x, wk and wv over the memory, scores of either kind and sums over all pairs."""
        steps, seen = int(x.shape[1]), int(memory.shape[1])
        return 2 * width * (steps * x.features + seen * memory.features + steps * seen)


class _Heads:
    """The rows between the projections: shares p, maybe some of them dropped, and sums by them."""

    def __init__(self, net: Net, heads: int, steps: int, memory: int, width: int) -> None:
        self.net, self.heads, self.steps, self.memory, self.width = net, heads, steps, memory, width

    def build(self, options: Attention, q: Value, m: Value, lengths: Value, columns: tuple[int, int]) -> Value:
        """Y (B, T, units); `columns`: where keys and values begin in m."""
        net, batch, part = self.net, q.shape[0], self.width // self.heads
        shape = (batch, self.heads, self.steps, self.memory)
        p = net.array(shape, "p")
        flat = net.view(p, (batch, self.heads * self.steps * self.memory))
        of: dict[str, Any] = {
            "lengths": lengths, "causal": net.whole(int(options.causal)),
            "turned": net.array((part, self.memory), "turned"), "k_at": net.whole(columns[0]),
            "v_at": net.whole(columns[1]), "scale": net.constant(1.0 if options.kind == "additive" else part**-0.5),
        }  # fmt: skip
        of |= {name: net.array((self.steps,), name, "int64") for name in ("of_step", "to_step", "to_score")}
        of |= {name: net.array((self.memory,), name, "int64") for name in ("of_memory", "to_row")}
        learnt = {"u": net.parameter("u", (self.heads, part), options.init)} if options.kind == "additive" else {}
        scores = shares.additive if learnt else shares.dot
        _call(net, scores, p=p, powers=flat, q=q, m=m, **learnt, **of)
        kept, drops = self._dropped(options.dropout, p, flat)
        y = net.array((batch, self.steps, self.width), "heads")
        of |= {"p": kept, "kept": kept, "share": p, "ds": net.array(shape, "ds"), "m": m, **drops, **learnt}
        backward: list[Any] = [shares.to_shares, *[shares.to_whole_shares] * bool(drops), shares.to_scores]
        if learnt:
            of |= {"q": q, "slopes": net.array((part, self.memory), "slopes")}
            backward.append(shares.additive_back)
        elif q is m:
            of["x"] = q
            backward.append(shares.dot_back)
        else:
            of["q"] = q
            backward += [shares.dot_back_q, shares.dot_back_m]
        net.call(shares.sums, backward=backward, y=y, **of)
        return y

    def _dropped(self, rate: float, p: Value, flat: Value) -> tuple[Value, dict[str, Value]]:
        """The shares that are left, and by which factors they differ from p."""
        if not self.net.training or rate == 0:
            return p, {}
        kept, drops = self.net.array(p.shape, "kept"), self.net.array(flat.shape, "drops")
        y = self.net.view(kept, flat.shape)
        self.net.call(dropout.forward, y=y, mask=drops, x=flat, **dropout.draws(self.net, rate))
        return kept, {"drops": drops}


def _call(net: Net, kernel: Any, **operands: Value) -> None:
    """A row without backward, with those of the operands that its kernel takes."""
    taken: dict[str, Any] = {operand.name: operands[operand.name] for operand in kernel.operands}
    net.call(kernel, **taken)


def _product(net: Net, x: Value, w: Value, b: Value | None) -> Value:
    """X w + b as dense has it."""
    y = net.array((*x.shape[:-1], w.features), "product")
    if b is None:
        net.call(dense.forward_unbiased, backward=(dense.backward_x, dense.backward_w), y=y, x=x, w=w)
    else:
        steps = (dense.backward_x, dense.backward_w, dense.backward_b)
        net.call(dense.forward, backward=steps, y=y, x=x, w=w, b=b)
    return y
