"""Command lines that are refused, by area: each a line and the files it needs beside those of `command_lines`."""

from __future__ import annotations

import errno
import gzip
import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from command_lines import OWN

Files = dict[str, bytes | str]
Case = tuple[str, Files | Callable[[Path], object]]

MODEL = "model: [{dense: 4}, tanh, {dense: outputs}]\n"
MOONS = f"data: moons\n{MODEL}"


def recipe(text: str, line: str = "summary r.yaml") -> Case:
    """A recipe that is refused."""
    return line, {"r.yaml": text}


def changed(*changes: str, line: str = "summary my.yaml") -> Case:
    """Changes to the small recipe that are refused."""
    return " ".join([line, *(f'"{change}"' for change in changes)]), {}


def table(content: bytes | str, options: str = "") -> Case:
    """A table that is refused."""
    return "train r.yaml --no-save", {"r.yaml": f"data: {{csv: u.csv, target: y{options}}}\n{MODEL}", "u.csv": content}


def archive(options: str = "", **arrays: Any) -> Case:
    """An archive of arrays that is refused."""
    file = io.BytesIO()
    np.savez(file, **arrays)
    return "train r.yaml --no-save", {"r.yaml": f"data: {{npz: u.npz{options}}}\n{MODEL}", "u.npz": file.getvalue()}


def array() -> bytes:
    file = io.BytesIO()
    np.save(file, np.arange(3.0))
    return file.getvalue()


def own(text: str, line: str = "gradcheck mine.py --trust") -> Case:
    """A file of parts that is refused."""
    return line, {"mine.py": text}


PART = "from dllab.{module} import {base}\n\n\nclass Mine({base}):\n    name = '{name}'\n"
ROWS = "".join(f"{i},{i % 2}\n" for i in range(20))
GAPS = "a,b,c,d,e,f,g,y\n" + "".join(",".join(["" if i == 3 else f"{i}.5"] * 7) + f",{i % 2}\n" for i in range(20))
X, Y = np.arange(24.0).reshape(12, 2), np.arange(12) % 2

COMMANDS: list[Case] = [
    (line, {})
    for line in (
        "tarin", "--nothing", "xor", "train", "train xor --nothing", "train xor --seed x", "train xor --seed -1",
        "train xor --seed 1 --seed", "train xor --watch 9999", "train my.yaml --jobs 2", "train folds.yaml --watch 3",
        "train my.yaml --jobs 0", "resume", "predict last", "eval last --weights first", "losses own.py --trust",
        "resume ''", "init", "init xor my.yaml",
        "init xor folder", "init xor nothing/new.yaml", "init xor my.yaml/new.yaml", "init xorr", "new", "new layer",
        "new leyer mine", "new layer Mine", "new layer dense", "datasets irsi", "datasets t.csv", "datasets show",
        "datasets show one.csv two.csv", "datasets show none.csv", "datasets show folder/", "datasets show binary.csv",
        "datasets show empty.csv", "datasets show none.npz", "datasets iris nosie=3", "datasets moons noise=-1",
        "datasets moons noise", "datasets csv target=y", "layers dens", "losses dense", "losses mes", "metrics xyz",
        "recipes xorr", "completion", "completion tcsh", "schema --json", "bench --cases xro", "bench --cases ,",
        "bench xor lenet",
        "bench --against pytorch", "bench --rounds 0", "gradcheck", "gradcheck --all my.yaml", "gradcheck --all -s a=1",
        "gradcheck own.py train.epochs=1 --trust", "gradcheck own.py", "gradcheck my.yaml --inject-bug conv",
        "gradcheck --all --inject-bug identity", "gradcheck --all --inject-bug dens",
        "summary my.yaml --trust --json extra",
        "train uses.yaml", "train my.yaml --run-dir nothing/here", "train my.yaml --run-dir my.yaml",
        "train my.yaml --run-dir my.yaml/here", "train my.yaml --quiet=yes", "eval last t.csv extra",
        "viz-augment my.yaml --rows 0", "viz-gradients my.yaml --before --layer conv",
        "viz-gradients autompg train.steps=2 'model[2].dense={units: 1, init: {name: normal, std: 1e30}}'",
        "explain xor --input 4",
        "explain xor --layer 3_dense", "explain xor --unit 9", "explain my.yaml --step 301",
        "explain folds.yaml", "augmentations shfit", "losses mixup",
    )
]  # fmt: skip

BURSTS = "data: function\nmodel: [{dense: 8}, tanh, {dense: 1}]\noptimizer: {sgd: 1e6}\n"
COMMANDS.append(recipe(BURSTS, "explain r.yaml --step 50"))

RECIPES: list[Case] = [
    ("summary none.yaml", {}), ("summary ny.yaml", {}), ("summary folder", {}), ("summary folder/", {}),
    ("summary folder.yaml", {"folder.yaml/a.yaml": MOONS}), ("summary my.yaml/x.yaml", {}), ("summary nothing", {}),
    ("summary empty.yaml", {}), ("summary binary.yaml", {}), ("summary broken.yaml", {}),
    *(recipe(text) for text in (
        "# nothing\n", "spirals\n", "- dense: 3\n", "x" * (1 << 20) + "\n", f"{MOONS}loss: mse\nloss: mae\n",
        f"about: {{a: 1}}\n{MOONS}", f"optimizer: []\n{MOONS}", f"metrics: accuracy\n{MOONS}", f"expect: 0.9\n{MOONS}",
        f"expect: {{best: 1, test_acuracy: 1, test_loss: low}}\n{MOONS}", f"use: mine\n{MOONS}", "data: moons\n", MODEL,
        f"input: [2]\n{MOONS}", f"input: 2\n{MODEL}", "data: moons\nmodel: []\n", "data: moons\nmodel: dense\n",
        f"{MOONS}train: 20\n", f"{MOONS}train: {{epochs: 3, steps: 5}}\n",
        f"{MOONS}train: {{early_stop: {{metric: f2}}}}\n",
        f"{MOONS}train: {{checkpoint: [3]}}\n", f"data: t.csv\n{MODEL}", f"data: {{csv: t.csv}}\n{MODEL}",
        f"data: [moons]\n{MODEL}", f"data: 3\n{MODEL}", f"data: {{noise: 1, samples: 3}}\n{MODEL}",
        f"data: {{name: 3}}\n{MODEL}", f"{MOONS}loss: {{}}\n", f"{MOONS}loss: [mse]\n", f"{MOONS}loss: nonsense\n",
        "data: moons\nmodel: [[dense]]\n", "data: moons\nmodel: [{name: a}]\n",
        "data: moons\nmodel: [{dense: 3, bias: no}]\n",
        "data: moons\nmodel: [{dense: {units: 3, name: Input}}, {dense: {units: 3, name: input}}]\n",
        "data: moons\nmodel: [{dense: {units: 3, name: a}}, {dense: {units: 3, name: a}}]\n",
        "data: moons\nmodel: [{dense: {units: 3, from: [1]}}, {dense: {units: 3, from: []}}]\n",
        "data: moons\nmodel: [{dense: {units: 3, from: b}}, {dense: {units: 3, name: b}}]\n",
        "data: moons\nmodel: [{dense: {units: 3, from: zz}}]\n", "data: moons\nmodel: [{branches: 3}, {tanh: 4}]\n",
        "data: moons\nmodel: [{branches: {paths: 3}}]\n", "data: moons\nmodel: [{tanh: {slope: 4}}, {residual: {}}]\n",
        f"{MOONS}optimizer: {{chain: 3}}\n", f"{MOONS}optimizer: {{adam: 3, lr: 1}}\n", f"{MOONS}optimizer: {{adma: 3}}\n",
        "model: &a [tanh]\ndata: *a\n", "? [a]\n: 3\n", "<<: {a: 1}\n", "data: !!str moons\n", 'data: "\\ud800"\n',
        "data: \x07\n", "\tdata: moons\n", 'about: "\\UFFFFFFFF"\n', "a: 1\n---\nb: 1\n", "%YAML 1.1\n---\na: 1\n",
        f"train: {{epochs: {'9' * 30}, batch: {'9' * 90}}}\noptimizer: {{adam: 1e999}}\n{MOONS}", "[" * 80 + "\n",
        "data: moons\nmodel: [" + "tanh, " * 200_000, "data: [" + "1," * 300_000, "data: 'moons\n", "data: {moons\n",
        "data: moons: x\n", "a\nb: 3\n",
        "data: moons\n  model: [tanh]\n", "data: @x\n", "data: \"\\q\"\n",
    )),
    ("summary latin.yaml", {"latin.yaml": "about: für\n".encode("latin-1")}),
    ("summary nul.yaml", {"nul.yaml": b"about: \0\n"}),
    *(changed(*changes) for changes in (
        ["train.epochs"], ["=3"], ["a b=3"], ["trian.epochs=3"], ["train.epocs=3"], ["train.epocs.x=3"], ["a.b=" "3"],
        [".".join(["train"] * 70) + "=1"], ["train.epochs.x=3"], ["about.x=3"], ["about[0]=3"], ["model=3",
        "model.dense=3"],
        ["model.tanhh.x=3"], ["model[7]=tanh"], ["model=[]", "model[0]=tanh"], ["model.dense.units=3"], ["model.0=["],
        ["loss.name=3"], ["schedule.at=3"], ["optimizer=[{clip_norm: 1}, adam]", "optimizer.nothing=3"],
        ["optimizer=[sgd, sgd]", "optimizer.lr=3"], ["metrics.x=3"], ["metrics=[f1]", "metrics.name=3"], ["input[0]=3"],
        ["expect=3", "expect.x=3"], ["train=3", "train.epochs=3"], ["data="], ["optimizer.betas[9]=3"],
        ["optimizer.betas.x=3"], ["optimizer.betas=3"], ["train.checkpoint.x=3"], ["train.early_stop.metric=x"],
        ["input=[2]"], ["data=none.csv"], ["data=none.npz"], ["use=3"], ["optimizer.lr=" + "9" * 400],
        ["model[0].dense.init={name: uniform, low: 1}"], ["model[0].dense.init={uniform: {limit: 1, low: 1, high: 2}}"],
        ["model[0].dense.init={uniform: {low: 2, high: 1}}"], ["schedule=step"], ["schedule={step: {every: 3, at: [3]}}"],
        ["schedule=exponential"], ["schedule={exponential: {decay: 0.5, half_life: 3}}"],
        ["model=[{point: {start: [1, 1], radius: 2}}]"], ["data={moons: {test: 0.5, validation: 0.5}}"],
        ["data={csv: t.csv, target: y, drop: [a]}", "data.drop.x=3"],
        ["data=", "data.noise=3"], ["train.early_stop={metric: f2, patience: 3}"],
        ["model=[{point: {start: [1, 1], size: 2}}]"], ["optimizer.lr=-1"], ["optimizer.lr=.nan"],
        ["train.batch=many"], ["train.dtype=float16"], ["train.seed=-1"],
    )),
]  # fmt: skip

FITS: list[Case] = [
    *(changed(*changes, line="train my.yaml --no-save -q") for changes in (
        ["data={moons: {samples: 10, test: 0.01}}"], ["data={moons: {samples: 4, test: 0.5, validation: 0.49}}"],
        ["data={moons: {samples: 4, validation: 0.01}}"], ["data={iris: {test: null}}"],
        ["data={digits: {validation: 0.99}}"], ["data={digits: {test: null, validation: 0.9}}"],
        ["data={mnist10k: {test: null, validation: 0.9}}"], ["data=function", "metrics=[accuracy]"],
        ["data=function", "loss=cross_entropy"], ["loss=mse", "metrics=[r2]"], ["train.early_stop=3"],
        ["train.early_stop={metric: f1, patience: 3}", "data.validation=0.2"], ["expect.validation_loss=1"],
        ["expect.test_f1=1"], ["train.folds=30"], ["train.folds=900"], ["train.folds=3", "data.stratify=false",
        "data.samples=2"],
        ["train.folds=2", "data.validation=0.01"], ["train.folds=2", "data.validation=0.6"],
        ["data={blobs: {samples: 3}}", "train.folds=2"], ["model[1]=softmax", "model[2]=softmax"],
        ["model[2]=sigmoid"], ["model[2]=tanh", "loss=binary_cross_entropy"], ["model[2]={dense: 3}"],
        ["model[2]={dense: 1}"], ["model[2]={dense: 3}", "loss=mse"], ["model[2]={dense: 3}", "loss=binary_cross_entropy"],
        ["data=function", "loss=mse", "model[2]={dense: 3}"], ["data={blobs: {classes: 4}}", "model[2]={dense: 1}"],
        ["loss={cross_entropy: {class_weights: [1, 2, 3]}}"], ["model[1]={residual: [{dense: 5}]}"],
        ["model[1]={residual: {layers: [{dense: 5}], shortcut: [{dense: 3}]}}"],
        ["model[1]={branches: {paths: [[tanh], [{dense: 3}]], join: add}}"],
        ["model[2]={dense: {units: 2, from: [input]}}"], ["model[0].dense.units=1000000", "model[1]={dense: 1000000}"],
        ["loss=rosenbrock"], ["loss=surface", "model=[{dense: 3}]"], ["loss=surface", "input=[2]", "data=",
        "model=[{dense: 3}]"],
        ["data={mnist10k: {samples: 3}}"], ["optimizer=[adam, sgd]"], ["optimizer=[clip_norm]"],
    )),
    recipe("input: [2, 3]\nmodel: [{branches: [[point], [tanh]]}]\n"),
    *(recipe(f"input: {shape}\nmodel: [{layers}]\n") for shape, layers in (
        ("[8]", "reshape: [2, 3]"), ("[8]", "reshape: [-1, 3]"), ("[8]", "{reshape: [-1, -1]}"), ("[8]", "global_avg_pool"),
        ("[8]", "instance_norm"), ("[5, 6]", "{group_norm: 4}"),
        ("[8, 2]", "{max_pool: [2, 2]}"), ("[8, 2]", "{conv: 3}"), ("[8]", "conv1d: 3"), ("[6, 6, 2]", "{conv1d: 3}"),
        ("[4, 4, 1]", "{max_pool: {padding: [2, 0]}}"), ("[2, 2, 1]", "{conv: {units: 2, kernel: 7, padding: 1}}"),
        ("[6, 6, 1]", "{conv: {units: 2, dilation: 4}}"),
        ("[8]", "upsample: 2"), ("[8, 2]", "{upsample: [1, 2]}"),
        ("[2, 2, 3]", "{conv_transpose: {units: 2, padding: 3}}"), ("[6, 6, 2]", "{residual: [{conv: 2}]}"),
        ("[6, 6, 2]", "{residual: [{conv: {units: 3, padding: same}}]}"),
        ("[6, 6, 2]", "{residual: [flatten, {dense: 2}]}"),
        ("[6, 6, 2]", "{residual: {layers: [{conv: 3}], shortcut: projection}}"),
        ("[6, 6, 2]", "{branches: [[{conv: 3}], [identity]]}"),
        ("[6]", "{residual: {layers: [{dense: 3}], shortcut: projektion}}"),
        ("[28, 28, 1]", "{conv: {units: 8, name: first_filters}}, relu, max_pool, " + "{conv: 8}, relu, " * 5 +
         "{residual: [{conv: {units: 8, padding: same}}, {branches: [[{conv: {units: 4, kernel: 1}}], "
         "[relu, {conv: {units: 4, kernel: 5}}]]}]}"),
    )),
    changed("data={digits: {flatten: false}}", "model=[{dense: 10}]", line="train my.yaml --no-save -q"),
    *(recipe(f"{text}{MODEL}", "train r.yaml --no-save -q") for text in (
        "data: iris\naugment:\n  - shift: 2\n  - mixup\n  - flip\n", "data: digits\naugment: [shift: 8, cutout: 8]\n",
        "data: mnist1d\naugment: [cutout: 3, {name: rotate, degrees: 5}]\n",
        "data: digits\naugment: [mixup: 1]\nloss: perceptron\n",
        "data: digits\naugment: {shift: -1}\n", "data: digits\naugment: [blur]\n", "input: [2]\naugment: [noise]\n",
    )),
    ("viz-augment my.yaml", {}), recipe(f"input: [2]\n{MODEL}", "viz-augment r.yaml"),
    recipe(f"input: [2]\n{MODEL}", "train r.yaml"), recipe(f"input: [2]\n{MODEL}train: {{folds: 3}}\n", "train r.yaml"),
]  # fmt: skip

TABLES: list[Case] = [
    table(GAPS), table("a,y\n,1\n2,\n", ", missing: drop_rows"), table("a,y\nx,0\n,\n"),
    table("a,y\n" + ROWS, ", drop: [b]"),
    table("a,y\n" + ROWS, ", drop: [a]"),
    table("a,y\n" + "".join(f"{i},word{i % 3}\n" for i in range(20)), ", task: regression"),
    table("a,y\n" + "".join(f"{i},2024-01-{i + 1:02}\n" for i in range(20))),
    table(",".join(f"c{i}" for i in range(10_001)) + ",y\n"), table('a,y\n"' + "x" * 140_000 + '",1\n'),
    table("a,y\n" + ROWS, ', delimiter: ";"'), table("a,y\n" + ROWS, ", features: [b]"),
    table(b"PK\x03\x04\x00\x00 and so on"), table(gzip.compress(b"a,y\n")), table(b"\xff\xfea\x00,\x00y\x00\n\x00\xff"),
    ("train r.yaml", {"r.yaml": f"data: {{csv: folder, target: y}}\n{MODEL}"}), ("datasets show /dev/null", {}),
    ("train r.yaml", {"r.yaml": f"data: {{csv: '-', target: y}}\n{MODEL}"}),
    ("train r.yaml", {"r.yaml": f"data: {{csv: my.yaml/x.csv, target: y}}\n{MODEL}"}),
    ("train r.yaml", {"r.yaml": f"data: {{npz: u.npz}}\n{MODEL}"}),
    ("train r.yaml", {"r.yaml": f"data: {{npz: folder}}\n{MODEL}"}),
    ("train r.yaml", {"r.yaml": f"data: {{npz: t.csv}}\n{MODEL}"}),
    ("train r.yaml", {"r.yaml": f"data: {{npz: u.npz}}\n{MODEL}", "u.npz": array()}),
    archive(a=X, y=Y), archive(", x: b", x=X, y=Y), archive(), archive(x=X, y=Y[:5]), archive(x=np.array(["a"] * 12), y=Y),
    archive(x=np.where(X == 5, np.nan, X), y=Y), archive(x=X, y=np.array([["a", "b"]] * 12)), archive(x=X, y=Y + 1j),
    archive(x=X, y=np.where(Y == 1, np.nan, 0.5)), archive(x=X, y=Y, x_test=X[:, :1], y_test=Y),
    archive(x=X * 1e300, y=Y), archive(x=X, y=Y * 1e300 + 0.5), archive(x=X, y=np.zeros(12, np.int64)),
]  # fmt: skip

OWN_PARTS: list[Case] = [
    own("x = 1\n"), own("def f(:\n"), own("import nothing_of_that_name\n"), own("1 / 0\n"), own("# " + "x" * 2_000_000),
    own(PART.format(module="ops.layer", base="Layer", name="mine")),
    own(PART.format(module="ops.layer", base="Layer", name="dense") + "\n    def build(self, net, x):\n        return x\n"),
    own(PART.format(module="catalogue", base="Part", name="mine")),
    own(PART.format(module="ops.layer", base="Layer", name="mine") + "\n    def build(self, net, x):\n        return x\n"
        + "\n\nclass Two(Mine):\n    name = 'mine'\n"),
    own(PART.format(module="inits.initializer", base="Initializer", name="mine")
        + "\n    def draw(self, shape, fans, key):\n        return 0\n"),
    own("x = 1\n", "gradcheck none.py --trust"), own("x = 1\n", "gradcheck folder.py --trust"),
    recipe(f"use: [none.py, raises.py, broken.py]\n{MOONS}", "summary r.yaml --trust"),
    recipe(f"use: [t.csv]\n{MOONS}", "summary r.yaml --trust"),
]  # fmt: skip


# ---- in Python ---------------------------------------------------------------------------------------------------------

BUILD = """dllab.build({"input": [2], "model": [{"dense": 4}, "tanh", {"dense": 3}], "loss": "LOSS"}, dtype="float64")"""
CLASSES, VALUES = BUILD.replace("LOSS", "cross_entropy"), BUILD.replace("LOSS", "mse")
NO_LOSS = """dllab.build({"input": [2], "model": ["tanh"]})"""
PYTHON = [
    f"{CLASSES}.step([[1, 2]], [0, 1])",
    f"{CLASSES}.step(numpy.zeros((0, 2)), [])",
    f"{CLASSES}.forward([[1, 2, 3]])",
    f"{CLASSES}.step([[1, 2]], [0.5])",
    f"{CLASSES}.step([[1, 2]], ['a'])",
    f"{CLASSES}.step([[1, 2]], [3])",
    f"{VALUES}.step([[1, 2]], [[1, 2]])",
    f"{NO_LOSS}.step([[1, 2]], [1])",
    "dllab.train('my.yaml', train__folds=3)",
    "list(trainer.Trainer(load('my.yaml', ['init_from=xor'])).events())",
    "dllab.cross_validate('my.yaml')",
    "dllab.cross_validate('my.yaml', folds=3, jobs=0)",
    "load({'data': object()})",
    "load({1: 2})",
    "load({'about': '\\ud800'})",
    "load({'input': [2**70]})",
    "load({'model': functools.reduce(lambda inner, _: [inner], range(80), 1)})",
    "dllab.train('xorr')",
    "dllab.train('xor', train__epochs='many')",
    "dllab.train('xor', 'train.epochs')",
    f"list(check_network({NO_LOSS}, [[1, 2]], [1]))",
]


# ---- the lab's own files -------------------------------------------------------------------------------------------------


def swapped(name: str, old: bytes, new: bytes) -> Callable[[Path], object]:
    """The first `old` in a data file that came with the lab is `new`."""

    def act(shipped: Path) -> None:
        path = shipped / name
        content = path.read_bytes()
        packed = name.endswith(".gz")
        text = (gzip.decompress(content) if packed else content).replace(old, new, 1)
        path.write_bytes(gzip.compress(text, 0) if packed else text)

    return act


SHIPPED: list[tuple[str, Callable[[Path], object]]] = [
    ("train iris", lambda shipped: (shipped / "iris.csv").unlink()),
    ("train iris", swapped("iris.csv", b"150,4", b"151,4")),
    ("train iris", swapped("iris.csv", b"5.1,3.5,1.4,0.2,0\n", b"")),
    ("train my.yaml data=diabetes", lambda shipped: cut_column(shipped / "diabetes.csv")),
    ("train penguins", swapped("penguins.csv", b"Adelie", b"Adelia")),
    ("train autompg", lambda shipped: other_origin(shipped / "autompg.csv")),
    ("train digits", swapped("digits.csv.gz", b",16,", b",77,")),
    ("train mnist10k", swapped("mnist10k-labels-idx1-ubyte.gz", b"\0\0\x08\x01", b"\0\0\x09\x01")),
    ("train digits", lambda shipped: (shipped / "digits.csv.gz").write_bytes(b"\x1f\x8b\x08")),
    ("recipes", lambda shipped: shutil.rmtree(shipped.parent / "recipes")),
    ("train moons", lambda shipped: shutil.rmtree(shipped.parent / "recipes")),
    ("train iris", lambda shipped: shutil.rmtree(shipped)),
]


def cut_column(path: Path) -> None:
    """The table without its last column, its first line as it was."""
    head, *rows = path.read_text().splitlines()
    path.write_text("\n".join([head, *(row.rpartition(",")[0] for row in rows)]) + "\n")


def other_origin(path: Path) -> None:
    """The first car comes from nowhere."""
    head, first, *rows = path.read_text().splitlines()
    cells = first.split(",")
    cells[6] = "9"
    path.write_text("\n".join([head, ",".join(cells), *rows]) + "\n")


# ---- what lies around the lab -------------------------------------------------------------------------------------------

SURROUNDINGS: dict[str, BaseException] = {
    "a disk that is full": OSError(errno.ENOSPC, "No space left on device"),
    "too little memory": MemoryError(),
    "Ctrl-C": KeyboardInterrupt(),
    "a fault of the lab": RuntimeError("something that nobody thought of"),
}


def built(body: str) -> str:
    """A layer with a build() of its own."""
    return f"{OWN}\n    def build(self, net, x):\n        {body}\n"


FAILING = [
    OWN.replace("y[i] = x[i]", "y[i] = nothing_of_that_name(x[i])"),
    built("return 1 / 0"),
    built("pass"),
    built("return net.call(forward, y=net.array(x.shape), z=x)"),
    built("return net.call(forward, y=net.array((3, 7)), x=x)"),
    built("return net.call(forward, y=x, x=x)").replace("*N", "N"),
]
"""Parts that can be read, and fail when they are used."""
