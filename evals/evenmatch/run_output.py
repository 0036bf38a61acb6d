"""What `evenmatch run --json` prints: one document, an entry an audit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from evenmatch.reporting.selection import ALL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.audit import Audit
    from evenmatch.results.row import Row

# What only a reader of a whole table needs.
_LEFT_OUT: Final = frozenset({"group_by", "probe_group", "reference_group", "group", "labelled_by"})


def run_document(audits: Sequence[Audit], tracked: Sequence[str | None]) -> str:
    """Return finished audits as JSON: where each lies, its verdicts, its rates over everyone.

    Args:
        audits: in the order of the command's configs.
        tracked: the MLflow run of each; None where it went nowhere.
    """
    entries = [_entry(audit, run) for audit, run in zip(audits, tracked, strict=True)]
    return json.dumps({"audits": entries}, indent=2, ensure_ascii=False, allow_nan=False)


def _entry(audit: Audit, mlflow_run: str | None) -> dict[str, Any]:
    result, page = audit.result, audit.folder / "report.html"
    return {
        "name": result.name,
        "run_id": result.provenance.run_id,
        "folder": str(audit.folder),
        "report": str(page) if page.is_file() else None,
        "mlflow_run": mlflow_run,
        "notices": result.notices,
        "claims": [_plain(row) for row in result.claims if row.part == "whole"],
        "error_rates": [_plain(row) for row in result.error_rates if row.group_by == ALL],
        "identification": [_plain(row) for row in result.identification if row.group_by == ALL],
    }


def _plain(row: Row) -> dict[str, Any]:
    """Return a row as JSON has it: infinities as text."""
    content: dict[str, Any] = json.loads(row.model_dump_json(exclude=set(_LEFT_OUT)))
    return content
