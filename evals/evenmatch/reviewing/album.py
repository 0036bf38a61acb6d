"""Photographs of a review as small pictures inside the page."""

from __future__ import annotations

import base64
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image

from evenmatch.matching.images import read_photograph
from evenmatch.matching.matcher import FailureReason

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from evenmatch.data.samples import Samples

_QUALITY = 85
_OF_TEMPLATE = 4  # photographs shown of a template that was made of several


class Album:
    """Pictures by number, each kept once, upright as matchers saw them."""

    def __init__(self, samples: Samples, side: int) -> None:
        self.pictures: list[str] = []
        self._samples = samples
        self._side = side
        self._numbers: dict[str, int] = {}
        self._paths = dict(
            zip(samples.table["sample_id"], samples.table["path"], strict=True),
        )

    def number(self, sample: str) -> int:
        """Return the number of a sample's picture; blank where it cannot be read.

        Raises:
            RequestError: the photograph is not where it was.
        """
        if sample not in self._numbers:
            self._numbers[sample] = len(self.pictures)
            self.pictures.append(self._picture(sample))
        return self._numbers[sample]

    def _picture(self, sample: str) -> str:
        shown = [image for each in self._photographs(sample) if (image := self._small(each))]
        if not shown:
            return ""
        sheet = Image.new("RGB", (sum(i.width for i in shown), max(i.height for i in shown)))
        at = 0
        for image in shown:
            sheet.paste(image, (at, 0))
            at += image.width
        buffer = BytesIO()
        sheet.save(buffer, "JPEG", quality=_QUALITY)
        return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"

    def _photographs(self, sample: str) -> list[npt.NDArray[np.uint8] | FailureReason]:
        root, media = self._samples.root, self._samples.media
        if media is None:
            return [read_photograph(root, self._paths[sample])]
        rows = media[media["sample_id"] == sample].head(_OF_TEMPLATE)
        return [
            _cropped(
                read_photograph(root, row["path"]),
                [row[name] for name in ("left", "top", "width", "height")],
            )
            for _, row in rows.iterrows()
        ]

    def _small(self, photograph: npt.NDArray[np.uint8] | FailureReason) -> Image.Image | None:
        if isinstance(photograph, FailureReason):
            return None
        image = Image.fromarray(photograph)
        image.thumbnail((self._side, self._side))
        return image


def _cropped(
    photograph: npt.NDArray[np.uint8] | FailureReason, box: list[object]
) -> npt.NDArray[np.uint8] | FailureReason:
    """Return the part of a photograph that a list says the face is in; all where it does not."""
    if isinstance(photograph, FailureReason):
        return photograph
    try:
        left, top, width, height = (round(float(str(edge))) for edge in box)
    except (ValueError, OverflowError):
        return photograph
    part = photograph[max(top, 0) : top + height, max(left, 0) : left + width]
    return part if part.size else photograph
