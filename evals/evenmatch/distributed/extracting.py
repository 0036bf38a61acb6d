"""Extraction by the processes of a cluster; their templates come back and go into the cache here.

Each process builds the matcher once and works on some photographs at a time, which it reads where
they lie: the benchmark's folder has to be the same on every machine, and so have the weights.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from evenmatch.data.masks import MaskArtist
from evenmatch.distributed.cluster import Needs, connect
from evenmatch.errors import RequestError
from evenmatch.matching.cache import TemplateCache
from evenmatch.matching.extraction import extract, rows_to_extract
from evenmatch.matching.registry import build_matcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import numpy.typing as npt

    from evenmatch.data.progress import Progress
    from evenmatch.data.samples import Samples
    from evenmatch.matching.extraction import MaskDrawer
    from evenmatch.matching.matcher import FailureReason, Matcher
    from evenmatch.matching.shares import Work

    Outcome = npt.NDArray[np.float32] | FailureReason

EACH = 8  # shares for each process that works
BATCHES = 8  # of photographs, the most in one share
FACE_BYTES = 256  # of a template's key and what surrounds it


def fill_cache_by_ray(
    address: str,
    work: Work,
    matcher: Matcher,
    draw: MaskDrawer | None,
    progress: Progress,
) -> None:
    """Put the templates that the cache lacks into it, made by the processes of a cluster.

    Args:
        address: of the cluster, or `local`.
        work: the extraction.
        matcher: the matcher as it is here; those of the cluster have to be the same.
        draw: draws masks.
        progress: shows how far all of them are together.

    Raises:
        RequestError: a machine lacks the photographs or weights, its matcher is another one, or
            graphics cards are asked for and there are none.
    """
    with TemplateCache.for_matcher(matcher.digest) as cache:
        lacking = rows_to_extract(matcher, work.samples, draw, cache, work.pace)
        if not lacking.any():
            return
        cluster = connect(address)
        gpu = cluster.on_gpu(work.options.device)
        options = replace(work.options, device="cuda" if gpu else "cpu")
        nobody = replace(work.samples, table=work.samples.table[:0], media=None)
        sent = _Extraction(replace(work, options=options, samples=nobody), matcher.digest)
        slots = cluster.gpus if gpu else cluster.cores
        shares = list(_shares(work, lacking, slots))
        most = max(len(share) for share in shares)
        needs = Needs(gpus=int(gpu), answer_bytes=most * (4 * matcher.dimension + FACE_BYTES))
        title = f"templates: {matcher.name}, {slots} processes"
        with progress(title, sum(len(share) for share in shares)) as task:
            for rows, made in cluster.over(sent, shares, needs):
                cache.put(made)
                task.advance(rows)


def _shares(work: Work, lacking: npt.NDArray[np.bool_], slots: int) -> Iterator[Samples]:
    """Give some photographs at a time; all rows of one go together, for its landmarks' sake."""
    samples, photographs = work.samples, work.samples.photographs
    wanted = np.unique(photographs[lacking])
    size = min(max(wanted.size // (EACH * slots), 1), BATCHES * work.pace.batch_size)
    rows = np.flatnonzero(np.isin(photographs, wanted))
    share = np.searchsorted(wanted, photographs[rows]) // size
    rows = rows[np.argsort(share, kind="stable")]
    for some in np.split(rows, np.cumsum(np.bincount(share))[:-1]):
        table, media = samples.table.iloc[some], samples.media
        if media is not None:
            media = media[media["sample_id"].isin(table["sample_id"])]
        yield replace(samples, table=table.reset_index(drop=True), media=media)


@dataclass(frozen=True)
class _Extraction:
    """An extraction as it is sent; the photographs come share by share."""

    work: Work
    digest: str

    def open(self) -> Callable[[Samples], tuple[int, dict[bytes, Outcome]]]:
        """Return the function of a share: how many rows it has, and their templates by key."""
        work = self.work
        matcher = build_matcher(work.kind, work.options)
        if matcher.digest != self.digest:
            raise RequestError(
                f"compute.engine: {matcher.name} is another matcher on a machine of the cluster "
                "(its weights, settings or packages differ); install the same on all of them, or "
                "write `device: cpu` where the device decides."
            )
        artist = MaskArtist(work.landmarks, work.drawings) if work.drawings else None

        def do(samples: Samples) -> tuple[int, dict[bytes, Outcome]]:
            kept = _Kept()
            extract(matcher, samples, artist, kept, pace=work.pace)
            return len(samples), kept.made

        return do


class _Kept:
    """Takes what is made, instead of a cache."""

    def __init__(self) -> None:
        self.made: dict[bytes, Outcome] = {}

    def get(self, key: bytes) -> Outcome | None:
        """Return what was made of a face seen before in this share."""
        return self.made.get(key)

    def put(self, outcomes: Mapping[bytes, Outcome]) -> None:
        """Keep templates and failures."""
        self.made.update(outcomes)
