"""The verdict in plain words, written from the rates and their intervals and from nothing else.

A group is named as higher or lower only where two intervals do not overlap. Where they do, the
text says that the data cannot separate the groups, which is not a statement that they are equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evenmatch.reporting.claim_words import claim_sentences
from evenmatch.reporting.group_words import (
    headline_index,
    label_sentences,
    primary_sentences,
    trait,
)
from evenmatch.reporting.leading import BALANCED
from evenmatch.reporting.numbers import (
    NOT_DECIDABLE,
    count,
    one_in,
    people,
    percent,
    plural,
    rate_words,
    spoken,
    threshold,
)
from evenmatch.reporting.selection import ALL, View, everyone, separable, within, worn
from evenmatch.results.model import ErrorRate

if TYPE_CHECKING:
    from evenmatch.reporting.selection import MaskPair
    from evenmatch.results.group_rows import Equity
    from evenmatch.results.model import IdentificationRate, RunResult

_TRIALS = {"fmr": "comparisons of two different people", "fnmr": "comparisons of one person"}
_ERROR = {"fmr": "called a match", "fnmr": "missed"}
_NAME = {"fmr": "false matches", "fnmr": "false non-matches"}
_FEW = 100


@dataclass(frozen=True)
class Verdict:
    """What is said of one matcher: how often it is wrong, then for whom and under which mask."""

    matcher: str
    overall: str
    differences: tuple[str, ...]


def verdicts(result: RunResult) -> tuple[Verdict, ...]:
    """Return a verdict for each matcher, in the config's order."""
    view = View(result)
    return tuple(
        Verdict(matcher, _overall(view, matcher), tuple(_differences(view, matcher)))
        for matcher in view.matchers
    )


def paragraphs(result: RunResult) -> list[str]:
    """Return the verdict as running text: the benchmark, then each matcher."""
    texts = [opening(result), *claim_sentences(result)]
    for verdict in verdicts(result):
        texts += [
            verdict.overall,
            " ".join((f"For {spoken(verdict.matcher)}:", *verdict.differences)),
        ]
    return [text for text in texts if text]


def opening(result: RunResult) -> str:
    """Return who was compared, and the sentence that keeps the reader careful."""
    title = str(result.card.get("title") or result.card.get("name") or "the benchmark")
    whole = everyone(result)
    size = f", {people(whole.subjects)} in {plural(whole.samples, 'photograph')}" if whole else ""
    names = _joined([spoken(matcher.name) for matcher in result.matchers])
    said = (
        f"This audit applied {names} to {title}{size}. Its rates describe these photographs "
        "compared in this way; each is given with the interval that the number of people allows."
    )
    consent = result.card.get("consent")
    if isinstance(consent, dict) and consent.get("basis") == "synthetic":
        said += " Nobody in these photographs exists: no rate here is that of real people."
    return said


def group_sentence(metric: str, group_by: str, rows: list[ErrorRate]) -> str:
    """Return what the rates by group allow to be said, in one or two sentences."""
    name, by, usable = _NAME[metric], trait(group_by), _usable(rows)
    if len(usable) < 2:
        return f"By {by}, differences in {name} are {NOT_DECIDABLE}: too few groups have a rate."
    pair = separable(usable)
    if pair is None:
        return (
            f"By {by}, the data cannot separate the groups in {name}: the intervals of the "
            f"{len(usable)} groups overlap, which does not show that their rates are equal."
        )
    low, high = pair
    few = " Fewer than 100 people stand behind one of these rates, so no ranking is given."
    return (
        f"By {by}, {name} are more frequent for {spoken(high.probe_group)} ({_stated(high)}) "
        f"than for {spoken(low.probe_group)} ({_stated(low)}): the two intervals do not overlap."
        + (few if min(low.subjects, high.subjects) < _FEW else "")
    )


def _overall(view: View, matcher: str) -> str:
    """Return how often a matcher is wrong at its headline operating point."""
    point = view.headline(matcher)
    if point is None:
        return _searches(view, matcher).strip()
    parts = [_error_clause(row) for row in (view.overall(matcher, "fmr"),) if row]
    parts += [_error_clause(row) for row in (view.overall(matcher, "fnmr"),) if row]
    unresolved = (
        " The trials are too few to resolve this operating point."
        if point.status == "unresolvable"
        else ""
    )
    text = (
        f"At {point.operating_point} (similarity threshold {threshold(point.threshold)}), "
        f"{spoken(matcher)} {' and '.join(parts)}." + unresolved
    )
    return text + _acquisition(view, matcher) + _searches(view, matcher)


def _error_clause(row: ErrorRate) -> str:
    """Return one error rate as a clause with its counts, people and interval."""
    if row.status in ("suppressed", "unresolvable", "no_trials") or row.rate is None:
        why = rate_words(row)
        return (
            f"gives a rate of {_NAME[row.metric]} that is {NOT_DECIDABLE}"
            f"{'' if why == NOT_DECIDABLE else f' ({why})'}: {_counts(row)}"
        )
    quoted = one_in(row.rate) if row.metric == "fmr" and row.status == "estimate" else ""
    return (
        f"{_ERROR[row.metric]} {rate_words(row)}{f', or {quoted},' if quoted else ''} of "
        f"{_TRIALS[row.metric]} ({_counts(row)}{_bounds(row)})"
    )


def _counts(row: ErrorRate) -> str:
    """Return errors, trials and people of a row."""
    return f"{count(row.errors)} of {count(row.trials)}, {people(row.subjects)}"


def _bounds(row: ErrorRate | IdentificationRate) -> str:
    """Return an estimate's interval as the tail of a parenthesis."""
    if row.method == BALANCED and isinstance(row, ErrorRate):
        between = f"{percent(row.low or 0)} to {percent(row.high or 0)}"
        return (
            "; one person or a few are most of these comparisons, so this is the mean of the "
            f"people's own rates, {percent(row.level)} interval {between}, and the rate of all "
            f"comparisons is {percent(row.errors / row.trials)}"
        )
    if row.status != "estimate" or row.low is None or row.high is None:
        return ""
    return f", {percent(row.level)} interval {percent(row.low)} to {percent(row.high)}"


def _stated(row: ErrorRate) -> str:
    """Return a rate with all that must stand beside it."""
    return f"{rate_words(row)}: {_counts(row)}{_bounds(row)}"


def _acquisition(view: View, matcher: str) -> str:
    """Return how many photographs gave no template."""
    row = view.acquisition(matcher)
    if row is None:
        return ""
    verb = f"From {count(row.errors)} of {count(row.trials)} photographs"
    if row.status in ("suppressed", "unresolvable", "no_trials"):
        return f" {verb} it made no template; a rate is {NOT_DECIDABLE} ({rate_words(row)})."
    return (
        f" {verb} it made no template ({rate_words(row)}, {people(row.subjects)}{_bounds(row)}); "
        "comparisons with these count as missed."
    )


def _searches(view: View, matcher: str) -> str:
    """Return the two one-to-many rates at the headline operating point."""
    texts = []
    for metric, what in (("fpir", "raised a false alert in"), ("fnir", "missed the person in")):
        for row in view.searches(matcher, metric, ALL)[:1]:
            whom = "not enrolled" if metric == "fpir" else "enrolled"
            texts.append(
                f"{what} {rate_words(row)} of searches of people {whom} ({count(row.errors)} of "
                f"{count(row.searches)}, {people(row.subjects)}{_bounds(row)})"
            )
    if not texts:
        return ""
    row = (view.searches(matcher, "fpir", ALL) or view.searches(matcher, "fnir", ALL))[0]
    return (
        f" Searching a gallery of {people(row.gallery_subjects)} at {row.operating_point}, "
        f"{spoken(matcher)} {' and '.join(texts)}."
    )


def _differences(view: View, matcher: str) -> list[str]:
    """Return what can be said between groups, what cannot, then what masks change."""
    said, overlapping, undecided = [], [], []
    for group_by in view.group_bys:
        for metric in ("fnmr", "fmr"):
            rows = within(view.rows(view.headline_slice(matcher, metric, group_by)))
            rows = [row for row in rows if row.probe_group != ALL]
            name = f"{_NAME[metric]} by {trait(group_by)}"
            if len(_usable(rows)) < 2:
                undecided += [name] if rows else []
            elif separable(rows) is None:
                overlapping.append(name)
            elif _within_chance(headline_index(view, matcher, metric, group_by)):
                said.append(
                    f"Two intervals in {name} do not overlap, but among all comparisons of this "
                    "audit no differential is detected: groups that err alike can show as much."
                )
            else:
                said.append(group_sentence(metric, group_by, rows))
    if overlapping:
        said.append(
            f"The data cannot separate the groups in {_joined(overlapping)}: their intervals "
            "overlap, which does not show that the rates are equal."
        )
    if undecided:
        said.append(
            f"Differences in {_joined(undecided)} are {NOT_DECIDABLE}: too few groups have a rate."
        )
    said += [*primary_sentences(view, matcher), *label_sentences(view, matcher)]
    masks = [_mask_sentence(view, matcher, masks) for masks in view.mask_pairs]
    return said + [text for text in masks if text]


def _within_chance(row: Equity | None) -> bool:
    """Return whether the leading index was estimated and does not exceed chance."""
    return row is not None and row.value is not None and not row.detected


def _usable(rows: list[ErrorRate]) -> list[ErrorRate]:
    """Return the rows that say something of their rate."""
    return [row for row in rows if row.status in ("estimate", "upper_bound")]


def _mask_sentence(view: View, matcher: str, masks: MaskPair) -> str:
    """Return how one mask condition compares with the bare one, in both rates."""
    if masks == view.bare:
        return ""
    said = [_under_masks(view, matcher, masks, metric) for metric in ("fnmr", "fmr")]
    return "; ".join([f"With {worn(masks)}, {said[0]}", *said[1:]]) + "." if all(said) else ""


def _under_masks(view: View, matcher: str, masks: MaskPair, metric: str) -> str:
    """Return what masks do to one rate, or nothing where there are no such rows."""
    bare, masked = view.overall(matcher, metric), view.overall(matcher, metric, masks=masks)
    if bare is None or masked is None:
        return ""
    if {bare.status, masked.status} - {"estimate", "upper_bound"}:
        return f"the effect on {_NAME[metric]} is {NOT_DECIDABLE}"
    change = f"{rate_words(masked)} ({_counts(masked)}{_bounds(masked)}) against {rate_words(bare)}"
    if separable([bare, masked]) is None:
        return (
            f"{_NAME[metric]} are {change}: the intervals overlap, so the data cannot separate "
            "the two conditions"
        )
    return f"{_NAME[metric]} are {change}: the two intervals do not overlap"


def _joined(names: list[str]) -> str:
    """Return names as a person lists them."""
    if len(names) < 3:
        return " and ".join(names)
    return f"{', '.join(names[:-1])}, and {names[-1]}"
