"""The same measurement again without what a review or a training set puts in doubt.

An audit's tables stay as published. A variant leaves photographs out or joins identities, fits
its thresholds anew and counts templates or scores that are there already.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from evenmatch.counting import Conditions, count_scored
from evenmatch.data.changes import Change
from evenmatch.data.identities import in_both, trained_on
from evenmatch.errors import RequestError
from evenmatch.files import write_file
from evenmatch.matching.keeping import keep_rows
from evenmatch.matching.matcher import Templates
from evenmatch.matching.program_scores import ProgramScores
from evenmatch.matching.vectors import blocks
from evenmatch.reporting.numbers import plural
from evenmatch.reporting.tables import csv_text
from evenmatch.results.model import VariantRate
from evenmatch.results.one_to_one import acquisition_rows, stated_rates
from evenmatch.results.thresholds import Scale, find_thresholds
from evenmatch.results.variants import TrainingOverlap, Variant, VariantChange, change_rows
from evenmatch.scoring.planning import make_roster

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from evenmatch.config import RunConfig
    from evenmatch.data.marks import Marks
    from evenmatch.data.pseudonyms import Pseudonyms
    from evenmatch.inputs import Inputs
    from evenmatch.matching.scores import ScoreTable
    from evenmatch.measuring import Measured
    from evenmatch.results.model import ErrorRate

    Scored = Templates | ScoreTable | ProgramScores

OVERLAP = "training_overlap.csv"
_TRAINING_SET, _LISTED = "training set", "training identities"


@dataclass(frozen=True)
class Varied:
    """What the variants of one matcher found.

    Attributes:
        matcher: the matcher.
        rates: the rates as published and, after them, each variant's; none without a variant.
        changes: what each variant changed, by group.
        in_training: the benchmark's subjects whom the training set lists.
        facts: what is to be said of the matcher.
        notices: sentences a reader must see before the numbers.
    """

    matcher: str = ""
    rates: list[VariantRate] = field(default_factory=list)
    changes: list[VariantChange] = field(default_factory=list)
    in_training: list[str] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)


def measure_variants(
    measured: Measured,
    scored: Scored | None,
    scale: Scale,
    inputs: Inputs,
    config: RunConfig,
    choices: Mapping[str, Templates] = {},
) -> Varied:
    """Measure one matcher again: after a review, without people it was trained on, other faces.

    Args:
        measured: the matcher as published, over all its rows.
        scored: its templates or scores, which are used again; None where it gave only lists of
            its own searches, which cannot be searched again.
        scale: its scores' scale.
        inputs: the benchmark.
        config: the run.
        choices: templates of the same rows under other policies for several faces, by policy.
    """
    varied = _training(measured, inputs, config)
    if scored is None:
        return varied
    rates, changes, notices = list[VariantRate](), list[VariantChange](), list(varied.notices)
    groups = inputs.groups(inputs.given)
    if inputs.marks is not None:
        notices.append(_marks_notice(inputs.marks))
    for variant, change, templates in _asked(varied, measured, scored, inputs, choices):
        try:
            rows = measured.error_rates
            if change.removed or change.merged or change.templates:
                rows = _again(change, measured, templates, scale, inputs, config)
        except RequestError as error:
            notices.append(f"{scale.matcher} has no rates {variant}: {error}")
            continue
        rates += [] if rates else _labelled("as-published", measured.error_rates)
        rates += _labelled(variant, rows)
        changes += change_rows(variant, scale.matcher, change, inputs.given, groups)
    return replace(varied, rates=rates, changes=changes, notices=notices)


def _asked(
    varied: Varied,
    measured: Measured,
    scored: Scored,
    inputs: Inputs,
    choices: Mapping[str, Templates],
) -> Iterator[tuple[Variant, Change, Scored]]:
    """Give each variant that the run asks for, with what it changes and what it counts."""
    if inputs.marks is not None:
        yield "after-review", Change(inputs.marks.removed, inputs.marks.merged), scored
    if varied.in_training:
        table = inputs.given.table
        trained = table.loc[table["subject_id"].isin(varied.in_training), "sample_id"]
        yield "without-training-identities", Change(frozenset(trained)), scored
    if not isinstance(scored, Templates):  # only what makes templates chooses among faces
        return
    for policy, other in choices.items():
        samples = frozenset(measured.samples.table.loc[_differing(scored, other), "sample_id"])
        yield cast("Variant", f"faces-{policy}"), Change(templates=samples), other


def _differing(one: Templates, other: Templates) -> npt.NDArray[np.bool_]:
    """Mark the rows whose template, or reason for having none, is another."""
    rows = np.arange(len(one.vectors))
    vectors = [(one.vectors[some] != other.vectors[some]).any(axis=1) for some in blocks(rows)]
    reasons = [one.failures.get(row) != other.failures.get(row) for row in rows.tolist()]
    return np.asarray(np.concatenate(vectors) | np.array(reasons, bool), dtype=bool)


def variant_tables(varied: Sequence[Varied]) -> dict[str, Any]:
    """Return the variants' part of a result."""
    return {
        "variants": [row for each in varied for row in each.rates],
        "variant_changes": [row for each in varied for row in each.changes],
    }


def write_overlap(varied: Sequence[Varied], pseudonyms: Pseudonyms, folder: Path) -> None:
    """Write `training_overlap.csv`, people under pseudonyms, where a training set is listed.

    It lies beside the scores and is no part of the result, so that MLflow never has it.

    Raises:
        OutsideError: the folder or the disk refuses.
    """
    rows = [
        TrainingOverlap(matcher=each.matcher, subject=subject)
        for each in varied
        for subject in sorted(pseudonyms.of_subjects(each.in_training))
    ]
    if any(_LISTED in each.facts for each in varied):
        write_file(folder / OVERLAP, csv_text(rows, TrainingOverlap))


def _again(
    change: Change,
    measured: Measured,
    scored: Scored,
    scale: Scale,
    inputs: Inputs,
    config: RunConfig,
) -> list[ErrorRate]:
    """Count the changed benchmark and state its rates."""
    kept = change.kept(measured.samples)
    if not kept.any():
        raise RequestError("no photograph is left; check the file that takes them out.")
    of_people = [name for name, each in inputs.card.attributes.items() if each.of == "subject"]
    samples = change.of_samples(measured.samples, of_people)
    trials = change.of_trials(inputs.trials, inputs.given) if inputs.trials else None
    changed = replace(inputs, trials=trials)
    groups = changed.groups(samples)
    roster = make_roster(samples, groups)
    plans = changed.plans(samples, roster, config)
    left = keep_rows(scored, kept, measured.samples.photographs)
    counts = count_scored(Conditions(plans, roster, groups), left, scale, config)
    thresholds = find_thresholds(scale, counts, groups, config.one_to_one)
    level = config.statistics.level
    rates = [rate for each in counts for rate in stated_rates(each, groups, thresholds, level)]
    rows = [rate.row for rate in rates]
    if isinstance(left, Templates | ProgramScores):
        rows += acquisition_rows(scale.matcher, left.failures, samples, groups, level)
    return rows


def _labelled(variant: Variant, rows: Sequence[ErrorRate]) -> list[VariantRate]:
    return [VariantRate(variant=variant, **row.model_dump()) for row in rows]


def _marks_notice(marks: Marks) -> str:
    return (
        f"A review of {plural(sum(marks.answers.values()), 'pair')} of photographs left out "
        f"{plural(len(marks.removed), 'photograph')} and joined "
        f"{plural(len(marks.merged), 'identity', 'identities')} with another of the same person. "
        "The tables are as published; the rates after the review stand beside them in "
        "variants.csv and in the report."
    )


def _training(measured: Measured, inputs: Inputs, config: RunConfig) -> Varied:
    """Say who is in the training set, and whether the photographs come from it."""
    name = measured.facts.name
    facts, notices = dict[str, str](), list[str]()
    stated = next(entry.training_set for entry in config.matchers if entry.name == name)
    if stated:
        facts[_TRAINING_SET] = f"{stated} (the run says so)"
    known = stated or measured.facts.facts.get(_TRAINING_SET, "")
    if source := trained_on(known, inputs.card):
        notices.append(
            f"{name} was trained on {source}, from which this benchmark's photographs come: it "
            "may have seen these very people, and its rates need not hold for others."
        )
    trained = inputs.training.get(name)
    if trained is None:
        return Varied(name, facts=facts, notices=notices)
    people = inputs.given.table["subject_id"].drop_duplicates().tolist()
    names = inputs.card.samples.subject_ids == "names"
    found = in_both(people, trained, names=names)
    said = f"{len(found)} of this benchmark's {len(people)} people"
    facts[_LISTED] = f"{trained.lines} listed; {said} are among them"
    if found:
        notices.append(
            f"The training set of {name} lists {said}. Its rates without them stand beside the "
            "others in variants.csv and in the report."
        )
    elif not names:
        notices.append(
            f"The training set of {name} lists none of this benchmark's people. They are known by "
            "codes, of which bare numbers are not compared and others agree only where both lists "
            "use the same: who is in both is not known."
        )
    return Varied(name, in_training=found, facts=facts, notices=notices)
