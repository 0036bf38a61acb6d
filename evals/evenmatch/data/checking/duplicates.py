"""The same photograph twice: under one person, or under two."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from evenmatch.data.checking.finding import Finding, finding
from evenmatch.data.checking.near import ALIKE, LIMIT, WIDEST, look_alikes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evenmatch.data.checking.photographs import Album


def duplicate_findings(album: Album, owners: Mapping[str, frozenset[str]]) -> list[Finding]:
    """Find copies, exact and near, within a person and across people.

    Args:
        album: the photographs.
        owners: path to the subjects it is filed under; a frame may show several people.
    """
    groups = defaultdict(list)
    for position, pixels in enumerate(album.pixels):
        groups[pixels].append(position)
    one: list[str] = []
    two: list[str] = []
    for members in groups.values():
        first, *copies = members
        for copy in copies:
            same = "same bytes" if album.files[copy] == album.files[first] else "same pixels"
            line = _line(album, owners, first, copy, same)
            (one if _one_person(album, owners, first, copy) else two).append(line)
    return [
        finding("copies, one person", len(album.paths), one),
        finding("copies under two people", len(album.paths), two),
        *_near(album, owners, [members[0] for members in groups.values()]),
    ]


def _near(
    album: Album, owners: Mapping[str, frozenset[str]], positions: list[int]
) -> list[Finding]:
    neighbours = look_alikes(album.thumbs[positions])
    one: list[str] = []
    two: list[str] = []
    for left, right in neighbours.pairs.tolist():
        first, second = positions[left], positions[right]
        line = _line(album, owners, first, second, "look alike")
        (one if _one_person(album, owners, first, second) else two).append(line)
    looked_at = len(positions) if neighbours.distance >= 0 else 0
    remark = _near_remark(neighbours.distance)
    return [
        finding("look-alikes, one person", looked_at, one, wrong=False, remark=remark),
        finding("look-alikes, two people", looked_at, two, remark=remark),
    ]


def _near_remark(distance: int) -> str:
    if distance < 0:
        return f"too many hashes agree: more than {LIMIT:,} pairs would have to be compared"
    narrower = "" if distance == WIDEST else f" (narrowed from {WIDEST} to stay within the limit)"
    return (
        f"hashes within {distance} of 64 bits{narrower} and pixels that correlate at {ALIKE} or "
        "more; crops and mirror images are not found"
    )


def _one_person(
    album: Album, owners: Mapping[str, frozenset[str]], first: int, second: int
) -> bool:
    return bool(owners[album.paths[first]] & owners[album.paths[second]])


def _line(
    album: Album, owners: Mapping[str, frozenset[str]], first: int, second: int, how: str
) -> str:
    sides = [
        f"{album.paths[place]} ({', '.join(sorted(owners[album.paths[place]]))})"
        for place in (first, second)
    ]
    return f"{sides[0]} = {sides[1]}: {how}"
