"""Watches how much memory this process holds while something runs."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

from evenmatch.scoring.memory import peak_memory

if TYPE_CHECKING:
    from types import TracebackType

PERIOD = 0.005  # seconds between looks


class MemoryWatch:
    """Notes the most memory held inside a `with` block.

    Attributes:
        rise: bytes that the most memory held exceeds that at the start.
    """

    def __init__(self) -> None:
        self.rise = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._start = held_memory()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.is_set():
            self.rise = max(self.rise, held_memory() - self._start)
            self._stop.wait(PERIOD)


def held_memory() -> int:
    """Return the bytes this process holds now; the most it ever held where no system tells."""
    statm = Path("/proc/self/statm")
    if sys.platform != "linux" or not statm.is_file():
        return peak_memory()
    import resource  # noqa: PLC0415 -- not on every system

    return int(statm.read_text().split()[1]) * resource.getpagesize()
