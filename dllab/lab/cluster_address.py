"""Where a Dask scheduler answers, and what is said where none does."""

from __future__ import annotations

import asyncio
import logging
import socket
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distributed import Client

ANSWER = 10.0
"""Seconds within which a scheduler answers."""

HINT = "the line `dask scheduler` prints has the address, such as tcp://192.168.1.5:8786; docs/cluster.md says more"
CERTIFICATES = "the certificates for tls:// stand in Dask's own configuration, under distributed.comm.tls; docs/cluster.md"


class NoCluster(Exception):
    """A cluster that cannot train a sweep; `hint` says what to do."""

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(problem)
        self.problem, self.hint = problem, hint


def connected(address: str) -> Client:
    """Raises NoCluster."""
    import distributed

    _silence()
    try:
        protocol, host, port = _place(address)
        with socket.create_connection((host, port), timeout=ANSWER) as there:
            if protocol == "tcp" and not there.recv(1):  # a scheduler speaks first; others wait to be spoken to
                raise OSError("closed")
    except ValueError as error:
        raise NoCluster(f"--cluster {address}: {error}", HINT) from None
    except OSError:
        raise NoCluster(f"--cluster {address}: no Dask scheduler answers there", HINT) from None
    try:
        asyncio.run(_greeted(address))  # a client that fails to begin would keep this process from its end
        return distributed.Client(address, timeout=ANSWER, set_as_default=False, name="dllab")
    except Exception:  # what another service says is read as numbers and sizes, and any of these may be wrong
        hint = CERTIFICATES if protocol == "tls" else HINT
        raise NoCluster(f"--cluster {address}: what answers there does not speak as a Dask scheduler", hint) from None


async def _greeted(address: str) -> None:
    """Raises whatever may go wrong where no scheduler says what it is."""
    from distributed import Security
    from distributed.comm.core import connect
    from distributed.core import send_recv

    comm = await connect(address, timeout=ANSWER, **Security().get_connection_args("client"))
    try:
        told = await asyncio.wait_for(send_recv(comm, op="identity"), ANSWER)
    finally:
        comm.abort()
    if told["type"] != "Scheduler":
        raise ValueError(told["type"])


def _silence() -> None:
    """Dask's own lines would stand between those of the lab."""
    import distributed

    warnings.filterwarnings("ignore", category=distributed.versions.VersionMismatchWarning)
    warnings.filterwarnings("ignore", message="Sending large graph")  # weights to begin with travel in each batch
    for name in list(logging.root.manager.loggerDict):
        if name.split(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL)


def _place(address: str) -> tuple[str, str, int]:
    """Protocol, host and port. Raises ValueError."""
    from distributed.comm.addressing import parse_address, parse_host_port

    protocol, place = parse_address(address)
    if protocol not in ("tcp", "tls"):
        raise ValueError(f"tcp and tls are known, {protocol} is not")
    host, port = parse_host_port(place)
    return protocol, host, port
