"""What `dllab warmup` compiles: enough that nothing waits afterwards, and safe to interrupt."""

from __future__ import annotations

import importlib
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

from dllab.core import native
from dllab.core.kernel import Kernel
from dllab.core.settings import jit_enabled
from dllab.engine.prepare import plan_of, prepared
from dllab.engine.question import question_of
from dllab.lab import warmup
from dllab.lab.recording import watch
from dllab.recipe import load, shipped
from dllab.training.compiling import kernels_of
from dllab.training.trainer import Trainer

ROOT = Path(__file__).resolve().parents[2]
NOT_ASKED_FOR = {  # by any recipe or command yet
    "ops.batch_norm.infer_backward",
    "plan.probes.copy",
    "plan.probes.copy_units",
    "plan.probes.summarise",
    "plan.totals.add_gradients",  # of a third core
    "plan.totals.rate_of_group",
}
PACKAGES = ("dllab.ops", "dllab.losses", "dllab.optim", "dllab.plan")


def kernels_in(package: str) -> set[Kernel]:
    """The kernels that the files of a package declare."""
    found = set()
    for info in pkgutil.iter_modules(importlib.import_module(package).__path__):
        module = importlib.import_module(f"{package}.{info.name}")
        found |= {value for value in vars(module).values() if isinstance(value, Kernel)}
    return found


@pytest.fixture(scope="module")
def wanted() -> set[warmup.Wanted]:
    return set(warmup.stock().wanted)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_kernel_of_every_part_is_among_them(package: str, wanted: set[warmup.Wanted]) -> None:
    covered = {kernel.title for kernel, *_ in wanted}
    assert {kernel.title for kernel in kernels_in(package)} - NOT_ASKED_FOR <= covered


@pytest.mark.parametrize("name", shipped())
def test_training_a_shipped_recipe_needs_nothing_else(name: str, wanted: set[warmup.Wanted]) -> None:
    recipe = load(name)
    plan = plan_of(recipe, question_of(recipe, prepared(recipe)))
    assert set(kernels_of(plan, ("train", "evaluate", "infer", "infer:plain"))) <= wanted


@pytest.mark.parametrize("name", ["spirals", "digits-cnn", "names-gru"])
def test_watching_a_training_needs_nothing_else(name: str, wanted: set[warmup.Wanted]) -> None:
    plan = Trainer(load(name), watch=watch).network.plan
    assert set(kernels_of(plan, ("train",))) <= wanted


@pytest.mark.slow
def test_double_precision_comes_on_request(wanted: set[warmup.Wanted]) -> None:
    assert {precision for _, precision, _ in wanted} == {"float32"}
    both = warmup.stock(("float32", "float64")).wanted
    assert {precision for _, precision, _ in both} == {"float32", "float64"}


def test_planning_needs_no_compiler() -> None:
    code = "import sys\nfrom dllab.lab.warmup import stock\nstock()\nsys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_an_interruption_keeps_what_is_done(monkeypatch: pytest.MonkeyPatch, wanted: set[warmup.Wanted]) -> None:
    three = tuple(wanted)[:3]
    done = []

    def compiled(*which: object) -> int:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(which)
        return 0

    monkeypatch.setattr(native, "kernel_address", compiled)
    seen = []
    with pytest.raises(KeyboardInterrupt):
        for event in warmup.warm(warmup.Stock(three, three)):
            seen.append((event.done, event.total))
    assert seen == [(0, 3), (1, 3), (2, 3)]
    assert done == list(three[:2])


@pytest.mark.slow
@pytest.mark.skipif(not jit_enabled(), reason="nothing is compiled")
def test_an_empty_cache_is_filled_once(tmp_path: Path) -> None:
    """After warming up an empty cache, nothing is missing and training leaves no new file behind."""
    code = (
        "from dllab.lab import warmup\n"
        "stock = warmup.stock()\n"
        "assert len(stock.missing) == len(stock.wanted)\n"
        "for event in warmup.warm(stock): pass\n"
        "assert event.done == event.total == len(stock.wanted)\n"
        "assert not warmup.stock().missing\n"
    )
    environment = {**os.environ, "DLLAB_CACHE": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True)
    before = sorted(path.name for path in tmp_path.iterdir())
    code = (
        "import sys\n"
        "from dllab.recipe import load, shipped\n"
        "from dllab.training.trainer import Trainer\n"
        "for name in shipped(): list(Trainer(load(name, ['train.epochs=1', 'init_from='])).events())\n"
        "sys.exit('numba' in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
