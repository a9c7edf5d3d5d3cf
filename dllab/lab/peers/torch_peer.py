"""PyTorch, eager, with one thread and with two."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from dllab.lab.bench_cases import BenchCase
from dllab.lab.peers import Contender, repeated


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
    layers: list[Any] = []
    for inputs, outputs in zip(case.sizes, case.sizes[1:]):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers[:-1])
    x, y = torch.randn(case.batch, case.sizes[0]), torch.randint(0, case.sizes[-1], (case.batch,))
    loss = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)

    def step() -> None:
        optimizer.zero_grad()
        loss(net(x), y).backward()
        optimizer.step()

    return step
