"""One matcher, from photographs or a score file to counted scores and their rows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from evenmatch.counting import Conditions, count_conditions
from evenmatch.data.benchmark import MASK
from evenmatch.data.progress import Progress, silent
from evenmatch.errors import RequestError
from evenmatch.matching.cache import TemplateCache
from evenmatch.matching.extraction import Pace, extract
from evenmatch.matching.matcher import ScoreKind, Templates
from evenmatch.matching.options import MatcherOptions
from evenmatch.matching.registry import SCORES, build_matcher
from evenmatch.matching.scores import read_scores
from evenmatch.matching.weights import file_sha256
from evenmatch.results.claim_cases import Judging
from evenmatch.results.claims import judge_claims
from evenmatch.results.distributions import curve_rows, distribution_rows
from evenmatch.results.failures import comparison_failures, extraction_failures
from evenmatch.results.model import MatcherFacts
from evenmatch.results.one_to_one import acquisition_rows, stated_rates
from evenmatch.results.thresholds import Scale, find_thresholds
from evenmatch.results.tradeoff import tradeoff_rows
from evenmatch.scoring.listed import from_pairs
from evenmatch.scoring.planning import make_roster
from evenmatch.searching import identify

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.config import RunConfig
    from evenmatch.data.groups import Groups
    from evenmatch.data.samples import Samples
    from evenmatch.inputs import Inputs
    from evenmatch.matcher_entry import MatcherEntry
    from evenmatch.matching.matcher import Matcher
    from evenmatch.matching.scores import ScoreTable
    from evenmatch.results.claim_rows import ClaimVerdict, GroupThreshold
    from evenmatch.results.model import (
        Curve,
        Distribution,
        ErrorRate,
        FailureCount,
        Threshold,
    )
    from evenmatch.results.one_to_many import Identified
    from evenmatch.results.one_to_one import Stated
    from evenmatch.scoring.counts import ScoreCounts
    from evenmatch.scoring.plan import Plan, Roster


@dataclass(frozen=True)
class Source:
    """Where a matcher's scores come from: a program that makes templates, or a file of scores."""

    entry: MatcherEntry
    matcher: Matcher | None
    digest: str
    facts: dict[str, str]

    @property
    def distance(self) -> bool:
        """Whether the matcher's own numbers are distances."""
        if self.matcher is not None:
            return self.matcher.score_kind is ScoreKind.EUCLIDEAN
        return self.entry.score_kind == "distance"

    @property
    def scale(self) -> Scale:
        """The matcher's own scale, and the type its scores are made in."""
        float_type = np.float32 if self.matcher is not None else np.float64
        return Scale(self.entry.name, self.distance, float_type)

    def scores(self, samples: Samples, *, ordered: bool) -> ScoreTable:
        """Read the score file; `ordered` says whether the two orders of a pair may differ."""
        if self.entry.path is None:
            raise RequestError(f"matchers.{self.entry.name}: `path` names no score file; add it.")
        return read_scores(
            self.entry.path, samples, score_kind=self.entry.score_kind, ordered=ordered
        )


@dataclass(frozen=True)
class Measured:
    """Everything one matcher contributes to an audit."""

    facts: MatcherFacts
    samples: Samples
    groups: Groups
    counts: list[ScoreCounts]
    thresholds: list[Threshold]
    stated: list[Stated]
    error_rates: list[ErrorRate]
    identified: Identified
    failures: list[FailureCount]
    distributions: list[Distribution]
    curves: list[Curve]
    claims: list[ClaimVerdict] = field(default_factory=list)
    tradeoff: list[GroupThreshold] = field(default_factory=list)


def open_source(entry: MatcherEntry, config: RunConfig, progress: Progress = silent) -> Source:
    """Make a matcher ready, its weights checked, or find the score file.

    Raises:
        RequestError: a package, weights or the file are missing.
    """
    if entry.kind == SCORES:
        if entry.path is None or not entry.path.is_file():
            raise RequestError(
                f"matchers.{entry.name}.path: there is no file {entry.path}; correct it."
            )
        facts = {"score file": entry.path.name, "photographs": "none read by this program"}
        return Source(entry, None, file_sha256(entry.path), facts)
    matcher = build_matcher(
        entry.kind,
        MatcherOptions(
            name=entry.name,
            faces=entry.faces,
            detector=entry.detector,
            weights=entry.weights,
            device=config.compute.device,
            progress=progress,
        ),
    )
    return Source(entry, matcher, matcher.digest, dict(matcher.facts))


def measure(
    source: Source, inputs: Inputs, config: RunConfig, progress: Progress = silent
) -> Measured:
    """Count every comparison of one matcher and state its rates."""
    samples = inputs.samples if source.matcher is not None else inputs.given
    groups = inputs.groups(samples)
    roster = make_roster(samples, groups)
    plans = inputs.plans(samples, roster, config)
    scored: Templates | ScoreTable
    if source.matcher is not None:
        pace = Pace(config.compute.batch_size, config.compute.workers)
        with TemplateCache.for_matcher(source.matcher.digest) as cache:
            scored = extract(
                source.matcher, samples, inputs.artist, cache, pace=pace, progress=progress
            )
        counts = count_conditions(
            Conditions(plans, roster, groups), scored, source.scale, config, progress
        )
    else:
        scored = source.scores(samples, ordered=not any(plan.symmetric for plan in plans))
        counts = [_count_table(plan, roster, scored) for plan in plans]
    measured = _state(source, samples, groups, counts, scored, config)
    return replace(measured, samples=inputs.published(samples))


def _count_table(plan: Plan, roster: Roster, table: ScoreTable) -> ScoreCounts:
    pairs = plan.pairs(roster)
    photographs = roster.photographs
    scores, status = table.lookup(photographs[pairs.probe], photographs[pairs.reference])
    return from_pairs(plan, roster, pairs, scores, status.tolist())


def _state(
    source: Source,
    samples: Samples,
    groups: Groups,
    counts: list[ScoreCounts],
    scored: Templates | ScoreTable,
    config: RunConfig,
) -> Measured:
    name, level = source.entry.name, config.statistics.level
    scale = source.scale
    thresholds = find_thresholds(scale, counts, groups, config.one_to_one)
    identified = identify(scored, samples, groups, scale, config)
    stated = [rate for each in counts for rate in stated_rates(each, groups, thresholds, level)]
    rates = [rate.row for rate in stated]
    if isinstance(scored, Templates):
        failed = np.zeros(len(samples), dtype=bool)
        failed[list(scored.failures)] = True
        by_mask = {mask: (samples.table[MASK] == mask).to_numpy() for mask in samples.mask_values}
        rates += acquisition_rows(name, by_mask, failed, samples.people, groups, level)
        failures = list(extraction_failures(name, scored.failures, groups))
    else:
        failures = list(comparison_failures(name, counts, groups))
    return Measured(
        facts=_facts(source, counts),
        samples=samples,
        groups=groups,
        counts=counts,
        stated=stated,
        thresholds=[*thresholds, *identified.thresholds],
        error_rates=rates,
        identified=identified,
        failures=failures,
        distributions=[row for each in counts for row in distribution_rows(name, each, groups)],
        curves=[row for each in counts for row in curve_rows(name, each, groups)],
        claims=judge_claims(
            Judging(counts, identified.first_split, groups, scale, samples.labelled_by), config
        ),
        tradeoff=list(tradeoff_rows(scale, counts, groups, thresholds, stated)),
    )


def _facts(source: Source, counts: Sequence[ScoreCounts]) -> MatcherFacts:
    faces = {"several faces": source.entry.faces} if source.matcher is not None else {}
    return MatcherFacts(
        name=source.entry.name,
        kind=source.entry.kind,
        digest=source.digest,
        score_kind="distance" if source.distance else "similarity",
        facts={**source.facts, **faces},
        comparisons=sum(each.plan.size(each.roster) for each in counts),
        failed_comparisons=sum(each.failed_comparisons for each in counts),
    )
