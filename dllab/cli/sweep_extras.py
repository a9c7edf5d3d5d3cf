"""What `dllab sweep` needs other packages for: workers elsewhere, and a search."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

from dllab.cli.failures import Refused, say

if TYPE_CHECKING:
    from dllab.lab.cluster import Cluster


def check_search(search: str | None, sample: int | None, no_prune: bool) -> None:
    """Raises Refused for a search that cannot be."""
    if search is None:
        if no_prune:
            raise Refused("--no-prune: only a search prunes", "such as: --search tpe --sample 100 --no-prune")
        return
    from dllab.lab.search import KINDS
    from dllab.recipe.errors import one_of, show

    if search not in KINDS:
        raise Refused(f"--search {show(search)}: no such search", one_of(list(KINDS), search))
    if sample is None:
        raise Refused("--search needs to know how many settings to try", "such as: --search tpe --sample 100")


@contextlib.contextmanager
def connected(address: str | None, jobs: int | None) -> Iterator[Cluster | None]:
    """The cluster at an address, if there is to be one. Raises Refused where it does not answer, or cannot go on."""
    if address is None:
        yield None
        return
    if jobs is not None:
        raise Refused("--jobs counts members on this machine; with --cluster the workers say how many they train",
                      "such as: dask worker ADDRESS --nworkers 4 --nthreads 1")  # fmt: skip
    if find_spec("distributed") is None:
        raise Refused("--cluster needs the package distributed, which is not installed", "pip install 'dllab[cluster]'")
    from dllab.lab.cluster import Cluster
    from dllab.lab.cluster_address import NoCluster

    try:
        cluster = Cluster(address)
        try:
            yield cluster
        finally:
            cluster.close()
    except NoCluster as error:
        raise Refused(error.problem, error.hint) from None


def tell_differences(cluster: Cluster | None, told: set[str]) -> None:
    """Say once how workers differ from this machine."""
    for note in cluster.notes if cluster is not None else ():
        if note not in told:
            told.add(note)
            say(f"bits may differ from those of this machine: {note}")
