"""The commands by name; what a command needs is imported when it is called, not when the lab starts."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import typer
from typer.core import TyperGroup

from dllab.cli.failures import FINE, forget_output
from dllab.cli.terminal import sign


@dataclass(frozen=True)
class Command:
    """One command: its name, the module and function that do it, and its line in `dllab --help`.

    `inner`: commands of its own, the first of which is meant where none is named.
    """

    name: str
    help: str
    module: str = ""
    called: str = ""
    inner: tuple[Command, ...] = ()

    @property
    def home(self) -> str:
        """The module's full name; by default that of the command's function."""
        return f"dllab.cli.{self.module or self.function}"

    @property
    def function(self) -> str:
        """The name of its function."""
        return self.called or self.name.replace("-", "_")

    def exists(self) -> bool:
        """Whether this installation has the command's module."""
        return importlib.util.find_spec(self.home) is not None

    def load(self) -> Any:
        """Import the module and make the command of its function."""
        function = getattr(importlib.import_module(self.home), self.function)
        plain: dict[str, Any] = {"add_completion": False, "rich_markup_mode": None, "pretty_exceptions_enable": False}
        if self.inner:
            app = typer.Typer(cls=_group_of(self), **plain)
            app.callback()(function)
        else:
            app = typer.Typer(**plain)
            app.command(name=self.name)(function)
        command: Any = typer.main.get_command(app)
        command.name = self.name
        if not self.inner:
            command.callback = _with_first_sign(command.callback)
        command.parse_args = _naming_itself(command.parse_args)
        return command


def _naming_itself(parse: Callable[..., Any]) -> Callable[..., Any]:
    """Some errors of the parser do not tell which command's line it was; how it is used is shown below them."""

    def call(context: Any, words: list[str]) -> Any:
        try:
            return parse(context, words)
        except Exception as error:
            if getattr(error, "ctx", context) is None:
                error.ctx = context  # type: ignore[attr-defined]
            raise

    return call


def _with_first_sign(callback: Callable[..., Any]) -> Callable[..., Any]:
    """Most commands import what takes longer than anybody should look at nothing."""

    def call(*arguments: Any, **options: Any) -> Any:
        if not options.get("quiet"):
            sign.show()
        try:
            return callback(*arguments, **options)
        except BrokenPipeError:  # the reader has gone (`| head`); the parser would make a failure of it
            forget_output()
            return FINE
        finally:
            sign.clear()

    return call


RUNS = (
    Command("list", "List runs: filtered, sorted, or as means over seeds.", "runs_list", "list_runs"),
    Command("show", "Show one run: what it was, its figures, its curve.", "runs_show", "show_run"),
    Command("compare", "Show in what runs differ, and their curves.", "runs_compare", "compare_runs"),
    Command("best", "Show the best run of each recipe, or of one.", "runs_best", "best_runs"),
    Command("export", "Write runs as a table (CSV) or as JSON.", "runs_export", "export_runs"),
    Command("rm", "Delete runs.", "runs_rm", "remove_runs"),
    Command("reindex", "Make the index of runs anew from their folders.", "runs_reindex", "reindex_runs"),
)

COMMANDS = (
    Command("lessons", "List the lessons: fifty questions, answered by experiments."),
    Command("lesson", "Run a lesson: predict, measure, see what holds."),
    Command("train", "Train a recipe and watch it learn."),
    Command("sweep", "Train a recipe with thousands of settings and seeds."),
    Command("resume", "Go on with a run that was stopped, killed, or is to be longer."),
    Command("eval", "Show the figures of a run's net, on its data or on others."),
    Command("runs", "List, filter and compare the runs that were kept.", inner=RUNS),
    Command("verify", "Prove that a run comes to the same bits again."),
    Command("predict", "Ask a run's net about new rows, pictures or texts."),
    Command("neighbours", "Show which words a net takes for alike."),
    Command("generate", "Let a run's net write text, letter by letter or word by word."),
    Command("compare-optimizers", "Race optimizers on a recipe, with an honest verdict."),
    Command("compare", "Compare values of any option, or recipes, over seeds."),
    Command("gradcheck", "Prove that gradients are right, by differences."),
    Command("summary", "Show a recipe's layers: shapes, parameters, work, memory."),
    Command("explain", "Write one training step on the board, in real numbers."),
    Command("viz-activations", "Draw what the layers of a net give."),
    Command("viz-gradients", "Draw the gradients of a training, and whether they vanish."),
    Command("viz-boundary", "Draw the regions of a net of two inputs, and its units."),
    Command("viz-filters", "Draw the filters of convolutions."),
    Command("viz-attention", "Draw where each head of attention looks."),
    Command("viz-embeddings", "Draw vectors of words in a plane."),
    Command("viz-landscape", "Draw the loss around a net, and the way of its training."),
    Command("viz-predictions", "Draw what a net takes for what, and its worst mistakes."),
    Command("viz-schedule", "Draw the learning rate over the steps of a run."),
    Command("viz-data", "Draw a recipe's data as its net gets them."),
    Command("viz-augment", "Draw training rows before and after augmentation."),
    Command("lr-find", "Find a learning rate by a test that raises it."),
    Command("recipes", "List the recipes that come with the lab, or explain one."),
    Command("init", "Write a recipe with comments, to begin with."),
    Command("datasets", "List the data sets, or explain one."),
    Command("layers", "List the layers, or explain one."),
    Command("losses", "List the losses, or explain one.", "families"),
    Command("optimizers", "List the optimizers, or explain one.", "families"),
    Command("schedules", "List the schedules of the learning rate, or explain one.", "families"),
    Command("initializers", "List the ways weights can start, or explain one.", "families"),
    Command("augmentations", "List the ways to change training rows, or explain one.", "families"),
    Command("metrics", "List the metrics, or explain one.", "families"),
    Command("new", "Write a starting file for a layer, loss, ... of your own."),
    Command("schema", "Print the JSON Schema of recipes, for editors."),
    Command("completion", "Print a script by which bash, zsh or fish complete."),
    Command("warmup", "Compile all kernels now, so that nothing waits later."),
    Command("bench", "Time training steps on this machine and against peers."),
)


@cache
def known() -> dict[str, Command]:
    """The commands there are, in the order of the help."""
    return {command.name: command for command in COMMANDS if command.exists()}


@cache
def loaded(name: str) -> Any:
    """A command, ready to be called."""
    return known()[name].load()


@cache
def inner(outer: str, name: str) -> Any:
    """A command of a command, ready to be called."""
    return next(command for command in known()[outer].inner if command.name == name).load()


class LazyGroup(TyperGroup):
    """A group of commands whose modules are imported only for the command that is called."""

    def known(self) -> dict[str, Command]:
        """Its commands, in the order of the help."""
        return known()

    def loaded(self, name: str) -> Any:
        """One of them, ready to be called."""
        return loaded(name)

    def refused(self, shown: str) -> str:
        """What is said of a name that no command has."""
        return f"there is no command '{shown}'."

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order of the table."""
        return list(self.known())

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name; None where there is none."""
        return self.loaded(cmd_name) if cmd_name in self.known() else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the first argument names. A usage error that lists the commands where it names none."""
        name = args[0]
        if name not in self.known() and not name.startswith("-"):
            from difflib import get_close_matches

            close = get_close_matches(name[:64], list(self.known()), n=1)
            shown = "".join(c if c.isprintable() else "?" for c in name[:40])
            ctx.fail(
                self.refused(shown) + (f" Did you mean '{close[0]}'?" if close else "")
                + f" The commands are {', '.join(self.known())}."
            )  # fmt: skip
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The table's own lines: asking the commands would import them all."""
        rows = [(command.name, command.help) for command in self.known().values()]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


def _group_of(outer: Command) -> type[LazyGroup]:
    """A group of the inner commands of a command."""
    table = {command.name: command for command in outer.inner}

    class Inner(LazyGroup):
        def known(self) -> dict[str, Command]:
            return table

        def loaded(self, name: str) -> Any:
            return inner(outer.name, name)

        def refused(self, shown: str) -> str:
            return f"`dllab {outer.name}` has no command '{shown}'."

        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            """Without a name the first command is meant."""
            if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
                args = [next(iter(table)), *args]
            found: list[str] = super().parse_args(ctx, args)
            return found

    return Inner
