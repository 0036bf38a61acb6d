"""The same measurement on changed inputs: what was changed, and for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from evenmatch.results.row import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evenmatch.data.changes import Change
    from evenmatch.data.groups import Groups
    from evenmatch.data.samples import Samples

Variant = Literal[
    "as-published",
    "after-review",
    "without-training-identities",
    "faces-largest",
    "faces-central",
    "faces-refuse",
]


class OfVariant(Row):
    """The first column of every row of a variant."""

    variant: Variant


class VariantChange(OfVariant):
    """What a variant changed in one group; one row of `variant_changes.csv`."""

    matcher: str
    group_by: str
    group: str
    subjects: int  # as published
    samples: int  # as published, drawn masks not counted
    removed_subjects: int  # people without a photograph left
    removed_samples: int
    merged_subjects: int  # identities counted under another, its person's
    labelled_by: str = ""
    changed_samples: int = 0  # photographs with another template or another failure


class TrainingOverlap(Row):
    """One person who is in a matcher's training set and in the benchmark, by pseudonym."""

    matcher: str
    subject: str


def change_rows(
    variant: Variant, matcher: str, change: Change, samples: Samples, groups: Groups
) -> Iterator[VariantChange]:
    """Count by group what a change takes out, joins and makes different."""
    table = samples.table
    gone = table["sample_id"].isin(change.removed)
    emptied = ~table["subject_id"].isin(table.loc[~gone, "subject_id"])
    changed = table["sample_id"].isin(change.templates)
    merged = table["subject_id"].isin(change.merged) & ~emptied
    for group_by, members in groups.groupings.items():
        for group in members:
            inside = groups.rows(group)
            subjects = table["subject_id"][inside]
            yield VariantChange(
                variant=variant,
                matcher=matcher,
                group_by=group_by,
                group=group.label,
                subjects=int(subjects.nunique()),
                samples=int(inside.sum()),
                removed_subjects=int(subjects[emptied[inside]].nunique()),
                removed_samples=int(gone[inside].sum()),
                merged_subjects=int(subjects[merged[inside]].nunique()),
                changed_samples=int(changed[inside].sum()),
            )
