"""A Dask client without a cluster, whose workers do as they are told."""

from __future__ import annotations

from typing import Any

from dllab.lab import cluster_batch
from dllab.lab.sweep import Done


class FakeFuture:
    call: Any

    def __init__(self, status: str, value: Any = None) -> None:
        self.status, self.value = status, value

    def add_done_callback(self, call: Any) -> None:
        call(self)

    def exception(self) -> Any:
        return self.value

    def result(self, timeout: float) -> Any:
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


class FakeClient:
    """Trains at once; dies of members whose numbers are in `deadly`."""

    def __init__(self, deadly: set[int] = frozenset()) -> None:  # type: ignore[assignment]
        self.deadly, self.sizes, self.status = deadly, [], "running"  # type: ignore[var-annotated]
        self.takes, self.lost = 0.001, 0
        self.around = cluster_batch.here()
        self.error: Exception | None = None

    def run(self, function: Any, *arguments: Any, on_error: str) -> dict[str, Any]:
        return {"tcp://a:1": self.around}

    def nthreads(self) -> dict[str, int]:
        return {"tcp://a:1": 2}

    def cancel(self, futures: Any) -> None:
        pass

    def submit(self, function: Any, job: Any, batch: Any, **options: Any) -> FakeFuture:
        from distributed.scheduler import KilledWorker

        self.sizes.append(len(batch))
        if self.error is not None:
            return FakeFuture("error", self.error)
        if self.lost and len(self.sizes) == self.lost:
            return FakeFuture("finished", OSError("its worker is gone"))
        if any(member.index in self.deadly for member in batch):
            return FakeFuture("error", KilledWorker("key", None, 3))  # type: ignore[arg-type]
        ended = [Done(member, "finished", 1) for member in batch]
        return FakeFuture("finished", cluster_batch.Back("tcp://b:1", self.around, ended, self.takes * len(batch)))


class Neighbours(FakeClient):
    """As Dask: a death is that of all that the worker had. Batches end together, whenever the client is looked at."""

    def __init__(self, deadly: set[int]) -> None:
        self._waiting: list[FakeFuture] = []
        super().__init__(deadly)

    @property
    def status(self) -> str:
        """Ends what is in training."""
        waiting, self._waiting = self._waiting, []
        killed = next((one for one in waiting if one.status == "error"), None)
        for future in waiting:
            if killed is not None:
                future.status, future.value = killed.status, killed.value
            future.call(future)
        return "running"

    @status.setter
    def status(self, status: str) -> None:
        assert status == "running"

    def submit(self, function: Any, job: Any, batch: Any, **options: Any) -> FakeFuture:
        future = super().submit(function, job, batch, **options)
        future.add_done_callback = lambda call: setattr(future, "call", call)  # type: ignore[method-assign]
        self._waiting.append(future)
        return future
