"""After a review, and without people whom a matcher was trained on: both results side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evenmatch.reporting.leading import leading
from evenmatch.reporting.numbers import count, people, plural
from evenmatch.reporting.sections.blocks import (
    Cell,
    Section,
    Text,
    counted,
    heading,
    rate_cells,
    table,
)
from evenmatch.reporting.selection import ALL, HEADLINE_FAILURES, within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.reporting.sections.blocks import Block
    from evenmatch.reporting.selection import View
    from evenmatch.results.model import VariantRate
    from evenmatch.results.variants import VariantChange

_PUBLISHED = "as-published"
_TITLES = {
    "after-review": "After review",
    "without-training-identities": "Without training identities",
    "faces-largest": "With the largest face",
    "faces-central": "With the most central face",
    "faces-refuse": "Without photographs of several faces",
}
_NAMES = {
    "fmr": "False matches",
    "fnmr": "False non-matches",
    "fta": "No template",
}


def variants_section(view: View) -> Section | None:
    """Return each variant beside the results as published; nothing where there is none."""
    rows = view.result.variants
    if not rows:
        return None
    found = [name for name in _TITLES if any(row.variant == name for row in rows)]
    blocks: list[Block] = []
    for matcher in view.matchers:
        for variant in found:
            if any((row.matcher, row.variant) == (matcher, variant) for row in rows):
                blocks += [heading(f"{_TITLES[variant]}: {matcher}")]
                blocks += _one(view, matcher, variant)
    title = ", ".join(_TITLES[name] for name in found)
    return Section("variants", title, _lead(found), tuple(blocks))


def _lead(found: Sequence[str]) -> str:
    said = (
        "Everything else on this page is as the benchmark was published. Here the same comparisons "
        "are counted again after a change, with thresholds fitted anew, beside what was published."
    )
    if "after-review" in found:
        said += (
            " A person looked at the most similar pairs that should differ and the least similar "
            "that should agree, without knowing the matcher or the group. Photographs of somebody "
            "else or of nobody are left out, and two identities of one person are joined, for "
            "every matcher alike. Labels that nobody looked at may still be wrong."
        )
    if "without-training-identities" in found:
        said += (
            " A matcher may know people it was trained on better than others, so they are left "
            "out. Only names or codes that both lists share can be found."
        )
    if any(name.startswith("faces-") for name in found):
        said += (
            " Where a photograph shows several faces, the choice among them is a setting of the "
            "audit and none of the matcher: the same matcher is shown under another choice."
        )
    return said


def _one(view: View, matcher: str, variant: str) -> list[Block]:
    """Return one variant of one matcher: what was changed, then everybody, then the groups."""
    result = view.result
    changes = [each for each in result.variant_changes if each.matcher == matcher]
    changes = [each for each in changes if each.variant == variant]
    rows = [
        row
        for row in result.variants
        if row.matcher == matcher and row.variant in (_PUBLISHED, variant) and _shown(view, row)
    ]
    point = view.headline(matcher)
    text = point.operating_point if point else None
    blocks: list[Block] = [Text(_changed(each)) for each in changes if each.group_by == ALL]
    for group_by in (ALL, *view.group_bys):
        mine = [row for row in rows if row.group_by == group_by]
        if group_by == ALL:
            blocks.append(_beside(f"Everybody, {matcher}", variant, mine, "At"))
            continue
        mine = [row for row in mine if row.operating_point in (text, None)]
        blocks.append(_beside(f"By {group_by}, {matcher}, at {text}", variant, mine, "Group"))
        of_groups = [each for each in changes if each.group_by == group_by]
        blocks.append(_changes(f"What was changed, by {group_by}, {matcher}", of_groups))
    return blocks


def _shown(view: View, row: VariantRate) -> bool:
    """Whether a row is of bare faces, within a group, and counts failures as the page does."""
    if row.metric == "fta":
        return row.probe_mask == view.bare[0]
    bare = (row.probe_mask, row.reference_mask) == view.bare
    return bare and bool(within([row])) and row.failures == HEADLINE_FAILURES[row.metric]


def _changed(row: VariantChange) -> str:
    parts = [
        f"{plural(row.removed_samples, 'photograph')} of {count(row.samples)} left out",
        f"{people(row.removed_subjects)} of {count(row.subjects)} with none left",
    ]
    if row.variant.startswith("faces-"):
        return (
            f"What was changed: {count(row.changed_samples)} of "
            f"{plural(row.samples, 'photograph')} give another template, or fail otherwise."
        )
    if row.variant == "after-review":
        joined = plural(row.merged_subjects, "identity", "identities")
        parts.append(f"{joined} joined with another that is the same person")
    return f"What was changed: {', '.join(parts)}."


def _beside(caption: str, variant: str, rows: Sequence[VariantRate], by: str) -> Block:
    """Return rates as published and of the variant in one line each."""
    sides: dict[tuple[str, str], dict[str, VariantRate]] = {}
    for row in rows:
        key = (_NAMES[row.metric], row.probe_group if by == "Group" else row.operating_point or "")
        sides.setdefault(key, {})[row.variant] = row
    lines: list[tuple[Cell | str, ...]] = [
        (*key, *_side(each.get(_PUBLISHED)), *_side(each.get(variant)))
        for key, each in sides.items()
    ]
    counts = ("Errors / trials", "People")
    columns = ("Rate", by, "As published", *counts, _TITLES[variant], *counts)
    return table(caption, columns, lines, labels=2)


def _side(row: VariantRate | None) -> tuple[Cell, ...]:
    if row is None:
        return (Cell("nobody", quiet=True), Cell(""), Cell(""))
    led = leading(row)
    rate, between = rate_cells(led)
    said = f"{rate.text} ({between.text})" if between.text else rate.text
    return (
        Cell(said, quiet=rate.quiet),
        counted(led.errors, led.trials),
        Cell(count(led.subjects)),
    )


def _changes(caption: str, rows: Sequence[VariantChange]) -> Block:
    columns = (
        "Group", "People", "of them left out", "Joined with another", "Photographs",
        "of them left out",
    )  # fmt: skip
    lines = [
        (
            row.group,
            count(row.subjects),
            count(row.removed_subjects),
            count(row.merged_subjects),
            count(row.samples),
            count(row.removed_samples),
        )
        for row in rows
    ]
    return table(caption, columns, lines, folded=True)
