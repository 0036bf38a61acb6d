"""Extraction by several processes, one a device: each fills the template cache with its share.

Nothing but the cache joins them, and it is safe for several writers: whoever extracts afterwards
finds every template there, in whatever order it was made. A process that dies costs speed alone.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import sys
from dataclasses import dataclass, replace
from time import sleep
from typing import TYPE_CHECKING, Any, Final, Self

from evenmatch.data.masks import MaskArtist
from evenmatch.matching.cache import TemplateCache
from evenmatch.matching.extraction import extract
from evenmatch.matching.registry import build_matcher

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.data.masks import MaskDrawing
    from evenmatch.data.progress import Progress
    from evenmatch.data.samples import Samples
    from evenmatch.matching.extraction import Pace
    from evenmatch.matching.options import MatcherOptions

LOOK_SECONDS: Final = 0.2
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Work:
    """An extraction, in words another process understands.

    Attributes:
        kind: the matcher's kind.
        options: what its entry says.
        samples: the rows to make templates of.
        landmarks: what places drawn masks.
        drawings: the masks to draw; none without any.
        pace: batch size and reading threads of each process.
    """

    kind: str
    options: MatcherOptions
    samples: Samples
    landmarks: str
    drawings: tuple[MaskDrawing, ...]
    pace: Pace


def fill_cache(work: Work, devices: Sequence[str], progress: Progress) -> None:
    """Put the templates of all rows into the cache, by one process a device.

    A share that fails leaves its rows undone and is said; the caller extracts what is missing and
    meets the trouble itself, if it is no passing one.

    Args:
        work: what is to be done.
        devices: `cpu`, `cuda:0`, ..., one a process.
        progress: shows how far all of them are together.
    """
    # A forked process would inherit locks of threads that are not there.
    context = multiprocessing.get_context("spawn")
    done = context.Value("q", 0)
    shares = [
        context.Process(
            target=_fill,
            args=(replace(work, options=replace(work.options, device=device), samples=samples),),
            kwargs={"done": done, "among": len(devices), "parent": os.getpid()},
            daemon=True,
        )
        for device, samples in zip(devices, _dealt(work.samples, len(devices)), strict=True)
    ]
    total = len(work.samples)
    with progress(f"templates: {work.options.name}, {len(devices)} processes", total) as task:
        for share in shares:
            share.start()
        shown = 0
        while any(share.is_alive() for share in shares):
            task.advance(done.value - shown)
            shown = done.value
            sleep(LOOK_SECONDS)
        task.advance(done.value - shown)
    for device, share in zip(devices, shares, strict=True):
        share.join()
        if share.exitcode:
            _LOG.warning(
                "the process that extracted on %s ended early (exit code %s); what it left is done "
                "by this one",
                device,
                share.exitcode,
            )


def _dealt(samples: Samples, among: int) -> list[Samples]:
    """Deal photographs out in turn; all rows of one go together, for its landmarks' sake."""
    dealt = []
    for share in range(among):
        table = samples.table[samples.photographs % among == share]
        media = samples.media
        if media is not None:
            media = media[media["sample_id"].isin(table["sample_id"])]
        dealt.append(replace(samples, table=table.reset_index(drop=True), media=media))
    return dealt


def _fill(work: Work, *, done: Any, among: int, parent: int) -> None:  # noqa: ANN401
    """Extract a share into the cache; runs in a process of its own.

    An error ends it without a word, which could name somebody: whoever does the rest meets it too.
    """
    if len(work.samples) == 0:
        return
    try:
        _extract(work, _Counted(done, parent), among)
    except Exception:  # noqa: BLE001 - a stranger's matcher can raise anything
        sys.exit(1)


def _extract(work: Work, counted: _Counted, among: int) -> None:
    matcher = build_matcher(work.kind, work.options)
    _leave_room(among)
    artist = MaskArtist(work.landmarks, work.drawings) if work.drawings else None
    with TemplateCache.for_matcher(matcher.digest) as cache:
        extract(
            matcher,
            work.samples,
            artist,
            cache,
            pace=work.pace,
            progress=lambda _description, _total: counted,
        )


def _leave_room(among: int) -> None:
    """Take this process's part of the cores and no more."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // among))


class _Counted:
    """Adds to a count that all processes share, and stops where nobody waits for it any more."""

    def __init__(self, done: Any, parent: int) -> None:  # noqa: ANN401 - a shared integer
        self._done = done
        self._parent = parent

    def advance(self, amount: int) -> None:
        """Count, and leave when the parent is gone."""
        if os.getppid() != self._parent:
            os._exit(1)  # whoever started this was killed: finish nothing, hold nothing
        with self._done.get_lock():
            self._done.value += amount

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Let every exception pass."""
