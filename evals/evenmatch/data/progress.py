"""What a long step tells about itself while it runs; how it is shown is somebody else's."""

from __future__ import annotations

from typing import Protocol, Self


class ProgressTask(Protocol):
    """One running step, used as a context manager."""

    def advance(self, amount: int) -> None:
        """Say that so many more units are done."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class Progress(Protocol):
    """Starts a step: a description for a person and the number of units, where it is known."""

    def __call__(self, description: str, total: int | None) -> ProgressTask:
        """Return the running step."""
        ...


class _SilentTask:
    def advance(self, amount: int) -> None:
        """Show nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Let every exception pass."""


def silent(description: str, total: int | None) -> ProgressTask:  # noqa: ARG001 - the protocol's
    """Return a step that shows nothing."""
    return _SilentTask()
