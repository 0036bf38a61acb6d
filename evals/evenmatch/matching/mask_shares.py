"""How much of each face a drawn mask hides, known also where templates came from the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from evenmatch.data.content_cache import KeptNumbers, content_key
from evenmatch.data.progress import Progress, silent
from evenmatch.matching.matcher import FailureReason
from evenmatch.matching.photographs import Photographs

if TYPE_CHECKING:
    import numpy.typing as npt

    from evenmatch.data.masks import MaskArtist
    from evenmatch.data.samples import Samples

NAME: Final = "mask_shares"


def mask_shares(
    samples: Samples, artist: MaskArtist, *, progress: Progress = silent
) -> npt.NDArray[np.float64]:
    """Return the covered share of the face and of the nose bridge for every row, `(n, 2)`.

    A row without a drawn mask, and one on which the mask could not be drawn, is NaN. Shares are
    kept by the photograph's file and the drawing, so that a later run need not draw again.
    """
    photographs = Photographs(samples)
    shares = np.full((len(samples), 2), np.nan)
    rows = np.flatnonzero(samples.table["mask"].isin(artist.labels).to_numpy())
    masks, paths = samples.table["mask"].to_numpy(), samples.table["path"].to_numpy()
    with KeptNumbers(NAME) as kept, progress("covered by masks", len(rows)) as task:
        for row in rows:
            found = _share(photographs, artist, kept, (str(paths[row]), str(masks[row])))
            if found is not None:
                shares[row] = found
            task.advance(1)
    return shares


def _share(
    photographs: Photographs, artist: MaskArtist, kept: KeptNumbers, what: tuple[str, str]
) -> tuple[float, ...] | None:
    path, mask = what
    data = photographs.data(path) if path else None
    if data is None:
        return None
    key = content_key(data, *photographs.settings, mask, artist.digest)
    found = kept.get(key)
    if found is None:
        pixels = photographs.pixels(data)
        drawn = None if pixels is None else artist.shares(pixels, mask)
        found = FailureReason.MASK_NOT_DRAWN.value if drawn is None else drawn
        kept.put(key, found)
    return None if isinstance(found, str) else found
