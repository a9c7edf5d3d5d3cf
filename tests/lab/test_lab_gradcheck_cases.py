"""Every part passes gradcheck in its own cases, and fails it with a bug planted in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dllab.catalogue import parts
from dllab.core.settings import jit_enabled
from dllab.lab.gradcheck_cases import PartCase, check_case, check_parts, layer_cases, loss_cases, part_cases
from dllab.lab.gradcheck_report import Report
from dllab.lab.planted_bug import UnknownLayer

UNSPOILABLE = {
    "identity": "hands gradients on untouched",
    "flatten": "hands gradients on untouched",
    "reshape": "hands gradients on untouched",
    "one_hot": "reads ids, which have no gradient",
    "step": "has a gradient of 0 everywhere",
}


MINUTES = "takes minutes in plain Python; its parts are checked by themselves"


@pytest.mark.parametrize("name", list(parts("layers")))
def test_layers_in_their_cases(name: str) -> None:
    if name in ("attention", "transformer_block") and not jit_enabled():
        pytest.skip(MINUTES)
    passes(layer_cases([name]))


@pytest.mark.parametrize("name", list(parts("losses")))
def test_losses_in_their_cases(name: str) -> None:
    passes(loss_cases([name]))


@pytest.mark.parametrize("name", list(parts("layers")))
def test_a_shard_without_rows_adds_nothing_to_gradients(name: str) -> None:
    """After a batch of 8 rows, one of a single row: the other shard has none, and must not hand on what it had."""
    for case in (case for case in layer_cases([name]) if case.question.shards == 1):
        found = []
        for shards in (1, 2):
            wider = replace(case, batch=8, question=replace(case.question, shards=shards, batch=8))
            network, x, y = wider.network(0)
            extras = wider.extras(network, 0)
            network.loss_and_gradients(x, y, **extras)
            one = {column: values[:1] for column, values in extras.items()}
            found.append(network.loss_and_gradients(x[:1], y[:1], **one)[1])
        for label, gradient in found[0].items():
            np.testing.assert_allclose(found[1][label], gradient, rtol=1e-9, atol=1e-12, err_msg=f"{case.text}: {label}")


def passes(cases: list[PartCase]) -> None:
    assert cases, "a part needs cases for gradcheck"
    for case in cases:
        for check in check_case(case):
            told = f"{check.name}, case {case.text}: {check.relative_error:.1e} at {check.index}"
            limit = 1e-6 if check.parameter.endswith("bk") else 1e-7  # a key's bias changes nothing: all is noise
            assert check.verdict == "ok" and check.relative_error < limit, told
            assert check.checked > check.kinks


@pytest.mark.parametrize("case", [c for c in part_cases() if c.part not in UNSPOILABLE and "shards" not in c.text],
                         ids=lambda c: f"{c.part} {c.text}")  # fmt: skip
def test_a_bug_in_any_part_is_found(case: PartCase) -> None:
    if case.family == "layers" and parts("layers")[case.part].group == "sequences" and not jit_enabled():
        pytest.skip(MINUTES)
    checks = check_case(case, planted=True)
    if all(np.all(check.relative_error == 0) for check in check_case(case)):
        pytest.skip("nothing but zeros: no gradient to spoil")
    assert any(check.verdict == "bug" for check in checks)
    assert {check.layer for check in checks} == {case.part}


@pytest.mark.skipif(not jit_enabled(), reason=MINUTES)
def test_all_as_events() -> None:
    events = list(check_parts())
    assert [event.number for event in events] == list(range(1, events[0].of + 1))
    found = Report.of("every layer and loss", events, parts=True)
    nothing_to_check = {"one_hot"}  # it reads ids, which have no gradient, and has no parameters
    known = {*parts("layers"), *parts("losses")} - nothing_to_check
    assert found.passed and {check.layer for check in found.checks} == known


def test_a_part_that_does_not_exist() -> None:
    with pytest.raises(UnknownLayer, match=r"'dence'.*one of: .*dense.*mse.*Did you mean 'dense'"):
        next(check_parts(plant_in="dence"))


@pytest.mark.skipif(not jit_enabled(), reason=MINUTES)
def test_nothing_to_spoil() -> None:
    with pytest.raises(UnknownLayer, match="'identity' hands gradients on untouched"):
        list(check_parts(plant_in="identity"))


def test_inputs_stay_clear_of_the_kink() -> None:
    case = next(case for case in layer_cases(["relu"]))
    assert case.kink > 0
    for seed in range(20):
        assert np.abs(case.network(seed)[1]).min() >= 3e-3
