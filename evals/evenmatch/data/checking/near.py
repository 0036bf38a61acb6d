"""Photographs that look alike: a hash of each, neighbours by its bands, then the pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.fft import dctn

if TYPE_CHECKING:
    import numpy.typing as npt

SIDE: Final = 32
BITS: Final = 64
# Measured on 98 photographs of the London set: recompressed, halved, grey and brightened copies
# lie within 6 bits and above 0.979 of their originals; of different photographs none is above
# 0.966. Copies cropped by 2 per cent lie between 0.964 and 0.98, and mirrored ones far below.
WIDEST: Final = 6
ALIKE: Final = 0.975
# Pairs of hashes looked at; a set whose bands hold more of them is searched less widely.
LIMIT: Final = 200_000_000
_BLOCK: Final = 8192
_FLAT: Final = 2.0


@dataclass(frozen=True)
class Neighbours:
    """Pairs of photographs that look alike.

    Attributes:
        pairs: positions, (n, 2), the smaller first, in order.
        distance: how many bits of the hash were allowed to differ; -1 where the limit of pairs
            permitted no search.
    """

    pairs: npt.NDArray[np.int64]
    distance: int


def look_alikes(thumbs: npt.NDArray[np.uint8], limit: int = LIMIT) -> Neighbours:
    """Return the pairs of grey 32 by 32 pictures that look alike.

    Two are alike where at most 6 of the 64 bits of their hashes differ (the signs of the lowest
    frequencies of a cosine transform) and their pixels correlate at 0.975 or more. Two hashes
    that differ in d bits agree in one of d + 1 bands at least, so only those that share a band are
    compared; the widest distance is taken whose bands hold no more than `limit` pairs. Pictures of
    one flat colour are left out.

    Args:
        thumbs: the pictures, (n, 1024).
        limit: pairs of hashes to look at, at most.
    """
    lively = _lively(thumbs)
    hashes = picture_hashes(thumbs)[lively]
    for distance in range(WIDEST, -1, -1):
        bands = _bands(hashes, distance + 1)
        if sum(_shared(band) for band in bands) <= limit:
            break
    else:
        return Neighbours(np.empty((0, 2), dtype=np.int64), -1)
    size = len(lively)
    found = [_within(hashes, band, distance) for band in bands]
    keys = np.unique(np.concatenate([pairs[:, 0] * size + pairs[:, 1] for pairs in found]))
    pairs = np.stack([keys // max(size, 1), keys % max(size, 1)], axis=1)
    pairs = lively[pairs]
    return Neighbours(pairs[_alike(thumbs, pairs)], distance)


def picture_hashes(thumbs: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    """Return the 64-bit hash of each picture."""
    hashes = np.empty(len(thumbs), dtype=np.uint64)
    weights = np.uint64(1) << np.arange(BITS, dtype=np.uint64)
    for start in range(0, len(thumbs), _BLOCK):
        block = thumbs[start : start + _BLOCK].reshape(-1, SIDE, SIDE).astype(np.float32)
        waves = dctn(block, axes=(1, 2), norm="ortho")[:, :8, :8].reshape(-1, BITS)
        # The first coefficient is the brightness, far above the others: it sets no median.
        middle = np.median(waves[:, 1:], axis=1, keepdims=True)
        hashes[start : start + _BLOCK] = np.where(waves > middle, weights, np.uint64(0)).sum(axis=1)
    return hashes


def _lively(thumbs: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Return the positions of pictures that show anything at all."""
    found = [np.empty(0, dtype=np.int64)]
    for start in range(0, len(thumbs), _BLOCK):
        spread = thumbs[start : start + _BLOCK].astype(np.float32).std(axis=1)
        found.append(np.flatnonzero(spread >= _FLAT) + start)
    return np.concatenate(found)


def _bands(hashes: npt.NDArray[np.uint64], count: int) -> list[npt.NDArray[np.uint64]]:
    edges = np.linspace(0, BITS, count + 1).round().astype(int)
    every = (1 << BITS) - 1
    return [
        (hashes >> np.uint64(low)) & np.uint64(every >> (BITS - (high - low)))
        for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    ]


def _shared(band: npt.NDArray[np.uint64]) -> int:
    """How many pairs have the same bits in a band."""
    _, counts = np.unique(band, return_counts=True)
    return int((counts * (counts - 1) // 2).sum())


def _within(
    hashes: npt.NDArray[np.uint64], band: npt.NDArray[np.uint64], distance: int
) -> npt.NDArray[np.int64]:
    """Return the pairs that share a band and differ in few enough bits."""
    order = np.argsort(band, kind="stable")
    keys = band[order]
    found = [np.empty((0, 2), dtype=np.int64)]
    firsts = np.arange(len(order))
    for step in range(1, len(order)):
        firsts = firsts[firsts + step < len(order)]
        firsts = firsts[keys[firsts] == keys[firsts + step]]
        if not firsts.size:
            break
        one, other = order[firsts], order[firsts + step]
        close = np.bitwise_count(hashes[one] ^ hashes[other]) <= distance
        pairs = np.stack([one[close], other[close]], axis=1)
        found.append(np.sort(pairs, axis=1))
    return np.concatenate(found)


def _alike(thumbs: npt.NDArray[np.uint8], pairs: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    alike = np.empty(len(pairs), dtype=bool)
    for start in range(0, len(pairs), _BLOCK):
        one, other = (_standard(thumbs[side]) for side in pairs[start : start + _BLOCK].T)
        alike[start : start + _BLOCK] = np.einsum("ij,ij->i", one, other) >= ALIKE
    return alike


def _standard(thumbs: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    centred = thumbs.astype(np.float32)
    centred -= centred.mean(axis=1, keepdims=True)
    return np.asarray(centred / np.linalg.norm(centred, axis=1, keepdims=True), dtype=np.float32)
