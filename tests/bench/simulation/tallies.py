"""Counting how often each interval lies wholly on one side of the true rate."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from simulation.populations import Design, Mated, NonMated, PairScores, population
from simulation.scenarios import MIXED

from evenmatch.stats.binomial import tail_of, wilson
from evenmatch.stats.differences import rate_ratio, score_interval
from evenmatch.stats.intervals import clustered_exact, clustered_wilson, lower_bound, upper_bound

if TYPE_CHECKING:
    from simulation.scenarios import Pairing, Scenario

    from evenmatch.stats.people import PersonCounts

LEVEL, ALPHA = 0.95, 0.05
COVERED, TAIL = 0.93, 0.06  # the targets: least coverage, largest share of one-sided errors


@dataclass
class Misses:
    """How often an interval missed.

    Attributes:
        above: times the whole interval lay above the truth: its lower end is at fault.
        below: times the whole interval lay below the truth: its upper end is at fault.
    """

    above: int = 0
    below: int = 0

    def add(self, low: float, high: float, truth: float) -> None:
        """Look at one interval."""
        self.above += low > truth
        self.below += high < truth


@dataclass
class Tally:
    """What many replicates of one scenario showed.

    Attributes:
        scenario: its name.
        expected: errors expected in a replicate, in words.
        truth: the true rate, or ratio of rates.
        trials: trials of a replicate; 0 for ratios.
        replicates: how many were drawn.
        intervals: misses by name of the interval.
        rates: observed rates.
    """

    scenario: str
    expected: str
    truth: float
    trials: int
    replicates: int = 0
    intervals: dict[str, Misses] = field(default_factory=dict)
    rates: list[float] = field(default_factory=list)

    def add(self, name: str, low: float, high: float) -> None:
        """Look at one interval of one replicate."""
        self.intervals.setdefault(name, Misses()).add(low, high, self.truth)

    def coverage(self, name: str) -> float:
        """Share of replicates in which the interval held the truth."""
        missed = self.intervals[name]
        return 1 - (missed.above + missed.below) / self.replicates

    def tails(self, name: str) -> tuple[float, float]:
        """Shares of replicates in which the lower end was too high, and the upper too low."""
        missed = self.intervals[name]
        return missed.above / self.replicates, missed.below / self.replicates

    def standing(self, name: str) -> str:
        """Say whether the targets are met, or missed by more than the Monte Carlo error."""
        shares = [(COVERED - self.coverage(name), self.coverage(name))]
        shares += [(tail - TAIL, tail) for tail in self.tails(name)]
        if "verdicts" in self.intervals:
            shares += [(wrong - TAIL, wrong) for wrong in self.tails("verdicts")]
        if all(short <= 0 for short, _ in shares):
            return "met"
        surely = any(short > two_standard_errors(p, self.replicates) for short, p in shares)
        return "missed" if surely else "near"

    @property
    def design_effect(self) -> float | None:
        """Variance of the observed rate over that of as many independent trials."""
        spread = self.truth * (1 - self.truth)
        return float(np.var(self.rates)) * self.trials / spread if self.trials else None

    @property
    def drift(self) -> float | None:
        """Mean observed rate less the truth, in its standard errors: a check on the truth."""
        if not self.trials:
            return None
        error = float(np.std(self.rates)) / math.sqrt(self.replicates)
        return (float(np.mean(self.rates)) - self.truth) / error


def two_standard_errors(share: float, replicates: int) -> float:
    """Monte Carlo error of a share; of one that never occurred, as of one that did so once."""
    p = min(max(share, 1 / replicates), 1 - 1 / replicates)
    return 2 * math.sqrt(p * (1 - p) / replicates)


def generator(seed: int, name: str) -> np.random.Generator:
    """Return random numbers of one scenario, the same whatever else is run."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def cover(scenario: Scenario, rng: np.random.Generator, replicates: int) -> list[Tally]:
    """Draw replicates and judge every interval of a rate at every number of errors expected."""
    source = population(scenario.design)
    rates = [errors / source.trials for errors in scenario.expected]
    at = [source.threshold(rate) for rate in rates]
    tallies = [
        Tally(scenario.name, f"{errors:g}", source.truth(rate), source.trials, replicates)
        for errors, rate in zip(scenario.expected, rates, strict=True)
    ]
    for _ in range(replicates):
        draw = source.draw(rng)
        for tally, threshold in zip(tallies, at, strict=True):
            counts = draw.counts(threshold)
            _judge(tally, counts, draw.looser(threshold) if counts.erring_units < 30 else None)
    return tallies


def compare(pairing: Pairing, rng: np.random.Generator, replicates: int) -> Tally:
    """Draw replicates of two cells and judge the intervals of the ratio of their rates."""
    cells = _SharedCells(pairing) if pairing.shared else _SeparateCells(pairing)
    errors = " : ".join(f"{e:g}" for e in pairing.expected)
    tally = Tally(pairing.name, errors, cells.rates[0] / cells.rates[1], 0, replicates)
    for _ in range(replicates):
        a, b = cells.draw(rng)
        ratio = rate_ratio(a, b, LEVEL, share_people=pairing.shared)
        tally.add("rate_ratio", ratio.low, ratio.high)
        naive = score_interval((a.errors, a.trials), (b.errors, b.trials), tail_of(LEVEL))
        tally.add("naive", *naive)
    return tally


def _judge(tally: Tally, counts: PersonCounts, looser: PersonCounts | None) -> None:
    tally.rates.append(counts.errors / counts.trials)
    offered = clustered_exact(counts, LEVEL, looser)
    tally.add("clustered_exact", offered.low, offered.high)
    verdict = lower_bound(counts, ALPHA, looser), upper_bound(counts, ALPHA, looser)
    tally.add("verdicts", *verdict)
    reference = clustered_wilson(counts, LEVEL)
    tally.add("clustered_wilson", reference.low, reference.high)
    naive = wilson(counts.errors, counts.trials, LEVEL)
    tally.add("naive", naive.low, naive.high)
    if tally.scenario.startswith("FPIR"):
        counts = replace(counts, shared_variance=0.0)
        looser = replace(looser, shared_variance=0.0) if looser else None
        alone = clustered_exact(counts, LEVEL, looser)
        tally.add("searchers_alone", alone.low, alone.high)


class _SeparateCells:
    """Each of two groups against itself."""

    def __init__(self, pairing: Pairing) -> None:
        plan = Design(
            pairing.rate, "symmetric", pairing.people // 2, pairing.photos, MIXED[pairing.rate]
        )
        self.source = NonMated(plan) if pairing.rate == "FMR" else Mated(plan)
        self.rates = [errors / self.source.trials for errors in pairing.expected]
        self.at = [self.source.threshold(rate) for rate in self.rates]

    def draw(self, rng: np.random.Generator) -> tuple[PersonCounts, PersonCounts]:
        """Count both cells of new people."""
        first, second = self.source.draw(rng), self.source.draw(rng)
        return first.counts(self.at[0]), second.counts(self.at[1])


class _SharedCells:
    """The first group against itself, and against the second."""

    def __init__(self, pairing: Pairing) -> None:
        plan = Design("FMR", "symmetric", pairing.people, pairing.photos, MIXED["FMR"])
        self.source = NonMated(plan)
        half = pairing.people // 2
        self.within = self.source.second < half
        self.across = (self.source.first < half) & (self.source.second >= half)
        sizes = [int(self.source.per_pair[cell].sum()) for cell in (self.within, self.across)]
        self.rates = [e / size for e, size in zip(pairing.expected, sizes, strict=True)]
        self.at = [self.source.threshold(rate) for rate in self.rates]

    def draw(self, rng: np.random.Generator) -> tuple[PersonCounts, PersonCounts]:
        """Count both cells of new people."""
        scores: PairScores = self.source.draw(rng)
        return scores.where(self.at[0], self.within), scores.where(self.at[1], self.across)
