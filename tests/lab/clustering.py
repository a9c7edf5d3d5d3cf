"""What the tests of sweeps on clusters share: members trained by workers, and on this machine to compare them."""

from __future__ import annotations

from typing import Any

from sweeping import Figures, trained
from sweeping import bits as bits_of

from dllab.lab.cluster import Cluster, ClusterSweep
from dllab.lab.sweep import Done
from dllab.lab.sweep_plan import SweepPlan
from dllab.training.trainer import Trainer


def local(plan: SweepPlan) -> Figures:
    """What the members come to on this machine."""
    return bits_of(trained(plan))


def bits(ended: list[Done]) -> Figures:
    assert len({one.member.index for one in ended}) == len(ended), "a member is told once"
    return bits_of({one.member.index: one for one in ended})


def away(cluster: Cluster, plan: SweepPlan) -> list[Done]:
    """The same on workers."""
    return [one for ended in swept(cluster, plan).run(plan.grid.member, range(len(plan.grid))) for one in ended]


def swept(cluster: Cluster, plan: SweepPlan) -> ClusterSweep:
    def none(trainer: Trainer) -> Any:
        raise AssertionError("no recipe here begins with weights")

    return cluster.sweep(plan, none)
