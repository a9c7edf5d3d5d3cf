"""Classic models to hold a net against: a decision tree, linear regression, logistic regression, by scikit-learn.

They learn from the same rows as a net, scaled as the net sees them, and are judged by the same figures. `work` is how much
arithmetic their training takes, reckoned from what they say of it, so that no clock has a say:

    tree       for every node its rows are sorted by every feature: rows log2(rows) features
    linear     the product x'x and its solution: rows features^2 + features^3
    logistic   two products with x for every round of the solver: 2 rows features classes rounds

scikit-learn (the extra `baselines`) is imported when the first one is fitted.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from threadpoolctl import ThreadpoolController

from dllab.core.blas_threads import one_for_now

Kind = Literal["tree", "linear", "logistic"]
ROUNDS = 1000
"""Of the solver of logistic regression, at most."""
INSTALL = "takes scikit-learn: pip install 'dllab[baselines]'"


def there() -> bool:
    """Whether scikit-learn is installed."""
    return find_spec("sklearn") is not None


@dataclass(frozen=True)
class Rule:
    """The way to one leaf of a tree: conditions (feature, whether it is above, threshold), and the answer there.

    `rows`: how many training rows end here.
    """

    conditions: tuple[tuple[int, bool, float], ...]
    answer: float
    rows: int

    def covers(self, x: NDArray[Any]) -> NDArray[np.bool_]:
        """Which rows of x (N, F) meet all conditions, (N,)."""
        met = np.ones(len(x), bool)
        for feature, above, threshold in self.conditions:
            met &= (x[:, feature] > threshold) == above
        return met

    def text(self, features: Sequence[str], answer: str) -> str:
        """In words: radius <= 1.5 and texture > 0.2: benign (120 rows)."""
        said = " and ".join(f"{features[f]} {'>' if above else '<='} {limit:.3g}" for f, above, limit in self.conditions)
        return f"{said or 'always'}: {answer} ({self.rows} rows)"


@dataclass(frozen=True, eq=False)
class Baseline:
    """A classic model that has learnt. `numbers`: how many it keeps; `work`: operations of its training."""

    kind: Kind
    model: Any
    seconds: float
    numbers: int
    work: int

    def predict(self, x: ArrayLike) -> NDArray[Any]:
        """Classes or values (N,) for inputs x (N, ...)."""
        with _one_thread():
            found: NDArray[Any] = self.model.predict(flat(x))
        return found.reshape(len(found))

    def score(self, x: ArrayLike, y: ArrayLike) -> float:
        """Of classes the accuracy, of values the share of their variance that is explained (R squared)."""
        said, truth = self.predict(x), np.asarray(y).reshape(-1)
        if hasattr(self.model, "classes_"):
            return float((said == truth).mean())
        return float(1 - np.square(truth - said).sum() / np.square(truth - truth.mean()).sum())

    def weights(self) -> NDArray[np.float64]:
        """Of a linear model: how much each feature adds to each output, (features, outputs); yes for two classes."""
        assert self.kind != "tree", "a tree has rules"
        return np.atleast_2d(np.asarray(self.model.coef_, np.float64)).T

    def rules(self) -> tuple[Rule, ...]:
        """Of a tree: the way to each leaf, from left to right."""
        assert self.kind == "tree", "a linear model has weights"
        return tuple(_leaves(self.model, 0, ()))


def fit(
    kind: Kind, x: ArrayLike, y: ArrayLike, *, classes: bool = True, depth: int | None = None, seed: int = 0
) -> Baseline:
    """Let a model learn inputs x (N, ...) and `classes`, or values, y (N,). `depth`: of a tree; `seed`: where it is torn.

    Raises ImportError where scikit-learn is missing, ValueError for a model that cannot learn these targets.
    """
    if not there():
        raise ImportError(f"a {kind} model {INSTALL}")
    if kind != "tree" and (kind == "logistic") != classes:
        raise ValueError(f"{kind} regression does not learn {'classes' if classes else 'values'}")
    model = _new(kind, classes, depth, seed)
    inputs, targets = flat(x), np.asarray(y).reshape(-1)
    began = time.perf_counter()
    with _one_thread(), warnings.catch_warnings():  # so small, threads only get in each other's way
        warnings.simplefilter("ignore")  # that it has not quite converged after ROUNDS
        model.fit(inputs, targets)
    return Baseline(kind, model, time.perf_counter() - began, _numbers(kind, model), _work(kind, model, inputs))


def flat(x: ArrayLike) -> NDArray[Any]:
    """Inputs (N, ...) as rows of numbers (N, F)."""
    found = np.asarray(x)
    return found.reshape(len(found), -1)


@contextmanager
def _one_thread() -> Iterator[None]:
    with one_for_now(), _pools().limit(limits=1, user_api="openmp"):
        yield


@cache
def _pools() -> Any:
    """The threads of the libraries that scikit-learn has loaded; to look for them takes longer than to predict."""
    return ThreadpoolController()


def _new(kind: Kind, classes: bool, depth: int | None, seed: int) -> Any:
    if kind == "tree":
        from sklearn import tree

        make = tree.DecisionTreeClassifier if classes else tree.DecisionTreeRegressor
        return make(max_depth=depth, random_state=seed % 2**32)
    from sklearn import linear_model

    return linear_model.LinearRegression() if kind == "linear" else linear_model.LogisticRegression(max_iter=ROUNDS)


def _numbers(kind: Kind, model: Any) -> int:
    """A tree keeps a feature and a threshold for every split, and an answer for every leaf."""
    if kind == "tree":
        return int(2 * (model.tree_.node_count - model.tree_.n_leaves) + model.tree_.n_leaves)
    return int(np.size(model.coef_) + np.size(model.intercept_))


def _work(kind: Kind, model: Any, x: NDArray[Any]) -> int:
    rows, features = x.shape
    if kind == "tree":
        sizes = model.tree_.n_node_samples.astype(np.float64)
        return int(features * (sizes * np.log2(np.maximum(sizes, 2))).sum())
    if kind == "linear":
        return int(rows * features**2 + features**3)
    return int(2 * rows * np.size(model.coef_) * np.max(model.n_iter_))


def _leaves(model: Any, node: int, conditions: tuple[tuple[int, bool, float], ...]) -> list[Rule]:
    tree = model.tree_
    if tree.children_left[node] < 0:
        value = tree.value[node].reshape(-1)
        answer = float(model.classes_[value.argmax()]) if hasattr(model, "classes_") else float(value[0])
        return [Rule(conditions, answer, int(tree.n_node_samples[node]))]
    feature, threshold = int(tree.feature[node]), float(tree.threshold[node])
    found = []
    for child, above in ((tree.children_left[node], False), (tree.children_right[node], True)):
        found += _leaves(model, int(child), (*conditions, (feature, above, threshold)))
    return found
