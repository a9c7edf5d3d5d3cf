"""`dllab compare`: values of options, or recipes, beside each other, with the same seeds and an honest verdict."""

from __future__ import annotations

from typing import Annotated

import typer

from dllab.cli.comparing import USUAL_SEEDS, Aim, FirstSeed, Jobs, Judge, Seeds, WatchRace
from dllab.cli.options import Json, Quiet, RecipeName, Settings, Trust
from dllab.cli.saving import Save


def compare(
    recipe: RecipeName,
    more: Annotated[
        list[str] | None,
        typer.Argument(
            help="Values to compare, such as optimizer.lr=0.1,0.01 or schedule=constant,cosine, and more recipes.",
            metavar="RECIPE|KEY=VALUE",
        ),
    ] = None,
    settings: Settings = None,
    seeds: Seeds = USUAL_SEEDS,
    seed: FirstSeed = None,
    metric: Judge = None,
    target: Aim = None,
    jobs: Jobs = None,
    watch: WatchRace = None,
    save: Save = None,
    as_json: Json = False,
    quiet: Quiet = False,
    trust: Trust = False,
) -> int:
    """Compare values of any option, or recipes, with the same seeds.

    KEY=VALUE,VALUE is compared value by value; several of them make a grid; KEY=VALUE changes all. Recipes must be judged
    by the same rows and figure: where they are not, the output says so and gives no verdict. Nothing is tuned. Table and
    verdict are as in compare-optimizers.

    Divergence is counted, not an error. Exit code 2 for an error in a recipe or the options, 130 after Ctrl-C, which shows
    what has ended so far. No run is kept.
    """
    from dllab.cli import comparing, saving

    saving.check(save)
    aim = comparing.target_of(target)
    from dllab.lab import contenders as lab
    from dllab.lab.compare import Wanted

    recipes = [recipe, *(word for word in more or () if "=" not in word)]
    changes = [*(word for word in more or () if "=" in word), *(settings or ())]
    found = comparing.unfit(lambda: lab.variants(recipes, changes, trust=trust))
    words = [*recipes, *changes, *(["--trust"] if trust else [])]
    options = {
        "--seeds": seeds if seeds != USUAL_SEEDS else None, "--seed": seed, "--metric": metric, "--target": target,
        "--jobs": jobs,
    }  # fmt: skip
    wanted = Wanted(comparing.seeds_from(seed, found, seeds), metric=metric, target=aim, jobs=jobs)
    several = len({contender.recipe.name for contender in found}) == len(found)
    return comparing.run(
        found, wanted, kind="variants", what="recipes" if several else "variants", quiet=quiet, as_json=as_json,
        trust=trust, watch=watch, save=save, title=comparing.line_of("compare", words, options),
        commands=lambda result: comparing.next_lines(result, "compare", words, options),
    )  # fmt: skip
