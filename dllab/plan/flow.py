"""The way the shapes take through a model: what is known of each layer, and the error where one does not fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dllab.ops.layer import Reach
from dllab.symbols import Dim, Parameter, Value


@dataclass
class LayerInfo:
    """What `summary` tells of a layer: where it is, what comes in and out, what it holds."""

    path: str
    kind: str
    input_shape: tuple[Dim, ...]
    output_shape: tuple[Dim, ...]
    parameters: list[Parameter]
    multiply_adds: int
    input: Value
    output: Value
    depth: int
    reach: Reach | None = None


class ShapeFlowError(ValueError):
    """A layer does not fit what comes in; knows the way the shapes took down to it."""

    def __init__(self, problem: str, entry: Any, path: str, infos: list[LayerInfo]) -> None:
        super().__init__(problem)
        self.problem, self.entry, self.path, self.infos = problem, entry, path, infos
