"""Where the weights of `init_from` come from: a run that was kept, or a recipe, which is trained first if it never was."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from dllab.data.dataset import Prepared
from dllab.engine.network import Network
from dllab.engine.prepare import plan_of, prepared
from dllab.engine.question import question_of
from dllab.recipe import Problem, Recipe, RecipeError, load, shipped
from dllab.recipe.errors import did_you_mean
from dllab.recipe.find import ENDINGS
from dllab.recipe.place import visible
from dllab.runs.data_file import digest
from dllab.runs.disk import StoreError, read_file
from dllab.runs.find import find_run, runs_in
from dllab.runs.machine import surroundings
from dllab.runs.result import Result
from dllab.runs.store import BEST, RECIPE, WEIGHTS, RunFolder, check_has_net, root_of, weights_of
from dllab.training.events import Compiling, Event, FirstTraining, Progress, Started
from dllab.training.state import net_views
from dllab.training.transfer import Source, by_place, fit, shapes_of

FILES = {"last": WEIGHTS, "best": BEST}
ENDED = ("finished", "stopped")

Listener = Callable[[Event], None]
Train = Callable[[Recipe, Listener], Result]


class NoWeights(RecipeError):
    """The weights cannot be had, whatever net is to begin with them: asking again would train in vain once more."""


def source_of(recipe: Recipe, network: Network, run_dir: str | Path | None, listener: Listener, train: Train,
              around: Sequence[Recipe] = (), trust: bool = False) -> Source:  # fmt: skip
    """The weights that a recipe's `init_from` names, which fit its network.

    `train` trains a recipe, `around` are those that wait for this one. Raises RecipeError where nothing is found or fits.
    """
    assert recipe.init_from is not None
    name, place = recipe.init_from.source, recipe.place("init_from")
    path = _run(name, run_dir)
    if path is not None:
        try:
            found = _kept(recipe, path)
        except StoreError as error:
            problem, _, hint = str(error).partition("\n")
            raise RecipeError([Problem(f"init_from: {problem}", place, hint.strip())]) from None
        fit(recipe, network, shapes_of(found.arrays))
        return found
    first = _recipe(recipe, name, run_dir, trust)
    _check_circle(recipe, first, around)
    return _trained(recipe, first, network, run_dir, listener, train)


def _run(name: str, run_dir: str | Path | None) -> Path | None:
    """The run of that name or path, or None."""
    try:
        return find_run(name, run_dir)
    except StoreError:
        return None


def _recipe(recipe: Recipe, name: str, run_dir: str | Path | None, trust: bool) -> Recipe:
    """The recipe of that name or path. Raises RecipeError where there is none, and none that could be meant."""
    if Path(name).is_file() or name in shipped():
        return load(name, trust=trust)
    root = root_of(run_dir)
    runs = [run.name for run in runs_in(root)]
    where = f"runs are looked for in the folder {root}, recipes among those of `dllab recipes`; a file is given by its path"
    beside = [path.name for path in Path(name).parent.glob("*") if name.endswith(ENDINGS) and path.suffix in ENDINGS]
    meant = did_you_mean(Path(name).name, [*runs, *shipped(), *beside])
    problem = f"init_from: '{visible(name)}' is neither a run nor a recipe"
    raise RecipeError([Problem(problem, recipe.place("init_from"), f"{where}.{meant}".removesuffix("."))])


def _check_circle(recipe: Recipe, first: Recipe, around: Sequence[Recipe]) -> None:
    chain = [*around, recipe, first]
    if first.init_from is not None and any(_same(first, other) for other in chain[:-1]):
        way = " → ".join(one.name for one in chain)
        hint = "let one of them begin with new weights, without init_from"
        raise RecipeError([Problem(f"init_from goes round in a circle: {way}", recipe.place("init_from"), hint)])


def _same(one: Recipe, other: Recipe) -> bool:
    paths = [recipe.source_path for recipe in (one, other)]
    return all(paths) and len({path.resolve() for path in paths if path is not None}) == 1


def _trained(recipe: Recipe, first: Recipe, network: Network, run_dir: str | Path | None, listener: Listener,
             train: Train) -> Source:  # fmt: skip
    """The weights of a recipe: of a run of it that was kept, else it is trained now."""
    assert recipe.init_from is not None
    data = _data_of(recipe, first)
    net = Network(plan_of(first, question_of(first, data)), first)
    fit(recipe, network, shapes_of(net_views(net)))
    kept = _run_of(recipe, first, data, root_of(run_dir))
    if kept is not None:
        return kept
    result = train(first, _relayed(first.name, listener))
    if result.status not in ENDED:
        hint = f"see why: dllab train {first.source_path or first.name}"
        problem = f"init_from: {first.name} is trained first, and {result.status} after {result.steps:,} steps"
        raise NoWeights([Problem(problem, recipe.place("init_from"), hint)])
    if result.folder is not None:
        return _kept(recipe, result.folder)
    facts = {"recipe": first.name, "final": result.metrics}
    return Source(weights_of(result.network), _origin(recipe, facts, None, None))


def _data_of(recipe: Recipe, first: Recipe) -> Prepared:
    """The data of a recipe that is to be trained first. Raises RecipeError for one that leaves no such weights."""
    assert recipe.init_from is not None
    data, problem, hint = prepared(first), "", ""
    if first.train.folds is not None:
        problem, hint = "is trained in folds, which leaves no net", "name a recipe without train.folds"
    elif data is None:
        problem, hint = "has no data to train on", "name a recipe with data:, or a run"
    elif recipe.init_from.weights == "best" and not first.train.checkpoint.best:
        problem, hint = "keeps no best weights", "give it train: {checkpoint: {best: true}}, or take its last weights"
    if data is None or problem:
        raise RecipeError([Problem(f"init_from: the recipe {first.name} {problem}", recipe.place("init_from"), hint)])
    return data


def _run_of(recipe: Recipe, first: Recipe, data: Prepared, root: Path) -> Source | None:
    """The newest run of just that recipe, on these data, by this version of the lab, that came to its end undamaged."""
    text = first.to_yaml().encode()
    for path in runs_in(root):
        folder = RunFolder(path)
        try:
            if read_file(path / RECIPE) != text or not _whole(folder.read_status(), first):
                continue
            if folder.read_data().get("digest") == digest(data):
                return _kept(recipe, path)
        except StoreError:
            continue  # damaged, or without such weights
    return None


def _whole(status: dict[str, Any], first: Recipe) -> bool:
    """Whether a run was trained from beginning to end with the recipe as it is now."""
    resumed = status.get("resumed") or []
    return (
        status["status"] in ENDED
        and status.get("versions") == surroundings()["versions"]
        and status.get("used", {}) == first.used
        and isinstance(resumed, list)
        and not any(again.get("changes") for again in resumed)
    )


def _kept(recipe: Recipe, path: Path) -> Source:
    """The weights of a run's folder. Raises StoreError where they are missing or damaged."""
    assert recipe.init_from is not None
    folder, name = RunFolder(path), FILES[recipe.init_from.weights]
    status = folder.read_status()
    check_has_net(status, path)
    if not folder.has(name):
        raise StoreError(f"{path} has no {name}\n  {_why(name)}")
    kept, _ = folder.read_arrays(name)
    arrays = dict(sorted(kept.items(), key=by_place))  # a file of weights has no order of its own
    return Source(arrays, _origin(recipe, status, path, hashlib.sha256(read_file(path / name)).hexdigest()))


def _why(name: str) -> str:
    best = name == BEST
    return "only train: {checkpoint: {best: true}} keeps them" if best else "it was killed, or is still being trained"


def _origin(recipe: Recipe, status: dict[str, Any], path: Path | None, checksum: str | None) -> dict[str, Any]:
    """What a run tells of where its weights come from; figures only where they are those of these weights."""
    assert recipe.init_from is not None
    told = {
        "from": recipe.init_from.source,
        "run": None if path is None else str(path),
        "recipe": status.get("recipe"),
        "weights": recipe.init_from.weights,
        "sha256": checksum,
    }
    final = status.get("final")
    test = final.get("test") if isinstance(final, dict) and recipe.init_from.weights == "last" else None
    if isinstance(test, dict):
        told["test"] = {name: value for name, value in test.items() if isinstance(value, int | float)}
    return told


def _relayed(name: str, listener: Listener) -> Listener:
    """Tells the progress of a training as that of one that comes first."""

    def relay(event: Event) -> None:
        if isinstance(event, Started):
            listener(FirstTraining(name, event.first, event.steps, 0.0))
        elif isinstance(event, Progress):
            listener(FirstTraining(name, event.step, event.steps, event.seconds))
        elif isinstance(event, Compiling | FirstTraining):
            listener(event)

    return relay
