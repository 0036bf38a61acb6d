"""`scores/<matcher>.parquet`: every comparison under pseudonyms, for whoever checks the numbers."""

from __future__ import annotations

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


def pseudonymous(samples: Samples, pseudonyms: Pseudonyms) -> dict[str, npt.NDArray[np.object_]]:
    """Return the pseudonyms of every row: `id` of its photograph, `subject` of its person."""
    return {
        "id": np.array(pseudonyms.of_samples(samples.table["sample_id"]), dtype=object),
        "subject": np.array(pseudonyms.of_subjects(samples.table["subject_id"]), dtype=object),
    }


def comparison_table(
    counts: Sequence[ScoreCounts], samples: Samples, pseudonyms: Pseudonyms
) -> pd.DataFrame:
    """Return one row a kept comparison, in the order of conditions, probes and references.

    `status` is `ok` or the reason of a failure; the score of a failed comparison is empty.
    """
    names = pseudonymous(samples, pseudonyms)
    return pd.concat([_one_condition(each, samples, names) for each in counts], ignore_index=True)


def _one_condition(
    counts: ScoreCounts, samples: Samples, names: dict[str, npt.NDArray[np.object_]]
) -> pd.DataFrame:
    scored, mated = counts.comparisons()
    sides = (("probe", scored.probe), ("reference", scored.reference))
    columns: dict[str, object] = {
        f"{side}_{name}": values[rows] for name, values in names.items() for side, rows in sides
    }
    columns["mated"] = mated
    columns["score"] = scored.score.astype(np.float64)
    columns["status"] = np.array([OK, *counts.reasons], dtype=object)[scored.status]
    columns["probe_mask"] = counts.plan.probe_mask
    columns["reference_mask"] = counts.plan.reference_mask
    for attribute in samples.attributes:
        values = samples.table[attribute].to_numpy(object)
        for side, rows in sides:
            columns[f"{side}_{attribute}"] = values[rows]
    return pd.DataFrame(columns)
