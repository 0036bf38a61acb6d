"""`searches/<matcher>.parquet` and `gallery.csv`: who was enrolled and what came back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evenmatch.results.comparisons import OK, pseudonymous

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from evenmatch.data.pseudonyms import Pseudonyms
    from evenmatch.data.samples import Samples
    from evenmatch.results.comparisons import Names
    from evenmatch.results.one_to_many import Searched
    from evenmatch.scoring.galleries import Split


def candidate_table(
    found: Sequence[Searched], samples: Samples, pseudonyms: Pseudonyms
) -> pd.DataFrame:
    """Return one row a candidate of each search: the best non-mates, and the best mate.

    Searches are in the order of their pseudonyms, each one's candidates by rank. The mate is listed
    whatever its rank. A search without a candidate is one row with its status.
    """
    names = pseudonymous(samples, pseudonyms)
    return pd.concat([_one_condition(each, samples, names) for each in found])


def _one_condition(found: Searched, samples: Samples, names: Names) -> pd.DataFrame:
    results, number = found.results, np.arange(found.results.searches.size)
    others = results.candidate_rows >= 0
    # A non-mate stands behind the mate only where its score is lower: ties count against it.
    behind = results.candidates < results.best_mate[:, None]
    ranks = np.arange(1, others.shape[1] + 1) + behind
    mate = results.best_mate_row >= 0
    empty = ~mate & ~others.any(axis=1)
    search = np.concatenate([np.repeat(number, others.sum(axis=1)), number[mate], number[empty]])
    blank = np.full(int(empty.sum()), -1)
    reference = np.concatenate([results.candidate_rows[others], results.best_mate_row[mate], blank])
    rank = np.concatenate([ranks[others], results.rank[mate], blank])
    score = np.concatenate([results.candidates[others], results.best_mate[mate], blank * np.nan])
    order = np.lexsort((rank, names.place[found.rows[search]]))
    return _columns(
        found, samples, names, search[order], reference[order], rank[order], score[order]
    )


def _columns(  # noqa: PLR0913 - the columns of one table
    found: Searched,
    samples: Samples,
    names: Names,
    search: npt.NDArray[np.int64],
    reference: npt.NDArray[np.int64],
    rank: npt.NDArray[np.int64],
    score: npt.NDArray[np.float64],
) -> pd.DataFrame:
    probe = found.rows[search]
    listed = reference >= 0
    status = np.where(found.results.status == "", OK, found.results.status)
    columns: dict[str, object] = {
        "probe_id": names.id[probe],
        "probe_subject": names.subject[probe],
        "mated": found.searches.mated[search],
        "gallery": found.split.name,
        "rank": pd.array(np.where(listed, rank, 0), dtype="Int64"),
        "reference_id": _where_listed(names.id, reference),
        "reference_subject": _where_listed(names.subject, reference),
        "score": score,
        "status": status[search],
        "probe_mask": found.probe_mask,
    }
    for attribute in samples.attributes:
        values = samples.table[attribute].to_numpy(object)
        columns[f"probe_{attribute}"] = values[probe]
        columns[f"reference_{attribute}"] = _where_listed(values, reference)
    table = pd.DataFrame(columns)
    table.loc[~listed, "rank"] = pd.NA
    return table


def _where_listed(
    values: npt.NDArray[np.object_], rows: npt.NDArray[np.int64]
) -> npt.NDArray[np.object_]:
    """Return the values of rows, None for the row -1 of a list that is empty."""
    found = values[rows]
    found[rows < 0] = None
    return found


def gallery_table(
    splits: Sequence[Split], samples: Samples, pseudonyms: Pseudonyms
) -> pd.DataFrame:
    """Return one row a photograph enrolled in a split, in the order of pseudonyms."""
    names = pseudonymous(samples, pseudonyms)
    enrolled = [(each.name, each.gallery[np.argsort(names.place[each.gallery])]) for each in splits]
    return pd.concat(
        pd.DataFrame(
            {
                "gallery": name,
                "reference_id": names.id[rows],
                "reference_subject": names.subject[rows],
            }
        )
        for name, rows in enrolled
    )
