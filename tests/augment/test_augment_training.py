"""Augmentation in training: what the net sees is what the twins say, whatever the shards, chunks and stops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import augment_naive as naive
import numpy as np
import pytest
from augment_naive import Draw

import dllab
from dllab.core.settings import jit_enabled
from dllab.engine import executor
from dllab.engine.binding import Bound
from dllab.engine.network import Network
from dllab.engine.pace import Pace
from dllab.engine.prepare import plan_of, prepared
from dllab.engine.question import question_of
from dllab.lab.augmented import Sampler
from dllab.plan.plan import Plan
from dllab.recipe import Recipe, load
from dllab.runs.result import Interrupted
from dllab.runs.store import WEIGHTS
from dllab.training.events import Event, Progress
from dllab.training.trainer import Trainer, columns_of

HEIGHT, WIDTH, ROWS = 5, 7, 22
SEED = 3
EVERYTHING = [
    {"shift": 1}, {"flip": {"probability": 0.5}}, {"rotate": {"degrees": 40, "fill": 9}}, {"scale": 0.3},
    {"noise": {"sigma": 0.2, "probability": 0.7}}, {"cutout": {"size": 2, "fill": 200}},
]  # fmt: skip


@pytest.fixture
def pictures(tmp_path: Path) -> Callable[..., Recipe]:
    """A recipe of small pictures of bytes (5 x 7, `channels` where given), with augmentations and more."""

    def recipe(augment: list[Any], channels: int = 0, data: dict[str, Any] | None = None, **more: Any) -> Recipe:
        random = np.random.default_rng(0)
        shape = (ROWS, HEIGHT, WIDTH, *([channels] if channels else []))
        path = tmp_path / "pictures.npz"
        np.savez(path, x=random.integers(0, 256, shape).astype(np.uint8), y=np.arange(ROWS) % 3)
        return load({
            "data": {"npz": str(path), "test": 0.25, **(data or {})},
            "augment": augment,
            "model": ["flatten", {"dense": 6}, "tanh", {"dense": "classes"}],
            "train": {"batch": 4, "epochs": 3, "seed": SEED},
            **more,
        })  # fmt: skip

    return recipe


def raw_twin(sampler: Sampler, row: int, step: int, parts: list[Any], channels: int) -> np.ndarray:
    """A row of bytes, changed by the twins of EVERYTHING, in the unit of the data set, before noise is scaled."""
    x = sampler.data.dataset.columns["inputs"][row].reshape(HEIGHT, WIDTH, channels).astype(np.float64)
    for link, part in enumerate(parts):
        ((name, options),) = part.items()
        draw = Draw(SEED, link, step, row)
        if name == "shift":
            x = naive.shift(x, draw, options, options, 0.0)
        elif name == "flip" and draw.uniform(0) < options["probability"]:
            x = x[:, ::-1]
        elif name == "rotate":
            x = naive.warp(x, naive.turned(draw, np.radians(options["degrees"])), options["fill"])
        elif name == "scale":
            x = naive.warp(x, naive.scaled(draw, options), 0.0)
        elif name == "cutout":
            x = naive.cutout(x, draw, options["size"], options["fill"])
        elif name == "noise" and draw.uniform(0) < options["probability"]:
            assert sampler.data.scale is not None
            x = x + (options["sigma"] * naive.normals(draw, x.size) / sampler.data.scale).reshape(x.shape)
    return x


def seen_twin(sampler: Sampler, row: int, step: int, parts: list[Any], channels: int = 1) -> np.ndarray:
    """A row as the net sees it."""
    shift, scale = sampler.data.shift, sampler.data.scale
    assert shift is not None and scale is not None
    values = (raw_twin(sampler, row, step, parts, channels).ravel() - shift) * scale
    return np.asarray(values)


@pytest.mark.parametrize("channels", [0, 1, 3])
@pytest.mark.parametrize("standardise", [False, True])
@pytest.mark.parametrize("flatten", [False, True])
def test_the_net_sees_what_the_twins_say(pictures: Any, channels: int, standardise: bool, flatten: bool) -> None:
    data = {"standardise": standardise, "flatten": flatten}
    sampler = Sampler(pictures(EVERYTHING, channels, data, train={"batch": 4, "seed": SEED, "dtype": "float64"}))
    found = sampler.look(3, 3)
    for sample in found.samples:
        for draw in sample.draws:
            expected = seen_twin(sampler, sample.row, draw.step, EVERYTHING, max(channels, 1))
            np.testing.assert_allclose(draw.values, expected, rtol=1e-5, atol=1e-5)
    values = [draw.values for sample in found.samples for draw in sample.draws]
    assert len({value.tobytes() for value in values}) == 9


@pytest.mark.parametrize("alpha", [0.3, 2.0])
def test_mixed_rows_and_targets(pictures: Any, alpha: float) -> None:
    parts = [{"shift": 1}, {"noise": {"sigma": 0.1, "probability": 0.7}}]
    recipe = pictures([*parts, {"mixup": alpha}], train={"batch": 4, "seed": SEED, "dtype": "float64"})
    sampler = Sampler(recipe)
    train = sampler.data.splits.train
    labels = sampler.data.dataset.columns["targets"]
    for sample in sampler.look(4, 2).samples:
        for draw in sample.draws:
            keyed = Draw(SEED, 2, draw.step, sample.row)
            weight, partner = naive.beta(keyed, alpha), int(train[keyed.whole(1, len(train))])
            assert draw.partner == partner and draw.weight == pytest.approx(weight, abs=1e-9)
            own, other = (seen_twin(sampler, row, draw.step, parts) for row in (sample.row, partner))
            np.testing.assert_allclose(draw.values, weight * own + (1 - weight) * other, rtol=1e-5, atol=1e-5)
    (batch,) = batches(recipe, sampler, shards=1, steps=[0])
    for row, target in zip(batch["rows"], batch["target"]):
        keyed = Draw(SEED, 2, 0, int(row))
        weight, partner = naive.beta(keyed, alpha), int(train[keyed.whole(1, len(train))])
        expected = weight * np.eye(3)[labels[row]] + (1 - weight) * np.eye(3)[labels[partner]]
        np.testing.assert_allclose(target, expected, atol=1e-9)


def batches(recipe: Recipe, sampler: Sampler, shards: int, steps: list[int]) -> list[dict[str, np.ndarray]]:
    """Rows, inputs and targets of these steps in the program that trains, whole batches."""
    question = replace(sampler.question, shards=shards)
    network = Network(plan_of(recipe, question), recipe)
    train = sampler.data.splits.train
    bound = Bound(network.memory, "train", question.batch, sampler.columns, train.copy(), base=train)
    per_epoch = -(-len(train) // question.batch)
    found = []
    for step in steps:
        executor.run(bound, step, step + 1)
        first = step % per_epoch * question.batch
        count = min(question.batch, len(train) - first)
        cuts = [count * shard // shards for shard in range(shards + 1)]
        parts = {
            name: np.concatenate([bound.work(bound.program.named[name], shard, cuts[shard + 1] - cuts[shard])
                                  for shard in range(shards)]).copy()
            for name in ("input", "target")
        }  # fmt: skip
        found.append({"rows": bound.arrays["order"][first : first + count].copy(), **parts})
    return found


@pytest.mark.parametrize("shards", [1, 2])
@pytest.mark.parametrize("last", [[], [{"mixup": 0.4}]])
def test_training_sees_what_is_shown_whatever_the_shards(pictures: Any, shards: int, last: list[Any]) -> None:
    recipe = pictures([*EVERYTHING, *last])
    sampler = Sampler(recipe)
    shown = {(s.row, d.step): d.values for s in sampler.look(ROWS, 2).samples for d in s.draws}
    seen = 0
    for step, batch in enumerate(batches(recipe, sampler, shards, list(range(2 * sampler.per_epoch)))):
        for row, values in zip(batch["rows"], batch["input"]):
            np.testing.assert_array_equal(values, shown[int(row), step])
            seen += 1
    assert seen == len(shown) == 2 * len(sampler.data.splits.train)


def trained(recipe: Recipe, listen: Callable[[Event], None] | None = None) -> dict[str, np.ndarray]:
    result = dllab.train(recipe, save=False, on_event=listen)
    return {name: values.copy() for name, values in result.network.parameters.items()}


def test_chunks_do_not_show(pictures: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = pictures([*EVERYTHING, {"mixup": 0.4}])
    whole = trained(recipe)
    for steps in (1, 3):
        monkeypatch.setattr(Pace, "steps", lambda self, steps=steps: steps)
        for name, values in trained(recipe).items():
            np.testing.assert_array_equal(values, whole[name])


def test_nothing_but_training_is_augmented(pictures: Any) -> None:
    plain, changed = (Trainer(pictures(parts)) for parts in ([], [*EVERYTHING, {"mixup": 0.4}]))
    for split in ("train", "test"):
        assert changed.evaluator.evaluate(split) == plain.evaluator.evaluate(split)
    plan = changed.network.plan
    for name in ("evaluate", "infer", "forward", "train:plain", "forward:plain", "infer:plain"):
        assert titles(plan, name) == titles(plain.network.plan, name)
    assert any(title.startswith("augment.") for title in titles(plan, "train"))
    x, y = np.random.default_rng(0).random((6, HEIGHT * WIDTH)), np.arange(6) % 3
    assert changed.network.loss_and_gradients(x, y)[0] == plain.network.loss_and_gradients(x, y)[0]


def titles(plan: Plan, name: str) -> list[str]:
    return [row.kernel.title for row in plan.program(name).rows if row.kernel]


@pytest.mark.skipif(not jit_enabled(), reason="whole runs")
@pytest.mark.parametrize("stop", [1, 4, 7])
def test_a_run_that_was_stopped_comes_to_the_same_bits(
    pictures: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    monkeypatch.setattr(Pace, "steps", lambda self: 2)
    recipe = pictures([*EVERYTHING, {"mixup": 0.4}])
    whole = dllab.train(recipe, run_dir=tmp_path / "whole")
    told = 0

    def listen(event: Event) -> None:
        nonlocal told
        told += isinstance(event, Progress)
        if told == stop:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as stopped:
        dllab.train(recipe, run_dir=tmp_path / "stopped", on_event=listen)
    again = dllab.resume(stopped.value.result.folder)
    for name, values in whole.network.parameters.items():
        np.testing.assert_array_equal(again.network.parameters[name], values)
    assert (Path(again.folder) / WEIGHTS).read_bytes() == (Path(whole.folder) / WEIGHTS).read_bytes()


def test_layers_split_by_units_see_the_same_rows(pictures: Any) -> None:
    augment = [{"shift": 1}, {"noise": 0.1}, {"mixup": 0.4}]
    model = [{"dense": 1024}, "relu", {"dense": 64}, "relu", {"dense": "classes"}]
    recipe = pictures(augment, model=model, train={"batch": 8, "seed": SEED, "dtype": "float64"})
    losses = []
    for shards in (None, 1):
        question = replace(question_of(recipe, prepared(recipe)), shards=shards)
        network = Network(plan_of(recipe, question), recipe)
        assert bool(network.plan.pairs) == (shards is None)
        train = prepared(recipe).splits.train  # type: ignore[union-attr]
        columns = columns_of(prepared(recipe).dataset.columns, prepared(recipe), network.dtype)  # type: ignore[union-attr]
        bound = Bound(network.memory, "train", 8, columns, train.copy(), base=train)
        executor.run(bound, 0, 6, np.full(6, 1e-3))
        losses.append(network.memory.arrays["history"].view(np.float64)[:6].copy())
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-9)


@pytest.mark.parametrize(
    ("loss", "outputs"),
    [("mse", "classes"), ("binary_cross_entropy", "classes"), ({"cross_entropy": {"label_smoothing": 0.1}}, "classes"),
     ({"cross_entropy": {"class_weights": [1, 2, 3]}}, "classes"), ("huber", "classes")],
)  # fmt: skip
def test_losses_that_mix(pictures: Any, loss: Any, outputs: Any) -> None:
    recipe = pictures([{"mixup": 0.5}], loss=loss, model=[{"dense": outputs}])
    finals = trained(recipe)
    assert all(np.isfinite(values).all() for values in finals.values())


def test_values_are_mixed_too() -> None:
    recipe = load({
        "data": {"function": {"samples": 40}}, "augment": ["mixup"], "model": [{"dense": 8}, "tanh", {"dense": 1}],
        "train": {"batch": 8, "seed": SEED, "dtype": "float64"},
    })  # fmt: skip
    sampler = Sampler(recipe)
    (batch,) = batches(recipe, sampler, shards=2, steps=[0])
    data, train = sampler.data, sampler.data.splits.train
    targets = data.dataset.columns["targets"].astype(np.float64)
    if data.target_shift is not None and data.target_scale is not None:
        targets = (targets - data.target_shift) * data.target_scale
    for row, target in zip(batch["rows"], batch["target"]):
        keyed = Draw(SEED, 0, 0, int(row))
        weight, partner = naive.beta(keyed, 0.2), int(train[keyed.whole(1, len(train))])
        np.testing.assert_allclose(target, weight * targets[row] + (1 - weight) * targets[partner], rtol=1e-5, atol=1e-7)


def test_in_order_and_in_full_batches(pictures: Any) -> None:
    for options in ({"batch": 4, "shuffle": False}, {"batch": "full"}):
        recipe = pictures([{"shift": 1}, {"mixup": 0.4}], train={"epochs": 2, "seed": SEED, **options})
        sampler = Sampler(recipe)
        found = sampler.look(2, 2)
        assert [sample.row for sample in found.samples] == list(sampler.data.splits.train[:2])
        assert all(np.isfinite(values).all() for values in trained(recipe).values())


def test_signals_move_in_time() -> None:
    parts = [{"shift": 3}, {"scale": 0.2}, {"noise": 0.1}]
    recipe = load({
        "data": {"mnist1d": {"samples": 100}}, "augment": parts, "model": [{"dense": "classes"}],
        "train": {"seed": SEED, "dtype": "float64"},
    })  # fmt: skip
    sampler = Sampler(recipe)
    for sample in sampler.look(3, 2).samples:
        x = sampler.data.dataset.columns["inputs"][sample.row].reshape(1, -1, 1).astype(np.float64)
        for draw in sample.draws:
            y = naive.shift(x, Draw(SEED, 0, draw.step, sample.row), 0, 3, 0.0)
            y = naive.warp(y, naive.scaled(Draw(SEED, 1, draw.step, sample.row), 0.2), 0.0)
            y = y.ravel() + 0.1 * naive.normals(Draw(SEED, 2, draw.step, sample.row), y.size)
            np.testing.assert_allclose(draw.values, y, rtol=1e-5, atol=1e-5)
