"""docs/json.md is true: real documents hold the keys it lists, all of them and no others, with values of their types."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from made_runs import make_run, make_sweep, member
from marks import compiled_only
from test_docs import JSON, run, text

from dllab.cli.commands import COMMANDS
from dllab.core.settings import jit_enabled

TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "array": (list,),
    "null": (type(None),),
}  # fmt: skip


@cache
def documented() -> dict[str, dict[str, tuple[str, str]]]:
    """Heading to key path to its type and what is said of it."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for part in text(JSON).split("\n## ")[1:]:
        rows = re.findall(r"^\| `(\S+)` \| (.+?) \| (.*) ?\|$", part, re.MULTILINE)
        found[part.splitlines()[0]] = {path: (kind, said.strip()) for path, kind, said in rows}
    return found


def shown() -> dict[str, Any]:
    """Heading to the example under it."""
    parts = text(JSON).split("\n## ")[1:]
    blocks = {part.splitlines()[0]: re.search(r"```json\n(.*?)```", part, re.DOTALL) for part in parts}
    return {heading: json.loads(block[1]) for heading, block in blocks.items() if block is not None}


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value that is neither a mapping nor a list of mappings, with the path of its keys."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for inner in value:
            yield from leaves(inner, f"{path}[]")
    else:
        yield path, value


def fits(path: str, pattern: str) -> bool:
    """Whether a path is one that the table means; a word in capitals stands for any name, KEY for one with dots, too."""
    own, wanted = path.split("."), pattern.split(".")
    if wanted[-1] == "KEY":
        own = [*own[: len(wanted) - 1], ".".join(own[len(wanted) - 1 :])]
    return len(own) == len(wanted) and all(w.isupper() or o == w for o, w in zip(own, wanted))


def is_of(value: Any, kinds: str) -> bool:
    """Whether a value is of one of the types in words: `array of integer`, `number or null`, `any`."""
    for kind in kinds.split(" or "):
        outer, _, inner = kind.partition(" of ")
        if kind == "any":
            return True
        if type(value) in TYPES[outer] and (not inner or all(is_of(item, inner) for item in value)):
            return True
    return False


def compare(heading: str, *documents: Any) -> None:
    """Fail unless the documents hold the keys of the table, all of them and no others, with values of their types."""
    table, seen = documented()[heading], set()
    for path, value in (leaf for document in documents for leaf in leaves(document)):
        known = [pattern for pattern in table if fits(path, pattern)]
        if value in ([], {}) and any(pattern.startswith((f"{path}[]", f"{path}.")) for pattern in table):
            continue  # nothing in it this time
        assert known, f"{path} of {heading} is not documented"
        assert is_of(value, table[known[0]][0]), f"{path} of {heading}: {value!r} is not {table[known[0]][0]}"
        seen.add(known[0])
    optional = {pattern for pattern, (_, said) in table.items() if said.startswith("Only")}
    assert set(table) - optional <= seen, heading


def documents(folder: Path, *lines: str, code: int = 0) -> list[Any]:
    found = []
    for line in lines:
        done = run(folder, *line.split(), "--json")
        assert done.returncode == code, done.stderr
        found.append(json.loads(done.stdout))
    return found


def test_there_is_a_table_for_every_command_and_file() -> None:
    commands = {heading.split()[1] for heading in documented() if heading.startswith("dllab ")}
    showing = [
        command.name for command in COMMANDS
        if any("--json" in one.opts for each in (command.inner or (command,)) for one in each.load().params)
    ]  # fmt: skip
    assert commands == {"schema", *showing}
    assert {"run.json", "metrics.jsonl"} <= set(documented())
    assert [heading for heading, table in documented().items() if not table] == ["dllab schema"]


@pytest.mark.parametrize("heading", shown())
def test_the_examples_hold_what_is_documented(heading: str) -> None:
    compare(heading, shown()[heading])


@pytest.mark.parametrize(
    ("heading", "lines"),
    [
        ("dllab summary RECIPE --json", ["summary xor", "summary mnist1d"]),
        ("dllab explain RECIPE --json", ["explain xor", "explain spirals --step 2 --input 3"]),
        (
            "dllab viz-augment RECIPE --json",
            [
                "viz-augment digits augment=[shift,mixup] --rows 1",
                "viz-augment mnist1d augment=[shift] --rows 1 --draws 2",
            ],
        ),
        (
            "dllab viz-activations RECIPE --json",
            [
                "viz-activations xor train.epochs=2",
                "viz-activations names-lstm --before --layer lstm",
                "viz-activations digits-cnn --before --input 1 --layer relu",
            ],
        ),
        ("dllab viz-activations RECIPE --during --json", ["viz-activations digits-cnn train.epochs=1 --during"]),
        (
            "dllab viz-boundary RECIPE|RUN --json",
            [
                "viz-boundary xor",
                "viz-boundary xor --units",
                "viz-boundary perceptron --before",
                "viz-boundary function --before",
            ],
        ),
        (
            "dllab viz-predictions RECIPE|RUN --json",
            [
                "viz-predictions iris train.epochs=1",
                "viz-predictions reversal --before --worst 1",
                "viz-predictions brackets --before --worst 1",
                "viz-predictions autompg --before --worst 1",
            ],
        ),
        (
            "dllab viz-landscape RECIPE|RUN --json",
            ["viz-landscape xor --points 3", "viz-landscape xor --points 3 --random"],
        ),
        (
            "dllab viz-schedule RECIPE|SCHEDULE --json",
            ["viz-schedule xor cosine plateau", "viz-schedule one_cycle --steps 9"],
        ),
        (
            "dllab lr-find RECIPE --json",
            [
                "lr-find xor --seeds 1",
                "lr-find perceptron --steps 20",
                "lr-find function optimizer=sgd --to 1e6 --steps 60",
            ],
        ),
        ("dllab viz-data RECIPE --json", ["viz-data iris", "viz-data sunspots", "viz-data names-bigram --input 3"]),
        (
            "dllab viz-gradients RECIPE|RUN --json",
            ["viz-gradients xor train.epochs=9", "viz-gradients adding-rnn train.steps=2", "viz-gradients xor --before"],
        ),
        (
            "dllab viz-attention RECIPE|RUN --json",
            ["viz-attention reversal --before", "viz-attention names-gpt --before --text jo"],
        ),
        (
            "dllab viz-filters RECIPE|RUN --json",
            [
                'viz-filters digits-cnn --before model[0].conv.init={"constant":0.1}',
                "viz-filters mnist1d-cnn train.steps=1",
            ],
        ),
        (
            "dllab viz-embeddings RECIPE|RUN --json",
            ["viz-embeddings modular-addition --before", "viz-embeddings glove10k a b"],
        ),
        (
            "dllab compare-optimizers RECIPE --json",
            [
                "compare-optimizers moons train.epochs=2 --seeds 3 --tune 3 -q",
                "compare-optimizers function train.epochs=1 --seeds 2 --optimizers sgd:lr=1e5,adam:lr=0.01 -q",
                "compare-optimizers function train.epochs=1 --seeds 1 --optimizers sgd:lr=1e5,lion:lr=1e5 loss=mse -q",
            ],
        ),
        ("dllab compare RECIPE --json", ["compare moons optimizer.lr=0.1,0.01 train.epochs=1 --seeds 3 -q"]),
        ("dllab recipes --json", ["recipes"]),
        ("dllab recipes NAME --json", ["recipes xor", "recipes mnist1d"]),
        ("dllab datasets --json", ["datasets"]),
        ("dllab datasets NAME --json", ["datasets iris", "datasets function noise=0.3"]),
        ("dllab layers --json", ["layers", "layers losses"]),
        ("dllab layers NAME --json", ["layers dense", "layers step", "layers relu", "losses huber", "metrics f1"]),
        ("dllab losses --json", ["losses"]),
        ("dllab optimizers --json", ["optimizers"]),
        ("dllab schedules --json", ["schedules"]),
        ("dllab initializers --json", ["initializers"]),
        ("dllab augmentations --json", ["augmentations"]),
        ("dllab metrics --json", ["metrics"]),
    ],
)
def test_real_documents_hold_what_is_documented(heading: str, lines: list[str], tmp_path: Path) -> None:
    if not jit_enabled() and heading.startswith(("dllab viz-", "dllab explain", "dllab compare")):
        pytest.skip("trains nets: too long without compiled kernels")
    compare(heading, *documents(tmp_path, *lines))


def test_neighbours_hold_what_is_documented(tmp_path: Path) -> None:
    text = "data: {modular_addition: 5}\nmodel: [{embedding: 3}, flatten, {dense: classes}]\ntrain: {epochs: 1}\n"
    (tmp_path / "sums.yaml").write_text(text)
    (trained,) = documents(tmp_path, "train sums.yaml --quiet")
    lines = [f"neighbours {trained['run']}", "neighbours glove10k king --count 2 --against glove10k"]
    compare("dllab neighbours RUN --json", *documents(tmp_path, *lines))


def test_a_run_holds_what_is_documented(tmp_path: Path) -> None:
    options = "train.epochs=6 --quiet"
    (found,) = documents(tmp_path, f"train xor {options} metrics=[accuracy,confusion_matrix]")
    compare("dllab train RECIPE --json", found)
    folder = tmp_path / found["run"]
    kept = json.loads((folder / "run.json").read_text())
    compare("run.json", kept)
    assert kept.items() >= found.items()
    compare("metrics.jsonl", *map(json.loads, (folder / "metrics.jsonl").read_text().splitlines()))
    compare(
        "dllab resume RUN --json", *documents(tmp_path, f"resume last train.epochs=9 --quiet --run-dir {folder.parent}")
    )
    compare("run.json", json.loads((folder / "run.json").read_text()))


def test_lists_of_runs_hold_what_is_documented(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    for seed in (0, 1):
        make_run(root, f"xor-{seed}", seed=seed)
    make_run(root, "xor-2", changes={"lr: 0.05": "lr: 0.1"})
    sweep = make_sweep(root, members=range(6))
    with (sweep / "members.jsonl").open("a") as file:
        file.write(json.dumps(member(6, status="failed", final={}, error="no such unit")) + "\n")
    lines = ["runs list", "runs list --mean", "runs export", f"runs list {sweep.name}"]
    compare("dllab runs list --json", *documents(tmp_path, *lines))
    compare("dllab runs best --json", *documents(tmp_path, "runs best", "runs best --recipe xor"))
    lines = ["runs compare xor-0 xor-1", f"runs compare xor-0 {sweep.name}:5", f"runs compare {sweep.name}:0 xor-2"]
    compare("dllab runs compare RUN RUN --json", *documents(tmp_path, *lines))


def test_what_is_said_of_one_run_holds_what_is_documented(tmp_path: Path) -> None:
    (found,) = documents(tmp_path, "train xor train.epochs=3 metrics=[accuracy,confusion_matrix] --quiet")
    make_sweep(tmp_path / "runs", members=range(2))
    lines = ["runs show last", "runs show sweep-xor-20261125-110000:1"]
    compare("dllab runs show RUN --json", *documents(tmp_path, *lines))
    (same,) = documents(tmp_path, "verify last")
    log = tmp_path / found["run"] / "metrics.jsonl"
    log.write_text(log.read_text().replace('"epoch": 2', '"epoch": 3'))
    compare("dllab verify RUN --json", same, *documents(tmp_path, "verify last", code=1))


@compiled_only
def test_a_run_with_transfer_holds_what_is_documented(tmp_path: Path) -> None:
    keys = "freeze=0_dense.b lr_factors.0_dense=0.1 lr_factors.2_dense.w=2 metrics=[accuracy,confusion_matrix] --quiet"
    found = documents(tmp_path, f"train moons {keys}", f"train moons init_from=moons {keys} --run-dir runs")
    heading = "dllab train RECIPE --json, with transfer"
    compare(heading, *found)
    assert all(any(fits(path, known) for path, _ in leaves(found[1])) for known in documented()[heading])
    kept = json.loads((tmp_path / found[1]["run"] / "run.json").read_text())
    assert kept.items() >= found[1].items()
    summaries = documents(tmp_path, "summary moons freeze=0_dense lr_factors.2_dense=0.1", "summary moons")
    compare("dllab summary RECIPE --json", *summaries)


def test_a_diverged_run_holds_what_is_documented(tmp_path: Path) -> None:
    done = run(
        tmp_path, "train", "xor", "--quiet", "--json", "loss=mse", "model=[{dense: 4}, relu, {dense: 1}]",
        "optimizer={sgd: 1e6}",
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    compare("dllab train RECIPE --json", found)
    kept = json.loads((tmp_path / found["run"] / "run.json").read_text())
    compare("run.json", kept)
    known = [known for known in documented()["run.json"] if not known.startswith("resumed")]
    assert all(any(fits(path, pattern) for path, _ in leaves(kept)) for pattern in known)


@compiled_only
def test_folds_hold_what_is_documented(tmp_path: Path) -> None:
    heading, options = "dllab train RECIPE --json, with folds", "--quiet metrics=[accuracy,confusion_matrix]"
    found = documents(tmp_path, f"train iris train.folds=3 {options}", f"train iris train.folds.count=2 {options}")
    (again,) = documents(tmp_path, f"train iris train.folds=2 train.folds.repeats=2 {options}")
    wild = "train function train.folds=2 train.epochs=9 optimizer=sgd optimizer.lr=1e5 --quiet"
    (diverged,) = documents(tmp_path, wild, code=1)
    compare(heading, *found, again, diverged)
    seen = [path for path, _ in [*leaves(again), *leaves(diverged)]]
    assert all(any(fits(path, known) for path in seen) for known in documented()[heading])
    folder = tmp_path / again["run"]
    kept = json.loads((folder / "run.json").read_text())
    assert kept == {
        **again,
        **{key: kept[key] for key in ("began", "changes", "versions", "machine", "recipe_yaml", "data")},
    }
    assert kept["recipe_yaml"] == (folder / "recipe.yaml").read_text() and re.fullmatch("[0-9a-f]{64}", kept["data"])
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    lines += [json.loads(line) for line in (tmp_path / diverged["run"] / "metrics.jsonl").read_text().splitlines()]
    compare("metrics.jsonl, with folds", *lines)


SPEAKER = (
    "[{embedding: 4}, {gru: {units: 4, name: e}}, {embedding: {units: 4, from: decoder}}, {gru: {units: 4, start: e}}, "
    "{dense: classes}]"
)
GRU = "[{embedding: 4}, {gru: 4}, {dense: classes}]"
SPOKEN = {
    "answer": ("{name: reversal, min_length: 1, max_length: 3, symbols: 3, samples: 30}", SPEAKER, "ab"),
    "next": ("{names: female}", GRU, "emma"),
    "fill": ("{name: shakespeare8, task: masked, length: 8, stride: 500}", "[{embedding: 4}, {dense: classes}]", "a<mask>"),
    "labels": ("{name: copy_memory, length: 2, remember: 1, symbols: 2, samples: 30}", GRU, "a__?"),
}


@compiled_only
def test_what_is_said_of_texts_holds_what_is_documented(tmp_path: Path) -> None:
    said, made = [], []
    for kind, (data, model, line) in SPOKEN.items():
        (tmp_path / "r.yaml").write_text(f"data: {data}\nmodel: {model}\ntrain: {{steps: 1}}\n")
        (tmp_path / "t.txt").write_text(f"{line}\n")
        (found,) = documents(tmp_path, f"train r.yaml --quiet --run-dir {kind}")
        every = " --probabilities" if kind == "labels" else ""  # the others have a class called "."
        said += documents(tmp_path, f"predict {found['run']} t.txt{every}")
        assert said[-1]["kind"] == kind
        if kind == "answer":
            compare("dllab summary RECIPE --json", *documents(tmp_path, "summary r.yaml"))
        if kind == "next":
            made += documents(tmp_path, f"generate {found['run']} --count 2", f"generate {found['run']} --top-k 2")
    heading = "dllab predict RUN FILE --json, of texts"
    compare(heading, *said)
    seen = [path for document in said for path, _ in leaves(document)]
    assert all(any(fits(path, known) for path in seen) for known in documented()[heading])
    compare("dllab generate RUN --json", *made)


def test_gradient_checks_hold_what_is_documented(tmp_path: Path) -> None:
    (fine,) = documents(tmp_path, "gradcheck xor")
    (failed,) = documents(tmp_path, "gradcheck xor freeze=0_dense.b --inject-bug 0_dense", code=1)
    compare("dllab gradcheck --json", fine, failed)
    assert all(any(fits(path, known) for path, _ in leaves(failed)) for known in documented()["dllab gradcheck --json"])


def test_bench_holds_what_is_documented() -> None:
    from dllab.lab.bench import Timing, machine
    from dllab.lab.bench_cases import CASES
    from dllab.views.bench import document

    timings = [Timing(CASES[0], 0.6, 1, 0.01, {"jax jit": 35.0, "jax jit scan": 4.0}), Timing(CASES[1], 1.4, 1, 0.1)]
    compare("dllab bench --json", json.loads(json.dumps(document(timings, machine()))))


@compiled_only
def test_sweeps_hold_what_is_documented(tmp_path: Path) -> None:
    options = ["optimizer=sgd,adam", "optimizer.beta1=0.8,0.9", "train.epochs=2", "--seeds", "2", "--json"]
    done = run(tmp_path, "sweep", "moons", *options)
    assert done.returncode == 1, done.stderr
    *members, summary = map(json.loads, done.stdout.splitlines())
    heading = "dllab sweep RECIPE KEY=VALUES --json"
    compare(heading, *members)
    compare(f"{heading}, the last line", summary)
    folder = tmp_path / summary["folder"]
    compare("sweep.json", json.loads((folder / "sweep.json").read_text()))
    compare("members.jsonl", *map(json.loads, (folder / "members.jsonl").read_text().splitlines()))
    options = ["optimizer.lr=log(0.0001,10)", "train.epochs=10", "--search", "tpe", "--sample", "16", "--json"]
    done = run(tmp_path, "sweep", "moons", *options)
    *members, summary = map(json.loads, done.stdout.splitlines())
    assert summary["pruned"] > 0
    compare(heading, *members)
    compare(f"{heading}, the last line", summary)
    folder = tmp_path / summary["folder"]
    compare("sweep.json", json.loads((folder / "sweep.json").read_text()))
    compare("members.jsonl", *map(json.loads, (folder / "members.jsonl").read_text().splitlines()))
    lines = ["sweep moons optimizer.lr=log(0.1,1) --sample 3 --dry-run", "sweep moons optimizer.lr=1,2 --dry-run"]
    compare("dllab sweep RECIPE KEY=VALUES --dry-run --json", *documents(tmp_path, *lines))


def test_timed_sweeps_hold_what_is_documented() -> None:
    from dllab.lab.bench import machine
    from dllab.lab.bench_sweep import SweepTiming
    from dllab.views.bench_sweep import document

    timings = [SweepTiming(2000, 200, 1.5, 119_000_000), SweepTiming(2000, 200, 1.5, None)]
    compare("dllab bench --sweep --json", json.loads(json.dumps(document(timings, machine()))))


def test_warmup_holds_what_is_documented() -> None:
    from dllab.views.warmup import Warmed, document

    compare("dllab warmup --json", document(Warmed(3, 118, "somewhere", True)))


def test_races_on_landscapes_hold_what_is_documented() -> None:
    from dllab.lab.surface_race import race
    from dllab.views.surface_race import document

    racers = [("sgd", {"lr": 5.0}), ("adam", {"lr": 0.5, "beta1": 0.8}), ("momentum", {})]
    found = document(race("beale", racers, 100))
    compare(
        "A race on a landscape: compare-optimizers --surface NAME --json", json.loads(json.dumps(found, allow_nan=False))
    )


@compiled_only
def test_lessons_hold_what_is_documented(tmp_path: Path) -> None:
    from dllab.lessons.lesson import find
    from dllab.lessons.report import run as run_lesson
    from dllab.views.lesson import document

    compare("dllab lessons --json", *documents(tmp_path, "lessons"))
    found = document(0, [run_lesson(find("16"), few=False), run_lesson(find("12"), few=True)])
    compare("dllab lesson LESSON --show-recipe --json", *documents(tmp_path, "lesson 7 --show-recipe"))
    compare("dllab lesson LESSON --json", json.loads(json.dumps(found, allow_nan=False)))
