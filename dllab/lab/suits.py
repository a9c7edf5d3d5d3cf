"""Which views of a net's inside make sense for it, and why others do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dllab.data.dataset import Dataset, Prepared
from dllab.plan.plan import Plan
from dllab.runs.plane import is_plane

FILTERS = ("conv", "conv1d", "depthwise_conv", "conv_transpose")
TABLES = ("embedding", "skip_gram", "cbow", "glove")
PLANE = (2,)


class Unsuited(ValueError):
    """A view that makes no sense for a net, or a layer or an example that is not there; `hint` names those that are."""

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(problem)
        self.problem, self.hint = problem, hint


@dataclass(frozen=True)
class Candidate:
    """What a view is asked about: the plan of a net, and its data."""

    plan: Plan
    data: Prepared

    def has(self, *kinds: str) -> bool:
        """Whether there is a layer of one of these kinds, be it inside a block."""
        return any(info.kind in kinds for info in self.plan.infos)


def _boundary(of: Candidate) -> str | None:
    dataset = of.data.dataset
    shape = dataset.input_shape
    if dataset.vocabulary:
        return "a boundary is drawn on the plane of two numbers, and this net reads words"
    if is_plane(dataset) or is_line(dataset):
        return None
    if shape == PLANE:
        return "a boundary is drawn between classes, and this net gives values"
    return f"a boundary is drawn on the plane of two inputs, and this net has inputs of shape {tuple(shape)}"


def is_line(dataset: Dataset) -> bool:
    """Whether rows are one number each, and a value: of such a net the curve is drawn in place of a boundary."""
    return dataset.input_shape == (1,) and dataset.task == "regression" and dataset.outputs == 1 and not dataset.vocabulary


def _filters(of: Candidate) -> str | None:
    return None if of.has(*FILTERS) else "filters belong to convolutions, and this net has none"


def _attention(of: Candidate) -> str | None:
    return None if of.has("attention") else "this net has no attention"


def _embeddings(of: Candidate) -> str | None:
    return None if of.has(*TABLES) else "this net has no table of vectors: no layer embedding, skip_gram, cbow or glove"


def _predictions(of: Candidate) -> str | None:
    loss = of.plan.question.loss
    if of.plan.question.targets is None or loss is None or not loss.measured:
        return "this net has no answers that could be right or wrong"
    return None


def _landscape(of: Candidate) -> str | None:
    if any(len(parameter.shape) > 1 for parameter in of.plan.parameters):
        return None
    return "a plane goes through weights, and this net has none"


def _any(of: Candidate) -> str | None:
    return None


VIEWS: dict[str, Callable[[Candidate], str | None]] = {
    "viz-activations": _any,
    "viz-gradients": _any,
    "viz-boundary": _boundary,
    "viz-filters": _filters,
    "viz-attention": _attention,
    "viz-embeddings": _embeddings,
    "viz-landscape": _landscape,
    "viz-predictions": _predictions,
    "viz-schedule": _any,
    "viz-data": _any,
}
"""Each view with what speaks against it for a net; None if nothing does."""


def check(view: str, plan: Plan, data: Prepared) -> None:
    """Raise Unsuited where a view makes no sense."""
    net = Candidate(plan, data)
    problem = VIEWS[view](net)
    if problem is not None:
        others = [name for name, against in VIEWS.items() if against(net) is None]
        raise Unsuited(f"{view}: {problem}", f"for this net there are: {', '.join(others)}")
