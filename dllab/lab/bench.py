"""How fast a training step is: here, in the peers, and against what the machine could do.

Everything of one case is timed in turns in the same run, so that a warm or busy machine treats all alike, and each
counts with its best round. A step here is a step of `dllab train`: a batch gathered from the shuffled rows, forward,
loss, backward, gradient norm, check, Adam. The peers get one batch that lies ready.
"""

from __future__ import annotations

import dataclasses
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dllab.engine import executor
from dllab.engine.binding import Bound
from dllab.engine.network import Network
from dllab.engine.pace import TARGET
from dllab.engine.question import question_of
from dllab.lab import peers, roofline
from dllab.lab.bench_cases import CASES, LETTERS, BenchCase, TextCase
from dllab.lab.peers import ROUND, Contender
from dllab.lab.recording import EVERY, MOST, watch
from dllab.plan.plan import HISTORY_STEPS, Plan
from dllab.recipe import load
from dllab.runs.machine import processor
from dllab.symbols import COLUMN

LEAST_ROWS = 1024
ROUNDS = 5
WATCHED = "dllab with probes"
REST = 0.05  # seconds between contenders: threads of the one before stop spinning


@dataclass(frozen=True)
class Timing:
    """A case's figures. `peers` maps each contender to microseconds a step."""

    case: BenchCase
    us_per_step: float
    shards: int
    roofline_us: float
    peers: dict[str, float] = field(default_factory=dict)
    watched_us: float | None = None  # microseconds a step with probes, where they are asked for

    @property
    def probes_percent(self) -> float | None:
        """What recording with probes adds to a step."""
        return None if self.watched_us is None else 100 * (self.watched_us / self.us_per_step - 1)

    @property
    def samples_per_second(self) -> float:
        """Examples trained on in a second."""
        return self.case.batch / self.us_per_step * 1e6

    @property
    def gflops(self) -> float:
        """10^9 additions and multiplications a second, of the products alone."""
        return 2 * self.case.multiply_adds / self.us_per_step / 1e3

    @property
    def roofline_percent(self) -> float:
        """The least time the machine needs (products and the optimizer's memory traffic), in percent of the time taken."""
        return 100 * self.roofline_us / self.us_per_step

    @property
    def fastest(self) -> str | None:
        """The fastest peer."""
        return min(self.peers, key=self.peers.__getitem__) if self.peers else None

    @property
    def ratio_to_fastest(self) -> float | None:
        """How many times as long as dllab the fastest peer takes."""
        return self.peers[self.fastest] / self.us_per_step if self.fastest else None


@dataclass(frozen=True)
class Doing:
    """What is being done, for a progress display: `done` of `total` pieces of work."""

    done: int
    total: int
    what: str


def run(
    cases: Sequence[BenchCase] = CASES, against: Sequence[str] = (), rounds: int = ROUNDS, probes: bool = False
) -> Iterator[Doing | Timing]:
    """Time each case, in turns with the peers named in `against` (which must be installed), and with probes of its own."""
    pieces, done = len(cases) * (1 + len(against) + rounds), 0
    for case in cases:
        yield Doing(done, pieces, f"{case.name}: dllab")
        shards, own = _own(case)
        contenders: dict[str, Contender] = {"dllab": own}
        if probes:
            contenders[WATCHED] = _own(case, probes=True)[1]
        done += 1
        for peer in against:
            yield Doing(done, pieces, f"{case.name}: {peer}")
            contenders.update(peers.contenders(peer, case))
            done += 1
        best = dict.fromkeys(contenders, np.inf)
        for number in range(rounds):
            yield Doing(done, pieces, f"{case.name}: round {number + 1} of {rounds}")
            for name, contender in contenders.items():
                time.sleep(REST)
                best[name] = min(best[name], contender())
            done += 1
        limit = roofline.measure(case.parameters)
        least = limit.seconds(2 * case.multiply_adds, roofline.adam_bytes(case.parameters))
        own_us, watched = best.pop("dllab") * 1e6, best.pop(WATCHED) * 1e6 if probes else None
        yield Timing(case, own_us, shards, least * 1e6, {name: seconds * 1e6 for name, seconds in best.items()}, watched)


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "processor": processor(),
        "cores": executor.free_cores(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def recipe_of(case: BenchCase) -> dict[str, Any]:
    """The case as a recipe."""
    return {
        "input": list(case.input),
        "model": case.model,
        "loss": "cross_entropy",
        "optimizer": {"adam": 0.001},
        "train": {"batch": case.batch},
    }


def _own(case: BenchCase, probes: bool = False) -> tuple[int, Contender]:
    """The number of shards of the case's plan, and a function that times one round of training steps.

    `probes`: of everything, looking as often as in a long training.
    """
    recipe = load(recipe_of(case))
    question = question_of(recipe, None, batch=case.batch)
    plan = Plan(question)
    if probes:
        found, every = watch(plan, EVERY * MOST)
        plan = Plan(dataclasses.replace(question, probes=found, probe_every=every))
    network = Network(plan, recipe)
    rows = max(LEAST_ROWS, case.batch)
    rng = np.random.default_rng(0)
    steps = case.input if isinstance(case, TextCase) else ()
    x = rng.integers(0, LETTERS, (rows, *steps)) if steps else rng.normal(size=(rows, *case.input))
    columns = {
        COLUMN + "inputs": x.astype(np.float32),
        COLUMN + "targets": rng.integers(0, case.classes, (rows, *steps)).astype(np.int32),
    }
    order = np.arange(rows)
    bound = Bound(network.memory, "train", case.batch, columns, order.copy(), base=order)
    return bound.shards, _rounds(lambda first, last: executor.run(bound, first, last, np.full(last - first, 1e-3)))


def _rounds(steps: Callable[[int, int], Any]) -> Contender:
    """Warm up, find out how many steps fill a round, and time rounds of so many, in calls as training makes them."""
    taken = 0

    def seconds(count: int) -> float:
        nonlocal taken
        start = time.perf_counter()
        end = taken + count
        while taken < end:
            last = min(end, taken + chunk)
            steps(taken, last)
            taken = last
        return time.perf_counter() - start

    chunk = 50
    per_step = min(seconds(50) for _ in range(4)) / 50
    chunk = max(1, min(HISTORY_STEPS, int(TARGET / per_step)))
    count = max(chunk, int(ROUND / per_step))
    return lambda: seconds(count) / count
