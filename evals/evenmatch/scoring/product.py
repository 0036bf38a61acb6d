"""The matrix product under everything: whichever library is fastest on this machine.

No count depends on the choice: a product only says which scores have to be looked at.
"""

from __future__ import annotations

import importlib.util
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from evenmatch.scoring.exact import Vectors

    Multiply = Callable[[Vectors, Vectors, Vectors], Vectors]

WORTH_IMPORTING = 10**11  # multiplications from which importing torch pays for itself
WORTH_CHOOSING = 10**9  # multiplications from which a short race between libraries does
RACE = (256, 1024)  # rows and columns of the product that they are timed on
LAPS = 3


@dataclass(frozen=True)
class Product:
    """A library's matrix product.

    Attributes:
        name: the library.
        multiply: function (rows, columns, room) that returns rows @ columns.T; it may use the
            room, and may be called by many threads at once.
        strided: whether it takes parts of rows as they are.
    """

    name: str
    multiply: Multiply
    strided: bool = True


@contextmanager
def fastest_product(multiplications: float, dimension: int) -> Iterator[Product]:
    """Give the product to use.

    Every thread multiplies by itself: tiles are shared out among threads, not taken apart.

    Args:
        multiplications: how many there will be; a few are not worth importing torch for.
        dimension: length of a template.
    """
    with ExitStack() as stack:
        stack.enter_context(_numpy_alone())
        if "torch" in sys.modules or (multiplications >= WORTH_IMPORTING and _installed("torch")):
            stack.enter_context(torch_alone())
        yield _fastest(dimension) if multiplications >= WORTH_CHOOSING else _PRODUCTS[0]


def _fastest(dimension: int) -> Product:
    """Return the fastest of the libraries that are loaded."""
    loaded = ["numpy"]
    if "torch" in sys.modules:
        loaded += ["torch", "onednn"] if _has_onednn() else ["torch"]
    return _PRODUCTS[_winner(tuple(loaded), dimension)]


@cache
def _winner(names: tuple[str, ...], dimension: int) -> int:
    """Return the place of the product that is fastest at this dimension."""
    rng = np.random.default_rng(0)
    rows, columns = (rng.random((size, dimension), dtype=np.float32) for size in RACE)
    room = np.empty(RACE, np.float32)
    times = []
    for product in _PRODUCTS:
        laps = [np.inf]
        for _ in range((LAPS + 1) * (product.name in names)):
            start = perf_counter()
            product.multiply(rows, columns, room)
            laps.append(perf_counter() - start)
        times.append(min(laps))
    return int(np.argmin(times))


def _with_numpy(rows: Vectors, columns: Vectors, room: Vectors) -> Vectors:
    return np.matmul(rows, columns.T, out=room)


def _with_torch(rows: Vectors, columns: Vectors, room: Vectors) -> Vectors:
    torch = sys.modules["torch"]
    torch.mm(torch.from_numpy(rows), torch.from_numpy(columns).T, out=torch.from_numpy(room))
    return room


def _with_onednn(rows: Vectors, columns: Vectors, room: Vectors) -> Vectors:
    """Multiply with oneDNN, which torch carries but uses for float32 only in networks.

    On AMD processors it is twice as fast as the library behind torch.mm.
    """
    del room
    torch: Any = sys.modules["torch"]
    # Rows that do not lie next to each other take it many times as long.
    rows, columns = np.ascontiguousarray(rows), np.ascontiguousarray(columns)
    linear = torch.ops.mkldnn._linear_pointwise  # noqa: SLF001 -- there is no public name
    product = linear(torch.from_numpy(rows), torch.from_numpy(columns), None, "none", [], "")
    scores: Vectors = product.numpy()
    return scores


_PRODUCTS = (
    Product("numpy", _with_numpy),
    Product("torch", _with_torch),
    Product("onednn", _with_onednn, strided=False),
)


@cache
def _has_onednn() -> bool:
    """Say whether oneDNN multiplies as expected here."""
    torch: Any = sys.modules["torch"]
    probe = np.arange(12, dtype=np.float32).reshape(3, 4)
    if not torch.backends.mkldnn.is_available():
        return False
    try:
        found = _with_onednn(probe, probe, probe)
    except (AttributeError, RuntimeError):
        return False
    return bool(np.array_equal(found, probe @ probe.T))


def _installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


@contextmanager
def torch_alone(threads: int = 1) -> Iterator[None]:
    """Let each torch call use one thread and full float32, and put back what was set."""
    import torch  # noqa: PLC0415 -- optional

    before, precision = torch.get_num_threads(), torch.get_float32_matmul_precision()
    torch.set_num_threads(threads)
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_num_threads(before)
        torch.set_float32_matmul_precision(precision)


@contextmanager
def _numpy_alone() -> Iterator[None]:
    """Let each numpy call use one thread, where that can be set."""
    if not _installed("threadpoolctl"):
        yield
        return
    from threadpoolctl import threadpool_limits  # noqa: PLC0415 -- optional

    with threadpool_limits(limits=1, user_api="blas"):
        yield
