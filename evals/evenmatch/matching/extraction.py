"""Every photograph of a benchmark to its template, once."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from evenmatch.data.conditions import SYNTHETIC
from evenmatch.data.progress import Progress, silent
from evenmatch.errors import RequestError
from evenmatch.matching.cache import template_key
from evenmatch.matching.crops import cropped
from evenmatch.matching.images import check_photographs, decode, enlarged, photograph_bytes, reading
from evenmatch.matching.matcher import FailureReason, Matcher, Templates
from evenmatch.matching.pooling import Pool, Rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt

    from evenmatch.data.samples import Samples
    from evenmatch.matching.cache import TemplateCache
    from evenmatch.matching.pooling import View

# A batch closes at this many bytes of pixels, however few photographs they are.
BATCH_BYTES: Final = 256 * 2**20


class Keeper(Protocol):
    """Keeps templates by key: the cache, or what stands in for it."""

    def get(self, key: bytes) -> npt.NDArray[np.float32] | FailureReason | None:
        """Return what is kept under key, or None."""
        ...

    def put(self, outcomes: Mapping[bytes, npt.NDArray[np.float32] | FailureReason]) -> None:
        """Keep templates and failures."""
        ...


class MaskDrawer(Protocol):
    """Draws a mask on a photograph."""

    @property
    def digest(self) -> str:
        """What stands for everything that decides a drawn mask's pixels."""
        ...

    def __call__(
        self, photograph: npt.NDArray[np.uint8], mask: str
    ) -> npt.NDArray[np.uint8] | FailureReason | None:
        """Return the photograph under the mask so labelled; None where it cannot be drawn."""
        ...


DrawFunction = Callable[
    ["npt.NDArray[np.uint8]", str], "npt.NDArray[np.uint8] | FailureReason | None"
]


@dataclass(frozen=True)
class Drawing:
    """A plain function as a mask drawer, with the digest that stands for its settings."""

    digest: str
    function: DrawFunction

    def __call__(
        self, photograph: npt.NDArray[np.uint8], mask: str
    ) -> npt.NDArray[np.uint8] | FailureReason | None:
        """Return the photograph under the mask so labelled; None where it cannot be drawn."""
        return self.function(photograph, mask)


@dataclass(frozen=True)
class Pace:
    """How much is done at once; decides speed and memory, never a number.

    Attributes:
        batch_size: photographs given to the matcher together.
        workers: threads that read and decode photographs.
    """

    batch_size: int = 64
    workers: int = 2


def extract(
    matcher: Matcher,
    samples: Samples,
    draw: MaskDrawer | None,
    cache: Keeper | None,
    *,
    pace: Pace = Pace(),
    progress: Progress = silent,
) -> Templates:
    """Return one template, or one reason for having none, for every row of the benchmark.

    Rows whose mask label begins with `synthetic-` are drawn on first. A row of several photographs
    is pooled from their templates, each distinct face made once. What is made goes into the cache
    batch by batch, so that a run that was stopped goes on where it was.

    Args:
        matcher: turns photographs into templates.
        samples: the benchmark.
        draw: draws synthetic masks; needed where samples have any.
        cache: keeps the matcher's templates; None keeps none.
        pace: batch size and reading threads.
        progress: shows how far it is.

    Raises:
        RequestError: a photograph is missing or outside the root, or a mask has no drawer.
    """
    made = _room(samples, matcher.dimension)
    check_photographs(samples.root, (view.path for view in made.views))
    check_drawer(made.views, draw)
    reader = _Reader(matcher, samples, draw, cache)
    queue = _Queue(matcher, cache, made)
    with progress(f"templates: {matcher.name}", len(made.views)) as task, _pool(pace) as pool:
        for number, prepared in enumerate(_in_order(pool, reader, made.views, 4 * pace.workers)):
            queue.add(number, prepared)
            if queue.is_full(pace):
                queue.work()
            task.advance(1)
        queue.work()
    return Templates(made.vectors, made.failures, matcher.score_kind, made.facts)


def rows_to_extract(
    matcher: Matcher,
    samples: Samples,
    draw: MaskDrawer | None,
    cache: TemplateCache,
    pace: Pace,
) -> npt.NDArray[np.bool_]:
    """Mark the rows whose templates the cache lacks; rows of several photographs stay together."""
    if not len(cache):
        return np.ones(len(samples), dtype=np.bool_)
    views = _room(samples, matcher.dimension).views
    with _pool(pace) as pool:
        known = list(pool.map(_Reader(matcher, samples, draw, cache).is_known, views))
    lacking = np.logical_not(known)
    return lacking if samples.media is None else np.full(len(samples), lacking.any())


@dataclass(frozen=True)
class _Prepared:
    """A face read: known already, or pixels for the matcher."""

    key: bytes
    known: npt.NDArray[np.float32] | FailureReason | None
    photograph: npt.NDArray[np.uint8] | FailureReason | None


class _Reader:
    """Reads, decodes, cuts out and draws on one face; called from several threads."""

    def __init__(
        self,
        matcher: Matcher,
        samples: Samples,
        draw: MaskDrawer | None,
        cache: Keeper | None,
    ) -> None:
        self._settings = (matcher.digest, *reading(samples.resize_to))
        self._root = samples.root
        self._resize_to = samples.resize_to
        self._draw = draw
        self._cache = cache
        self._drawing = threading.Lock()

    def is_known(self, view: View) -> bool:
        """Say whether the cache has a face's template, or the photograph cannot be read."""
        data = photograph_bytes(self._root, view.path)
        if isinstance(data, FailureReason) or self._cache is None:
            return isinstance(data, FailureReason)
        return self._cache.get(self._key(data, view)) is not None

    def _key(self, data: bytes, view: View) -> bytes:
        cut = () if view.box is None else (view.box.settings,)
        return template_key(data, *self._settings, *cut, *self._mask_settings(view.mask))

    def __call__(self, view: View) -> _Prepared:
        data = photograph_bytes(self._root, view.path)
        if isinstance(data, FailureReason):
            return _Prepared(b"", data, None)
        key = self._key(data, view)
        known = self._cache.get(key) if self._cache is not None else None
        if known is not None:
            return _Prepared(key, known, None)
        photograph = decode(data)
        if view.box is not None and not isinstance(photograph, FailureReason):
            photograph = cropped(photograph, view.box)
        if not isinstance(photograph, FailureReason):
            photograph = enlarged(photograph, self._resize_to)
        return _Prepared(key, None, self._masked(photograph, view.mask))

    def _mask_settings(self, mask: str) -> tuple[str, ...]:
        if self._draw is None or not mask.startswith(SYNTHETIC):
            return ()
        return (mask, self._draw.digest)

    def _masked(
        self, photograph: npt.NDArray[np.uint8] | FailureReason, mask: str
    ) -> npt.NDArray[np.uint8] | FailureReason:
        if (
            isinstance(photograph, FailureReason)
            or self._draw is None
            or not mask.startswith(SYNTHETIC)
        ):
            return photograph
        with self._drawing:  # landmark models are not made for several threads
            drawn = self._draw(photograph, mask)
        return FailureReason.MASK_NOT_DRAWN if drawn is None else drawn


class _Queue:
    """The faces that wait for the matcher, and where their templates go."""

    def __init__(self, matcher: Matcher, cache: Keeper | None, made: Rows | Pool) -> None:
        self._matcher = matcher
        self._cache = cache
        self._put = made.put
        self._waiting: list[tuple[int, bytes, npt.NDArray[np.uint8]]] = []
        self._made: dict[bytes, npt.NDArray[np.float32] | FailureReason] = {}

    def add(self, view: int, prepared: _Prepared) -> None:
        """Take what is known of a face, or put it in the queue."""
        if prepared.known is not None:
            self._put(view, self._checked(prepared.known))
        elif isinstance(prepared.photograph, FailureReason):
            self._put(view, prepared.photograph)
            self._made[prepared.key] = prepared.photograph
        elif prepared.photograph is not None:
            self._waiting.append((view, prepared.key, prepared.photograph))

    def is_full(self, pace: Pace) -> bool:
        """Whether the queue is a batch."""
        pixels = sum(photograph.nbytes for _, _, photograph in self._waiting)
        return len(self._waiting) >= pace.batch_size or pixels >= BATCH_BYTES

    def work(self) -> None:
        """Make the waiting templates and keep everything new."""
        if self._waiting:
            made = self._matcher.extract([photograph for _, _, photograph in self._waiting])
            for (view, key, _), outcome in zip(self._waiting, made, strict=True):
                self._made[key] = self._checked(outcome)
                self._put(view, self._made[key])
        if self._cache is not None and self._made:
            self._cache.put(self._made)
        self._waiting, self._made = [], {}

    def _checked(
        self, outcome: npt.NDArray[np.float32] | FailureReason
    ) -> npt.NDArray[np.float32] | FailureReason:
        """Refuse what is no template; a matcher from another package can return anything."""
        if isinstance(outcome, FailureReason):
            return outcome
        try:
            vector = np.asarray(outcome, dtype=np.float32)
        except (TypeError, ValueError):
            vector = np.empty(0, dtype=np.float32)
        if vector.shape != (self._matcher.dimension,) or not np.isfinite(vector).all():
            raise RequestError(
                f"the matcher {self._matcher.name!r} returned something that is not a template of "
                f"{self._matcher.dimension} finite numbers. Tell the matcher's author: a "
                "photograph without a template has to return a FailureReason."
            )
        return vector


def _room(samples: Samples, dimension: int) -> Rows | Pool:
    """Return where the templates of a benchmark's rows go."""
    if samples.media is None:
        return Rows(samples, dimension)
    return Pool(samples, samples.media, dimension)


def check_drawer(views: Sequence[View], draw: MaskDrawer | None) -> None:
    """Check before a run that something draws the masks that are asked for.

    Raises:
        RequestError: nothing does.
    """
    if draw is None and any(view.mask.startswith(SYNTHETIC) for view in views):
        raise RequestError(
            "the benchmark asks for synthetic masks and nothing draws them. "
            "Set `masks.synthetic` in the run, or remove those rows."
        )


@contextmanager
def _pool(pace: Pace) -> Iterator[ThreadPoolExecutor]:
    """Give reading threads that stop at once when the run is interrupted."""
    pool = ThreadPoolExecutor(max(1, pace.workers), thread_name_prefix="read")
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _in_order(
    pool: ThreadPoolExecutor, reader: _Reader, views: Sequence[View], ahead: int
) -> Iterator[_Prepared]:
    """Read some faces ahead and give them in the benchmark's order."""
    running: deque[Future[_Prepared]] = deque()
    for view in views:
        running.append(pool.submit(reader, view))
        if len(running) > ahead:
            yield running.popleft().result()
    while running:
        yield running.popleft().result()
