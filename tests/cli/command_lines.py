"""Command lines of every command and option there is, sensible and not, and a folder for them to be typed in."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

from dllab.cli import main
from dllab.cli.commands import known, loaded

RECIPE = """\
data: {name: moons, samples: 40}
model: [{dense: 4}, tanh, {dense: classes}]
loss: cross_entropy
train: {epochs: 2, batch: 16}
"""
OWN = """\
from dllab.core.kernel import kernel
from dllab.ops.layer import Pointwise


@kernel(y="*N", x="*N")
def forward(y, x):
    for i in range(y.shape[0]):
        y[i] = x[i]


@kernel(dx="*N", dy="*N")
def backward(dx, dy):
    for i in range(dx.shape[0]):
        dx[i] = dy[i]


class Same(Pointwise):
    \"\"\"Nothing.\"\"\"

    name = "same"
    kernels = (forward, backward)
"""
FILES: dict[str, bytes] = {
    "my.yaml": RECIPE.encode(),
    "folds.yaml": RECIPE.replace("batch: 16", "batch: 16, folds: 2").encode(),
    "table.yaml": RECIPE.replace("{name: moons, samples: 40}", "{csv: t.csv, target: y}").encode(),
    "piped.yaml": RECIPE.replace("{name: moons, samples: 40}", "{csv: '-', target: y}").encode(),
    "uses.yaml": f"use: [own.py]\n{RECIPE}".replace("tanh", "same").encode(),
    "broken.yaml": b"model: [\n",
    "binary.yaml": bytes(range(256)),
    "empty.yaml": b"",
    "own.py": OWN.encode(),
    "broken.py": b"def f(:\n",
    "raises.py": b"1 / 0\n",
    "t.csv": b"a,b,y\n" + b"".join(b"%d,%d.5,%d\n" % (i, i % 7, i % 2) for i in range(40)),
    "points.csv": b"x2,x1,target\n" + b"".join(b"%d,%d.5,%d\n" % (i % 3, i % 7, i % 2) for i in range(9)),
    "binary.csv": bytes(range(256)),
    "empty.csv": b"",
}
FOLDERS = ("folder", "folder.yaml", "folder.csv", "runs")
WORDS = [
    "xor", "last", "0", "1", "2", "-1", "1e99", "nan", "best", "-", "--", "=", "", "{", "[", "\x1b[31m", "ä", "\ud800",
    "\udcff", "\x00",
    "nothing/here", "nothing.yaml", "nothing.csv", "x.npz", "new.yaml", "folder/new.yaml", "a" * 300, *FILES, *FOLDERS,
    "runs/one", "two", "moons", "noise=0.3", "noise=x", "samples=5", "show", "iris", "csv", "dense", "adam", "mse",
    "losses",
    "plateau", "xavier", "accuracy", "layer", "loss", "dataset", "mylayer", "class", "bash", "zsh", "0_dense", "relu",
    "train.epochs=1", "optimizer.lr=0.1", "optimizer.lr=nan", "optimizer=sgd", "model[0].dense.units=3", "model[9].x=1",
    "model=[]", "data=", "data=xor", "data={csv: t.csv, target: y}", "data={csv: folder, target: y}", "loss=mse",
    "train.folds=2", "train.folds=", "train.batch=full", "train.batch=0", "expect.test_loss=x", "train.early_stop=2",
    "schedule=plateau", "metrics=[f1]", "train.checkpoint.best=true", "train.epochs=3", "use=[raises.py]", "use=[own.py]",
    "init_from=one", "init_from=my.yaml", "init_from=two", "freeze=0_dense", "freeze=*", "lr_factors.0_dense=0.1",
]  # fmt: skip


@dataclass(frozen=True)
class Ended:
    """What a command line came to."""

    code: int
    out: str
    err: str
    written: tuple[str, ...]
    """Files and folders made or opened for writing that lie elsewhere."""


def mutated(word: str, place: int, kind: int, character: str) -> str:
    """The word with one slip: a character left out, doubled, replaced, or put in; or two words in one."""
    at = place % (len(word) + 1)
    ways = [word[:at] + word[at + 1 :], word[: at + 1] + word[at:], word[:at] + character + word[at + 1 :]]
    return [*ways, word[:at] + character + word[at:], word + "=" + character, word.swapcase()][kind]


def words(command: str) -> st.SearchStrategy[str]:
    """Words that may stand in a line of the command: its options, known words, slips, anything."""
    options = [name for parameter in loaded(command).params for name in (*parameter.opts, *parameter.secondary_opts)]
    options = [name for name in options if name.startswith("-")]
    real = st.sampled_from([*options, "--help"]) | st.sampled_from(WORDS)
    slips = st.builds(mutated, real, st.integers(0, 30), st.integers(0, 5), st.characters(codec="utf-8"))
    return (real | real | real | slips | st.text(max_size=8)).map(inside)


def inside(word: str) -> str:
    """The word, unless it names a place outside the folder: writing there would be what it asks for."""
    return word.replace("/", "_") if word.startswith(("/", "~")) or ".." in word or "=/" in word else word


BEGUN: dict[str, list[list[str]]] = {
    "train": [["my.yaml"], ["folds.yaml"], ["uses.yaml"], ["uses.yaml", "--trust"], ["table.yaml"], ["piped.yaml"],
              ["xor"]],
    "resume": [["last"], ["two"], ["runs/one", "train.epochs=3"], ["one", "train.epochs=4", "optimizer.lr=0.1"]],
    "eval": [["last"], ["runs/one"], ["one", "points.csv"], ["one", "-"], ["one", "t.csv"]],
    "predict": [["one", "points.csv"], ["runs/one", "points.csv"], ["one", "-"], ["last", "points.csv"], ["one", "t.csv"]],
    "neighbours": [["glove10k", "king"], ["glove10k", "king", "-", "man", "+", "woman"], ["last", "x"]],
    "generate": [["one"], ["last"], ["xor"], ["my.yaml"], ["runs/one"]],
    "sweep": [["my.yaml", "train.epochs=1,2"], ["my.yaml", "optimizer.lr=log(0.1,1,2)", "--seeds", "2"],
              ["my.yaml", "optimizer.lr=log(0.1,1)", "--sample", "2"], ["uses.yaml", "train.epochs=1", "--trust"],
              ["--resume", "last"]],
    "gradcheck": [["my.yaml"], ["uses.yaml", "--trust"], ["own.py", "--trust"], ["--all"]],
    "summary": [["my.yaml"], ["uses.yaml", "--trust"], ["table.yaml"], ["xor"]],
    "init": [["xor"], ["my.yaml", "-"], ["my.yaml", "new.yaml"], ["folds.yaml", "folder/new.yaml"]],
    "datasets": [["show", "t.csv"], ["show", "-"], ["moons"], ["iris", "test=0.5"], ["show", "empty.csv"]],
    "new": [["layer", "mine"], ["loss", "mine"], ["dataset", "mine"], ["schedule", "mine"], ["optimizer", "mine"]],
    "completion": [["bash"], ["zsh"]], "bench": [["--cases", "xor"], ["--rounds", "1"]], "recipes": [["xor"], ["my.yaml"]],
    "lesson": [["26"], ["35", "rounding=up"], ["7", "--show-recipe"], ["15", "--predict", "3", "--save", "new.txt"]],
    "explain": [["my.yaml"], ["xor", "--step", "3"], ["table.yaml"], ["uses.yaml", "--trust"], ["last"]],
    "lr-find": [["my.yaml", "--steps", "20"], ["xor", "--seeds", "1"], ["uses.yaml", "--trust", "--save", "new.txt"]],
    "runs": [["list"], ["list", "--where", "recipe=my", "--sort", "-seed"], ["show", "one"], ["compare", "one", "two"],
             ["best"], ["export"], ["export", "new.csv"], ["rm", "two", "--yes"], ["reindex"], ["list", "--mean"]],
    "verify": [["one"], ["two"], ["last"], ["runs/one"]],
    "compare-optimizers": [["my.yaml", "--seeds", "2", "--tune", "1"], ["xor", "train.epochs=3", "--seeds", "1"]],
    "compare": [["my.yaml", "optimizer.lr=0.1,0.2"], ["my.yaml", "folds.yaml"], ["xor", "my.yaml", "--seeds", "1"]],
    "viz-boundary": [["xor"], ["xor", "--units"]],
    "viz-predictions": [["xor"], ["xor", "--worst", "2"]],
    "viz-gradients": [["xor", "train.epochs=2"], ["xor", "--before", "--layer", "tanh", "--save", "new.txt"]],
    "viz-augment": [["digits", "augment=[shift: 1]"], ["digits", "augment=[shift: 1]", "--save", "new.txt"]],
    "viz-attention": [["reversal", "--before"], ["reversal", "train.steps=2", "--text", "abc"]],
    "viz-filters": [["lenet", "--before"], ["digits-cnn", "train.steps=2", "--layer", "conv"]],
    "viz-embeddings": [["glove10k", "king"], ["names-gru", "--before", "a", "b"], ["reversal", "train.steps=2"]],
}  # fmt: skip
"""What a line of a command begins with when it is sensible."""
OPTIONS = [
    ["--seed", "1"], ["--run-dir", "runs"], ["--run-dir", "new"], ["--jobs", "2"], ["--watch", "0"], ["--weights", "best"],
    ["--set", "train.epochs=3"], ["--inject-bug", "0_dense"], ["--trust"], ["--quiet"], ["--no-save"], ["--probabilities"],
    ["--full"], ["--json"], ["--float64"], ["--beam", "2"], ["--prompt", "a"], ["--length", "3"], ["--temperature", "0"],
    ["--top-k", "1"], ["--count", "2"], ["--dry-run"], ["--seeds", "2"], ["--fail-fast"], ["--metric", "train_loss"],
]  # fmt: skip
COMMON = ["train", "resume", "eval", "predict", "gradcheck", "summary", "init", "datasets", "new"]


@st.composite
def lines(draw: st.DrawFn) -> list[str]:
    """A line of a command, most often nearly right: what it needs, options it has, and words that may not belong there."""
    command = draw(st.sampled_from([*known(), *COMMON, *COMMON]))
    has = {name for parameter in loaded(command).params for name in parameter.opts}
    options = [option for option in OPTIONS if option[0] in has]
    line = list(draw(st.sampled_from(BEGUN[command]))) if command in BEGUN and draw(st.integers(0, 5)) else []
    for _ in range(draw(st.integers(0, 2))):
        line += draw(st.sampled_from(options)) if options else []
    for word in draw(st.lists(words(command), max_size=draw(st.sampled_from([0, 1, 1, 4])))):
        line.insert(draw(st.integers(0, len(line))), word)
    return [command, *line, *(["train.epochs=1"] if command == "train" else [])]


class Caught(io.StringIO):
    """A stream that shows all characters."""

    encoding = "utf-8"


class Keyboard(Caught):
    """A standard input into which nothing is piped."""

    def isatty(self) -> bool:
        return True


class Writes:
    """Tells of files that are opened for writing, and folders that are made, while it watches."""

    def __init__(self) -> None:
        self.seen: list[str] | None = None
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.seen is None or event not in ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir"):
            return
        path = arguments[0] if event != "os.rename" else arguments[1]
        flags = arguments[2] if event == "open" else os.O_WRONLY
        if isinstance(path, str | bytes) and isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            self.seen.append(os.path.realpath(os.fsdecode(path)))

    @contextlib.contextmanager
    def watched(self) -> Iterator[list[str]]:
        """A list that fills while the block runs."""
        self.seen = seen = []
        try:
            yield seen
        finally:
            self.seen = None


WRITES = Writes()


def made(folder: Path) -> None:
    """Fill a folder with recipes, tables and files that are none; `runs` has a run that ended, and one that did not."""
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    for name in FOLDERS:
        (folder / name).mkdir()
    for name, change in ("one", "train.epochs=2"), ("two", "train.checkpoint.best=true"):
        assert typed(folder, ["train", "my.yaml", "--quiet", change]).code == 0
        next((folder / "runs").glob("my-*")).rename(folder / "runs" / name)
    status = json.loads((folder / "runs/two/run.json").read_text())
    (folder / "runs/two/run.json").write_text(json.dumps({**status, "status": "running"}))
    (folder / "runs/two/weights.safetensors").unlink()


def fresh(base: Path, folder: Path) -> None:
    """Make the folder as the base is."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(base, folder)


def typed(folder: Path, line: list[str], stdin: bytes | None = b"") -> Ended:
    """Do the line in this process, as if it were typed in the folder; without `stdin` that is a terminal."""
    from dllab.core import cache
    from dllab.data import table_text

    table_text.standard_input.cache_clear()
    out, err = Caught(), Caught()
    before, kept = os.getcwd(), sys.stdin
    os.chdir(folder)
    sys.stdin = Keyboard() if stdin is None else io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), WRITES.watched() as seen:
            code = main.run(line)
    finally:
        sys.stdin = kept
        os.chdir(before)
    allowed = (str(folder.resolve()), str(cache.folder().resolve()), os.devnull, "/proc", "/dev")
    elsewhere = tuple(p for p in seen if not p.startswith(allowed) and "__pycache__" not in p)
    return Ended(code, out.getvalue(), err.getvalue(), elsewhere)
