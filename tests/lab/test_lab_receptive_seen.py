"""Pixels that a place of a map sees, measured against what is computed."""

from __future__ import annotations

import numpy as np
from marks import compiled_only

from dllab.lab.receptive import receptive_fields
from dllab.lab.receptive_seen import effect, extent
from dllab.lab.subject import Subject
from dllab.recipe import parse

RECIPE = """
data: {name: mnist10k, flatten: false, size: 14, per_class: 2}
model: [{conv: {units: 4, padding: same}}, relu, {max_pool: 2}, {conv: {units: 4, padding: same}}, flatten, dense: classes]
"""


@compiled_only
def test_what_is_measured_is_what_is_computed() -> None:
    net = Subject.untrained(parse(RECIPE))
    infos = net.network.plan.infos
    fields = {info.path: field for info, field in zip(infos, receptive_fields(infos)) if info.kind == "conv"}
    found = effect(net, list(fields))
    assert [extent(found[path]) for path in fields] == [field[0] for field in fields.values() if field] == [3, 8]


def test_the_extent_counts_from_the_first_row_to_the_last() -> None:
    effects = np.zeros((9, 9))
    assert extent(effects) == 0
    effects[2, 4] = effects[5, 1] = 0.1
    assert extent(effects) == 4
