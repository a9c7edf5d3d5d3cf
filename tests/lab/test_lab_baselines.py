"""Classic models: what they learn, what they keep, what they say of their reasons."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from dllab.lab import baselines
from dllab.lab.baselines import Rule, fit


def two_clouds(rows: int = 60) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    y = np.arange(rows) % 2
    return random.normal(size=(rows, 3)).astype(np.float32) + np.outer(2 * y - 1, [2.0, 0.5, 0.0]).astype(np.float32), y


def test_a_rule_by_hand() -> None:
    rule = Rule(((0, False, 1.5), (1, True, 0.25)), 1.0, 12)
    x = np.array([[1.0, 0.5], [2.0, 0.5], [1.5, 0.25], [1.5, 0.26]])
    assert rule.covers(x).tolist() == [True, False, False, True]
    assert rule.text(["radius", "texture"], "benign") == "radius <= 1.5 and texture > 0.25: benign (12 rows)"
    assert Rule((), 0.0, 3).text([], "yes") == "always: yes (3 rows)"


def test_without_scikit_learn_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "find_spec", lambda name: None)
    assert not baselines.there()
    with pytest.raises(ImportError, match=r"a tree model takes scikit-learn: pip install 'dllab\[baselines\]'"):
        fit("tree", *two_clouds())


def test_importing_it_imports_no_scikit_learn() -> None:
    code = "import sys, dllab.lab.baselines; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_the_rules_of_a_tree_are_the_tree() -> None:
    pytest.importorskip("sklearn")
    x, y = two_clouds()
    found = fit("tree", x, y)
    assert found.score(x, y) == 1 and sum(rule.rows for rule in found.rules()) == len(x)
    obeyed = np.full(len(x), np.nan)
    for rule in found.rules():
        assert np.isnan(obeyed[rule.covers(x)]).all(), "every row has one rule"
        obeyed[rule.covers(x)] = rule.answer
    assert np.array_equal(obeyed, found.predict(x))
    leaves = len(found.rules())
    assert found.numbers == 2 * (leaves - 1) + leaves
    assert len(fit("tree", x, y, depth=1).rules()) == 2


def test_linear_regression_finds_the_line() -> None:
    pytest.importorskip("sklearn")
    x, _ = two_clouds()
    y = x @ np.array([1.0, -2.0, 0.5]) + 3
    found = fit("linear", x, y, classes=False)
    assert np.allclose(found.weights()[:, 0], [1.0, -2.0, 0.5], atol=1e-5) and found.score(x, y) == pytest.approx(1)
    assert found.numbers == 4 and found.work == 60 * 9 + 27
    tree = fit("tree", x, y, classes=False, depth=2)
    assert 0 < tree.score(x, y) < 1 and len(tree.rules()) == 4


def test_logistic_regression_weighs_what_tells() -> None:
    pytest.importorskip("sklearn")
    x, y = two_clouds()
    found = fit("logistic", x, y)
    assert found.score(x, y) > 0.9 and found.weights().shape == (3, 1) and np.abs(found.weights()).argmax() == 0
    assert found.numbers == 4 and found.work % (2 * 60 * 3) == 0


def test_models_learn_what_they_are_for() -> None:
    pytest.importorskip("sklearn")
    x, y = two_clouds()
    with pytest.raises(ValueError, match="linear regression does not learn classes"):
        fit("linear", x, y)
    with pytest.raises(ValueError, match="logistic regression does not learn values"):
        fit("logistic", x, y, classes=False)
