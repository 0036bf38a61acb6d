"""How fast this machine counts, beside the bare matrix product that nothing can beat by much."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from evenmatch.errors import RequestError
from evenmatch.matching.matcher import ScoreKind, Templates
from evenmatch.scoring.devices import torch_device
from evenmatch.scoring.engine import count
from evenmatch.scoring.memory import peak_memory, plan_memory
from evenmatch.scoring.needs import Compute
from evenmatch.scoring.plan import Plan, Roster
from evenmatch.scoring.watch import MemoryWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from evenmatch.matching.matcher import Matcher

PAIRS = 5  # interleaved measurements, of which the median is told
BLOCK = 4096  # rows and columns of a bare product: where it is fastest
MOST_PRODUCTS = 10  # blocks multiplied in one measurement
PHOTOGRAPHS = 4  # of each made-up person


@dataclass(frozen=True)
class Speeds:
    """Comparisons a second, measured in turns.

    Attributes:
        counting: of the engine.
        product: of the matrix product alone.
        library: whose product it was.
    """

    counting: Sequence[float]
    product: Sequence[float]
    library: str

    @property
    def ratio(self) -> float:
        """Median ratio of the two, each taken within its turn."""
        turns = zip(self.counting, self.product, strict=True)
        return statistics.median(count / bare for count, bare in turns)


def run_bench(
    *,
    device: str = "auto",
    dim: int = 512,
    templates: int = 16_384,
    groups: int = 8,
    matcher: Matcher | None = None,
    photographs: Sequence[npt.NDArray[np.uint8]] = (),
) -> dict[str, Any]:
    """Measure this machine and return what `evenmatch bench --json` prints.

    Args:
        device: `auto`, `cpu` or a PyTorch device.
        dim: length of a template.
        templates: how many templates are compared, each with every other.
        groups: how many groups they fall into.
        matcher: timed on `photographs` where given.
        photographs: RGB photographs.

    Raises:
        RequestError: a number that cannot be measured with.
    """
    if min(dim, groups) < 1 or templates < 2 * PHOTOGRAPHS:
        raise RequestError(
            f"bench: {templates} templates of {dim} numbers in {groups} groups cannot be timed; "
            f"ask for at least {2 * PHOTOGRAPHS} templates, 1 number and 1 group."
        )
    # Looking for a device imports torch, whose own memory is not the engine's.
    where = torch_device(device, worth_it=True) or "cpu"
    plan, roster, made = made_up(templates, dim, groups)
    compute = Compute(device=device, keep_scores=0)
    with MemoryWatch() as watch:
        speeds = measure(plan, roster, made, compute)
    counting = statistics.median(speeds.counting)
    return {
        "device": where,
        "dim": dim,
        "templates": templates,
        "groups": groups,
        "comparisons_per_second": counting,
        "matmul_comparisons_per_second": statistics.median(speeds.product),
        "matmul_ratio": speeds.ratio,
        "matmul_library": speeds.library,
        "peak_memory_bytes": peak_memory(),
        "peak_above_templates_bytes": watch.rise,
        "planned_memory_bytes": plan_memory(plan, roster, dim, compute).total,
        "comparisons": plan.size(roster),
        "seconds": plan.size(roster) / counting,
        "images_per_second": images_per_second(matcher, photographs),
    }


def made_up(
    templates: int, dim: int, groups: int, *, uneven: bool = False
) -> tuple[Plan, Roster, Templates]:
    """Return made-up people with several photographs each, every photograph against every other.

    Args:
        templates: photographs.
        dim: length of a template.
        groups: groups that people fall into at random.
        uneven: whether groups differ in size, some a hundred times another.
    """
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((templates, dim), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    people = (np.arange(templates) // PHOTOGRAPHS).astype(np.int32)
    share = np.geomspace(1, 100, groups) if uneven else np.ones(groups)
    group = rng.choice(groups, int(people[-1]) + 1, p=share / share.sum()).astype(np.int32)
    everyone = np.arange(templates, dtype=np.int32)
    roster = Roster(people, everyone, group[people], groups)
    plan = Plan("unmasked", "unmasked", everyone, everyone, symmetric=True)
    return plan, roster, Templates(vectors, {}, ScoreKind.INNER_PRODUCT)


def measure(plan: Plan, roster: Roster, templates: Templates, compute: Compute) -> Speeds:
    """Time counting and the bare product in turns; the first turn warms up and is not told."""
    product, library = _bare_product(templates.vectors, compute.device)
    counting, bare = [], []
    for _ in range(PAIRS + 1):
        bare.append(product())
        start = perf_counter()
        count(plan, roster, templates, compute=compute)
        counting.append(plan.size(roster) / (perf_counter() - start))
    return Speeds(counting[1:], bare[1:], library)


def images_per_second(
    matcher: Matcher | None, photographs: Sequence[npt.NDArray[np.uint8]]
) -> float | None:
    """Return how many photographs a matcher turns into templates in a second."""
    if matcher is None or not photographs:
        return None
    matcher.extract(photographs[:1])
    start = perf_counter()
    matcher.extract(photographs)
    return len(photographs) / (perf_counter() - start)


def _bare_product(vectors: npt.NDArray[np.float32], device: str) -> tuple[Callable[[], float], str]:
    """Return a function that multiplies for a while and tells scores a second, and the library."""
    blocks = [vectors[k : k + BLOCK] for k in range(0, len(vectors), BLOCK)]
    turns = [(i, j) for i in range(len(blocks)) for j in range(i, len(blocks))][:MOST_PRODUCTS]
    scores = sum(len(blocks[i]) * len(blocks[j]) for i, j in turns)
    multiply, wait, library = _product_on(blocks, device)

    def product() -> float:
        start = perf_counter()
        for i, j in turns:
            multiply(i, j)
        wait()
        return scores / (perf_counter() - start)

    return product, library


def _product_on(
    blocks: Sequence[npt.NDArray[np.float32]], device: str
) -> tuple[Callable[[int, int], None], Callable[[], None], str]:
    """Return the product of two blocks, what waits for it to end, and whose it is."""
    try:
        import torch  # noqa: PLC0415 -- optional
    except ImportError:
        room = np.empty((len(blocks[0]), len(blocks[0])), np.float32)

        def with_numpy(i: int, j: int) -> None:
            np.matmul(blocks[i], blocks[j].T, out=room[: len(blocks[i]), : len(blocks[j])])

        return with_numpy, lambda: None, "numpy"
    where = torch.device(torch_device(device, worth_it=True) or "cpu")
    tensors = [torch.from_numpy(np.ascontiguousarray(block)).to(where) for block in blocks]
    out = torch.empty((len(blocks[0]), len(blocks[0])), device=where)

    def with_torch(i: int, j: int) -> None:
        torch.mm(tensors[i], tensors[j].T, out=out[: len(tensors[i]), : len(tensors[j])])

    on_cuda = where.type == "cuda"
    return with_torch, torch.cuda.synchronize if on_cuda else lambda: None, "torch"
