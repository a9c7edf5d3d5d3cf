"""`dllab generate`: text that a net makes, letter by letter or word by word."""

from __future__ import annotations

import contextlib
import shlex
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dllab.cli.eval import Weights, open_run
from dllab.cli.failures import Refused, say
from dllab.cli.options import LARGEST_SEED, Changes, Json, Quiet, RunDir, Settings, Trust
from dllab.cli.terminal import sign

if TYPE_CHECKING:
    from dllab.lab.generate import Choice, Writer
    from dllab.runs.ready import Ready

LONGEST, MOST = 10_000_000, 1_000_000
USUAL = 500


def generate(
    run: Annotated[
        str,
        typer.Argument(
            help="Folder of a run, its name in the folder of runs, or `last`; or a recipe, which is trained first.",
            metavar="RUN",
        ),
    ],
    changes: Changes = None,
    settings: Settings = None,
    prompt: Annotated[str, typer.Option("--prompt", help="What the text begins with.", metavar="TEXT")] = "",
    length: Annotated[
        int | None,
        typer.Option(
            "--length",
            help=f"Letters or words to make at most [default: {USUAL}; of what ends by itself, as many as its longest].",
            min=1,
            max=LONGEST,
            metavar="N",
        ),
    ] = None,
    temperature: Annotated[
        float,
        typer.Option(
            "--temperature",
            help="Below 1 keeps to what is likely, above 1 is wilder; 0: always the likeliest.",
            min=0,
            max=100,
            metavar="NUMBER",
        ),
    ] = 1.0,
    top_k: Annotated[
        int | None, typer.Option("--top-k", help="Draw among the N likeliest only.", min=1, max=MOST, metavar="N")
    ] = None,
    count: Annotated[int, typer.Option("--count", help="How many texts to make.", min=1, max=MOST, metavar="N")] = 1,
    seed: Annotated[
        int, typer.Option("--seed", help="Another seed, another text.", min=0, max=LARGEST_SEED, metavar="N")
    ] = 0,
    weights: Weights = "last",
    as_json: Json = False,
    quiet: Quiet = False,
    run_dir: RunDir = None,
    trust: Trust = False,
) -> None:
    """Let a net go on with a text: it says how likely each letter or word is to be next, one is drawn, and so on.

    The text appears as it is made; stdout holds nothing else. It ends after --length, or, for what ends by itself, such
    as names, where the net says so: `--count 10` gives one of them a line. The net sees as many of the last letters as the
    rows had that it has learnt from. The same seed gives the same text.

    A recipe instead of a run is trained first, with the changes that are given, and no run is kept.
    """
    from dllab.lab.generate import Unsuited, Writer

    try:
        writer = Writer(_ready(run, run_dir, weights, trust, quiet, [*(changes or ()), *(settings or ())]))
    except Unsuited as error:
        raise Refused(error.problem, error.hint) from None
    prompt = prompt.replace("\r\n", "\n").replace("\r", "\n")  # as in files
    start = _prompt(writer, prompt)
    for note in () if quiet else _notes(writer, prompt, start):
        say(f"--prompt: {note}")
    many = length or (writer.steps if writer.ends else USUAL)
    options = {"temperature": temperature, "top_k": top_k, "seed": seed}
    if as_json:
        _document(run, writer, prompt, start, many, count, options)
    else:
        _stream(writer, prompt, start, many, count, options)


def _ready(run: str, run_dir: str | None, weights: str, trust: bool, quiet: bool, changes: list[str]) -> Ready:
    """The net of a run; of a recipe, where there is no such run, one that is trained now."""
    from dllab.recipe.find import ENDINGS, shipped
    from dllab.runs.disk import StoreError
    from dllab.runs.find import find_run

    try:
        find_run(run, run_dir)
    except StoreError:
        if run in shipped() or run.endswith(ENDINGS):
            return _trained(run, run_dir, weights, trust, quiet, changes)
    if changes:
        raise Refused(f"{changes[0]}: {run} is a run, which is trained already", "leave changes out, or name a recipe")
    return open_run(run, run_dir, weights, trust)


def _trained(name: str, run_dir: str | None, weights: str, trust: bool, quiet: bool, changes: list[str]) -> Ready:
    from dllab.cli.display import display_for
    from dllab.cli.interrupt import interrupts
    from dllab.engine.prepare import prepared
    from dllab.lab.generate import check_data
    from dllab.recipe import load
    from dllab.runs.data_file import Learnt
    from dllab.runs.ready import Ready
    from dllab.runs.train import train_loaded

    if weights != "last":
        raise Refused(f"--weights {weights}: {name} is a recipe, which has no run", "leave it out, or train it first")
    recipe = load(name, changes, trust=trust)
    data = prepared(recipe)
    if data is not None:
        check_data(Learnt.of(data))
    try:
        with display_for(recipe.name, quiet=quiet, as_json=True, watch=0) as display:
            result = train_loaded(
                recipe, changes, seed=None, run_dir=run_dir, save=False, on_event=display.show, trust=trust
            )
    finally:
        interrupts.release()
    if result.status == "diverged":
        line = shlex.join(["dllab", "train", name, *changes])
        raise Refused(f"{recipe.name} diverged, and has nothing to say", f"see why: {line}")
    assert data is not None  # there is no training without
    return Ready(recipe, Learnt.of(data), result.network)


def _prompt(writer: Writer, prompt: str) -> list[int]:
    """Its ids. Refused where the net does not know them all."""
    from dllab.data.spelling import Unspelt

    try:
        return writer.spelling.encode(prompt)
    except Unspelt as lack:
        kind = writer.spelling.kind
        told = f"--prompt: {lack.piece!r} is no {kind} that this net has learnt"
        raise Refused(told, f"it knows: {writer.spelling.known()}") from None


def _notes(writer: Writer, prompt: str, start: list[int]) -> list[str]:
    """What of a prompt the net does not see as it is written."""
    from dllab.recipe.place import visible

    found, kind = [], writer.spelling.kind
    if strange := writer.unknown(prompt):
        found.append(f"{', '.join(map(visible, strange))}: not among the words of this net, read as <unk>")
    if writer.ends and len(start) >= writer.steps - 1:
        most = writer.steps - 1
        found.append(
            f"{len(start)} {kind}s, and the net has learnt from texts of at most {most}: it knows of no {kind} behind"
        )
    elif len(start) > writer.steps:
        found.append(f"{len(start):,} {kind}s, of which the net reads the last {writer.steps} only")
    return found


def _stream(writer: Writer, prompt: str, start: list[int], length: int, count: int, options: dict[str, Any]) -> None:
    """Every text on stdout as it is made, and a line end behind it; an empty line between long ones."""
    sign.clear()
    for sample in range(count):
        if sample and not writer.ends:
            _write("\n")
        last = prompt[-1:]
        try:
            _write(prompt)
            for token in writer.tokens(start, length, _choice(sample, options)):
                piece = writer.spelling.following(last, token)
                _write(piece)
                last = piece[-1:] or last
        finally:
            with contextlib.suppress(OSError, ValueError):
                _write("\n" if writer.ends or last != "\n" else "")


def _write(text: str) -> None:
    """On stdout, at once; a terminal is spared what would steer it, a pipe gets the text as it is."""
    from dllab.recipe.place import visible

    sys.stdout.write("".join(c if c in "\n\t" else visible(c) for c in text) if sys.stdout.isatty() else text)
    sys.stdout.flush()


def _document(run: str, writer: Writer, prompt: str, start: list[int], length: int, count: int,
              options: dict[str, Any]) -> None:  # fmt: skip
    from dllab.cli.console import output

    samples = []
    for sample in range(count):
        tokens = list(writer.tokens(start, length, _choice(sample, options)))
        text = prompt
        for token in tokens:
            text += writer.spelling.following(text[-1:], token)
        samples.append({"text": text, "tokens": len(tokens), "ended": len(tokens) < length})
    recipe = writer.ready.recipe.name
    output().document({"run": run, "recipe": recipe, "prompt": prompt, "length": length, **options, "samples": samples})


def _choice(sample: int, options: dict[str, Any]) -> Choice:
    from dllab.lab.generate import Choice

    return Choice(**options, sample=sample)
