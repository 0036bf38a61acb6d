"""How fast this machine counts, against the bare matrix product that no counting can beat."""

from __future__ import annotations

import platform
import statistics
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from evenmatch.data.card import DEMO_ROOT, load_card
from evenmatch.errors import RequestError
from evenmatch.matching.images import enlarged, read_photograph
from evenmatch.matching.matcher import FailureReason, ScoreKind, Templates
from evenmatch.matching.options import MatcherOptions
from evenmatch.matching.registry import build_matcher
from evenmatch.scoring.devices import torch_device
from evenmatch.scoring.engine import Compute, Need, count
from evenmatch.scoring.memory import peak_memory, plan_memory
from evenmatch.scoring.passes import core_count
from evenmatch.scoring.plan import Plan, Roster

if TYPE_CHECKING:
    import numpy.typing as npt

PAIRS = 5
BLOCK = 2048
PHOTOGRAPHS = 24


@dataclass(frozen=True)
class Speed:
    """What one run of the benchmark measured; rates are medians.

    Attributes:
        device: where it counted.
        device_name: what that is called.
        dim: length of a template.
        templates: how many.
        groups: how many groups they are in.
        comparisons_per_second: counted into histograms, the tail kept.
        matmul_comparisons_per_second: scores that torch's product alone makes of the same tiles.
        matmul_ratio: the one over the other, the median of five interleaved pairs.
        peak_memory_bytes: the most this process ever held, templates and libraries included.
        planned_memory_bytes: what the engine planned above the templates.
        seconds_for_all: time to count every comparison of this many templates once.
        matcher: the kind that was timed too; None without one.
        images_per_second: photographs of the demonstration to templates; None without a matcher.
    """

    device: str
    device_name: str
    dim: int
    templates: int
    groups: int
    comparisons_per_second: float
    matmul_comparisons_per_second: float
    matmul_ratio: float
    peak_memory_bytes: int
    planned_memory_bytes: int
    seconds_for_all: float
    matcher: str | None
    images_per_second: float | None

    def as_json(self) -> dict[str, Any]:
        """Return the numbers under their names."""
        return asdict(self)


def measure_speed(
    *, device: str, dim: int, templates: int, groups: int, matcher: str | None
) -> Speed:
    """Time counting and the bare product in turn, five pairs after one that is not counted.

    Args:
        device: `auto`, `cpu` or `cuda`.
        dim: length of a template.
        templates: how many random unit vectors are compared, every unordered pair once.
        groups: how many groups of equal size they are in.
        matcher: a kind of matcher to time on the demonstration's photographs, or None.

    Raises:
        RequestError: torch, whose product is the measure, is not installed, the device is not
            there, or a size is wrong.
    """
    if dim < 1 or groups < 1 or templates < max(2, groups):
        raise RequestError(
            "bench: --dim and --groups must be at least 1, and --templates at least 2 and no "
            "fewer than --groups; correct the numbers."
        )
    torch = _torch()
    on = torch_device(device, worth_it=True) or "cpu"
    vectors, plan, roster = random_benchmark(templates, dim, groups)
    compute = Compute(device=device, keep_scores=0)
    everyone = np.ones((groups, groups), dtype=bool)
    needs = [Need(everyone, fmr=1e-4)]
    made = Templates(vectors, {}, ScoreKind.INNER_PRODUCT)

    def counting() -> float:
        start = perf_counter()
        count(plan, roster, made, needs=needs, compute=compute)
        return plan.size(roster) / (perf_counter() - start)

    matrix = torch.from_numpy(vectors).to(on)

    def product() -> float:
        return bare_product(torch, matrix)

    counting()
    product()
    pairs = [(counting(), product()) for _ in range(PAIRS)]
    counted = statistics.median(one for one, _ in pairs)
    return Speed(
        device=on,
        device_name=device_name(torch, on),
        dim=dim,
        templates=templates,
        groups=groups,
        comparisons_per_second=counted,
        matmul_comparisons_per_second=statistics.median(other for _, other in pairs),
        matmul_ratio=statistics.median(one / other for one, other in pairs),
        peak_memory_bytes=peak_memory(),
        planned_memory_bytes=plan_memory(plan, roster, dim, compute).total,
        seconds_for_all=plan.size(roster) / counted,
        matcher=matcher,
        images_per_second=images_per_second(matcher, device) if matcher else None,
    )


def random_benchmark(
    templates: int, dim: int, groups: int, *, uneven: bool = False
) -> tuple[npt.NDArray[np.float32], Plan, Roster]:
    """Return random unit vectors of people with two photographs each, and the plan of all pairs.

    Args:
        templates: how many.
        dim: their length.
        groups: how many groups.
        uneven: whether group sizes fall off as 1, 1/2, 1/3, ... instead of being equal.
    """
    rng = np.random.default_rng(1)
    vectors = rng.standard_normal((templates, dim), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = np.arange(templates, dtype=np.int32)
    share = 1 / np.arange(1, groups + 1) if uneven else np.ones(groups)
    group_of = rng.choice(groups, size=templates // 2 + 1, p=share / share.sum())
    roster = Roster(rows // 2, rows, group_of[rows // 2].astype(np.int32), groups)
    return vectors, Plan("unmasked", "unmasked", rows, rows, symmetric=True), roster


def device_name(torch: Any, on: str) -> str:  # noqa: ANN401 - optional
    """Return what the device is sold as; of a processor, with the cores that counted."""
    if on != "cpu":
        return str(torch.cuda.get_device_name(on))
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{(models or [platform.machine()])[0]}, {core_count(0)} cores"


def bare_product(torch: Any, matrix: Any, block: int = BLOCK) -> float:  # noqa: ANN401 - optional
    """Return scores a second of torch's own product over the tiles of all unordered pairs.

    Tiles on the diagonal are made whole and counted half, as an engine has to do as well.
    """
    size = matrix.shape[0]
    room = torch.empty((block, block), dtype=matrix.dtype, device=matrix.device)
    start = perf_counter()
    for top in range(0, size, block):
        for left in range(top, size, block):
            rows, columns = matrix[top : top + block], matrix[left : left + block]
            out = room.flatten()[: len(rows) * len(columns)].view(len(rows), len(columns))
            torch.mm(rows, columns.T, out=out)
    if matrix.device.type == "cuda":
        torch.cuda.synchronize()
    return float(size * (size - 1) / 2 / (perf_counter() - start))


def images_per_second(kind: str, device: str) -> float:
    """Return how many photographs of the demonstration a matcher makes into templates a second.

    Reading and decoding are not in it; a photograph without a face counts as the others do.

    Raises:
        RequestError: there is no such matcher, or it lacks a package or its weights.
    """
    matcher = build_matcher(kind, MatcherOptions(name=kind, device=device))
    size = load_card("demo-faces").samples.resize_to
    paths = sorted((DEMO_ROOT / "faces").glob("*.jpg"))[:PHOTOGRAPHS]
    read = [read_photograph(DEMO_ROOT, str(path.relative_to(DEMO_ROOT))) for path in paths]
    pictures = [enlarged(each, size) for each in read if not isinstance(each, FailureReason)]
    matcher.extract(pictures[:1])
    start = perf_counter()
    matcher.extract(pictures)
    return len(pictures) / (perf_counter() - start)


def _torch() -> Any:  # noqa: ANN401 - optional
    try:
        import torch  # noqa: PLC0415 - optional
    except ImportError:
        raise RequestError(
            "bench: the measure is torch's matrix product, and torch is not installed; "
            "pip install 'evenmatch[torch]'."
        ) from None
    return torch
