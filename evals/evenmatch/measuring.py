"""One matcher, from photographs or a score file to counted scores and their rows."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from evenmatch.counting import Conditions, count_scored
from evenmatch.data.benchmark import MASK
from evenmatch.data.progress import Progress, silent
from evenmatch.engines import fill_cache_by
from evenmatch.errors import RequestError
from evenmatch.matching.arithmetic import Arithmetic
from evenmatch.matching.cache import TemplateCache
from evenmatch.matching.extraction import Pace, extract
from evenmatch.matching.matcher import ScoreKind, Templates
from evenmatch.matching.options import MatcherOptions
from evenmatch.matching.program_scores import ProgramScores
from evenmatch.matching.registry import COMMAND, HTTP, SCORES, TEMPLATES, build_matcher
from evenmatch.matching.shares import Work
from evenmatch.results.claim_cases import Judging
from evenmatch.results.claims import judge_claims
from evenmatch.results.distributions import curve_rows, distribution_rows
from evenmatch.results.failures import comparison_failures, extraction_failures
from evenmatch.results.mask_differences import mask_difference_rows
from evenmatch.results.model import MatcherFacts
from evenmatch.results.oddities import oddities
from evenmatch.results.one_to_many import Identified
from evenmatch.results.one_to_one import acquisition_rows, stated_rates
from evenmatch.results.sweeps import search_sweeps, sweep_row
from evenmatch.results.thresholds import Scale, find_thresholds
from evenmatch.results.tradeoff import tradeoff_rows
from evenmatch.scoring.counts import ScoreCounts
from evenmatch.scoring.planning import make_roster
from evenmatch.searches.searching import identify
from evenmatch.variants import Varied, measure_variants
from evenmatch.vendors.program_searches import failed_comparisons, identify_program
from evenmatch.vendors.program_source import ProgramSource
from evenmatch.vendors.searches import identify_lists
from evenmatch.vendors.source import VendorFiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.config import RunConfig
    from evenmatch.data.card import Card
    from evenmatch.data.groups import Groups
    from evenmatch.data.samples import Samples
    from evenmatch.entries.matcher import MatcherEntry
    from evenmatch.inputs import Inputs
    from evenmatch.matching.matcher import Matcher
    from evenmatch.results.claim_rows import ClaimVerdict, GroupThreshold
    from evenmatch.results.mask_rows import MaskDifference
    from evenmatch.results.model import (
        Curve,
        Distribution,
        ErrorRate,
        FailureCount,
        Threshold,
    )
    from evenmatch.results.one_to_one import Stated
    from evenmatch.results.sweep_rows import SearchSweep, Sweep
    from evenmatch.variants import Scored


@dataclass(frozen=True)
class Source:
    """Where a matcher's scores come from: a program that makes templates, or a file of scores."""

    entry: MatcherEntry
    matcher: Matcher | None
    digest: str
    facts: dict[str, str]
    vendor: VendorFiles | None = None
    program: ProgramSource | None = None

    @property
    def distance(self) -> bool:
        """Whether the matcher's own numbers are distances."""
        if self.matcher is not None:
            return self.matcher.score_kind is ScoreKind.EUCLIDEAN
        if self.program is not None:
            return self.program.distance
        return self.vendor is not None and self.vendor.distance

    @property
    def has_templates(self) -> bool:
        """Whether templates are compared here, whoever made them."""
        return self.matcher is not None or (
            self.vendor is not None and self.vendor.templates is not None
        )

    @property
    def scale(self) -> Scale:
        """The matcher's own scale, and the type its scores are made in."""
        float_type = np.float32 if self.has_templates else np.float64
        return Scale(self.entry.name, self.distance, float_type)

    @property
    def sees_photographs(self) -> bool:
        """Whether drawn masks can be shown to it."""
        return self.has_templates or self.program is not None

    def close(self) -> None:
        """End the program that was asked, where there is one."""
        if self.program is not None:
            self.program.close()


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
    mask_differences: list[MaskDifference] = field(default_factory=list)
    sweeps: list[Sweep] = field(default_factory=list)
    search_sweeps: list[SearchSweep] = field(default_factory=list)
    varied: Varied = field(default_factory=Varied)
    notices: list[str] = field(default_factory=list)


def open_source(
    entry: MatcherEntry, config: RunConfig, card: Card, progress: Progress = silent
) -> Source:
    """Make a matcher ready for a card's benchmark, its weights checked, or find the score file.

    Raises:
        RequestError: a package, weights or the file are missing.
    """
    if entry.kind in (SCORES, TEMPLATES):
        if entry.candidates is not None and config.one_to_many is None:
            raise RequestError(
                f"matchers.{entry.name}.candidates: the run makes no searches; add `one_to_many`."
            )
        vendor = VendorFiles.find(entry)
        return Source(entry, None, vendor.digest, vendor.facts, vendor)
    if entry.kind in (COMMAND, HTTP):
        program = ProgramSource.open(entry)
        return Source(entry, None, program.digest, program.facts, program=program)
    matcher = build_matcher(entry.kind, _options(entry, config, card, progress))
    return Source(entry, matcher, matcher.digest, dict(matcher.facts))


def _options(
    entry: MatcherEntry, config: RunConfig, card: Card, progress: Progress
) -> MatcherOptions:
    return MatcherOptions(
        name=entry.name,
        faces=entry.choice,
        detector=entry.detector,
        weights=entry.weights,
        card=entry.card,
        aligned=card.samples.aligned,
        device=config.compute.first_device,
        arithmetic=Arithmetic(config.compute.precision, config.compute.compile),
        progress=progress,
    )


def measure(
    source: Source, inputs: Inputs, config: RunConfig, progress: Progress = silent
) -> Measured:
    """Count every comparison of one matcher and state its rates."""
    with closing(source):
        return _measured(source, inputs, config, progress)


def _measured(source: Source, inputs: Inputs, config: RunConfig, progress: Progress) -> Measured:
    samples = inputs.samples if source.sees_photographs else inputs.given
    groups = inputs.groups(samples)
    roster = make_roster(samples, groups)
    plans = inputs.plans(samples, roster, config)
    scored: Scored | None = None
    if source.matcher is not None:
        scored = _extracted(source.entry, source.matcher, inputs, config, progress)
    elif source.vendor is not None:
        ordered = not any(plan.symmetric for plan in plans)
        apart = config.compute.engine == "ray"
        scored = source.vendor.scored(samples, ordered=ordered, apart=apart)
    elif source.program is not None:
        ordered = not any(plan.symmetric for plan in plans)
        scored = source.program.scored(samples, inputs.artist, progress, ordered=ordered)
    conditions, counts = Conditions(plans, roster, groups), list[ScoreCounts]()
    if scored is not None:
        counts = count_scored(conditions, scored, source.scale, config, progress)
    measured = _state(source, samples, groups, counts, scored, config)
    choices = _other_choices(source, inputs, config, progress)
    varied = measure_variants(measured, scored, source.scale, inputs, config, choices)
    facts = {**measured.facts.facts, **varied.facts}
    return replace(
        measured,
        samples=inputs.published(samples),
        facts=measured.facts.model_copy(update={"facts": facts}),
        varied=varied,
    )


def _other_choices(
    source: Source, inputs: Inputs, config: RunConfig, progress: Progress
) -> dict[str, Templates]:
    """Make the templates again under each other policy for several faces that the entry names."""
    made = dict[str, Templates]()
    for policy in source.entry.other_faces:
        entry = source.entry.model_copy(update={"faces": policy})
        matcher = build_matcher(entry.kind, _options(entry, config, inputs.card, progress))
        made[policy] = _extracted(entry, matcher, inputs, config, progress)
    return made


def _extracted(
    entry: MatcherEntry, matcher: Matcher, inputs: Inputs, config: RunConfig, progress: Progress
) -> Templates:
    """Make the templates of every row; other processes only fill the cache beforehand."""
    pace = Pace(config.compute.batch_size, config.compute.workers)
    options = _options(entry, config, inputs.card, silent)
    drawings = tuple(mask.drawing() for mask in config.masks.synthetic)
    work = Work(entry.kind, options, inputs.samples, config.masks.landmarks, drawings, pace)
    fill_cache_by(config, work, matcher, inputs.artist, progress)
    with TemplateCache.for_matcher(matcher.digest) as cache:
        return extract(matcher, inputs.samples, inputs.artist, cache, pace=pace, progress=progress)


def _state(
    source: Source,
    samples: Samples,
    groups: Groups,
    counts: list[ScoreCounts],
    scored: Scored | None,
    config: RunConfig,
) -> Measured:
    name, level = source.entry.name, config.statistics.level
    scale = source.scale
    # A vendor may give nothing but its own searches.
    thresholds = find_thresholds(scale, counts, groups, config.one_to_one) if counts else []
    identified = _identified(source, scored, samples, groups, config)
    searched = identified.first_split if identified.settles else []
    stated = [rate for each in counts for rate in stated_rates(each, groups, thresholds, level)]
    rates = [rate.row for rate in stated]
    if isinstance(scored, Templates | ProgramScores):
        rates += acquisition_rows(name, scored.failures, samples, groups, level)
        masks = samples.table[MASK].to_numpy(str)
        failures = list(extraction_failures(name, scored.failures, groups, masks))
        failures += failed_comparisons(name, scored, counts, groups)
    else:
        failures = list(comparison_failures(name, counts, groups))
    points = [*thresholds, *identified.thresholds]
    sweeps = [sweep_row(name, each, groups, points) for each in counts]
    return Measured(
        facts=_facts(source, counts, scored),
        samples=samples,
        groups=groups,
        counts=counts,
        stated=stated,
        thresholds=points,
        error_rates=rates,
        identified=identified,
        failures=failures,
        distributions=[row for each in counts for row in distribution_rows(name, each, groups)],
        curves=[row for each in counts for row in curve_rows(name, each, groups)],
        claims=judge_claims(Judging(counts, searched, groups, scale, samples.labelled_by), config),
        tradeoff=list(tradeoff_rows(scale, counts, groups, thresholds, stated)),
        mask_differences=mask_difference_rows(counts, samples, groups, thresholds, scale, level),
        sweeps=sweeps,
        search_sweeps=list(search_sweeps(name, searched, groups, sweeps)),
        notices=oddities(scale, counts, thresholds, rates, failures) + _unmasked(source, config),
    )


def _unmasked(source: Source, config: RunConfig) -> list[str]:
    """Say that drawn masks are not for a matcher that is never shown a photograph."""
    if source.sees_photographs or not config.masks.synthetic:
        return []
    name = source.entry.name
    return [f"{name}: a file of scores shows no drawn mask; its rates are of the bare photographs."]


def _identified(
    source: Source,
    scored: Scored | None,
    samples: Samples,
    groups: Groups,
    config: RunConfig,
) -> Identified:
    """Search, or take the vendor's word for what its own searches returned."""
    lists = source.vendor.lists(samples) if source.vendor is not None else None
    if lists is not None:
        return identify_lists(lists, samples, groups, source.scale, config)
    if scored is None:
        return Identified()
    if isinstance(scored, ProgramScores):
        return identify_program(scored, samples, groups, source.scale, config)
    return identify(scored, samples, groups, source.scale, config)


def _facts(
    source: Source,
    counts: Sequence[ScoreCounts],
    scored: Scored | None,
) -> MatcherFacts:
    faces = {"several faces": str(source.entry.choice)} if source.matcher is not None else {}
    pooling = scored.facts if isinstance(scored, Templates) else {}
    return MatcherFacts(
        name=source.entry.name,
        kind=source.entry.kind,
        digest=source.digest,
        score_kind="distance" if source.distance else "similarity",
        facts={**source.facts, **faces, **pooling},
        comparisons=sum(each.plan.size(each.roster) for each in counts),
        failed_comparisons=sum(each.failed_comparisons for each in counts),
    )
