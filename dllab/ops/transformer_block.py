"""Transformer block: attention, then a small net at every step, each added to its input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from dllab.catalogue import Fraction, LayerName, Size
from dllab.ops.attention import Attention
from dllab.ops.dense import Dense
from dllab.ops.dropout import Dropout
from dllab.ops.gelu import GELU
from dllab.ops.join import joined
from dllab.ops.layer import Case, Layer
from dllab.ops.layer_norm import LayerNorm
from dllab.ops.relu import ReLU
from dllab.ops.sequence import sequence
from dllab.symbols import Net, Value

ACTIVATIONS: dict[str, type[Layer]] = {"gelu": GELU, "relu": ReLU}


class TransformerBlock(Layer):
    """Transformer block: a = x + attention(norm1(x)), y = a + dense2(gelu(dense1(norm2(a)))).

    What GPT, BERT and their kin are stacks of: attention moves what is known from step to step, the dense layers work on
    it at each step. With norm: post, as in the first Transformer: a = norm1(x + attention(x)), y = norm2(a +
    dense2(gelu(dense1(a)))); deep stacks of that kind want a warmup, and those of kind pre a layer_norm behind the last
    block. With a memory, a decoder's block: between the two, c = a + cross(norm2(a)), cross being attention to the memory,
    and the last norm is norm3. x (B, T, F) stays (B, T, F).

        - repeat: {times: 2, layers: [transformer_block: {heads: 2, causal: true}]}
        - layer_norm
        - transformer_block: {heads: 2, norm: post, dropout: 0.1, name: encoder}
        - transformer_block: {heads: 2, causal: true, memory: encoder}

    The parts are the layers of these names, and so are their parameters: `2_transformer_block.attention.wq`,
    `2_transformer_block.norm1.gain`, `2_transformer_block.dense1.w`.

    Options:

    - heads: heads of each attention; units must be a multiple of it.
    - units: columns of q, k and v together; left out, the features of x.
    - width: units of dense1; left out, 4 times the features of x.
    - norm: pre normalises what goes into attention and dense layers, post what the sums give.
    - activation: gelu or relu, between the dense layers.
    - causal: no step sees a later one of x; all see all of the memory.
    - memory: label of the layer whose output the block also looks at, an encoder's as a rule.
    - dropout: chance of a number to be dropped, of attention's shares and of what is added to x.

    Source: Vaswani and others, Attention is all you need (2017), section 3.1; pre: Xiong and others, On layer normalization
    in the transformer architecture (2020).
    """

    name = "transformer_block"
    group = "sequences"
    main = "heads"
    heads: Size = 1
    units: Size | None = None
    width: Size | None = None
    norm: Literal["pre", "post"] = "pre"
    activation: Literal["gelu", "relu"] = "gelu"
    causal: bool = False
    memory: Annotated[str | None, LayerName()] = None
    dropout: Fraction = 0.0

    cases: ClassVar[Sequence[Case]] = (
        Case({"heads": 2, "causal": True}, shape=(4, 4), lengths=True),
        Case({"width": 3, "norm": "post", "dropout": 0.2}, shape=(3, 4), batch=2),
        Case(
            {"memory": "m", "width": 3}, shape=(3, 5), batch=3, before=({"dense": {"units": 3, "name": "m"}}, {"dense": 6})
        ),
    )

    def build(self, net: Net, x: Value) -> Value:
        """Two or three sublayers, each of the layers' own rows."""
        _, features = sequence(x)
        looks: dict[str, Any] = {"heads": self.heads, "units": self.units, "dropout": self.dropout}
        y = self._added(net, x, "1", {"attention": Attention(causal=self.causal, **looks)})
        if self.memory is not None:
            y = self._added(net, y, "2", {"cross": Attention(memory=self.memory, **looks)})
        dense1, dense2 = Dense(units=self.width or 4 * features), Dense(units=features)
        last = "2" if self.memory is None else "3"
        return self._added(
            net, y, last, {"dense1": dense1, self.activation: ACTIVATIONS[self.activation](), "dense2": dense2}
        )

    def _added(self, net: Net, x: Value, number: str, parts: dict[str, Layer]) -> Value:
        """X and what these layers make of it, normalised before or behind."""
        norm: dict[str, Layer] = {f"norm{number}": LayerNorm()}
        drops: dict[str, Layer] = {f"dropout{number}": Dropout(rate=self.dropout)} if self.dropout else {}
        before = norm if self.norm == "pre" else {}
        y = joined(net, (x, net.chain({**before, **parts, **drops}, x)), "add")
        y.lengths = x.lengths
        return y if before else net.chain(norm, y)
