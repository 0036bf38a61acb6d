"""A benchmark with some photographs left out and some identities joined."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from evenmatch.data.samples import UNKNOWN, Samples

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy.typing as npt

    from evenmatch.data.protocols import ListedTrials


@dataclass(frozen=True)
class Change:
    """What is done to a benchmark.

    Attributes:
        removed: samples left out.
        merged: subject to the subject it is counted under.
        templates: samples whose template became another, which is none of this class's doing.
    """

    removed: frozenset[str] = frozenset()
    merged: dict[str, str] = field(default_factory=dict)
    templates: frozenset[str] = frozenset()

    def kept(self, samples: Samples) -> npt.NDArray[np.bool_]:
        """Mark the rows that stay."""
        return ~samples.table["sample_id"].isin(self.removed).to_numpy(bool)

    def of_samples(self, samples: Samples, of_people: Collection[str]) -> Samples:
        """Return the rows that stay, under the people they are now counted as.

        Identities that are joined and disagree about an attribute of people are `unknown` in it:
        nobody knows which label was right.

        Args:
            samples: the rows.
            of_people: the attributes that belong to people and not to photographs.
        """
        table = samples.table[self.kept(samples)].reset_index(drop=True)
        table["subject_id"] = table["subject_id"].replace(self.merged)
        joined = table["subject_id"].isin(set(self.merged.values()))
        attributes = dict(samples.attributes)
        for name in set(attributes) & set(of_people):
            labels = table.loc[joined].groupby("subject_id")[name]
            torn = joined & table["subject_id"].isin(labels.nunique().loc[lambda n: n > 1].index)
            table[name] = table[name].mask(torn, UNKNOWN)
            if torn.any() and UNKNOWN not in attributes[name]:
                attributes[name] = (*attributes[name], UNKNOWN)
        return replace(samples, table=table, attributes=attributes)

    def of_trials(self, trials: ListedTrials, samples: Samples) -> ListedTrials:
        """Return the listed comparisons of photographs that stay, by their new positions."""
        kept = self.kept(samples)
        position = np.where(kept, np.cumsum(kept) - 1, -1).astype(np.int32)
        probes, references = position[trials.probes], position[trials.references]
        both = (probes >= 0) & (references >= 0)
        return replace(trials, probes=probes[both], references=references[both])
