"""How kernels are compiled: cached on disk, free of the interpreter lock, never reordering sums.

Numba forces nothing to the disk that it caches, and notes a kernel before its code is there. So the
code is kept with a digest of it and of its source, and compiled anew where that does not agree: a
power cut or a kill must neither end every later run nor have it count by another version's code.
"""

from __future__ import annotations

import hashlib
import pickle
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar, cast

from numba import njit
from numba.core import serialize
from numba.core.caching import CompileResultCacheImpl, FunctionCache

if TYPE_CHECKING:
    from collections.abc import Callable

Kernel = TypeVar("Kernel", bound="Callable[..., Any]")


class _Code(CompileResultCacheImpl):
    """What is kept of a compiled kernel: its code, and a digest."""

    def reduce(self, cres: Any) -> tuple[bytes, bytes]:  # noqa: ANN401 - numba's own
        numba: Any = serialize
        above: Any = super()
        code: bytes = numba.dumps(above.reduce(cres))
        return self._digest(code), code

    def rebuild(self, target_context: Any, payload: tuple[bytes, bytes]) -> Any:  # noqa: ANN401
        digest, code = payload
        if digest != self._digest(code):
            raise ValueError("damaged, or of another source")
        above: Any = super()
        return above.rebuild(target_context, pickle.loads(code))  # noqa: S301 - written by reduce

    def _digest(self, code: bytes) -> bytes:
        source = repr(self.locator.get_source_stamp()).encode()
        return hashlib.sha256(source + b"\0" + code).digest()


class _Cache(FunctionCache):
    """The cache of one kernel, which begins anew where it is damaged."""

    _impl_class = _Code

    def load_overload(self, sig: Any, target_context: Any) -> Any:  # noqa: ANN401 - numba's own
        above: Any = super()
        try:
            return above.load_overload(sig, target_context)
        except Exception:  # noqa: BLE001 - whatever unpickling garbage raises
            with suppress(OSError):
                above.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:  # noqa: ANN401 - as above
        above: Any = super()
        with suppress(OSError):  # a full disk costs the next run a compilation
            above.save_overload(sig, data)


def compiled(function: Kernel) -> Kernel:
    """Compile a kernel for threads of our own; `fastmath` stays off, since it moves counts."""
    kernel: Any = njit(nogil=True, error_model="numpy")(function)
    cache: Any = _Cache
    if kernel is not function:  # as where numba is told to compile nothing
        with suppress(RuntimeError):  # no folder that may be written to: nothing is kept
            kernel._cache = cache(function)  # noqa: SLF001 - there is no other way in
    return cast("Kernel", kernel)


def inlined(function: Kernel) -> Kernel:
    """Compile a part of kernels into each of them, so that its loops see their memory."""
    kernel = njit(inline="always", error_model="numpy", nogil=True)(function)
    return cast("Kernel", kernel)
