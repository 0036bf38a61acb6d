"""One matcher's groups compared: indices, differences, wrong labels and strata."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from evenmatch.data.samples import UNKNOWN
from evenmatch.data.strata import MOST_VALUES, Stratification, by_column, by_gap
from evenmatch.errors import RequestError
from evenmatch.results.differences import difference_rows, group_test_rows
from evenmatch.results.equity import equity_rows
from evenmatch.results.group_slices import Family, GroupSlice, group_slices
from evenmatch.results.label_noise import NoiseQuestion, label_noise_rows
from evenmatch.results.strata import Confounded, strata_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.config import RunConfig
    from evenmatch.data.samples import Samples
    from evenmatch.inputs import Inputs
    from evenmatch.measuring import Measured
    from evenmatch.results.group_rows import (
        Difference,
        Equity,
        GroupTest,
        LabelNoise,
        Stratum,
    )

EQUITY_STREAM, TEST_STREAM, LABEL_STREAM = 401, 402, 403


@dataclass(frozen=True)
class Compared:
    """What comparing one matcher's groups gave."""

    equity: list[Equity] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    group_tests: list[GroupTest] = field(default_factory=list)
    label_noise: list[LabelNoise] = field(default_factory=list)
    strata: list[Stratum] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def compare_groups(measured: Measured, inputs: Inputs, config: RunConfig) -> Compared:
    """Compare one matcher's groups in every way the config and the labels ask for."""
    asked = config.statistics
    slices = group_slices(measured.stated)
    bare = _bare(measured)
    family = Family(_primary(config), bare)
    question = NoiseQuestion(
        labelled_by=_labelled_by(inputs),
        validated=asked.validated_labels,
        margin=asked.equivalence_margin,
        level=asked.level,
        replicates=asked.replicates,
    )
    confounded = Confounded(
        measured.counts,
        measured.groups,
        _stratifications(config, inputs, measured.samples),
        asked.level,
    )
    strata, notices = strata_rows(slices, confounded)
    return Compared(
        equity=equity_rows(
            slices,
            family,
            _rng(config, EQUITY_STREAM),
            level=asked.level,
            replicates=asked.replicates,
        ),
        differences=difference_rows(
            slices, family, level=asked.level, margin=asked.equivalence_margin
        ),
        group_tests=group_test_rows(
            slices,
            family,
            _rng(config, TEST_STREAM),
            level=asked.level,
            replicates=asked.replicates,
        ),
        label_noise=label_noise_rows(
            _headline(slices, measured, bare), measured.stated, question, _rng(config, LABEL_STREAM)
        ),
        strata=strata,
        notices=notices,
    )


def check_comparisons(config: RunConfig, inputs: Inputs) -> None:
    """Refuse declared comparisons and checked labels that name what the run does not have.

    Raises:
        RequestError: the sentence names the key and what there is.
    """
    groupings = ["+".join(names) for names in inputs.grouping_names]
    named = [("primary", "+".join(each.group_by)) for each in config.statistics.primary]
    named += [("validated_labels", name) for name in config.statistics.validated_labels]
    for key, group_by in named:
        if group_by not in groupings:
            raise RequestError(
                f"statistics.{key}: no table is grouped by {group_by!r}; choose from {groupings} "
                "or add it to `groups`."
            )
    # Made here once for nothing but its refusals, before hours are spent on templates.
    _stratifications(config, inputs, inputs.given)
    points = config.one_to_one.operating_points
    for each in config.statistics.primary:
        if each.operating_point is not None and each.operating_point not in points:
            raise RequestError(
                f"statistics.primary: {each.operating_point!r} is none of the operating points "
                f"{list(points)}; correct it or add it to `one_to_one.operating_points`."
            )
    _check_labels(config, inputs)


def _check_labels(config: RunConfig, inputs: Inputs) -> None:
    for group_by, labels in config.statistics.validated_labels.items():
        known = _values(inputs, group_by)
        lacking = [
            label
            for label in known
            if UNKNOWN not in label.split("+") and not sum(labels.get(label, {}).values())
        ]
        if lacking:
            raise RequestError(
                f"statistics.validated_labels.{group_by}: no checked label says {lacking[0]!r}; "
                "give every group the numbers that were checked, by what they truly were."
            )
        for label in [*labels, *(truth for found in labels.values() for truth in found)]:
            if label not in known:
                raise RequestError(
                    f"statistics.validated_labels.{group_by}: there is no group {label!r}; "
                    f"choose from {known}."
                )


def _stratifications(config: RunConfig, inputs: Inputs, samples: Samples) -> list[Stratification]:
    found = []
    for column in config.statistics.strata:
        values = inputs.given.attributes.get(column)
        if values is None:
            raise RequestError(
                f"statistics.strata: there is no column {column!r}; choose from "
                f"{sorted(inputs.given.attributes)}."
            )
        if len(values) > MOST_VALUES:
            raise RequestError(
                f"statistics.strata: {column!r} has {len(values)} values, and {MOST_VALUES} are "
                "the most that are paired; turn it into bands with `classes`."
            )
        found.append(by_column(samples, column, values))
    for column, edges in config.statistics.gaps.items():
        found.append(by_gap(samples, column, edges))
    return found


def _values(inputs: Inputs, group_by: str) -> list[str]:
    return [group.label for group in inputs.groups(inputs.given).groupings[group_by]]


def _rng(config: RunConfig, stream: int) -> np.random.Generator:
    return np.random.default_rng([config.seed, stream])


def _primary(config: RunConfig) -> frozenset[tuple[str, str, str]]:
    first = config.one_to_one.operating_points[0]
    return frozenset(
        (each.metric, "+".join(each.group_by), each.operating_point or first)
        for each in config.statistics.primary
    )


def _bare(measured: Measured) -> tuple[str, str] | None:
    """Return the mask condition that a report leads with: the barest there is."""
    plans = [(each.plan.probe_mask, each.plan.reference_mask) for each in measured.counts]
    for wanted in (("unmasked", "unmasked"), ("unknown", "unknown")):
        if wanted in plans:
            return wanted
    return plans[0] if plans else None


def _headline(
    slices: Sequence[GroupSlice], measured: Measured, bare: tuple[str, str] | None
) -> list[GroupSlice]:
    """Return the slices a report leads with: the first resolved point, faces bare."""
    points = [row for row in measured.thresholds if row.kind == "one_to_one"]
    resolved = [row for row in points if row.status != "unresolvable"] or points
    leading = resolved[0].operating_point if resolved else None
    return [
        one
        for one in slices
        if one.where.operating_point == leading
        and (one.where.probe_mask, one.where.reference_mask) == bare
    ]


def _labelled_by(inputs: Inputs) -> dict[str, str]:
    """Return who labelled each grouping; several sources in the groups' order."""
    return {
        "+".join(names): ", ".join(
            dict.fromkeys(inputs.given.labelled_by.get(name, "unknown") for name in names)
        )
        for names in inputs.grouping_names
    }
