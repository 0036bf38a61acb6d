"""Counted scores of one plan, and the questions that rates and intervals ask of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from evenmatch.scoring.ordering import top_non_mated
from evenmatch.scoring.scored import joined
from evenmatch.scoring.touched import (
    Erring,
    PairMoments,
    Touched,
    erring,
    score_of_unit,
    weighted,
)
from evenmatch.scoring.trials import folded

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from evenmatch.scoring.plan import Plan, Roster
    from evenmatch.scoring.recount import Question, Recount
    from evenmatch.scoring.scored import Bins, ScoredPairs
    from evenmatch.scoring.trials import Selection, Trials

__all__ = ["Failures", "ScoreCounts", "top_non_mated"]

Failures = Literal["non-match", "excluded"]


@dataclass(frozen=True)
class ScoreCounts:
    """Every comparison of a plan, counted.

    Attributes:
        plan: which comparisons.
        roster: who the rows are.
        usable: which rows have a template.
        bins: the bins of `cells`.
        cells: non-mated scores by (probe group, reference group, bin); on symmetric plans the
            smaller group comes first.
        mated: every mated comparison, failed ones with their status.
        kept: non-mated comparisons, most similar first, complete at or above `cuts`.
        cuts: by cell, the similarity from which `kept` holds everything; -inf for all of it.
        reasons: failure reasons; a status k above 0 means `reasons[k - 1]`.
        trials: how the usable non-mated trials fall on people.
        failed: failed non-mated comparisons, where everything is kept.
        source: goes over the comparisons again for what lies below the cuts.
    """

    plan: Plan
    roster: Roster
    usable: npt.NDArray[np.bool_]
    bins: Bins
    cells: npt.NDArray[np.int64]
    mated: ScoredPairs
    kept: ScoredPairs
    cuts: npt.NDArray[np.float64]
    reasons: tuple[str, ...]
    trials: Trials
    failed: ScoredPairs
    source: Recount | None = None

    @property
    def keeps_everything(self) -> bool:
        """Whether every non-mated score is kept."""
        return bool(np.all(np.isneginf(self.cuts)))

    def false_matches(self, selection: Selection, threshold: float) -> Touched:
        """Return non-mated trials of the selection at or above the threshold, and all of them."""
        return self._touched(selection, self._errors_at(selection, threshold))

    def prepare(self, questions: Sequence[Question]) -> None:
        """Answer (selection, threshold) questions below the cuts together, for later.

        Each would cost a pass over all comparisons if `false_matches` met it unprepared.
        """
        if self.source is not None:
            below = [each for each in questions if each[1] < self.cut(each[0])]
            self.source.prepare([(self._folded(cells), at) for cells, at in below])

    def false_matches_looser(
        self, selection: Selection, threshold: float, *, units: int = 30
    ) -> tuple[float, Touched] | None:
        """Return the highest threshold below which at least `units` pairs of people err.

        None where no threshold makes that many pairs err.
        """
        scores, first, second = self._kept_people(selection)
        complete = scores >= self.cut(selection)
        enough = score_of_unit(
            scores[complete], first[complete], second[complete], self.roster.n_people, units
        )
        if enough is None and self.source is not None:
            enough = self.source.score_of_unit(
                self._folded(selection), self.histogram(selection), self.cut(selection), units
            )
        if enough is None:
            return None
        looser = min(threshold, enough)
        return looser, self.false_matches(selection, looser)

    def false_non_matches(
        self, selection: Selection, threshold: float, failures: Failures = "non-match"
    ) -> Touched:
        """Return mated trials of the selection below the threshold, and all of them.

        Args:
            selection: cells asked for.
            threshold: similarity from which a trial matches.
            failures: whether a failed trial is a non-match or no trial.
        """
        mated = self._mated_of(selection, failures)
        missed = ~(mated.score.astype(np.float64) >= threshold)
        return self._touched_mated(mated, missed)

    def false_non_matches_looser(
        self,
        selection: Selection,
        threshold: float,
        failures: Failures = "non-match",
        *,
        units: int = 30,
    ) -> tuple[float, Touched] | None:
        """Return the lowest threshold above which at least `units` people err."""
        mated = self._mated_of(selection, failures)
        worst = np.full(self.roster.n_people, np.inf)
        score = np.where(mated.usable, mated.score.astype(np.float64), -np.inf)
        np.minimum.at(worst, self.roster.people[mated.probe], score)
        ascending = np.sort(worst[np.isfinite(worst) | np.isneginf(worst)])
        if ascending.size < units:
            return None
        looser = max(threshold, float(np.nextafter(ascending[units - 1], np.inf)))
        return looser, self.false_non_matches(selection, looser, failures)

    def histogram(self, selection: Selection) -> npt.NDArray[np.int64]:
        """Return non-mated scores of the selection by bin."""
        whole = self._folded(selection)
        chosen = np.triu(whole) if self.plan.symmetric else whole
        return np.asarray(self.cells[chosen].sum(axis=0), dtype=np.int64)

    def mated_histogram(self, selection: Selection) -> npt.NDArray[np.int64]:
        """Return mated scores of the selection by bin."""
        scores = self.mated_scores(selection)
        return np.bincount(self.bins.of(scores), minlength=self.bins.count).astype(np.int64)

    def mated_scores(self, selection: Selection) -> npt.NDArray[np.float64]:
        """Return mated scores of the selection, ascending, without the failed ones."""
        return np.sort(self._mated_of(selection, "excluded").score.astype(np.float64))

    def kept_scores(self, selection: Selection) -> npt.NDArray[np.float64]:
        """Return kept non-mated scores of the selection, the highest first."""
        scores = self._kept_people(selection)[0]
        return scores[scores >= self.cut(selection)]

    def non_mated_trials(self, selection: Selection) -> int:
        """Return how many non-mated trials of the selection have a score."""
        return self.trials.sums(selection).trials

    def curve(self, selection: Selection) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """Return falling thresholds and the non-mated scores at or above each, all exact.

        One threshold a kept score; below the cut, one a bin.
        """
        scores, cut = self.kept_scores(selection), self.cut(selection)
        last = np.append(scores[1:] != scores[:-1], True) if scores.size else np.zeros(0, bool)
        above = np.arange(1, scores.size + 1)[last]
        edges = self.bins.edges[:-1][::-1]
        tail = np.cumsum(self.histogram(selection)[::-1])
        below = edges < cut
        below[-1] = cut > -np.inf
        return np.append(scores[last], edges[below]), np.append(above, tail[below])

    def comparisons(self) -> tuple[ScoredPairs, npt.NDArray[np.bool_]]:
        """Return the rows of a score table and which of them are mated.

        Everything, failures too, where everything is kept; otherwise the mated and the kept.
        """
        pairs = joined(self.mated, self.kept, self.failed)
        mated = np.arange(len(pairs)) < len(self.mated)
        order = np.lexsort((pairs.reference, pairs.probe))
        return pairs[order], mated[order]

    @property
    def failed_comparisons(self) -> int:
        """Planned comparisons without a score."""
        scored = int(self.cells.sum()) + int(np.count_nonzero(self.mated.usable))
        return self.plan.size(self.roster) - scored

    @cached_property
    def _ascending(self) -> npt.NDArray[np.floating]:
        """The kept scores negated, so that they can be searched."""
        return -self.kept.score

    @cached_property
    def _groups(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """Groups of both sides of the kept comparisons."""
        return self.roster.groups[self.kept.probe], self.roster.groups[self.kept.reference]

    def _folded(self, selection: Selection) -> Selection:
        return folded(selection, symmetric=self.plan.symmetric)

    def cut(self, selection: Selection) -> float:
        """Return the similarity from which every score of the selection is kept."""
        chosen = self.cuts[self._folded(selection)]
        return float(chosen.max()) if chosen.size else -np.inf

    def _kept_people(
        self, selection: Selection, count: int | None = None
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """Return scores and people of the selection among the first `count` kept comparisons."""
        probe, reference = self._groups
        part = slice(0, count)
        chosen = np.flatnonzero(self._folded(selection)[probe[part], reference[part]])
        people = self.roster.people
        return (
            self.kept.score[chosen].astype(np.float64),
            people[self.kept.probe[chosen]],
            people[self.kept.reference[chosen]],
        )

    def _errors_at(self, selection: Selection, threshold: float) -> Erring:
        if self.source is not None and threshold < self.cut(selection):
            return self.source.errors(self._folded(selection), threshold)
        at_or_above = int(np.searchsorted(self._ascending, -threshold, side="right"))
        _, first, second = self._kept_people(selection, at_or_above)
        return erring(
            first, second, self.roster.n_people, lambda i, j: self.trials.between(selection, i, j)
        )

    def _touched(self, selection: Selection, errors: Erring) -> Touched:
        sums = self.trials.sums(selection)
        return Touched(
            errors=errors.errors,
            trials=sums.trials,
            errors_by_person=errors.by_person,
            trials_by_person=sums.by_person,
            erring_units=errors.units,
            units=sums.units,
            pair_moments=PairMoments(errors.ee, errors.em, sums.squares),
            probe_people_trials=sums.probe_people,
            reference_people_trials=sums.reference_people,
        )

    def _touched_mated(self, mated: ScoredPairs, missed: npt.NDArray[np.bool_]) -> Touched:
        n = self.roster.n_people
        people = self.roster.people[mated.probe]
        trials = np.bincount(people, minlength=n).astype(np.int64)
        errors = weighted(people, missed.astype(np.int64), n)
        return Touched(
            errors=int(np.count_nonzero(missed)),
            trials=len(mated),
            errors_by_person=errors,
            trials_by_person=trials,
            erring_units=int(np.count_nonzero(errors)),
            units=int(np.count_nonzero(trials)),
            pair_moments=None,
            probe_people_trials=trials,
            reference_people_trials=trials,
        )

    def _mated_of(self, selection: Selection, failures: Failures) -> ScoredPairs:
        groups = self.roster.groups
        chosen = self._folded(selection)[groups[self.mated.probe], groups[self.mated.reference]]
        if failures == "excluded":
            chosen &= self.mated.usable
        return self.mated[chosen]
