"""The evidence behind an audit: every comparison and search, under pseudonyms, as Parquet."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Protocol

import pandas as pd

from evenmatch.files import write_file
from evenmatch.reporting.digests import forget_digests
from evenmatch.results.comparisons import comparison_table
from evenmatch.results.searches import candidate_table, gallery_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from evenmatch.data.pseudonyms import Pseudonyms
    from evenmatch.data.samples import Samples
    from evenmatch.results.model import MatcherFacts
    from evenmatch.results.one_to_many import Identified
    from evenmatch.scoring.counts import ScoreCounts


class Evidence(Protocol):
    """What a matcher leaves to be checked."""

    @property
    def facts(self) -> MatcherFacts:
        """The matcher's name and how it ran."""

    @property
    def samples(self) -> Samples:
        """The rows that the counted scores speak of."""

    @property
    def counts(self) -> Sequence[ScoreCounts]:
        """The counted scores of every mask condition."""

    @property
    def identified(self) -> Identified:
        """What the searches returned."""


def write_evidence(measured: Sequence[Evidence], pseudonyms: Pseudonyms, folder: Path) -> None:
    """Write `scores/`, and where galleries were searched `searches/` and `gallery.csv`.

    Raises:
        OutsideError: the folder or the disk refuses.
    """
    forget_digests(folder)
    galleries: dict[str, pd.DataFrame] = {}
    for each in measured:
        name, samples = f"{each.facts.name}.parquet", each.samples
        if each.counts:
            table = comparison_table(each.counts, samples, pseudonyms)
            write_parquet(table, folder / "scores" / name)
        if each.identified.first_split:
            found = candidate_table(each.identified.first_split, samples, pseudonyms)
            write_parquet(found, folder / "searches" / name)
            # Who is enrolled depends on the seed and the labels alone, unless a vendor enrolled.
            for split in each.identified.splits:
                if split.name not in galleries:
                    galleries[split.name] = gallery_table([split], samples, pseudonyms)
    if galleries:
        enrolled = pd.concat(galleries.values())
        write_file(folder / "gallery.csv", enrolled.to_csv(index=False, lineterminator="\n"))


def write_parquet(table: pd.DataFrame, path: Path) -> Path:
    """Write a table in one step; the same table gives the same bytes."""
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return write_file(path, buffer.getvalue())
