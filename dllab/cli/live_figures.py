"""The figures that move while a net is trained, each as its own command draws it in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dllab.cli.live import Figure

if TYPE_CHECKING:
    from dllab.lab.subject import Subject
    from dllab.views.stacked import Blocks


def activations_figure(layer: str | None) -> Figure:
    """That of `viz-activations --during`."""

    def blocks(subject: Subject, steps: int, width: int, room: int) -> Blocks:
        import dataclasses

        from dllab.lab.activations_during import during
        from dllab.views.activations_during import during_frame

        assert subject.trace is not None, "trained with watched=True"
        if not len(subject.trace.steps):
            return lambda options, lines: ()
        found = dataclasses.replace(during(subject, layer), ended=steps / subject.trace.per_epoch)
        return lambda options, lines: during_frame(found, layer is not None, lines)

    return Figure(blocks)


def gradients_figure(layer: str | None) -> Figure:
    """That of `viz-gradients`."""

    def blocks(subject: Subject, steps: int, width: int, room: int) -> Blocks:
        from dllab.lab.gradients import gradients
        from dllab.views.gradients import frame

        found = gradients(subject, layer)
        return lambda options, lines: frame(found, options, steps)

    return Figure(blocks, ("train:plain",))


def boundary_figure(split: str | None, layer: str | None, units: bool, most: int) -> Figure:
    """That of `viz-boundary`, with as many places as are drawn."""

    def blocks(subject: Subject, steps: int, width: int, room: int) -> Blocks:
        from dllab.lab.examples import split_of
        from dllab.lab.plane_map import LIVE_SIDE, line_map, plane_map
        from dllab.runs.plane import is_plane
        from dllab.views.plane_map import frame, frame_size

        name = split_of(subject.data, split, "train")
        if is_plane(subject.data.dataset):
            found = plane_map(subject, name, layer, units, size=frame_size(width, room), side=LIVE_SIDE)
            return lambda options, lines: frame(found, lines, most)
        line = line_map(subject, name, layer, units)
        return lambda options, lines: frame(line, lines, most)

    return Figure(blocks, ("infer:plain", "infer"), leisurely=True)
