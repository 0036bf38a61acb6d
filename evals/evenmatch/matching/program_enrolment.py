"""Every photograph of a benchmark to a vendor's template: asked for once, and kept by content."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from evenmatch.data.conditions import SYNTHETIC
from evenmatch.data.content_cache import Entry, content_key
from evenmatch.data.pictures import FORMATS
from evenmatch.data.progress import Progress, silent
from evenmatch.errors import RequestError
from evenmatch.matching.extraction import check_drawer
from evenmatch.matching.images import (
    check_photographs,
    decode,
    enlarged,
    photograph_bytes,
    reading,
)
from evenmatch.matching.matcher import FailureReason
from evenmatch.matching.pooling import Rows

if TYPE_CHECKING:
    import numpy.typing as npt

    from evenmatch.data.content_cache import ContentCache
    from evenmatch.data.samples import Samples
    from evenmatch.matching.extraction import MaskDrawer
    from evenmatch.matching.pooling import View
    from evenmatch.matching.vendor_program import VendorProgram

NO_SLOT: Final = -1


@dataclass(frozen=True)
class Enrolled:
    """A benchmark's rows as a vendor's program knows them.

    Attributes:
        slots: for each row its template's place in `templates`; -1 without one. Rows that show
            the same file share a template.
        templates: the distinct templates, as the program gave them.
        keys: what stands for each, by content.
        failures: row to reason, for the rows without a template.
    """

    slots: npt.NDArray[np.int64]
    templates: list[str]
    keys: list[bytes]
    failures: dict[int, str]


def enrol(
    program: VendorProgram,
    samples: Samples,
    draw: MaskDrawer | None,
    cache: ContentCache,
    *,
    progress: Progress = silent,
) -> Enrolled:
    """Ask for the template of every row, or take it from the cache.

    Raises:
        RequestError: a photograph is missing, a row is no photograph of its own, or a mask has no
            drawer.
        OutsideError: the program does not answer any more.
    """
    if samples.media is not None:
        raise RequestError(
            f"matchers.{program.name}: a row of this benchmark is several photographs, and the "
            "vendor protocol has one photograph a template; choose another protocol of the card, "
            "or have the vendor make templates and use the kind `templates`."
        )
    views = Rows(samples, 0).views
    check_photographs(samples.root, (view.path for view in views))
    check_drawer(views, draw)
    asking = _Asking(program, samples, draw, cache)
    slot_of: dict[bytes, int] = {}
    slots = np.full(len(views), NO_SLOT, dtype=np.int64)
    templates, failures = list[str](), dict[int, str]()
    with progress(f"templates: {program.name}", len(views)) as task:
        for row, view in enumerate(views):
            key, template, reason = asking(view)
            if reason:
                failures[row] = reason
            else:
                slots[row] = slot_of.setdefault(key, len(templates))
                templates += [template] if slots[row] == len(templates) else []
            task.advance(1)
    return Enrolled(slots, templates, list(slot_of), failures)


class _Asking:
    """Makes a view's request, or finds that it was answered before."""

    def __init__(
        self,
        program: VendorProgram,
        samples: Samples,
        draw: MaskDrawer | None,
        cache: ContentCache,
    ) -> None:
        self._program = program
        self._samples = samples
        self._draw = draw
        self._cache = cache
        # What the program could not be brought to answer; another run tries again.
        self._lost: dict[bytes, str] = {}

    def __call__(self, view: View) -> tuple[bytes, str, str]:
        """Return the key of what is shown, and its template or the reason for having none."""
        data = photograph_bytes(self._samples.root, view.path)
        if isinstance(data, FailureReason):
            return b"", "", data.value
        draw = self._drawer(view)
        drawn = () if draw is None else (view.mask, draw.digest)
        key = content_key(data, "enroll 1", *reading(self._samples.resize_to), *drawn)
        if (kept := self._cache.get(key)) is not None:
            return key, kept.vector.decode(), kept.reason
        if key in self._lost:
            return key, "", self._lost[key]
        picture = self._picture(data, view)
        if isinstance(picture, FailureReason):
            return key, "", picture.value
        template, reason, said = self._program.enroll(*picture)
        if said:
            self._cache.put({key: Entry(reason, template.encode())})
        else:
            self._lost[key] = reason
        return key, template, reason

    def _drawer(self, view: View) -> MaskDrawer | None:
        return self._draw if view.mask.startswith(SYNTHETIC) else None

    def _picture(self, data: bytes, view: View) -> tuple[str, str] | FailureReason:
        """Return the file as it is, or a PNG where pixels change, in base64, and its format."""
        pixels = decode(data)
        if isinstance(pixels, FailureReason):
            return pixels
        shown = enlarged(pixels, self._samples.resize_to)
        if (draw := self._drawer(view)) is not None:
            drawn = draw(shown, view.mask)
            if drawn is None or isinstance(drawn, FailureReason):
                return drawn or FailureReason.MASK_NOT_DRAWN
            shown = drawn
        if shown is pixels:
            with Image.open(BytesIO(data), formats=FORMATS) as image:
                return base64.b64encode(data).decode(), str(image.format)
        content = BytesIO()
        Image.fromarray(shown).save(content, "PNG")
        return base64.b64encode(content.getvalue()).decode(), "PNG"
