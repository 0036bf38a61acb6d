"""What each mask changes for the same people, in words and tables; each mask by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evenmatch.reporting.group_words import p_words
from evenmatch.reporting.numbers import NOT_DECIDABLE, count, people, plural
from evenmatch.reporting.sections.blocks import Cell, Text, heading, table
from evenmatch.reporting.selection import ALL, masks_label, worn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.reporting.sections.blocks import Block
    from evenmatch.reporting.selection import View
    from evenmatch.results.mask_rows import MaskDifference

MOST_SAID = 8  # conditions told in sentences; the tables have them all
_COLUMNS = (
    "Group", "Masks", "People", "FNMR bare", "FNMR masked", "Difference", "Interval",
    "Adjusted p", "Missed only masked / only bare", "FMR difference", "Interval", "Adjusted p",
)  # fmt: skip
_USABLE_COLUMNS = (
    "Group", "Masks", "People", "FNMR difference", "Interval", "Adjusted p",
    "At equal FMR: FNMR difference", "Interval",
)  # fmt: skip
_LEAD = (
    "The same people bare and under one mask, at the threshold of bare faces. Differences are in "
    "comparisons of 100, and intervals and tests count people and not comparisons. A drawn mask is "
    "compared with the very photograph it was drawn on; of real masks, which are on other "
    "photographs, only people are the same. P-values are adjusted over a table's groups (Holm)."
)
_DIAGNOSTIC = (
    "Photographs without a template bare or under the mask are left out here, on both sides. The "
    "last two columns are a diagnostic and no result: the threshold is fitted anew under the mask, "
    "so that as many of 100 different people match as do bare. A mask that only moves scores then "
    "costs nothing; one that mixes people up still does. The fit is taken for known."
)


def difference_blocks(view: View, matcher: str) -> list[Block]:
    """Return the differences between bare and masked; nothing where there is none."""
    point = view.headline(matcher)
    rows = [
        row
        for row in view.result.mask_differences
        if row.matcher == matcher and point and row.operating_point == point.operating_point
    ]
    if not rows or point is None:
        return []
    blocks: list[Block] = [heading("Masked against bare"), Text(_LEAD)]
    blocks += [Text(text) for text in difference_sentences(rows)]
    at = point.operating_point
    by_group = view.group_bys or [ALL]
    for group_by in by_group:
        mine = [row for row in rows if row.group_by in (ALL, group_by)]
        caption = f"Masked less bare by {group_by}, {matcher}, at {at}"
        blocks.append(table(caption, _COLUMNS, _lines(mine), labels=2))
    blocks.append(Text(_DIAGNOSTIC))
    for group_by in by_group:
        mine = [row for row in rows if row.group_by in (ALL, group_by)]
        caption = f"Usable photographs alone, and equal FMR, by {group_by}, {matcher}, at {at}"
        blocks.append(table(caption, _USABLE_COLUMNS, _usable(mine), labels=2, folded=True))
    return blocks


def difference_sentences(rows: Sequence[MaskDifference]) -> list[str]:
    """Return a sentence a mask condition over everybody, in the order of the config.

    Args:
        rows: one matcher's at one operating point.
    """
    said = [row for row in rows if row.group_by == ALL and row.condition != "both-different"]
    missed = [row for row in said if _is(row, "fnmr", "non-match")]
    texts = [_sentence(row, said) for row in missed[:MOST_SAID]]
    if len(missed) > MOST_SAID:
        more = plural(len(missed) - MOST_SAID, "further mask condition")
        texts.append(f"{more} stand in the tables below.")
    return texts


def _sentence(row: MaskDifference, said: Sequence[MaskDifference]) -> str:
    masks = (row.probe_mask, row.reference_mask)
    same = [each for each in said if (each.probe_mask, each.reference_mask) == masks]
    usable = next(each for each in same if _is(each, "fnmr", "excluded"))
    matched = next(each for each in same if each.metric == "fmr")
    start = f"With {worn((row.probe_mask, row.reference_mask))}"
    who = f"{people(row.subjects)}, {plural(row.trials, 'comparison')} masked"
    if row.difference is None:
        why = f"too few people ({row.subjects})" if row.status == "suppressed" else NOT_DECIDABLE
        return f"{start}: {why}."
    text = f"{start}, {_amount(row)} ({who})."
    if usable.difference not in (None, row.difference):
        text += (
            " Among photographs that give a template both bare and masked the difference is "
            f"{_of_hundred(usable.difference)} in 100."
        )
    if matched.change in ("higher", "lower"):
        rarer = "more" if matched.change == "higher" else "less"
        return f"{text} Different people match {rarer} often than bare."
    return f"{text} No change in false matches was shown."


def _amount(row: MaskDifference) -> str:
    """Say how many more or fewer of 100 fail, as far as there are people to say it."""
    between = f"{_of_hundred(row.low)} to {_of_hundred(row.high)}"
    if row.status != "estimate" or row.difference is None:
        return (
            "there are too few people to give one number: of 100 mated comparisons the change in "
            f"those that fail is {between}"
        )
    if row.difference == 0:
        return f"as many mated comparisons fail as bare (difference in 100: {between})"
    more = "more" if row.difference > 0 else "fewer"
    amount = f"{abs(100 * row.difference):.3g} of 100 {more} mated comparisons fail than bare"
    return f"{amount} (interval {between})"


def _is(row: MaskDifference, metric: str, failures: str, at: str = "same-threshold") -> bool:
    return (row.metric, row.failures, row.at) == (metric, failures, at)


def _places(rows: Sequence[MaskDifference]) -> dict[tuple[str, str, str], list[MaskDifference]]:
    """Return rows by group and masks, every mask of one group together."""
    found: dict[str, dict[tuple[str, str, str], list[MaskDifference]]] = {}
    for row in rows:
        place = (row.group, row.probe_mask, row.reference_mask)
        found.setdefault(row.group, {}).setdefault(place, []).append(row)
    return {place: here for masks in found.values() for place, here in masks.items()}


def _lines(rows: Sequence[MaskDifference]) -> list[list[Cell]]:
    lines = []
    for (group, *masks), here in _places(rows).items():
        missed = next(row for row in here if _is(row, "fnmr", "non-match"))
        matched = next(row for row in here if row.metric == "fmr")
        lines.append(
            [
                *_labels(group, masks),
                Cell(count(missed.subjects)),
                _share(missed.bare_errors, missed.bare_trials),
                _share(missed.errors, missed.trials),
                *_difference(missed),
                Cell(_p(missed)),
                Cell(_switched(missed)),
                *_difference(matched),
                Cell(_p(matched)),
            ]
        )
    return lines


def _usable(rows: Sequence[MaskDifference]) -> list[list[Cell]]:
    lines = []
    for (group, *masks), here in _places(rows).items():
        usable = next(row for row in here if _is(row, "fnmr", "excluded"))
        equal = next(row for row in here if row.at == "equal-fmr")
        lines.append(
            [
                *_labels(group, masks),
                Cell(count(usable.subjects)),
                *_difference(usable),
                Cell(_p(usable)),
                *_difference(equal),
            ]
        )
    return lines


def _labels(group: str, masks: Sequence[str]) -> tuple[Cell, Cell]:
    return Cell(group), Cell(masks_label((masks[0], masks[1])))


def _share(errors: int | None, trials: int) -> Cell:
    return Cell("" if errors is None else f"{count(errors)} / {count(trials)}")


def _difference(row: MaskDifference) -> tuple[Cell, Cell]:
    """Return a difference and its interval, or why there is none."""
    if row.difference is None or row.low is None or row.high is None:
        few = f"too few people ({row.subjects})" if row.subjects else "no trials"
        return Cell(few if row.status == "suppressed" else NOT_DECIDABLE, quiet=True), Cell("")
    between = Cell(f"{_of_hundred(row.low)} to {_of_hundred(row.high)}")
    if row.status == "unresolvable":
        return Cell(NOT_DECIDABLE, quiet=True), between
    if row.status == "interval":
        return Cell("interval alone", quiet=True), between
    return Cell(_of_hundred(row.difference)), between


def _switched(row: MaskDifference) -> str:
    if row.newly_missed is None or row.newly_found is None:
        return ""
    return f"{count(row.newly_missed)} / {count(row.newly_found)}"


def _p(row: MaskDifference) -> str:
    return "" if row.adjusted_p is None else p_words(row.adjusted_p)


def _of_hundred(rate: float | None) -> str:
    """Return a difference of rates as comparisons of 100, with its sign."""
    if rate is None:
        return ""
    text = f"{100 * rate:+.3g}"
    return "0" if float(text) == 0 else text.replace("-", "\N{MINUS SIGN}")
