"""PyTorch, eager, with one thread and with two."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from dllab.lab.bench_cases import BenchCase, Conv, Pool, TextCase
from dllab.lab.peers import Contender, repeated, torch_text


def contenders(case: BenchCase) -> Mapping[str, Contender]:
    """`torch eager, 1 thread` and `torch eager, 2 threads`."""
    return {f"torch eager, {n} thread{'s' * (n > 1)}": _with_threads(case, n) for n in (1, 2)}


def _with_threads(case: BenchCase, threads: int) -> Contender:
    torch.set_num_threads(threads)
    timed = repeated(_step(case))

    def round_() -> float:
        torch.set_num_threads(threads)
        return timed()

    return round_


def _step(case: BenchCase) -> Any:
    torch.manual_seed(0)
    net, x, y = torch_text.net_and_batch(case) if isinstance(case, TextCase) else _net_and_batch(case)
    loss = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)

    def step() -> None:
        optimizer.zero_grad()
        loss(net(x), y).backward()
        optimizer.step()

    return step


def _net_and_batch(case: BenchCase) -> tuple[Any, Any, Any]:
    x = torch.randn(case.batch, *case.input[2:], *case.input[:2])
    return torch.nn.Sequential(*_layers(case)), x, torch.randint(0, case.classes, (case.batch,))


def _layers(case: BenchCase) -> list[Any]:
    """Pictures are channels-first here, torch's own way."""
    layers: list[Any] = []
    flat = len(case.input) == 1
    for layer, shape in zip(case.layers, case.shapes):
        if isinstance(layer, Pool):
            layers.append(torch.nn.MaxPool2d(2))
        elif isinstance(layer, Conv):
            padding = layer.kernel // 2 if layer.same else 0
            layers += [torch.nn.Conv2d(shape[-1], layer.units, layer.kernel, padding=padding), torch.nn.ReLU()]
        else:
            layers += [] if flat else [torch.nn.Flatten()]
            flat = True
            layers += [torch.nn.Linear(shape[0], layer), torch.nn.ReLU()]
    return layers[:-1]
