"""The loss on a plane through the weights of a net, with the way of its training."""

from __future__ import annotations

from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from dllab.lab.landscape import BLANK, FLAT, NEAR, SHARP, STEP, Landscape, WalkedPath
from dllab.runs.metrics_log import plain
from dllab.views.curves import Plot, Series
from dllab.views.looked import state_of
from dllab.views.next_steps import NextSteps
from dllab.views.parts import Plain
from dllab.views.surface import WIDEST, Surface
from dllab.views.text import number, percent

HEIGHT = 9  # lines of the curves
STATIONS = "123456789"
END = "*"
STYLES = ("#0072b2", "#e69f00")


def landscape_view(found: Landscape, reference: str, kept: str = "") -> RenderableType:
    """The surface, the curves along both axes, and what the curvature says. `reference`: what the user calls the net.

    `kept`: options for the next command.
    """
    axes = ("1st direction", "2nd")
    surface = Surface(found.x, found.y, found.loss, "loss", axes[0], axes[1], _marks(found))
    blocks: list[RenderableType] = [_head(found), surface, _walked(found), Text(), _lines(found)]
    return Group(Plain(Group(*blocks, Text(), _verdict(found), Text())), NextSteps(_next(found, reference, kept)))


def document(found: Landscape) -> dict[str, Any]:
    """The JSON document; rows of `loss` from the lowest y to the highest."""
    return {
        "name": found.name,
        "state": found.state,
        "steps": found.trained,
        "best_step": found.best_step,
        "rows": found.rows,
        "parameters": found.parameters,
        "plane": "random" if found.path is None else "path",
        "seed": found.seed,
        "length": plain(found.length),
        "x": found.x.tolist(),
        "y": found.y.tolist(),
        "loss": plain(found.loss),
        "loss_here": plain(found.centre),
        "loss_of_zeros": plain(found.blank),
        "loss_along_x": plain(found.lines[0]),
        "loss_along_y": plain(found.lines[1]),
        "curvature": [plain(value) for value in found.curvature],
        "rise": plain(found.rise),
        "verdict": found.verdict,
        "path": None if found.path is None else _path_document(found.path),
    }


def _path_document(path: WalkedPath) -> dict[str, Any]:
    return {
        "steps": path.steps.tolist(),
        "places": path.places.tolist(),
        "shares": list(path.shares),
        "best_taken_back": path.back,
    }


def _head(found: Landscape) -> Text:
    """What was looked at, which plane it is, and what 1 on its axes means."""
    state = state_of(found.state, found.trained, found.best_step)
    rows = f"{found.rows:,} of {found.of_rows:,}" if found.rows < found.of_rows else f"{found.rows:,}"
    points = f"{len(found.x)} x {len(found.y)} points"
    head = Text.assemble(
        (found.name, "bold"), f": landscape, {state}, loss of {rows} training rows at {points} of a plane through "
    )
    if found.path is None:
        return head.append(
            f"two random directions (seed {found.seed}), each filter scaled to the norm of the net's own; biases and "
            f"normalisations stay. 1 is as far as the weights are long, {number(found.length, 3)}."
        )
    first, second = (percent(share) for share in found.path.shares)
    return head.append(
        f"the two principal directions of the training's path ({first} and {second} of its variance). 1 is as far as all "
        f"weights are long, {number(found.length, 3)}."
    )


def _stations(path: WalkedPath) -> dict[str, int]:
    """Copies that are evenly spaced along the way in the plane, by their mark."""
    way = np.append(0.0, np.cumsum(np.linalg.norm(np.diff(path.places, axis=0), axis=1)))
    wanted = np.arange(len(STATIONS)) / len(STATIONS) * way[-1]
    chosen = sorted({int(np.abs(way - at).argmin()) for at in wanted} - {len(way) - 1})
    return dict(zip(STATIONS, chosen))


def _marks(found: Landscape) -> dict[str, tuple[float, float]]:
    marks = {}
    if found.path is not None:
        for sign, copy in _stations(found.path).items():
            marks[sign] = float(found.path.places[copy, 0]), float(found.path.places[copy, 1])
    return {**marks, END: (0.0, 0.0)}


def _walked(found: Landscape) -> Text:
    """What the marks are."""
    few = len(found.x) < WIDEST  # than a wide terminal has columns
    seen = "A map from above" + f", interpolated from {len(found.x)} x {len(found.y)} losses" * few
    here = f"{END} = the net, loss {number(found.centre)}"
    if found.path is None:
        return Text(f"{seen}: every place is a net with other weights; {here}.")
    steps = [f"{sign} = {found.path.steps[copy]:,}" for sign, copy in _stations(found.path).items()]
    back = " (the best on the way, taken back)" if found.path.back else ""
    return Text(f"{seen}: every place is a net. The path by steps: {', '.join(steps)}; {here}{back}.")


def _lines(found: Landscape) -> Plot:
    """The loss along both axes."""
    names = "along the 1st direction", "along the 2nd"
    series = tuple(
        Series(name, [_short(x) for x in axis], heights.tolist(), style, dotted=number_ > 0)
        for number_, (name, axis, heights, style) in enumerate(zip(names, (found.x, found.y), found.lines, STYLES))
    )
    return Plot("loss", series, HEIGHT, unit="", log="auto")


def _short(x: float) -> float:
    """Without digits that nobody reads below an axis."""
    return float(f"{x:.3g}")


def _verdict(found: Landscape) -> Text:
    """The curvature, and the rule by which it is called sharp or flat."""
    bends = " and ".join(number(value, 3) for value in found.curvature)
    line = Text(f"curvature at {END}: {bends}, by second differences over {STEP:g}. ")
    if found.verdict == "unknown":
        return line.append("The loss there is no number, so nothing follows.")
    names = {"falls": "Falls", "saddle": "Saddle", "sharp": "Sharp", "curved": "Between sharp and flat", "flat": "Flat"}
    line.append(names[found.verdict], "bold")
    if found.verdict == "falls":
        return line.append(": no minimum; along both directions the loss falls on both sides.")
    if found.verdict == "saddle":
        return line.append(": no minimum; along one direction the loss falls on both sides.")
    itself = abs(found.centre) >= BLANK * abs(found.blank) or not np.isfinite(found.blank)
    of = "what it is" if itself else "a tenth of the loss with all weights 0"
    line.append(f": over {NEAR:g} the loss rises by {number(found.rise, 2)}, {number(found.share, 2)} of {of} ")
    line.append(f"(rule: sharp above {SHARP:g}, flat below {FLAT:g}; in 2 of {found.parameters:,} directions).")
    return line.append(" Along one of them it falls: no minimum." if min(found.curvature) < 0 else "")


def _next(found: Landscape, reference: str, kept: str) -> list[tuple[str, str]]:
    other = "--path" if found.path is None else "--random"
    what = "the way of its training" if found.path is None else "random directions, which compare nets"
    return [
        (f"dllab viz-landscape {reference} {other} {kept}".strip(), what),
        (f"dllab viz-gradients {reference}", "how large the steps on it were"),
    ]
