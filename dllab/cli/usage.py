"""What is wrong with the words of a command line, in the lab's words: the library that parses them has a say of its own."""

from __future__ import annotations

import re
from typing import Any

NAMED_BY = {"bench": "--cases"}
"""What commands without arguments take an option for, though one might type it as a word."""


def complaint(error: Any) -> str:
    """The message for an error of the command-line library, with a hint below where there is one."""
    kind, parameter = type(error).__name__, getattr(error, "param", None)
    if kind == "MissingParameter" and parameter is not None:
        meaning = str(parameter.help or "")
        return f"{_name(parameter)} is missing\n  {meaning[:1].lower()}{meaning[1:].removesuffix('.')}".rstrip()
    if kind == "BadParameter" and parameter is not None and _limits(parameter) is not None:
        return f"{_name(parameter)} takes {_limits(parameter)}{_got(error)}"
    if kind == "NoSuchOption" and error.option_name == "- ":
        return (
            "words that begin with - are taken for options\n  write -- before them, behind all options: -- '- king + queen'"
        )
    if kind == "NoSuchOption":
        close = f" Did you mean '{error.possibilities[0]}'?" if error.possibilities else ""
        return f"there is no option '{error.option_name}'.{close}" if close else f"there is no option '{error.option_name}'"
    if kind == "BadOptionUsage" and "requires an argument" in error.message:
        return f"{error.option_name} needs a value after it{_meant(error)}"
    if kind == "BadOptionUsage" and "does not take a value" in error.message:
        return f"{error.option_name} takes no value\n  write it alone"
    if (found := re.fullmatch(r"Got unexpected extra arguments? ?(?:\(s\) )?\((.*)\)", error.message)) is not None:
        option = NAMED_BY.get(str(getattr(getattr(error, "ctx", None), "info_name", "")))
        hint = "leave them out" if option is None else f"they are named by an option: {option} {','.join(found[1].split())}"
        return f"more arguments than the command takes: {found[1]}\n  {hint}"
    return str(error.format_message())


def _name(parameter: Any) -> str:
    """How a line writes it: `--jobs`, or `RECIPE` for an argument."""
    option = parameter.opts[0].startswith("-")
    return str(parameter.opts[0] if option else parameter.metavar or parameter.name.upper())


def _limits(parameter: Any) -> str | None:
    """`a whole number from 0 to 1,024`; None for what is not a number."""
    kind = getattr(parameter, "type", parameter)
    low, high = getattr(kind, "min", None), getattr(kind, "max", None)
    if low is None or high is None:
        return None
    annotation = getattr(getattr(parameter, "type_descriptor", None), "annotation", None)
    fraction = annotation is float or "float" in str(getattr(kind, "name", ""))
    return f"{'a number' if fraction else 'a whole number'} from {low:,} to {high:,}"


def _got(error: Any) -> str:
    """`, not 'x'`, where the error tells what was given."""
    cause: Any = getattr(error, "__cause__", None)
    if not hasattr(cause, "errors"):
        return ""
    given = str(cause.errors(include_url=False)[0].get("input"))[:40]
    return ", not '" + "".join(c if c.isprintable() else "?" for c in given) + "'"


def _meant(error: Any) -> str:
    """`, such as --seed N`, for an option of the command."""
    context = getattr(error, "ctx", None)
    for parameter in context.command.params if context is not None else ():
        if error.option_name in parameter.opts:
            return f": {error.option_name} {parameter.metavar or 'VALUE'}"
    return ""
