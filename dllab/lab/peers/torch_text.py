"""The nets that read text, in PyTorch: its own recurrent and transformer layers."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from dllab.lab.bench_cases import BLOCKS, HEADS, LETTERS, STEPS, UNITS, VECTOR, WIDE, TextCase

CELLS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


def net_and_batch(case: TextCase) -> tuple[Any, Any, Any]:
    """The net, the ids it reads and the letters it is to say."""
    net = _Recurrent(CELLS[case.kind]) if case.kind in CELLS else _Transformer()
    x, y = (torch.randint(0, LETTERS, (case.batch, STEPS)) for _ in range(2))
    return net, x, y


class _Recurrent(nn.Module):  # type: ignore[misc]
    def __init__(self, cell: Any) -> None:
        super().__init__()
        self.embed, self.cell, self.out = nn.Embedding(LETTERS, VECTOR), cell(VECTOR, UNITS, batch_first=True), _out()

    def forward(self, x: Any) -> Any:
        return self.out(self.cell(self.embed(x))[0]).transpose(1, 2)


class _Transformer(nn.Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.place = nn.Embedding(LETTERS, UNITS), nn.Parameter(torch.zeros(STEPS, UNITS))
        block = nn.TransformerEncoderLayer(
            UNITS, HEADS, WIDE, dropout=0.0, batch_first=True, norm_first=True, activation="gelu"
        )
        self.blocks = nn.TransformerEncoder(block, BLOCKS, enable_nested_tensor=False)
        self.out, self.mask = _out(), nn.Transformer.generate_square_subsequent_mask(STEPS)

    def forward(self, x: Any) -> Any:
        return self.out(self.blocks(self.embed(x) + self.place, mask=self.mask, is_causal=True)).transpose(1, 2)


def _out() -> Any:
    return nn.Linear(UNITS, LETTERS)
