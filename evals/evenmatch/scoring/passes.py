"""One pass over all tiles of a plan, shared out among threads."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from evenmatch.scoring.exact import Vectors
    from evenmatch.scoring.sides import Task
    from evenmatch.scoring.tile import Float64, Int32, Int64

    Report = Callable[[int], None]


class Sized(Protocol):
    """A piece of the work that knows how many scores it holds."""

    @property
    def size(self) -> int:
        """Scores in the task."""
        ...


Job = TypeVar("Job", bound=Sized)


class Tiles(Protocol):
    """What a device can do with a tile."""

    def load(self, task: Task) -> None:
        """Score a tile; the other methods then speak of it."""
        ...

    @property
    def groups(self) -> tuple[Int32, Int32]:
        """Keys of the runs of rows and of columns."""
        ...

    def count(self, cells: Int64) -> None:
        """Add the tile to the histograms of its cells."""
        ...

    def collect(self, cuts: Float64) -> tuple[Int32, Int32, Vectors]:
        """Return places of rows and columns, and exact scores, that reach their cell's cut."""
        ...

    def levels(self, cuts: Float64) -> tuple[Int32, Int32, Int32]:
        """Return places of rows and columns that reach the lowest cut, and how many they reach."""
        ...


def core_count(threads: int) -> int:
    """Return how many threads to use; 0 asks for every core this process may use."""
    if threads:
        return threads
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run(
    tasks: Iterable[Job],
    start: Callable[[int], Callable[[Job], None]],
    threads: int,
    report: Report | None = None,
) -> None:
    """Do every task once.

    Args:
        tasks: the tiles.
        start: makes one thread's worker, given the thread's number.
        threads: how many threads.
        report: told how many scores each finished tile held.
    """
    shared = _Shared(iter(tasks))

    def work(number: int) -> None:
        worker = start(number)
        while (task := shared.take()) is not None:
            worker(task)
            if report is not None:
                report(task.size)

    with ThreadPoolExecutor(threads) as pool:
        done = [pool.submit(work, number) for number in range(threads)]
        try:
            for future in done:
                future.result()
        finally:
            shared.stop()


class _Shared(Generic[Job]):
    """Tasks that threads take in turn."""

    def __init__(self, tasks: Iterator[Job]) -> None:
        self._tasks = tasks
        self._lock = threading.Lock()

    def take(self) -> Job | None:
        """Return the next task, or None."""
        with self._lock:
            return next(self._tasks, None)

    def stop(self) -> None:
        """Give out no further task."""
        with self._lock:
            self._tasks = iter(())
