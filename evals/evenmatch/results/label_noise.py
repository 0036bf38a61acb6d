"""Rows of `label_noise.csv`: what the rates by group would be if labels are wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from evenmatch.results.group_rows import LabelNoise
from evenmatch.stats.binomial import tail_of
from evenmatch.stats.intervals import effective_trials
from evenmatch.stats.label_noise import (
    ASSUMED_ERRORS,
    condition_number,
    corrected_draws,
    corrected_matrix,
    corrected_matrix_draws,
    corrected_rates,
    symmetric_confusion,
    true_given_label,
    true_shares,
    worst_case,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from evenmatch.results.group_slices import GroupSlice
    from evenmatch.results.one_to_one import Stated

Doubles = npt.NDArray[np.float64]
Validated = dict[str, dict[str, dict[str, int]]]

SELF_REPORTED = "self-reported"
LARGEST_ERROR, STEP = 0.3, 0.001  # how far and how finely a tipping point is looked for
_WELL_POSED = 1e12


@dataclass(frozen=True)
class NoiseQuestion:
    """What is asked of every slice.

    Attributes:
        labelled_by: grouping to who wrote its labels; those on whom people speak of themselves
            need no sensitivity analysis.
        validated: grouping to label to true group to how many labels were found so.
        margin: largest over smallest rate from which groups are said to differ much.
        level: confidence of intervals after a correction.
        replicates: how often the correction is drawn.
    """

    labelled_by: Mapping[str, str]
    validated: Validated = field(default_factory=dict)
    margin: float = 1.25
    level: float = 0.95
    replicates: int = 2000


def label_noise_rows(
    slices: Sequence[GroupSlice],
    stated: Sequence[Stated],
    question: NoiseQuestion,
    rng: np.random.Generator,
) -> list[LabelNoise]:
    """Give the sensitivity of each slice whose labels people did not write of themselves.

    Args:
        slices: the comparisons of groups that a report leads with.
        stated: all rates of the matcher, of which FMR needs the cells between groups.
        question: who wrote the labels, and what is known of their errors.
        rng: the source of chance of corrections.
    """
    rows: list[LabelNoise] = []
    for one in slices:
        if question.labelled_by.get(one.where.group_by, "") == SELF_REPORTED:
            continue
        mixture = _mixture(one, stated, tail_of(question.level))
        rows += _symmetric(one, mixture, question) if mixture else []
        rows += _worst(one, question)
        if mixture and one.where.group_by in question.validated:
            rows += _validated(one, mixture, question, rng)
    return rows


@dataclass(frozen=True)
class _Mixture:
    """Rates by label and how many comparisons stand behind each; a matrix for FMR."""

    rates: Doubles
    trials: Doubles
    effective: Doubles

    @property
    def labelled(self) -> Doubles:
        """Comparisons by the label of one side."""
        if self.trials.ndim == 1:
            return self.trials
        whole = self.trials + self.trials.T
        return np.asarray(whole.sum(axis=1), dtype=np.float64)

    def within(self, rates: Doubles) -> Doubles:
        """Return the rates within groups."""
        return np.diagonal(rates, axis1=-2, axis2=-1) if self.trials.ndim == 2 else rates

    def corrected(self, mixing: Doubles) -> Doubles:
        """Return the rates within the true groups."""
        undo = corrected_matrix if self.trials.ndim == 2 else corrected_rates
        return self.within(undo(mixing, self.rates))

    def at(self, error: float) -> tuple[Doubles, float]:
        """Return the rates under a symmetric label error, and the condition number."""
        confusion = symmetric_confusion(error, len(self.rates))
        shares = self.labelled / self.labelled.sum()
        mixing = true_given_label(confusion, true_shares(confusion, shares))
        condition = condition_number(mixing)
        if condition > _WELL_POSED:
            return self.within(self.rates), condition
        return self.corrected(mixing), condition


def _mixture(one: GroupSlice, stated: Sequence[Stated], tail: float) -> _Mixture | None:
    """Return the rates by label; None where FMR lacks cells between groups."""
    counts = [cell.counts for cell in one.cells]
    if one.where.metric == "fnmr":
        trials = np.array([each.trials for each in counts], dtype=np.float64)
        effective = np.array([effective_trials(each, tail, None) for each in counts])
        rates = np.array([each.errors / each.trials for each in counts])
        return _Mixture(rates, trials, effective)
    n = len(one.usable)
    rates, trials, effective = np.zeros((n, n)), np.zeros((n, n)), np.ones((n, n))
    place = {group: k for k, group in enumerate(one.groups)}
    first = one.usable[0].row
    for each in stated:
        row = each.row
        if (row.metric, row.group_by, row.threshold) != ("fmr", first.group_by, first.threshold):
            continue
        if (row.probe_mask, row.reference_mask, row.operating_point) != (
            first.probe_mask, first.reference_mask, first.operating_point,
        ):  # fmt: skip
            continue
        a, b = place.get(row.probe_group), place.get(row.reference_group or "")
        if a is None or b is None or not row.trials:
            continue
        cell = each.estimate.counts
        rates[a, b], trials[a, b] = cell.errors / cell.trials, cell.trials
        effective[a, b] = effective_trials(cell, tail, None)
    missing = trials == 0
    rates, effective = np.where(missing, rates.T, rates), np.where(missing, effective.T, effective)
    if np.any(missing & missing.T):
        return None
    return _Mixture(rates, np.where(missing, 0, trials), effective)


def _symmetric(one: GroupSlice, mixture: _Mixture, question: NoiseQuestion) -> Iterator[LabelNoise]:
    observed = mixture.within(mixture.rates)
    tipping = _tipping_point(mixture, question.margin)
    for error in ASSUMED_ERRORS:
        rates, condition = mixture.at(error)
        shared: dict[str, Any] = {
            "assumption": "symmetric", "error": error, "condition": condition,
        }  # fmt: skip
        for group, before, after in zip(one.groups, observed, rates, strict=True):
            yield _row(
                one, question, group, observed=float(before), corrected=float(after), **shared
            )
        yield _row(
            one,
            question,
            "",
            observed=_ratio(observed),
            corrected=_ratio(rates),
            tipping_point=tipping,
            **shared,
        )


def _tipping_point(mixture: _Mixture, margin: float) -> float | None:
    """Return the smallest symmetric label error that changes what is concluded.

    What is concluded: which group errs most, and whether by more than the margin over the least.
    """
    concluded = _concluded(mixture.within(mixture.rates), margin)
    for k in range(1, round(LARGEST_ERROR / STEP) + 1):
        if _concluded(mixture.at(k * STEP)[0], margin) != concluded:
            return round(k * STEP, 9)
    return None


def _concluded(rates: Doubles, margin: float) -> tuple[int, bool]:
    return int(np.argmax(rates)), bool(rates.max() > margin * rates.min())


def _ratio(rates: Doubles) -> float | None:
    """Return the largest rate over the smallest; None where that one is zero."""
    low = float(rates.min())
    return float(rates.max()) / low if low > 0 else None


def _worst(one: GroupSlice, question: NoiseQuestion) -> Iterator[LabelNoise]:
    """Give each rate's range if any comparisons so labelled belong elsewhere.

    A comparison of two people has two labels, so that twice as many may be wrong.
    """
    observed = np.array([c.counts.errors / c.counts.trials for c in one.cells])
    labels = 2 if one.where.metric == "fmr" else 1
    for error in ASSUMED_ERRORS:
        ends = worst_case(observed, 1 - (1 - error) ** labels)
        shared: dict[str, Any] = {"assumption": "worst_case", "error": error}
        for group, rate, (low, high) in zip(one.groups, observed, ends, strict=True):
            yield _row(one, question, group, observed=float(rate), low=low, high=high, **shared)
        lows, highs = np.array(ends).T
        smallest = max(1.0, float(lows.max() / highs.min())) if highs.min() > 0 else 1.0
        # The group at its highest against the lowest of the others.
        largest = max(
            float(highs[k] / other) if (other := np.delete(lows, k).min()) > 0 else np.inf
            for k in range(len(lows))
        )
        yield _row(
            one, question, "", observed=_ratio(observed), low=smallest, high=largest, **shared
        )


def _validated(
    one: GroupSlice, mixture: _Mixture, question: NoiseQuestion, rng: np.random.Generator
) -> Iterator[LabelNoise]:
    """Give the rates corrected by labels that were checked, both uncertainties carried along.

    Where the checked labels say too little to undo the mixture there is no corrected rate; the
    condition number says so. The ratio has no interval: draws of a largest over a smallest rate
    never contain equality.
    """
    found = question.validated[one.where.group_by]
    counts = np.array(
        [[found.get(label, {}).get(truth, 0) for truth in one.groups] for label in one.groups],
        dtype=np.float64,
    )
    mixing = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    condition = condition_number(mixing)
    observed = mixture.within(mixture.rates)
    shared: dict[str, Any] = {"assumption": "validated", "error": None, "condition": condition}
    if condition > _WELL_POSED:
        for group, rate in zip(one.groups, observed, strict=True):
            yield _row(one, question, group, observed=float(rate), **shared)
        return
    draws = mixture.within(_draws(mixture, counts, question, rng))
    tails = [(1 - question.level) / 2, (1 + question.level) / 2]
    lows, highs = np.quantile(draws, tails, axis=0)
    rates = mixture.corrected(mixing)
    for k, group in enumerate(one.groups):
        numbers: dict[str, Any] = {"low": float(lows[k]), "high": float(highs[k]), **shared}
        before, after = float(observed[k]), float(rates[k])
        yield _row(one, question, group, observed=before, corrected=after, **numbers)
    yield _row(one, question, "", observed=_ratio(observed), corrected=_ratio(rates), **shared)


def _draws(
    mixture: _Mixture, counts: Doubles, question: NoiseQuestion, rng: np.random.Generator
) -> Doubles:
    """Return corrected rates for drawn rates by label and drawn shares of true groups."""
    errors = mixture.rates * mixture.effective
    size = (question.replicates, *mixture.rates.shape)
    drawn = rng.beta(errors + 0.5, mixture.effective - errors + 0.5, size=size)
    if mixture.rates.ndim == 1:
        return corrected_draws(drawn, counts, rng)
    upper = np.triu(np.ones(mixture.rates.shape, dtype=bool))
    symmetric = bool(np.array_equal(mixture.rates, mixture.rates.T))
    drawn = np.where(upper, drawn, drawn.swapaxes(1, 2)) if symmetric else drawn
    return corrected_matrix_draws(drawn, counts, rng)


def _row(
    one: GroupSlice,
    question: NoiseQuestion,
    group: str,
    *,
    assumption: Literal["symmetric", "worst_case", "validated"],
    error: float | None,
    observed: float | None,
    **numbers: float | None,
) -> LabelNoise:
    """Return a row of a group, or of the ratio where no group is named."""
    empty: dict[str, float | None] = dict.fromkeys(
        ("corrected", "low", "high", "condition", "tipping_point")
    )
    return LabelNoise(
        **one.where._asdict(),
        labelled_by=question.labelled_by.get(one.where.group_by, "unknown"),
        quantity="rate" if group else "max_over_min",
        group=group,
        assumption=assumption,
        error=error,
        observed=observed,
        **(empty | numbers),
    )
