"""How kernels are compiled: cached on disk, free of the interpreter lock, never reordering sums."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from numba import njit

if TYPE_CHECKING:
    from collections.abc import Callable

Kernel = TypeVar("Kernel", bound="Callable[..., Any]")


def compiled(function: Kernel) -> Kernel:
    """Compile a kernel for threads of our own; `fastmath` stays off, since it moves counts."""
    kernel = njit(cache=True, nogil=True, error_model="numpy")(function)
    return cast("Kernel", kernel)


def inlined(function: Kernel) -> Kernel:
    """Compile a part of kernels into each of them, so that its loops see their memory."""
    kernel = njit(inline="always", error_model="numpy", nogil=True)(function)
    return cast("Kernel", kernel)
