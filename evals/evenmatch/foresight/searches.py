"""What a run's searches of galleries can say before they are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evenmatch.foresight.model import (
    ClaimForesight,
    PointForesight,
    Say,
    SearchedGroup,
    SearchForesight,
)
from evenmatch.results.claim_cases import ALPHA
from evenmatch.results.claim_evidence import scope_groups
from evenmatch.scoring.planning import make_roster
from evenmatch.searches.searching import make_run_splits, search_masks, wearing
from evenmatch.stats.cells import cell_status
from evenmatch.stats.claims import GALLERY_SHARE, parse_bound
from evenmatch.stats.people import effective_people
from evenmatch.stats.power import trials_to_support
from evenmatch.stats.thresholds import OperatingPoint, allowed_errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from evenmatch.config import RunConfig
    from evenmatch.data.groups import Groups
    from evenmatch.data.samples import Samples
    from evenmatch.entries.claim import Claim
    from evenmatch.scoring.galleries import Split
    from evenmatch.scoring.plan import Roster


def say(trials: int, kish: Sequence[float]) -> Say:
    """Return the best that a rate's row can be: with errors enough, and none unresolved."""
    status = cell_status(trials=trials, erring_units=trials, kish=kish)
    if status in ("suppressed", "no_trials"):
        return "suppressed"
    # Three erring units are the least that make an estimate; fewer trials than that cannot.
    return "upper_bound" if status == "upper_bound" else "estimate"


class PlannedSearches:
    """The first split of a run's galleries, as the audit will draw it, with its searches counted.

    Every other split has as many people in it, and claims are judged on the first.
    """

    def __init__(self, samples: Samples, groups: Groups, config: RunConfig) -> None:
        assert config.one_to_many is not None  # noqa: S101 - the caller made sure
        self._config, self._groups = config, groups
        self._roster: Roster = make_roster(samples, groups)
        once = config.one_to_many.model_copy(update={"splits": 1})
        (split,), _ = make_run_splits(samples, self._roster, once, config.seed)
        self._split: Split = split
        self._rows = {
            mask: np.isin(split.searches, wearing(samples, split, mask))
            for mask in search_masks(samples, [split], config)
        }

    @property
    def gallery_people(self) -> int:
        """How many people are enrolled."""
        return int(np.unique(self._roster.people[self._split.gallery]).size)

    def counts(self, mask: str, *, mated: bool) -> npt.NDArray[np.intp]:
        """Count each row's searches, 0 or 1, of one mask condition and kind."""
        chosen = self._rows[mask] & (self._split.mated == mated)
        return np.bincount(self._split.searches[chosen], minlength=self._roster.people.size)

    def by_person(
        self, mask: str, members: npt.NDArray[np.bool_], *, mated: bool
    ) -> npt.NDArray[np.intp]:
        """Count the searches for each person of some finest groups."""
        inside = members[self._roster.groups]
        return np.bincount(
            self._roster.people,
            weights=self.counts(mask, mated=mated) * inside,
            minlength=self._roster.n_people,
        ).astype(np.intp)

    def foresee(self) -> tuple[SearchForesight, ...]:
        """Say what each mask condition's searches can state."""
        bare = next(iter(self._rows))
        return tuple(
            SearchForesight(
                probe_mask=mask,
                gallery_people=self.gallery_people,
                gallery_photographs=int(self._split.gallery.size),
                comparisons=int(rows.sum()) * int(self._split.gallery.size),
                sets_thresholds=mask == bare,
                groups=tuple(self._searched(mask)),
            )
            for mask, rows in self._rows.items()
        )

    def _searched(self, mask: str) -> Iterator[SearchedGroup]:
        for group_by, members in self._groups.groupings.items():
            for group in members:
                mated = self.by_person(mask, group.members, mated=True)
                others = self.by_person(mask, group.members, mated=False)
                yield SearchedGroup(
                    group_by=group_by,
                    group=group.label,
                    mated=int(mated.sum()),
                    mated_people=int(np.count_nonzero(mated)),
                    fnir=say(int(mated.sum()), [effective_people(mated)]),
                    non_mated=int(others.sum()),
                    non_mated_people=int(np.count_nonzero(others)),
                    fpir=say(int(others.sum()), [effective_people(others)]),
                )

    def points(self) -> Iterator[PointForesight]:
        """Say which searches set each operating point: non-mated ones with bare faces."""
        assert self._config.one_to_many is not None  # noqa: S101 - held in the constructor
        bare = next(iter(self._rows))
        trials = int(self.counts(bare, mated=False).sum())
        for text in self._config.one_to_many.operating_points:
            point = OperatingPoint.parse(text)
            if not point.is_rate:
                yield PointForesight(text, "vendor", None, None, "given")
                continue
            allowed = allowed_errors(point.number, trials)
            yield PointForesight(
                text, f"in_sample:{bare}", trials, allowed,
                "resolved" if allowed else "cannot be resolved",
            )  # fmt: skip

    def claims(self, claim: Claim) -> Iterator[ClaimForesight]:
        """Say whether as many people could support a claim if none of them erred (methods 5.2)."""
        mask = claim.masks.probe if claim.masks else next(iter(self._rows))
        if mask not in self._rows:
            return
        alpha = ALPHA / 2 if claim.point.is_rate else ALPHA
        needed = trials_to_support(parse_bound(claim.bound), 0, alpha)
        lacking = ""
        if self.gallery_people < GALLERY_SHARE * (claim.gallery_size or 0):
            lacking = (
                f"the gallery has {self.gallery_people:,} people, the claim is about "
                f"{claim.gallery_size:,}"
            )
        for group in scope_groups(self._groups, claim.scope):
            counts = self.by_person(mask, group.members, mated=claim.metric == "fnir")
            people = int(np.count_nonzero(counts))
            yield ClaimForesight(
                claim.id,
                "+".join(claim.scope) or "all",
                group.label,
                people,
                people,
                needed,
                people >= needed and not lacking,
                lacking,
            )
