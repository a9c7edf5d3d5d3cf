"""What the tests of sweeps share: a small recipe in a folder of its own, members trained one by one and as a sweep."""

from __future__ import annotations

from pathlib import Path

import pytest

import dllab
from dllab.lab.sweep import Done, Sweep
from dllab.lab.sweep_plan import SweepPlan

RECIPE = """\
data: {name: moons, samples: 40, validation: 0.25}
model: [{dense: 4}, tanh, {dropout: 0.2}, {dense: classes}]
train: {epochs: 2, batch: 16}
"""
Figures = dict[int, tuple[str, int, str]]


def settle(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with a recipe; runs go there, too."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DLLAB_RUNS", str(folder / "runs"))
    (folder / "r.yaml").write_text(RECIPE)
    return folder


def trained(plan: SweepPlan, jobs: int = 2, order: list[int] | None = None) -> dict[int, Done]:
    """The members of a plan, by number."""
    found: dict[int, Done] = {}
    for ended in Sweep(plan.make, jobs).run(plan.grid.member, order or range(len(plan.grid))):
        for one in ended:
            assert one.member.index not in found, "a member is told once"
            found[one.member.index] = one
    assert sorted(found) == list(range(len(plan.grid)))
    return found


def bits(ended: dict[int, Done]) -> Figures:
    return {index: (one.status, one.steps, repr(one.final)) for index, one in sorted(ended.items())}


def alone(plan: SweepPlan, index: int) -> tuple[str, int, str]:
    """What `dllab train` of a member's line comes to."""
    member = plan.grid.member(index)
    result = dllab.train(plan.reference, list(member.overrides), seed=member.seed, save=False, trust=plan.trust)
    return result.status, result.steps, repr(result.metrics)
