"""What may stand next on a command line: the answers that completion in a shell is made of.

A shell runs `dllab WORDS...` with the variable _DLLAB_COMPLETE set to its name; the last word is the one being written,
up to the cursor. The answer has a line for each candidate: the whole word, a tab, what it is. After a candidate that ends
in one of = . / the word goes on. bash gives the whole line instead, in _DLLAB_LINE, and is told only what follows the last
of the characters at which it breaks words. Neither numpy nor what trains is imported, so that the answer is there at once.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from dllab.cli import part_sources

VARIABLE = "_DLLAB_COMPLETE"
SHELLS = {"bash": "for bash", "zsh": "for zsh", "fish": "for fish"}

Candidates = Iterable[tuple[str, str]]


def answer(words: Sequence[str]) -> int:
    """Print the candidates for the last word; whatever goes wrong, there are none."""
    with contextlib.suppress(Exception):
        given, head = list(words), ""
        if os.environ[VARIABLE] == "bash":
            given = split(os.environ["_DLLAB_LINE"])[1:]
            head = _before_break(given[-1], os.environ.get("_DLLAB_BREAKS", "=:"))
        found = dict(candidates(given))
        lines = [f"{word.removeprefix(head)}\t{said}\n" for word, said in found.items() if word.isprintable()]
        sys.stdout.write("".join(lines))
        sys.stdout.flush()
    return 0


def split(line: str) -> list[str]:
    """The words of a line up to the cursor; the last one is empty after a space. Open quotes are closed."""
    import shlex

    for closing in ("", "'", '"'):
        with contextlib.suppress(ValueError):
            words = shlex.split(line.removesuffix("\\") + closing)
            return [*words, ""] if not words or (not closing and line[-1:].isspace()) else words
    return [""]


def _before_break(word: str, breaks: str) -> str:
    """What of the word stands before the part that bash replaces."""
    last = max((word.rfind(character) for character in breaks), default=-1)
    return word[: last + 1]


def candidates(words: list[str]) -> Iterator[tuple[str, str]]:
    """What the last of the words after `dllab` may become, with what each is."""
    *before, current = words or [""]
    yield from ((word, said) for word, said in _all(before, current) if word.startswith(current))


def _all(before: list[str], current: str) -> Candidates:
    from dllab.cli.commands import inner, known, loaded

    while before and before[0].startswith("-"):
        del before[0]
    if not before:
        told = [(name, command.help) for name, command in known().items()]
        return [*told, ("--help", "Show this message and exit."), ("--version", "Print the version and exit.")]
    if before[0] not in known():
        return []
    command, before = loaded(before[0]), list(before)
    if known()[before[0]].inner:
        if len(before) == 1:
            return [(one.name, one.help) for one in known()[before[0]].inner]
        if before[1] not in {one.name for one in known()[before[0]].inner}:
            return []
        command = inner(before[0], before[1])
        del before[0]
    arguments = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
    options = {
        word: one for one in command.params if one.param_type_name == "option" for word in one.opts + one.secondary_opts
    }
    words, waiting = _positional(before[1:], options)
    if waiting is not None:
        return _values(waiting, before[0], words, current)
    if current.startswith("-") and "--" not in before:
        return [(word, option.help or "") for word, option in options.items()] + [("--help", "Show this message and exit.")]
    if not arguments:
        return []
    argument = arguments[min(len(words), len(arguments) - 1)]
    if len(words) >= len(arguments) and argument.nargs != -1:
        return []
    return _values(argument, before[0], words, current)


def _positional(before: Sequence[str], options: dict[str, Any]) -> tuple[list[str], Any]:
    """The words that are no options, and the option whose value comes next (None: none does)."""
    words: list[str] = []
    waiting = None
    for word in before:
        if waiting is not None:
            waiting = None
        elif word in options and not getattr(options[word], "is_flag", False):
            waiting = options[word]
        elif not word.startswith("-"):
            words.append(word)
    return words, waiting


def _values(parameter: Any, command: str, words: Sequence[str], current: str) -> Candidates:
    """What an argument or option takes, by the word that help shows for it."""
    from dllab.cli import overrides_completing as overrides

    kind = (parameter.metavar or "").upper()
    if "RECIPE" in (kinds := kind.split("|")):
        schedules = part_sources.names("schedules").items() if "SCHEDULE" in kinds else []
        changes = overrides.candidates(words[0] if words else "", current) if "KEY=VALUE" in kinds else ()
        more = [*schedules, *(runs() if "RUN" in kinds else []), *changes]
        return [*recipes(), *more, *files(current, (".yaml", ".yml"))]
    if kind == "SURFACE":
        return [(name, "a landscape") for name in part_sources.options("losses", "surface")["surface"].words]
    if kind == "NAMES":
        head = current[: current.rfind(",") + 1]
        return [(head + name, said) for name, said in part_sources.names("optimizers").items()]
    if kind in ("METRIC", "METRIC=VALUE"):
        ending = kind.removeprefix("METRIC")[:1]
        return [(name + ending, said) for name, said in [*part_sources.names("metrics").items(), ("loss", "the loss")]]
    if kind == "KEY=VALUE" and command == "lesson":
        return knobs(words[0]) if words else ()
    if kind in ("KEY=VALUE", "KEY=VALUES"):
        return overrides.candidates(_recipe_of(command, words[0]) if words else "", current)
    if kind == "LESSON":
        return lessons()
    if kind == "OPTION=VALUE":
        return overrides.of_part("datasets", words[0] if words else "", current)
    if kind == "RUN" and command == "generate":
        return [*runs(), *recipes(), *files(current, (".yaml", ".yml"))]
    if kind == "RUN|SWEEP":
        return [*runs(), *list(sweeps())[1:]]
    if kind in ("CONDITION", "KEY"):
        return fields(kind)
    if kind == "RUN":
        sample = [("glove10k", "vectors that come with the lab")] * (command == "neighbours")
        return [*sample, *runs(), *files(current, ())]
    if kind == "SWEEP":
        return [*sweeps(), *files(current, ())]
    if kind in ("SPLIT_METRIC", "FIGURE"):
        return figures()
    if kind == "WORD":
        return words_of(words[0]) if words and current else []
    if kind == "FOLDER":
        return files(current, ())
    if kind == "NAME" and parameter.name == "split":
        return [(name, f"rows of the {name} split") for name in ("train", "validation", "test")]
    if kind == "SHELL":
        return list(SHELLS.items())
    if kind == "NAME" and command == "recipes":
        return [*recipes(), *files(current, (".yaml", ".yml"))]
    if kind == "NAME" and command == "layers":
        everything = {name: said for family in part_sources.families() for name, said in part_sources.names(family).items()}
        return [*{**everything, **part_sources.names("layers")}.items()]
    if kind == "NAME" and command in part_sources.families():
        return part_sources.names(command).items()
    if kind == "KIND":
        from dllab.cli.new import KINDS

        return [(kind, f"among the {family}") for kind, (family, _) in KINDS.items()]
    return files(current, ("",)) if kind.startswith("FILE") or kind == "DATA" else []


def _recipe_of(command: str, word: str) -> str:
    """The recipe that the first word of a command means: of a run, the one it keeps."""
    from dllab.cli.commands import loaded

    first = next((one for one in loaded(command).params if one.param_type_name == "argument"), None)
    return recipe_of_run(word) if first is not None and first.metavar == "RUN" else word


def recipe_of_run(run: str) -> str:
    """The path of the recipe a run keeps; `run` is its folder, its name in the folder of runs, or `last`."""
    names = [name for name, _ in runs()][1:]
    name = names[0] if run == "last" and names else run
    folder = Path(name) if Path(name).is_dir() else _root() / name
    return str(folder / "recipe.yaml")


def words_of(run: str) -> Candidates:
    """The words that a run, or the GloVe sample, has vectors of."""
    import json

    from dllab.places import folder

    with contextlib.suppress(OSError, ValueError, AttributeError):
        if run == "glove10k":
            known = (folder("datasets") / "glove10k-words.txt").read_text(encoding="ascii").split()
        else:
            data = Path(recipe_of_run(run)).with_name("data.json")
            known = json.loads(data.read_text(encoding="utf-8")).get("vocabulary", [])
        return [(word, "a word") for word in known]
    return []


def _root() -> Path:
    """The folder of runs."""
    return Path(os.environ.get("DLLAB_RUNS") or "runs")


def recipes() -> Candidates:
    """The recipes that come with the lab, with what they are about."""
    from dllab.places import folder

    with contextlib.suppress(OSError):
        return [(path.stem, _about(path)) for path in sorted(folder("recipes").glob("*.y*ml"))]
    return []


def _about(path: Path) -> str:
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    return first.removeprefix("about:").strip() if first.startswith("about:") else "a recipe"


def runs() -> Candidates:
    """The runs in the folder of runs, the latest first."""
    root = _root()
    with contextlib.suppress(OSError):
        found = [path for path in root.iterdir() if (path / "run.json").exists() or (path / "recipe.yaml").exists()]
        found.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        return [("last", "the latest run"), *((path.name, f"a run in {root}") for path in found)]
    return []


def sweeps() -> Candidates:
    """The sweeps in the folder of runs, the latest first."""
    root = _root()
    with contextlib.suppress(OSError):
        found = [path for path in root.iterdir() if (path / "sweep.json").exists()]
        found.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        return [("last", "the latest sweep"), *((path.name, f"a sweep in {root}") for path in found)]
    return []


def figures() -> Candidates:
    """Figures of the splits: `validation_accuracy`."""
    names = {"loss": "the loss", **part_sources.names("metrics")}
    return [(f"{split}_{name}", said) for split in ("validation", "test", "train") for name, said in names.items()]


def fields(kind: str) -> Candidates:
    """What runs are filtered and sorted by, whatever their figures and settings."""
    names = ("recipe", "status", "seed", "steps", "seconds", "began", "age", "sweep", "test_accuracy", "test_loss",
             "train_accuracy", "train_loss", "validation_accuracy", "validation_loss", "optimizer.lr")  # fmt: skip
    return [(f"{name}=" if kind == "CONDITION" else name, f"a {kind.lower()}") for name in names]


def files(current: str, endings: tuple[str, ...]) -> Candidates:
    """Folders that the word may lead to, and files with one of these endings ("" is any)."""
    folder, _, start = current.rpartition("/")
    head = f"{folder}/" if folder or current.startswith("/") else ""
    found: list[tuple[str, str]] = []
    with contextlib.suppress(OSError, ValueError):
        for path in sorted(Path(os.path.expanduser(head or ".")).iterdir()):
            if path.name.startswith(".") and not start.startswith("."):
                continue
            if path.is_dir():
                found.append((f"{head}{path.name}/", "folder"))
            elif endings and path.name.endswith(endings):
                found.append((f"{head}{path.name}", "file"))
    return found


def lessons() -> Candidates:
    """The lessons by name, and `all`."""
    from dllab.lessons.lesson import headings

    return [*((one.slug, f"{one.number}  {one.question}") for one in headings()), ("all", "one after the other")]


def knobs(reference: str) -> Candidates:
    """What a lesson says can be changed."""
    from dllab.lessons.lesson import headings, knobs_in

    for heading in headings():
        if reference in (heading.slug, str(heading.number)):
            return [(f"{name}=", f"usually {usual}" if usual else "") for name, usual in knobs_in(heading).items()]
    return []
