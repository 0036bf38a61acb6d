"""What runs in the cluster's processes: opens what was sent once, and does parts with it."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import numpy as np

from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = TypeVar("Answer")
Answer_co = TypeVar("Answer_co", covariant=True)


class Sent(Protocol[Answer_co]):
    """What every part of a piece of work needs; read-only, and sent once to each machine."""

    def open(self) -> Callable[[Any], Answer_co]:
        """Return the function of a part; called once by each process."""
        ...


class _Held(Generic[Answer]):
    """What this process opened last."""

    key: str = ""
    function: Callable[[Any], Any] | None = None


def do_part(shared: list[Any], version_there: tuple[str, ...], item: Any) -> Any:  # noqa: ANN401
    """Return a part's answer.

    Args:
        shared: a list of one reference, so that Ray leaves fetching it to this function.
        version_there: the packages of the process that asks.
        item: the part.

    Raises:
        RequestError: this machine's program is another one, and could count differently.
    """
    if version_there != version_here():
        raise RequestError(
            f"compute.engine: a machine of the cluster has {_words(version_here())} where this "
            f"one has {_words(version_there)}; install the same versions on all of them."
        )
    key = shared[0].hex()
    if _Held.key != key or _Held.function is None:
        _Held.key, _Held.function = "", None  # let go of what was held before
        _Held.function = fetched(shared[0]).open()
        _Held.key = key
    return _Held.function(item)


def fetched(reference: Any) -> Any:  # noqa: ANN401
    """Return what a reference of Ray's stands for; of arrays, a view of this machine's store."""
    ray: Any = import_module("ray")  # optional
    return ray.get(reference)


@cache
def version_here() -> tuple[str, ...]:
    """Return the versions that two machines have to share."""
    return version("evenmatch"), np.__version__


def _words(versions: tuple[str, ...]) -> str:
    return f"evenmatch {versions[0]} with numpy {versions[1]}"
