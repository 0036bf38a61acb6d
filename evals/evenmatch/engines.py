"""Which engine a run works with: this process, or a cluster."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from evenmatch.matching.shares import fill_cache

if TYPE_CHECKING:
    from evenmatch.config import RunConfig
    from evenmatch.data.progress import Progress
    from evenmatch.matching.extraction import MaskDrawer
    from evenmatch.matching.matcher import Matcher
    from evenmatch.matching.shares import Work
    from evenmatch.scoring.parts import Spread


def spread_of(config: RunConfig) -> Spread | None:
    """Return the cluster that a run's comparisons are spread over; None for this process alone."""
    if config.compute.engine == "local":
        return None
    return _ray(config.compute.address, config.compute.first_device, config.compute.shards)


@cache
def _ray(address: str, device: str, shards: str | None) -> Spread:
    """Return a cluster, one for all matchers of a run, so that it remembers what it was sent."""
    from evenmatch.distributed.spread import RaySpread  # noqa: PLC0415 -- only where it is asked for

    return RaySpread(address, device, shards)


def fill_cache_by(
    config: RunConfig,
    work: Work,
    matcher: Matcher,
    draw: MaskDrawer | None,
    progress: Progress,
) -> None:
    """Have other processes, or a cluster's, make templates beforehand where a run asks for them."""
    compute = config.compute
    if compute.engine == "ray":
        from evenmatch.distributed.extracting import fill_cache_by_ray  # noqa: PLC0415 -- as above

        fill_cache_by_ray(compute.address, work, matcher, draw, progress)
    elif len(compute.shares) > 1:
        fill_cache(work, compute.shares, progress)
