"""How many people, photographs and comparisons a statement needs, before they are collected."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, cast, get_args

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from evenmatch.errors import RequestError
from evenmatch.stats.claims import parse_bound
from evenmatch.stats.power import (
    EXACT_OVER_NORMAL,
    Plan,
    plan_mated,
    plan_non_mated,
    planned_trials,
    trials_per_group,
    trials_to_support,
)
from evenmatch.stats.thresholds import OperatingPoint

if TYPE_CHECKING:
    from collections.abc import Iterator

Metric = Literal["fnmr", "fmr", "fpir", "fnir"]
Purpose = Literal["support", "refute", "support with so many errors", "guard", "tell apart"]

_CLAIM = re.compile(r"\s*(fnmr|fmr|fpir|fnir)\s*(<=?\s*[0-9.eE+-]+)\s*(?:(?:at|@)\s*(\S+)\s*)?")
_TRUTHS = (1 / 6, 1 / 3, 1 / 2, 2 / 3, 3 / 2, 2, 3, 5, 10)  # of the bound
_ERRORS = (0, 1, 3, 10, 30)
ALPHA = 0.05  # one-sided for a claim, two-sided for two groups


@dataclass(frozen=True)
class Collection:
    """What is supposed of the benchmark to be collected.

    Attributes:
        photographs: photographs a person, or searches a person.
        correlation: of two mated comparisons, or two searches, of one person.
        design_effect: non-mated comparisons that say as much as one independent one.
        power: chance of the verdict wanted.
    """

    photographs: int = 2
    correlation: float = 0.5
    design_effect: float = 10.0
    power: float = 0.8


@dataclass(frozen=True)
class Size:
    """What one statement needs.

    Attributes:
        purpose: what the trials are to do.
        metric: the rate that is counted.
        bound: what is claimed of it; of two groups, the lower rate.
        truth: the rate supposed to be true; of two groups, the higher rate.
        errors: errors that may occur; None where the number is planned for by chance.
        independent: trials that share nobody.
        comparisons: comparisons (searches) that amount to as many.
        people: people who give them; for two groups, in each.
        people_guaranteed: people with whom it holds however comparisons depend on one another.
        photographs: photographs to take.
    """

    purpose: Purpose
    metric: Metric
    bound: float
    truth: float | None
    errors: int | None
    independent: int
    comparisons: int
    people: int
    people_guaranteed: int
    photographs: int


@dataclass(frozen=True)
class Question:
    """A claim to be decided, or two rates to be told apart."""

    metric: Metric
    bound: float
    at: str | None = None
    truth: float | None = None
    ratio: float | None = None
    collection: Collection = field(default_factory=Collection)


def read_question(
    claim: str | None,
    *,
    metric: str | None = None,
    bound: str | None = None,
    at: str | None = None,
) -> Question:
    """Read a claim from a line like `fnmr <= 0.003 at fmr=1e-5`, or from its parts.

    Raises:
        RequestError: it names no rate, no bound or no operating point.
    """
    if claim is not None:
        found = _CLAIM.fullmatch(claim)
        if found is None:
            raise RequestError(
                f"{claim!r} is no claim; write it like 'fnmr <= 0.003 at fmr=1e-5', with fnmr, "
                "fmr, fpir or fnir."
            )
        if metric or bound or at:
            raise RequestError("a claim is given twice; write it as text or by --metric and so on.")
        metric, bound, at = found.groups()
    if metric is None or metric not in get_args(Metric) or bound is None:
        raise RequestError(
            f"{f'--metric {metric}' if metric else 'no claim is given'}: name a rate with --metric "
            "(fnmr, fmr, fpir or fnir) and its --bound, or write the claim as one text like "
            "'fnmr <= 0.003'."
        )
    try:
        value = parse_bound(bound if "<" in bound else f"<= {bound}")
        point = OperatingPoint.parse(at) if at else None
    except ValueError as error:
        raise RequestError(str(error)) from None
    allowed = {"fnmr": "fmr", "fnir": "fpir"}.get(metric)
    if point is not None and point.is_rate and point.kind != allowed:
        raise RequestError(f"--at {at}: {metric} is not claimed at a {point.kind}; leave it away.")
    place = at if point is not None and point.is_rate else None
    return Question(cast("Metric", metric), value, place)


def sample_sizes(question: Question) -> list[Size]:
    """Return what it takes to decide a claim, or to tell two groups apart.

    Raises:
        RequestError: a number is impossible.
    """
    if not 0 < question.collection.power < 1:
        raise RequestError(f"--power {question.collection.power:g}: choose one between 0 and 1.")
    try:
        if question.ratio is not None:
            return [_apart(question, question.ratio)]
        return [*_decided(question), *_allowed(question), *_guarded(question)]
    except ValueError as error:
        raise RequestError(str(error)) from None


def _decided(question: Question) -> Iterator[Size]:
    """Give the sizes from which the claim is decided with the power asked for."""
    bound = question.bound
    truths = [question.truth] if question.truth is not None else [k * bound for k in _TRUTHS]
    for truth in truths:
        if not 0 < truth < 1 and question.truth is None:
            continue
        trials = planned_trials(
            bound, truth, alpha=_alpha(question), power=question.collection.power
        )
        purpose: Purpose = "support" if truth < bound else "refute"
        yield _size(question, purpose, question.metric, trials, truth=truth)


def _allowed(question: Question) -> Iterator[Size]:
    """Give the fewest trials in which so many errors still support the claim."""
    for errors in _ERRORS:
        trials = trials_to_support(question.bound, errors, _alpha(question))
        purpose: Purpose = "support with so many errors"
        yield _size(question, purpose, question.metric, trials, errors=errors)


def _guarded(question: Question) -> Iterator[Size]:
    """Give what shows that a fitted threshold keeps to its FMR or FPIR (methods 5.6)."""
    if question.at is None:
        return
    point = OperatingPoint.parse(question.at)
    metric: Metric = "fmr" if point.kind == "fmr" else "fpir"
    for errors in _ERRORS:
        trials = trials_to_support(point.value, errors, _alpha(question))
        yield _size(question, "guard", metric, trials, errors=errors, bound=point.value)


def _apart(question: Question, ratio: float) -> Size:
    """Give what each of two groups needs; the lower rate is the claim's bound."""
    low, high = sorted((question.bound, question.bound * ratio))
    if ratio <= 0 or high >= 1:
        raise ValueError(
            f"A ratio of {ratio:g} to a rate of {question.bound:g} is impossible; both rates lie "
            "between 0 and 1."
        )
    normal = trials_per_group(low, high, alpha=ALPHA, power=question.collection.power)
    trials = math.ceil(normal * EXACT_OVER_NORMAL)
    return _size(question, "tell apart", question.metric, trials, truth=high, bound=low)


def _alpha(question: Question) -> float:
    """One-sided error: a fitted threshold's guard takes half of it."""
    return ALPHA / 2 if question.at is not None else ALPHA


def _size(  # noqa: PLR0913 - the parts of a row
    question: Question,
    purpose: Purpose,
    metric: Metric,
    trials: int,
    *,
    truth: float | None = None,
    errors: int | None = None,
    bound: float | None = None,
) -> Size:
    planned = _collected(metric, trials, question.collection)
    return Size(
        purpose=purpose,
        metric=metric,
        bound=question.bound if bound is None else bound,
        truth=truth,
        errors=errors,
        independent=trials,
        comparisons=planned.trials,
        people=planned.people,
        people_guaranteed=planned.people_guaranteed,
        photographs=planned.people * question.collection.photographs,
    )


def _collected(metric: Metric, trials: int, collection: Collection) -> Plan:
    if metric == "fmr":
        return plan_non_mated(
            trials, photographs=collection.photographs, design_effect=collection.design_effect
        )
    if metric == "fnmr":
        return plan_mated(
            trials, photographs=collection.photographs, correlation=collection.correlation
        )
    # A search is one photograph's: a person makes as many as there are photographs.
    each, rho = collection.photographs, collection.correlation
    if each < 1 or not 0 <= rho <= 1:
        raise ValueError("Searches need a photograph and a correlation from 0 to 1.")
    people = math.ceil(trials * (1 + (each - 1) * rho) / each)
    return Plan(trials, people * each, people, trials)


def print_sizes(question: Question, sizes: list[Size]) -> None:
    """Print the sizes as a table, and what they suppose."""
    console = Console(highlight=False, markup=False, emoji=False)
    limit = f"{question.metric} <= {question.bound:g}"
    title = limit + (f" at {question.at}" if question.at else "")
    if question.ratio is not None:
        title = f"{question.metric}: {sizes[0].bound:g} against {sizes[0].truth:g}"
    table = Table(title=title, box=SIMPLE, padding=(0, 1, 0, 0))
    for column in ("to", "if", "independent", "compared", "photos", "people", "guaranteed"):
        words = column in ("to", "if")
        table.add_column(column, justify="left" if words else "right", no_wrap=True)
    for size in sizes:
        numbers = (
            size.independent,
            size.comparisons,
            size.photographs,
            size.people,
            size.people_guaranteed,
        )
        table.add_row(_purpose(size), _condition(size), *(f"{number:,}" for number in numbers))
    console.print(table)
    c = question.collection
    each = " in each group" if question.ratio is not None else ""
    console.print(
        f"people{each} with {c.photographs} photographs each; comparisons of one person correlated "
        f"by {c.correlation:g}, design effect of non-mated ones {c.design_effect:g}, power "
        f"{c.power:.0%}. `guaranteed` people are enough however comparisons depend on one another.",
        soft_wrap=True,
    )
    if any(size.metric == "fpir" for size in sizes):
        console.print("What searches share through their gallery is not in these numbers.")


def _purpose(size: Size) -> str:
    if size.purpose == "guard":
        return f"show {size.metric}"
    return "support" if size.purpose.startswith("support") else size.purpose


def _condition(size: Size) -> str:
    if size.errors is not None:
        return "1 error" if size.errors == 1 else f"{size.errors} errors"
    return f"truth {size.truth:.3g}"
