"""What layers that read ids share: how many there are, and the refusal of numbers that are none."""

from __future__ import annotations

from dllab.ops.join import shape_text
from dllab.symbols import Net, ShapeError, Value


def ids_of(net: Net, x: Value, size: int | str) -> int:
    """How many ids there are: as the option says, or as x says. Raises ShapeError where x holds no ids, or more."""
    if not x.ids:
        problem = f"it reads ids, which stand for words or letters, and gets other numbers, {shape_text(x.shape)}"
        raise ShapeError(f"{problem}; {_instead(net, x)}")
    if size == "vocabulary" and x.ids > 0:
        return x.ids
    count = net.size(size)
    if x.ids > count:
        raise ShapeError(f"{x.ids:,} ids, 0 to {x.ids - 1}, and size is {count}; leave size out, or write {x.ids}")
    return count


def _instead(net: Net, x: Value) -> str:
    """What to do where x holds no ids."""
    try:
        net.output_of("decoder")
    except ShapeError:
        ids = net.output_of("input").ids
        return "read the ids with from: input" if ids else "leave it out: other layers take numbers as they are"
    return "read the decoder's ids with from: decoder"
