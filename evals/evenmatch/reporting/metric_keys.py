"""The names under which a rate is charted across runs, made of characters MLflow allows.

MLflow takes letters and digits of any script, `_ - . : /` and spaces, at most 250 of them. A key
reads `fnmr_at_fmr_0.001/unmasked-unmasked/excluded/sex.ethnicity:female.white`: the metric and
its operating point, probe and reference mask, what failures count as, the breakdown and group.
"""

from __future__ import annotations

import hashlib
import math
import re
from typing import TYPE_CHECKING

from evenmatch.reporting.selection import ALL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evenmatch.results.group_rows import Equity
    from evenmatch.results.model import ErrorRate, IdentificationRate, RunResult

_LONGEST = 250
_KEPT = re.compile(r"[^\w -]|_(?=[0-9a-f]+_)")


def metrics_of(result: RunResult, matcher: str) -> dict[str, float]:
    """Return what is charted for a matcher: rates, bounds, thresholds and indices, by key.

    Rates within groups and over everyone are charted; the cells between groups are in the
    tables. A row that gives only an upper bound has its bound charted and no rate; a suppressed
    or unresolvable one has nothing.
    """
    found: dict[str, float] = {}
    for point in result.thresholds:
        if point.matcher == matcher and math.isfinite(point.threshold):
            found[_fit(f"threshold/{_point(point.operating_point)}")] = point.threshold
    for rate in result.error_rates:
        if rate.matcher == matcher and rate.reference_group in (None, rate.probe_group):
            found.update(_values(rate, *_error_rate_key(rate)))
    for search in result.identification:
        if search.matcher == matcher:
            found.update(_values(search, *_search_key(search)))
    for index in result.equity:
        if index.matcher == matcher:
            found.update(_equity(index))
    return found


def label_key(label: str) -> str:
    """Return a label in allowed characters; different labels stay different.

    Anything else than letters, digits, spaces, dashes and underscores becomes its code point
    between underscores: `west/east` is `west_2f_east`.
    """
    return _KEPT.sub(lambda found: f"_{ord(found.group()):x}_", label)


def _error_rate_key(row: ErrorRate) -> tuple[str, str]:
    """Return a row's metric name and the rest of its key."""
    name = row.metric if row.operating_point is None else f"{row.metric}_at_{_at(row)}"
    masks = [label_key(mask) for mask in (row.probe_mask, row.reference_mask) if mask]
    parts = ["-".join(masks), row.failures, _group_key(row.group_by, row.probe_group)]
    return name, "/".join(part for part in parts if part)


def _search_key(row: IdentificationRate) -> tuple[str, str]:
    """Return a one-to-many row's metric name and the rest of its key."""
    ranked = "" if row.rank is None else f"_rank_{row.rank}"
    point = "" if row.operating_point is None else f"_at_{_at(row)}"
    parts = [
        label_key(row.gallery),
        label_key(row.probe_mask),
        row.failures,
        _group_key(row.group_by, row.group),
    ]
    return f"{row.metric}{ranked}{point}", "/".join(parts)


def _equity(row: Equity) -> Iterator[tuple[str, float]]:
    """Yield an equity index, and beside it what groups that are alike would reach by chance."""
    name = f"equity_{row.index}_of_{row.metric}_at_{_point(row.operating_point)}"
    masks = f"{label_key(row.probe_mask)}-{label_key(row.reference_mask)}"
    rest = f"{masks}/{'.'.join(map(label_key, row.group_by.split('+')))}"
    for suffix, value in (("", row.value), ("_null_p95", row.null_p95)):
        if value is not None and math.isfinite(value) and row.value is not None:
            yield _fit(f"{name}{suffix}/{rest}"), value


def _at(row: ErrorRate | IdentificationRate) -> str:
    """Return a row's operating point as part of a key."""
    return _point(row.operating_point or "")


def _point(text: str) -> str:
    """Return an operating point as part of a key: `fmr=0.001` is `fmr_0.001`."""
    name, _, value = text.partition("=")
    return f"{label_key(name)}_{re.sub(r'[^0-9A-Za-z.-]', '', value)}"


def _group_key(group_by: str, group: str) -> str:
    """Return a breakdown and group as part of a key, attributes joined by dots."""
    if group_by == ALL:
        return ALL
    names, values = group_by.split("+"), group.split("+")
    return f"{'.'.join(map(label_key, names))}:{'.'.join(map(label_key, values))}"


def _values(
    row: ErrorRate | IdentificationRate, name: str, rest: str
) -> Iterator[tuple[str, float]]:
    """Yield the values a row may show, each under its own key."""
    shown = {"estimate": ("rate", "low", "high"), "upper_bound": ("high",)}.get(row.status, ())
    for column in shown:
        value = getattr(row, column)
        if value is not None:
            suffix = "" if column == "rate" else f"_{column}"
            yield _fit(f"{name}{suffix}/{rest}"), value


def _fit(key: str) -> str:
    """Return a key of a length MLflow takes; a digest stands for what had to go."""
    if len(key) <= _LONGEST:
        return key
    digest = hashlib.sha256(key.encode()).hexdigest()[:12]
    return f"{key[: _LONGEST - 13].rstrip('/. ')}-{digest}"
