"""Labels at the edges of figures: cut to a width in terminal cells, beside and above what they name."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

TALLEST = 10  # lines of labels that are written downwards
WORDY = 6  # cells from which a cut word reads better than one written downwards


def shown(label: str, ascii_only: bool) -> str:
    """A token as it can be seen: blanks and ends of lines have signs, and so has what ASCII lacks, each one cell wide."""
    if label == " ":
        return "_" if ascii_only else "␣"
    plain = "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(label))
    return plain.encode("ascii", "replace").decode() if ascii_only else plain


def cut(label: str, width: int, ascii_only: bool) -> str:
    """At most `width` cells of a label, with a sign where something is missing."""
    if cell_len(label) <= width:
        return label
    return set_cell_size(label, width - 1).rstrip() + ("." if ascii_only else "…") if width > 1 else label[: max(width, 0)]


def path_ends(paths: Sequence[str], room: int, ascii_only: bool) -> list[str]:
    """Paths of layers, whole where they fit, else as much of their ends as does: 0_conv of 3_repeat.2.0_conv.

    --layer takes both. Ends that several paths have in common stand behind what these differ in: 2…0_conv, 3…0_conv.
    What does not fit even so is cut.
    """
    found: list[str] = []
    for path in paths:
        end = _end(path, room)
        alike = [other for other in paths if other != path and other.endswith(f".{end}")] if end and end != path else []
        found.append(_apart(path, alike, room, ascii_only) if alike else end or cut(path, room, ascii_only))
    return found


def _apart(path: str, others: Sequence[str], room: int, ascii_only: bool) -> str:
    """The parts by which a path differs from others of the same end, and as much of that end as fits."""
    parts, gap = path.split(".")[::-1], "..." if ascii_only else "…"
    places = range(len(parts))
    own = [at for at in places if any(other.split(".")[::-1][at : at + 1] != parts[at : at + 1] for other in others)]
    if not own:  # the others have more in front of it
        return cut(path, room, ascii_only)
    head, nearest = ".".join(parts[at] for at in own[::-1]), own[0]
    names = [head + ("." if size == nearest else gap) + ".".join(parts[:size][::-1]) for size in range(nearest, 0, -1)]
    return next((name for name in names if cell_len(name) <= room), cut(names[-1], room, ascii_only))


def _end(path: str, room: int) -> str:
    while cell_len(path) > room:
        path = path.partition(".")[2]
    return path


def centred(label: str, width: int) -> str:
    """A label in the middle of so many cells."""
    left = max(0, width - cell_len(label)) // 2
    return set_cell_size(" " * left + label, width)


def right(label: str, width: int) -> str:
    """A label at the right end of so many cells."""
    return " " * max(0, width - cell_len(label)) + label


def above(labels: Sequence[str], cell: int, whole: bool, ascii_only: bool) -> list[str]:
    """The lines above columns that are `cell` wide.

    Side by side if there is room, else downwards; numbers, and the names of columns that are not `whole` but stand for
    several, only where there is room for them.
    """
    if not any(labels):
        return []
    longest = max(map(cell_len, labels))
    if longest < cell or longest == cell == 1:
        return ["".join(centred(label, cell) for label in labels)]
    if not whole or all(map(_is_number, labels)):
        return [_sparse(labels, cell, longest)]
    if cell > WORDY:
        return ["".join(centred(cut(label, cell - 1, ascii_only), cell) for label in labels)]
    return _downwards(labels, cell, "." if ascii_only else "…")


def _sparse(labels: Sequence[str], cell: int, longest: int) -> str:
    """Every so many-th label, at the beginning of its column, so that they do not touch."""
    line = ""
    for index in range(0, len(labels), -(-(longest + 2) // cell)):
        if index * cell + cell_len(labels[index]) <= len(labels) * cell:
            line += " " * (index * cell - cell_len(line)) + labels[index]
    return line


def _downwards(labels: Sequence[str], cell: int, more: str) -> list[str]:
    columns = [_letters(label) for label in labels]
    columns = [[*letters[: TALLEST - 1], more] if len(letters) > TALLEST else letters for letters in columns]
    height = max(map(len, columns))
    padded = [[" "] * (height - len(letters)) + letters for letters in columns]
    return ["".join(centred(column[line], cell) for column in padded) for line in range(height)]


def _letters(label: str) -> list[str]:
    """Its characters, each with the marks that stand on it."""
    letters: list[str] = []
    for character in label:
        if letters and cell_len(character) == 0:
            letters[-1] += character
        else:
            letters.append(character)
    return letters


def _is_number(label: str) -> bool:
    try:
        float(label.replace(",", "").rstrip("%k "))
    except ValueError:
        return not label
    return True
