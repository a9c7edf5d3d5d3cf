"""A figure as the content of a file: .svg, .png, .html or .txt."""

from __future__ import annotations

from rich.console import RenderableType

from dllab.views.save.cells import Paper, columns_of, drawn, plain, terminal

ENDINGS = (".svg", ".png", ".html", ".txt")
NARROWEST = 40  # columns of a picture, however short its lines are


def figure(shown: RenderableType, ending: str, title: str, width: int = 80, height: int = 24) -> bytes:
    """What a terminal of this size shows, in colour and with all characters; as text, what one without colour shows.

    Without commands to try next. A picture is as wide as its longest line. Raises png.TooLarge.
    """
    lines = drawn(terminal(width, height, ending != ".txt", Paper), shown)
    while lines and not plain(lines[-1:]).strip():
        lines.pop()
    columns = max(columns_of(lines), NARROWEST)
    if ending == ".png":
        from dllab.views.save.png import png

        return png(lines, columns)
    if ending == ".svg":
        from dllab.views.save.svg import svg

        return svg(lines, columns, title).encode()
    if ending == ".html":
        from dllab.views.save.html import html

        return html(lines, title).encode()
    return plain(lines).encode()
