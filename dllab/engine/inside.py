"""What one batch leaves in the engine's own buffers: the outputs of every layer, what lies inside it, every gradient."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dllab.core.kernel import Kernel
from dllab.engine import executor
from dllab.engine.binding import Bound, view_of
from dllab.engine.network import Network
from dllab.plan.flow import LayerInfo
from dllab.plan.plan import Program
from dllab.symbols import PARAMETERS, WORK, Parameter, Value


class Inside:
    """The buffers of a program that has run over one batch; the net's plan must have one shard.

    `infos`: the layers, inner ones of blocks among them, by `path`. `outputs` (N, ...). `loss`: of the batch, else None.
    """

    def __init__(self, network: Network, bound: Bound, rows: int) -> None:
        assert bound.shards == 1, "shards have their buffers apart"
        self.network, self._bound, self.rows = network, bound, rows
        self.loss: float | None = None
        self.infos: tuple[LayerInfo, ...] = bound.program.infos

    @classmethod
    def inference(cls, network: Network, columns: Mapping[str, NDArray[Any]], rows: NDArray[np.int64]) -> Inside:
        """After inference of these rows of data columns."""
        outputs = np.empty((len(rows), int(np.prod(network.output_shape, dtype=np.int64))), network.dtype)
        bound = Bound(network.memory, "infer", len(rows), columns, rows, outputs=outputs)
        executor.run(bound, 0, 1)
        return cls(network, bound, len(rows))

    @classmethod
    def training(cls, network: Network, x: ArrayLike, y: ArrayLike, **extras: ArrayLike) -> Inside:
        """After forward and backward, as in a training step but without an update. `x`, `y`: see Network.step."""
        found = cls(network, network.training_batch(x, y, **extras), len(np.asarray(x)))
        found.loss, _ = network.loss_and_gradients(x, y, **extras)
        return found

    @property
    def program(self) -> Program:
        """What has run."""
        return self._bound.program

    @property
    def outputs(self) -> NDArray[Any]:
        """Those of the net, (N, ...)."""
        return self.numbers(self.program.output)

    def layer(self, path: str) -> LayerInfo:
        """The layer of that path. Raises KeyError."""
        return {info.path: info for info in self.infos}[path]

    def output(self, path: str) -> NDArray[Any]:
        """What a layer has made, (N, ...)."""
        return self.numbers(self.layer(path).output)

    def input(self, path: str) -> NDArray[Any]:
        """What went into a layer, (N, ...)."""
        return self.numbers(self.layer(path).input)

    def lengths(self, path: str) -> NDArray[np.int32] | None:
        """How many steps of a layer's output are there, (N,); None where it has no steps or all are."""
        value = self.layer(path).output.lengths
        return None if value is None else self.numbers(value)

    def output_gradient(self, path: str) -> NDArray[Any] | None:
        """The loss's gradient by a layer's output, (N, ...); None where there is none."""
        value = whole = self.layer(path).output
        while (gradient := self.program.gradients.get(id(whole))) is None and whole.parent is not None:
            whole = whole.parent  # of a view, such as that of a flatten: the gradient of what it shows
        if gradient is None:
            return None
        return self.numbers(gradient).reshape(self.rows, *(int(d) for d in value.shape[1:]))

    def gradients(self) -> dict[str, NDArray[Any]]:
        """Of all parameters, by label."""
        return {label: values.copy() for label, values in self.network.gradients.items()}

    def inner_names(self, path: str) -> tuple[str, ...]:
        """What a layer keeps for itself, by the names its kernels have for it: `p` of attention, `z` of an lstm.

        Where a kernel runs several times, in layers on top of each other, the second time has names such as `z_2`.
        """
        return tuple(self._inner(path))

    def inner(self, path: str, name: str) -> NDArray[Any]:
        """One of those, (N, ...). Raises KeyError."""
        return self.numbers(self._inner(path)[name])

    def backward(self, path: str, name: str) -> NDArray[Any]:
        """What the way back through a layer has left, (N, ...), by the name its kernels have for it: `dz` of an lstm.

        Of layers on top of each other it is that of the last. Raises KeyError.
        """
        program = self.program
        for row in program.rows[program.backward : program.probe]:
            if row.kernel is not None and row.layer == path and name in (o.name for o in row.kernel.operands):
                return self.numbers(row.operands[name])
        raise KeyError(name)

    def numbers(self, value: Value) -> NDArray[Any]:
        """A copy of what a value of the program holds."""
        root = value
        while root.parent is not None:
            root = root.parent
        if isinstance(root, Parameter) or root.register == PARAMETERS:
            return view_of(self.network.memory.arrays[PARAMETERS], value, self.network.dtype).copy()
        return self._bound.work(value, 0, self.rows).copy()

    def _inner(self, path: str) -> dict[str, Value]:
        """Working values of a layer's own rows that are neither its input nor its output."""
        info, found, times = self.layer(path), dict[str, Value](), Counter[Kernel]()
        for row in self.program.rows[: self.program.backward]:
            if row.kernel is None or row.layer != path:
                continue
            times[row.kernel] += 1
            ending = f"_{times[row.kernel]}" if times[row.kernel] > 1 else ""
            for operand in row.kernel.operands:
                value = row.operands[operand.name]
                root = value
                while root.parent is not None and not isinstance(root, Parameter):
                    root = root.parent
                if root.register == WORK and id(root) not in (id(info.output), id(info.input)):
                    found.setdefault(operand.name + ending, value)
        return found
