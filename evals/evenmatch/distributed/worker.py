"""What runs in the cluster's processes: opens what was sent once, and does parts with it."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import numpy as np

from evenmatch.ending import as_failure
from evenmatch.errors import EvenmatchError, OutsideError, RequestError

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


@dataclass(frozen=True)
class Failed:
    """Why a part has no answer; it travels as an answer does.

    Of an error that leaves this function Ray would keep the words and those of every error before
    it, in logs and in its list of tasks, and a stranger's error may quote a file's name or pixels.
    """

    error: EvenmatchError


def do_part(shared: list[Any], version_there: tuple[str, ...], item: Any) -> Any:  # noqa: ANN401
    """Return a part's answer, or why there is none.

    Args:
        shared: a list of one reference, so that Ray leaves fetching it to this function.
        version_there: the packages of the process that asks.
        item: the part.
    """
    try:
        return _answer(shared, version_there, item)
    except Exception as error:  # noqa: BLE001 - whatever it is, its words go no further
        return Failed(as_failure(error) or _unforeseen(error))


def _unforeseen(error: Exception) -> OutsideError:
    """Say what kind of error it was and where, and nothing that it said."""
    at = traceback.extract_tb(error.__traceback__)[-1]
    return OutsideError(
        f"a process of the cluster failed ({type(error).__name__} in {Path(at.filename).name}, "
        f"line {at.lineno}); run again with `engine: local` to see what it says: it was not "
        "passed on, since it could name somebody."
    )


def _answer(shared: list[Any], version_there: tuple[str, ...], item: Any) -> Any:  # noqa: ANN401
    """Do a part with what was sent.

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
