"""`scores/<matcher>.parquet`: every comparison under pseudonyms, for whoever checks the numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from evenmatch.data.pseudonyms import Pseudonyms
    from evenmatch.data.samples import Samples
    from evenmatch.scoring.counts import ScoreCounts

OK = "ok"


@dataclass(frozen=True)
class Names:
    """The pseudonyms of every row of a benchmark.

    Attributes:
        id: of its photograph.
        subject: of its person.
        place: of its photograph among all of them in the order of their pseudonyms. Tables are
            written in this order: in the manifest's own, anybody who has the manifest could read
            who is who.
    """

    id: npt.NDArray[np.object_]
    subject: npt.NDArray[np.object_]
    place: npt.NDArray[np.int64]


def pseudonymous(samples: Samples, pseudonyms: Pseudonyms) -> Names:
    """Return the pseudonyms of every row."""
    names = pseudonyms.of_samples(samples.table["sample_id"])
    return Names(
        id=np.array(names, dtype=object),
        subject=np.array(pseudonyms.of_subjects(samples.table["subject_id"]), dtype=object),
        place=np.argsort(np.argsort(names, kind="stable")),
    )


def comparison_table(
    counts: Sequence[ScoreCounts], samples: Samples, pseudonyms: Pseudonyms
) -> pd.DataFrame:
    """Return one row a kept comparison, in the order of conditions and of pseudonyms.

    Where every unordered pair is compared once, the earlier pseudonym is the probe.

    `status` is `ok` or the reason of a failure; the score of a failed comparison is empty.
    """
    names = pseudonymous(samples, pseudonyms)
    return pd.concat([_one_condition(each, samples, names) for each in counts], ignore_index=True)


def _one_condition(counts: ScoreCounts, samples: Samples, names: Names) -> pd.DataFrame:
    scored, mated = counts.comparisons()
    probe, reference = names.place[scored.probe], names.place[scored.reference]
    turned = (probe > reference) & counts.plan.symmetric
    order = np.lexsort((np.where(turned, probe, reference), np.where(turned, reference, probe)))
    scored, mated, turned = scored[order], mated[order], turned[order]
    sides = {
        "probe": np.where(turned, scored.reference, scored.probe),
        "reference": np.where(turned, scored.probe, scored.reference),
    }
    columns: dict[str, object] = {f"{side}_id": names.id[rows] for side, rows in sides.items()}
    columns |= {f"{side}_subject": names.subject[rows] for side, rows in sides.items()}
    columns["mated"] = mated
    columns["score"] = scored.score.astype(np.float64)
    columns["status"] = np.array([OK, *counts.reasons], dtype=object)[scored.status]
    columns["probe_mask"] = counts.plan.probe_mask
    columns["reference_mask"] = counts.plan.reference_mask
    for attribute in samples.attributes:
        values = samples.table[attribute].to_numpy(object)
        for side, rows in sides.items():
            columns[f"{side}_{attribute}"] = values[rows]
    return pd.DataFrame(columns)
