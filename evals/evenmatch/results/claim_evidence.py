"""What a claim is judged on: the comparisons, or the searches, that it speaks of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Protocol, overload

import numpy as np

from evenmatch.data.groups import ALL, Group
from evenmatch.data.samples import UNKNOWN
from evenmatch.results.one_to_many import search_threshold
from evenmatch.results.one_to_one import needs_looser, person_counts
from evenmatch.results.thresholds import describe_calibration, set_threshold
from evenmatch.scoring.counts import top_non_mated
from evenmatch.stats.cells import cell_status
from evenmatch.stats.claims import Guard, Part, guard
from evenmatch.stats.identification import fnir, fpir
from evenmatch.stats.intervals import ENOUGH_ERRING, lower_bound, upper_bound
from evenmatch.stats.people import effective_people
from evenmatch.stats.thresholds import next_above, threshold_between

if TYPE_CHECKING:
    import numpy.typing as npt

    from evenmatch.data.groups import Groups
    from evenmatch.results.model import Threshold
    from evenmatch.results.one_to_many import Searched
    from evenmatch.results.one_to_one import Failures
    from evenmatch.results.thresholds import Scale
    from evenmatch.scoring.counts import ScoreCounts
    from evenmatch.scoring.touched import Touched
    from evenmatch.stats.cells import Status
    from evenmatch.stats.identification import Searches
    from evenmatch.stats.people import PersonCounts

    Doubles = npt.NDArray[np.float64]

Metric = Literal["fnmr", "fmr", "fpir", "fnir"]


@dataclass(frozen=True)
class Seen:
    """A rate at one threshold: its counts, and what so many people may say."""

    counts: PersonCounts
    looser: PersonCounts | None
    status: Status

    @property
    def decides(self) -> bool:
        """Whether there are people enough for a bound to mean anything."""
        return self.status not in ("suppressed", "no_trials")

    def part(self, bound: float) -> Part:
        """Return it as a part of a claim that sets this bound."""
        return Part(self.counts, bound, self.looser)


class Evidence(Protocol):
    """Where a claim's rates are counted, and its threshold fitted."""

    def seen(self, metric: Metric, group: Group, threshold: float) -> Seen:
        """Count a rate of one group at a threshold."""
        ...

    def fitted(self, text: str) -> Threshold:
        """Return the threshold that an operating point comes to."""
        ...

    def fitted_rate(self, threshold: float) -> Seen:
        """Count the FMR (FPIR) on the trials that set thresholds."""
        ...

    @property
    def trials(self) -> int:
        """How many trials set thresholds."""
        ...

    def known(self) -> Doubles:
        """Return the distinct scores of those trials that are kept, ascending."""
        ...

    def accepting(self, matches: int) -> tuple[float, float]:
        """Return the lowest threshold with at most so many false matches, and what it rejects."""
        ...


class _Ranked(Sequence[float]):
    """Every score of the trials that set thresholds, ascending, each found when asked for."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence, self._trials = evidence, evidence.trials

    def __len__(self) -> int:
        return self._trials + 1

    @overload
    def __getitem__(self, place: int) -> float: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[float]: ...
    def __getitem__(self, place: int | slice) -> float | Sequence[float]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        threshold, rejected = self._evidence.accepting(max(self._trials - 1 - place, 0))
        return threshold if place == self._trials else rejected


def scope_groups(groups: Groups, scope: Sequence[str]) -> list[Group]:
    """Return the groups that a claim has to hold in: people of unknown label are in none."""
    if not scope:
        return groups.groupings[ALL]
    crossed = [Group("", np.ones(groups.n_groups, dtype=bool))]
    for name in scope:
        crossed = [
            Group(f"{one.label}+{other.label}".lstrip("+"), one.members & other.members)
            for one in crossed
            for other in groups.references[name]
            if other.label != UNKNOWN
        ]
    return [group for group in crossed if group.members.any()]


def find_guard(evidence: Evidence, target: float, alpha: float) -> Guard:
    """Find the thresholds between which the one with the claimed FMR (FPIR) surely lies.

    Args:
        evidence: the trials that set thresholds.
        target: the rate claimed.
        alpha: one-sided error of the verdict, half of which is spent here.
    """
    if not evidence.trials:
        return Guard(None, None)

    def upper_at(threshold: float) -> float:
        seen = evidence.fitted_rate(threshold)
        return upper_bound(seen.counts, alpha / 2, seen.looser)

    def lower_at(threshold: float) -> float:
        seen = evidence.fitted_rate(threshold)
        return lower_bound(seen.counts, alpha / 2, seen.looser)

    known = evidence.known()
    candidates: Sequence[float] = [*known.tolist(), evidence.accepting(0)[0]]
    if evidence.fitted_rate(candidates[0]).counts.errors < evidence.trials and (
        lower_at(candidates[0]) <= target
    ):
        # Both ends lie among the kept scores only where the lowest of them surely accepts too many.
        candidates = _Ranked(evidence)
    found = guard(candidates, target, upper_at=upper_at, lower_at=lower_at)
    if found.high is None:
        return found
    # The lowest threshold with the same false matches: fewer mates are lost there.
    matches = evidence.fitted_rate(found.high).counts.errors
    lowest = found.high if matches == evidence.trials else evidence.accepting(matches)[0]
    return Guard(found.low, lowest)


@dataclass(frozen=True)
class ComparisonEvidence:
    """Comparisons of one mask condition.

    Attributes:
        counts: the comparisons judged.
        fitting: those that set thresholds: of bare faces, where there are any.
        selection: which of the latter.
        policy: the pairs of groups that the claim's FMR is about.
        named: what `calibrate_on` would be for the selection.
        scale: the matcher's scale.
        failures: what failed mated comparisons count as.
    """

    counts: ScoreCounts
    fitting: ScoreCounts
    selection: npt.NDArray[np.bool_]
    policy: npt.NDArray[np.bool_]
    named: str | dict[str, str]
    scale: Scale
    failures: Failures

    def seen(self, metric: Metric, group: Group, threshold: float) -> Seen:
        """Count a rate of one group at a threshold."""
        cells = np.outer(group.members, group.members)
        if metric == "fmr":
            return _false_matches(self.counts, cells & self.policy, threshold)
        touched = self.counts.false_non_matches(cells, threshold, self.failures)
        looser = None
        if touched.trials > 0 and touched.erring_units < ENOUGH_ERRING:
            looser = self.counts.false_non_matches_looser(cells, threshold, self.failures)
        return _seen(touched, looser, (touched.trials_by_person,))

    def false_matches_between(
        self, probe: Group, reference: Group, threshold: float
    ) -> tuple[int, int]:
        """Count the false matches of two groups at a threshold, and their comparisons."""
        cells = np.outer(probe.members, reference.members)
        touched = self.counts.false_matches(cells, threshold)
        return touched.errors, touched.trials

    def fitted(self, text: str) -> Threshold:
        """Return the threshold that an FMR comes to on the trials that set it."""
        named = describe_calibration(self.named)
        return set_threshold(text, self.scale, [(self.fitting, self.selection)], named)

    def fitted_rate(self, threshold: float) -> Seen:
        """Count the FMR on the trials that set thresholds."""
        touched = self.fitting.false_matches(self.selection, threshold)
        looser = self._loosest if touched.erring_units < ENOUGH_ERRING else None
        return _seen(touched, looser, (touched.trials_by_person,))

    @cached_property
    def _loosest(self) -> tuple[float, Touched] | None:
        """The highest threshold at which 30 pairs of people err; it does not depend on another."""
        return self.fitting.false_matches_looser(self.selection, np.inf)

    @property
    def trials(self) -> int:
        """How many non-mated comparisons set thresholds."""
        return self.fitting.non_mated_trials(self.selection)

    def known(self) -> Doubles:
        """Return the distinct kept non-mated scores, ascending."""
        return np.unique(self.fitting.kept_scores(self.selection))

    def accepting(self, matches: int) -> tuple[float, float]:
        """Return the lowest threshold with at most so many false matches, and what it rejects."""
        rejected, accepted = top_non_mated([(self.fitting, self.selection)], matches)
        return threshold_between(rejected, accepted, self.scale.float_type), rejected


def _false_matches(counts: ScoreCounts, cells: npt.NDArray[np.bool_], threshold: float) -> Seen:
    touched = counts.false_matches(cells, threshold)
    looser = None
    if needs_looser(touched):
        looser = counts.false_matches_looser(cells, threshold)
    # Cells here are of a group with itself, or of everybody: both sides are the same people.
    sides: tuple[npt.NDArray[np.int64], ...] = (touched.trials_by_person,)
    if not counts.plan.symmetric:
        sides = (touched.probe_people_trials, touched.reference_people_trials)
    return _seen(touched, looser, sides)


def _seen(
    touched: Touched,
    looser: tuple[float, Touched] | None,
    sides: tuple[npt.NDArray[np.int64], ...],
) -> Seen:
    status = cell_status(
        trials=touched.trials,
        erring_units=touched.erring_units,
        kish=[effective_people(side) for side in sides],
    )
    return Seen(person_counts(touched), person_counts(looser[1]) if looser else None, status)


@dataclass(frozen=True)
class SearchEvidence:
    """Searches of one gallery under one mask condition.

    Attributes:
        found: the searches judged.
        bare: those that set thresholds, of bare faces.
        codes: finest group of every row.
        scale: the matcher's scale.
        failures: what failed searches count as.
    """

    found: Searched
    bare: Searched
    codes: npt.NDArray[np.int32]
    scale: Scale
    failures: Failures

    def seen(self, metric: Metric, group: Group, threshold: float) -> Seen:
        """Count a rate of the searches for one group's people at a threshold."""
        inside = group.members[self.codes][self.found.rows]
        part = self.found.searches.where(inside)
        return _searches_seen(part, metric, threshold, self.failures)

    def fitted(self, text: str) -> Threshold:
        """Return the threshold that an FPIR comes to."""
        return search_threshold(text, self.scale, self.bare)

    def fitted_rate(self, threshold: float) -> Seen:
        """Count the FPIR on the searches that set thresholds."""
        return _searches_seen(self.bare.searches, "fpir", threshold, "excluded")

    @cached_property
    def _best(self) -> Doubles:
        """The best non-mate of each non-mated search, ascending; -inf where nobody came back."""
        part = self.bare.searches
        return np.sort(part.best_non_mate[~part.mated & ~part.failed])

    @property
    def trials(self) -> int:
        """How many non-mated searches set thresholds."""
        return int(self._best.size)

    def known(self) -> Doubles:
        """Return the distinct scores of the best non-mates, ascending."""
        return np.unique(self._best)

    def accepting(self, matches: int) -> tuple[float, float]:
        """Return the lowest threshold with at most so many alarms, and what it rejects."""
        rejected = float(self._best[self._best.size - matches - 1])
        if rejected == -np.inf:
            return rejected, rejected
        part = self.bare.searches
        mates = part.best_mate[part.mated & ~part.failed]
        accepted = next_above(rejected, self._best, mates)
        return threshold_between(rejected, accepted, self.scale.float_type), rejected


def _searches_seen(
    searches: Searches, metric: Metric, threshold: float, failures: Failures
) -> Seen:
    at = fpir if metric == "fpir" else fnir
    counts = at(searches, threshold, failures=failures)
    status = cell_status(trials=counts.trials, erring_units=counts.erring_units, kish=[counts.kish])
    looser = None
    if counts.trials and counts.erring_units < ENOUGH_ERRING:
        looser_at = _looser(searches, metric, threshold)
        looser = None if looser_at is None else at(searches, looser_at, failures=failures)
    return Seen(counts, looser, status)


def _looser(searches: Searches, metric: Metric, threshold: float) -> float | None:
    """Return the nearest looser threshold at which 30 searched people err."""
    kept = searches.where(~searches.failed & (searches.mated == (metric == "fnir")))
    # A person errs once the most alike non-mate passes, or the least alike mate does not.
    score = -kept.best_non_mate if metric == "fpir" else kept.best_mate
    people, place = np.unique(kept.searcher, return_inverse=True)
    extreme = np.full(people.size, np.inf)
    np.minimum.at(extreme, place, score)
    extreme.sort()
    if extreme.size < ENOUGH_ERRING or not np.isfinite(extreme[ENOUGH_ERRING - 1]):
        return None
    last = float(extreme[ENOUGH_ERRING - 1])
    return min(threshold, -last) if metric == "fpir" else max(threshold, np.nextafter(last, np.inf))
