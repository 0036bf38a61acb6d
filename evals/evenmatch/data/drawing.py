"""Some people of a manifest, drawn at random: the same ones whoever draws them.

A person is drawn by the digest of the seed and their id alone, so that nobody has to hold the
register, neither its order nor who else is in it matters, and whoever has the ids can check it.
"""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evenmatch.errors import RequestError
from evenmatch.files import ordinary, write_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUBJECT = "subject_id"


@dataclass(frozen=True)
class Draw:
    """Which people are drawn.

    Attributes:
        one_in: into how many parts everybody is dealt.
        part: which of them is wanted, from 0.
        seed: the source of chance.
    """

    one_in: int
    part: int
    seed: int

    def __post_init__(self) -> None:
        if self.one_in < 1 or not 0 <= self.part < self.one_in:
            raise RequestError(
                f"--one-in {self.one_in} --part {self.part}: write how many parts there are, and "
                "one of them counted from 0."
            )

    def takes(self, subject: str) -> bool:
        """Whether a person is in the part."""
        digest = hashlib.sha256(f"{self.seed}:{subject}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % self.one_in == self.part


@dataclass(frozen=True)
class Drawn:
    """What was drawn: people, and rows of so many."""

    people: int
    rows: int
    of_rows: int


def draw_people(manifest: Path, draw: Draw, out: Path) -> Drawn:
    """Write the rows of a manifest that are of the people drawn, whole and in their order.

    The manifest is read row by row and may be larger than memory; what is drawn is held.

    Args:
        manifest: a CSV file with a column `subject_id`.
        draw: which people.
        out: the file to write.

    Raises:
        RequestError: the manifest cannot be read so, or nobody of it is drawn.
        OutsideError: the file cannot be written.
    """
    if out.exists():
        raise RequestError(f"--out {out}: is there already; name another file.")
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    people: set[str] = set()
    kept = seen = 0
    rows = _rows(manifest)
    heading = next(rows, [])
    if heading.count(SUBJECT) != 1:
        raise RequestError(
            f"{manifest}: its first line names no column {SUBJECT}; draw from a manifest with "
            "sample_id, subject_id and path."
        )
    place = heading.index(SUBJECT)
    writer.writerow(heading)
    for row in rows:
        if len(row) != len(heading):
            raise RequestError(
                f"{manifest}: row {seen + 1} after the heading has {len(row)} cells where the "
                f"heading has {len(heading)}; correct it."
            )
        seen += 1
        if draw.takes(row[place]):
            people.add(row[place])
            writer.writerow(row)
            kept += 1
    if not kept:
        raise RequestError(
            f"{manifest}: nobody of its {seen:,} rows is in the part; lower --one-in."
        )
    write_file(out, text.getvalue())
    return Drawn(len(people), kept, seen)


def _rows(manifest: Path) -> Iterator[list[str]]:
    try:
        with ordinary(manifest).open(encoding="utf-8-sig", newline="") as file:
            yield from (row for row in csv.reader(file, strict=True) if row)
    except (OSError, ValueError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else type(error).__name__
        raise RequestError(
            f"{manifest}: cannot be read as UTF-8 CSV ({reason}); name a manifest."
        ) from None
