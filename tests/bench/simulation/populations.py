"""People whose error rates are known exactly, and the scores they would give.

Every score is a standard normal variable, a sum of what belongs to the people, to the pair of
people, to the photographs and to the one comparison. A trial errs where its score reaches the
threshold: for non-mated trials that is a similarity, for mated trials a dissimilarity. Whatever
the shares, any one trial therefore errs with probability `norm.sf(threshold)`, and that is the
rate of the population that the people of every replicate are drawn from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from scipy.optimize import brentq
from scipy.special import log_ndtr
from scipy.stats import norm

from evenmatch.stats.identification import Searches, fpir
from evenmatch.stats.people import PersonCounts

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Reals = npt.NDArray[np.floating]
    Integers = npt.NDArray[np.int64]

LOOSER_UNITS = 30  # distinct erring units that the looser threshold has to reach, as in audits
CERTAIN = 1e3  # a score above every threshold
ROLES = 0.5  # correlation of what a person or photograph adds as probe and as reference
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(200)


@dataclass(frozen=True)
class Effects:
    """Shares of a score's variance; what is left over belongs to the single comparison.

    Attributes:
        person: of each of the two people (mated trials: of the one).
        pair: of the pair of people.
        photo: of each of the two photographs.
    """

    person: float
    pair: float
    photo: float


@dataclass(frozen=True)
class Design:
    """Who is compared with whom.

    Attributes:
        rate: `FMR`, `FNMR` or `FPIR`.
        plan: `symmetric`, `ordered` or `cross-group` (half the people against the other half);
            of searches, always `gallery`.
        people: how many; of searches, the searchers and as many others in the gallery.
        photos: photographs of each person; 0 for 1 to 8, unequal.
        effects: shares of the variance.
        twins: chance that a replicate holds one pair of people who match in every comparison.
    """

    rate: str
    plan: str
    people: int
    photos: int
    effects: Effects
    twins: float = 0.0


class Draw(Protocol):
    """One replicate: people, photographs and all their scores."""

    def counts(self, threshold: float) -> PersonCounts:
        """Count errors and trials at a threshold."""

    def looser(self, threshold: float) -> PersonCounts | None:
        """Count them at the nearest threshold as loose or looser at which 30 units err."""


class Population(Protocol):
    """Where replicates come from."""

    trials: int

    def threshold(self, rate: float) -> float:
        """Return the threshold at which a trial that is not of twins errs with this probability."""

    def truth(self, rate: float) -> float:
        """Return the rate over all replicates at that threshold."""

    def draw(self, rng: np.random.Generator) -> Draw:
        """Draw new people."""


def population(design: Design) -> Population:
    """Return the population of a design."""
    kinds: dict[str, Callable[[Design], Population]] = {
        "FMR": NonMated,
        "FNMR": Mated,
        "FPIR": Searched,
    }
    return kinds[design.rate](design)


class NonMated:
    """All pairs of people of a plan; one row a pair, one column a pair of photographs."""

    def __init__(self, design: Design) -> None:
        self.design = design
        self.photos = photographs(design)
        first, second = np.triu_indices(design.people, 1)
        if design.plan == "cross-group":
            apart = (first < design.people // 2) & (second >= design.people // 2)
            first, second = first[apart], second[apart]
        self.first, self.second = first, second
        self.directions = 2 if design.plan == "ordered" else 1
        self.per_pair = self.photos[first] * self.photos[second] * self.directions
        self.trials = int(self.per_pair.sum())
        self.missing = self._missing()

    def threshold(self, rate: float) -> float:
        """Return the threshold at which a trial errs with this probability, twins apart."""
        return float(norm.isf(rate))

    def truth(self, rate: float) -> float:
        """Return the rate over all replicates at that threshold."""
        share = float(self.per_pair[0]) / self.trials
        return rate + self.design.twins * share * (1 - rate)

    def draw(self, rng: np.random.Generator) -> PairScores:
        """Draw new people with all their scores."""
        scores = np.concatenate(self._scores(rng), axis=1)
        if rng.random() < self.design.twins:
            scores[0] = CERTAIN
        if self.missing is not None:
            scores[self.missing] = -CERTAIN
        return PairScores(self, scores)

    def _scores(self, rng: np.random.Generator) -> list[Reals]:
        """Scores of every pair of people in each direction."""
        effects, most = self.design.effects, int(self.photos.max())
        roles = self._sides(rng, most)
        pair = normals(rng, effects.pair, (self.first.size, 1, 1))
        single = 1 - 2 * effects.person - effects.pair - 2 * effects.photo
        scores = []
        for k in range(self.directions):
            probe, reference = roles[k], roles[(k + 1) % len(roles)]
            own = normals(rng, single, (self.first.size, most, most))
            own += probe[self.first][:, :, None] + reference[self.second][:, None, :] + pair
            scores.append(own.reshape(self.first.size, -1))
        return scores

    def _sides(self, rng: np.random.Generator, most: int) -> list[Reals]:
        """What each photograph adds: once where roles are alike, or as probe and as reference."""
        effects, n = self.design.effects, self.design.people

        def one(share: float) -> Reals:
            person = normals(rng, share * effects.person, (n, 1))
            return person + normals(rng, share * effects.photo, (n, most))

        if self.directions == 1:
            return [one(1.0)]
        common = one(ROLES)
        return [common + one(1 - ROLES), common + one(1 - ROLES)]

    def _missing(self) -> npt.NDArray[np.bool_] | None:
        most = int(self.photos.max())
        if self.photos.min() == most:
            return None
        there = np.arange(most) < self.photos[:, None]
        both = there[self.first][:, :, None] & there[self.second][:, None, :]
        return np.tile(~both.reshape(self.first.size, -1), (1, self.directions))


class PairScores:
    """Scores of one replicate of `NonMated`."""

    def __init__(self, source: NonMated, scores: Reals) -> None:
        self.source, self.scores = source, scores
        self.highest = scores.max(axis=1)

    def counts(self, threshold: float) -> PersonCounts:
        """Count errors and trials at a threshold."""
        return self.where(threshold, np.ones(self.highest.size, dtype=bool))

    def looser(self, threshold: float) -> PersonCounts | None:
        """Count them where 30 units err, or None where there are fewer."""
        return at_looser(self, self.highest, threshold)

    def where(self, threshold: float, chosen: npt.NDArray[np.bool_]) -> PersonCounts:
        """Count errors and trials of some of the pairs of people."""
        source, errors = self.source, np.zeros(self.highest.size, dtype=np.int64)
        erring = np.flatnonzero((self.highest >= threshold) & chosen)
        errors[erring] = (self.scores[erring] >= threshold).sum(axis=1)
        return PersonCounts.of_pairs(
            source.first[chosen],
            source.second[chosen],
            errors[chosen],
            source.per_pair[chosen],
            people=source.design.people,
        )


class Mated:
    """All pairs of photographs of one person; `ordered` compares the first with the others."""

    def __init__(self, design: Design) -> None:
        self.design = design
        self.photos = np.maximum(photographs(design), 2)
        pairs = np.triu_indices(int(self.photos.max()), 1)
        kept = pairs[0] == 0 if design.plan == "ordered" else np.ones(pairs[0].size, dtype=bool)
        self.first, self.second = pairs[0][kept], pairs[1][kept]
        self.there = self.second < self.photos[:, None]
        self.per_person = self.there.sum(axis=1)
        self.trials = int(self.per_person.sum())

    def threshold(self, rate: float) -> float:
        """Return the threshold at which a trial errs with this probability, twins apart."""
        return float(norm.isf(rate))

    def truth(self, rate: float) -> float:
        """Return the rate over all replicates at that threshold."""
        return rate

    def draw(self, rng: np.random.Generator) -> PersonScores:
        """Draw new people with all their scores."""
        effects, n = self.design.effects, self.design.people
        person = normals(rng, effects.person, (n, 1))
        photo = normals(rng, effects.photo, (n, int(self.photos.max())))
        single = normals(rng, 1 - effects.person - 2 * effects.photo, (n, self.first.size))
        scores = person + photo[:, self.first] + photo[:, self.second] + single
        return PersonScores(self, np.where(self.there, scores, -CERTAIN))


class PersonScores:
    """Scores of one replicate of `Mated`."""

    def __init__(self, source: Mated, scores: Reals) -> None:
        self.source, self.scores = source, scores

    def counts(self, threshold: float) -> PersonCounts:
        """Count errors and trials at a threshold."""
        errors = (self.scores >= threshold).sum(axis=1)
        return PersonCounts.of_people(errors, self.source.per_person)

    def looser(self, threshold: float) -> PersonCounts | None:
        """Count them where 30 units err, or None where there are fewer."""
        return at_looser(self, self.scores.max(axis=1), threshold)


class Searched:
    """Non-mated searches of a gallery with one photograph a person.

    Given what its probe brings, a search meets gallery people who are independent, so that it
    raises an alarm with probability `1 - Phi(.)^N`; the rate is the mean of that over probes.
    """

    def __init__(self, design: Design) -> None:
        self.design = design
        self.trials = design.people * design.photos
        self.probe_share = design.effects.person + design.effects.photo

    def threshold(self, rate: float) -> float:
        """Return the threshold at which a trial errs with this probability, twins apart."""
        return float(brentq(lambda t: self._rate(t) - rate, -8.0, 12.0, xtol=1e-12))

    def truth(self, rate: float) -> float:
        """Return the rate over all replicates at that threshold."""
        return rate

    def draw(self, rng: np.random.Generator) -> SearchScores:
        """Draw new people with all their scores."""
        effects, n, m = self.design.effects, self.design.people, self.design.photos
        single = 1 - 2 * effects.person - effects.pair - 2 * effects.photo
        scores = normals(rng, single, (n, m, n))
        scores += normals(rng, effects.person, (n, 1, 1)) + normals(rng, effects.photo, (n, m, 1))
        scores += normals(rng, effects.person + effects.photo, (1, 1, n))
        scores += normals(rng, effects.pair, (n, 1, n))
        return SearchScores(self, scores.reshape(n * m, n))

    def _rate(self, threshold: float) -> float:
        met = (threshold - math.sqrt(self.probe_share) * NODES) / math.sqrt(1 - self.probe_share)
        none = self.design.people * log_ndtr(met)
        return float(-np.expm1(none) @ WEIGHTS / WEIGHTS.sum())


class SearchScores:
    """What the searches of one replicate of `Searched` returned."""

    def __init__(self, source: Searched, scores: Reals) -> None:
        n, m = source.design.people, source.design.photos
        self.best = scores.max(axis=1).astype(np.float64)
        nowhere = np.full(n * m, -np.inf)
        self.searches = Searches(
            searcher=np.repeat(np.arange(n), m),
            mated=np.zeros(n * m, dtype=bool),
            failed=np.zeros(n * m, dtype=bool),
            best_mate=nowhere,
            rank=np.zeros(n * m, dtype=np.int64),
            best_non_mate=self.best,
            best_non_mate_person=scores.argmax(axis=1),
            runner_up=np.partition(scores, -2, axis=1)[:, -2].astype(np.float64),
            gallery_people=n,
        )

    def counts(self, threshold: float) -> PersonCounts:
        """Count errors and trials at a threshold."""
        return fpir(self.searches, threshold)

    def looser(self, threshold: float) -> PersonCounts | None:
        """Count them where 30 units err, or None where there are fewer."""
        people = self.searches.gallery_people
        return at_looser(self, self.best.reshape(people, -1).max(axis=1), threshold)


def at_looser(draw: Draw, highest: Reals, threshold: float) -> PersonCounts | None:
    """Count a draw where the 30th of its units begins to err; None where it has fewer units."""
    if highest.size < LOOSER_UNITS:
        return None
    begins = float(np.partition(highest, -LOOSER_UNITS)[-LOOSER_UNITS])
    return draw.counts(min(threshold, begins))


def photographs(design: Design) -> Integers:
    """Return how many photographs each person has."""
    if design.photos:
        return np.full(design.people, design.photos)
    return 1 + np.arange(design.people) % 8


def normals(rng: np.random.Generator, variance: float, shape: tuple[int, ...]) -> Reals:
    """Draw normal variables; single precision is enough, since thresholds lie below six."""
    return rng.standard_normal(shape, dtype=np.float32) * np.float32(math.sqrt(variance))
