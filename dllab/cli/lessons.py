"""`dllab lessons`: the list of all lessons."""

from __future__ import annotations

from dllab.cli.options import Json


def lessons(json: Json = False) -> None:
    """List the lessons: fifty questions about deep learning, each answered by an experiment."""
    from dllab.cli.console import output
    from dllab.lessons.lesson import headings

    if json:
        output().document([{"number": one.number, "slug": one.slug, "question": one.question} for one in headings()])
        return
    from dllab.views.lesson_list import listing

    output().show(listing(headings()))
