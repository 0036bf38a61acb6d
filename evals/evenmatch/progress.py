"""Progress bars on the terminal: rate and time left, and nothing where nobody watches."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as RichBar
from rich.progress import Task as RichTask

from evenmatch.data.progress import silent

if TYPE_CHECKING:
    from evenmatch.data.progress import ProgressTask

DELAY_SECONDS = 2.0


def terminal_progress(description: str, total: int | None) -> ProgressTask:
    """Return a bar on standard error, or silence where that is no terminal."""
    if not sys.stderr.isatty():
        return silent(description, total)
    return TerminalTask(description, total)


class RateColumn(TextColumn):
    """Units a second."""

    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: RichTask) -> str:  # type: ignore[override]
        """Show the speed, once there is one."""
        return f"{task.speed:.3g}/s" if task.speed else ""


class TerminalTask:
    """A bar that appears once its step has run for two seconds and leaves no trace."""

    def __init__(
        self,
        description: str,
        total: int | None,
        *,
        console: Console | None = None,
        delay: float = DELAY_SECONDS,
    ) -> None:
        self._bar = RichBar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            RateColumn(),
            TimeRemainingColumn(),
            console=console or Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task(description, total=total)
        self._timer = threading.Timer(delay, self._bar.start)
        self._timer.daemon = True

    def advance(self, amount: int) -> None:
        """Say that so many more units are done."""
        self._bar.advance(self._task, amount)

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()
        self._bar.stop()
