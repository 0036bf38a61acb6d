"""Who labelled the groups of a row, filled into every table that has groups, in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evenmatch.results.model import RunResult
    from evenmatch.results.row import Row


def label_sources(result: RunResult) -> dict[str, str]:
    """Return by grouping who labelled its attributes; a grouping of nobody's labels is left out."""
    return {row.group_by: row.labelled_by for row in result.groups if row.labelled_by}


def with_label_sources(result: RunResult) -> RunResult:
    """Return the result with `labelled_by` filled in wherever a row is about a grouping."""
    sources = label_sources(result)
    filled = {
        name: [_named(row, sources) for row in rows]
        for name, rows in result
        if isinstance(rows, list) and rows and _takes_source(rows[0])
    }
    return result.model_copy(update=filled)


def _takes_source(row: object) -> bool:
    """Return whether a row is about a grouping and has a place for its source."""
    fields = getattr(type(row), "model_fields", {})
    return "group_by" in fields and "labelled_by" in fields


def _named(row: Any, sources: dict[str, str]) -> Row:  # noqa: ANN401 - a row of any table
    copied: Row = row
    if not row.labelled_by and row.group_by in sources:
        copied = row.model_copy(update={"labelled_by": sources[row.group_by]})
    return copied
