"""The overview of a reports folder: `index.html` and `index.json`, one entry an audit."""

from __future__ import annotations

import hashlib
import json
import logging
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from jinja2 import TemplateError

from evenmatch.errors import EvenmatchError
from evenmatch.files import clear_halves, ordinary, write_file
from evenmatch.holding import held
from evenmatch.reporting.audit import REPORT
from evenmatch.reporting.claim_words import claimed, whole_claims
from evenmatch.reporting.numbers import count, interval_words, people, rate_words
from evenmatch.reporting.pages import environment, part
from evenmatch.reporting.selection import ALL, View, everyone
from evenmatch.results.model import ErrorRate
from evenmatch.results.reading import RESULTS, read_results

if TYPE_CHECKING:
    from pathlib import Path

    from evenmatch.results.model import IdentificationRate, RunResult

PAGE: Final = "index.html"
DOCUMENT: Final = "index.json"
SCHEMA: Final = 1
_GENERATOR: Final = 'name="generator" content="evenmatch"'
_OPENING: Final = json.dumps({"schema": SCHEMA, "audits": []}, indent=1).encode()[:-3]
_LOG: Final = logging.getLogger(__name__)

Entry = dict[str, Any]


def write_overview(reports: Path) -> Path | None:
    """Write the overview of every audit in `<reports>/<name>/<run id>/` and return the page.

    An audit that did not change since the last overview is taken from `index.json`. A file of
    either name that is somebody else's is left alone, and then nothing is written.
    """
    with held(reports) as alone:
        if alone:
            clear_halves(reports)
        return _write(reports)


def _write(reports: Path) -> Path | None:
    page, document = reports / PAGE, reports / DOCUMENT
    known = _known(document)
    if known is None and _is_torn(document) and (not page.exists() or _ours(page)):
        known = {}
    if (page.exists() and not _ours(page)) or (document.exists() and known is None):
        _LOG.warning(
            "%s holds an index of another origin, so no overview of the audits is written; "
            "rename it, or choose another folder with --out.",
            reports,
        )
        return None
    found = sorted(reports.glob(f"*/*/{RESULTS}"))
    entries = [_entry(path, reports, known or {}) for path in found]
    try:
        content = _page(entries)
    except (TemplateError, TypeError, ValueError, AttributeError):  # somebody edited the index
        entries = [_entry(path, reports, {}) for path in found]
        content = _page(entries)
    text = json.dumps({"schema": SCHEMA, "audits": entries}, indent=1, ensure_ascii=False)
    write_file(document, text + "\n")
    return write_file(page, content)


def write_overview_above(audit: Path, result: RunResult) -> Path | None:
    """Write the overview of the folder an audit lies in, where it lies in a reports folder."""
    folder = audit.resolve()
    if (folder.parent.name, folder.name) != (result.name, result.provenance.run_id):
        return None  # a copy in somebody's own folder
    return write_overview(audit.absolute().parent.parent)


def entry(result: RunResult) -> Entry:
    """Return what the overview says of an audit: plain data, the rates as the report leads."""
    view, whole = View(result), everyone(result)
    return {
        "name": result.name,
        "run_id": result.provenance.run_id,
        "benchmark": str(result.card.get("title") or result.card.get("name") or ""),
        "subjects": whole.subjects if whole else None,
        "evenmatch": result.provenance.versions.get("evenmatch"),
        "notices": len(result.notices),
        "rates": [rate for matcher in view.matchers for rate in _headline(view, matcher)],
        "claims": [
            {
                "claim": row.claim,
                "matcher": row.matcher,
                "claimed": claimed(row),
                "verdict": row.verdict,
                "reason": row.reason,
            }
            for row in whole_claims(result)
        ],
    }


def _entry(path: Path, reports: Path, known: dict[str, Entry]) -> Entry:
    """Return the entry of an audit, or of a folder whose results cannot be read."""
    folder = path.parent
    place = folder.relative_to(reports).as_posix()
    page = {"report": f"{place}/{REPORT}" if (folder / REPORT).is_file() else None}
    try:
        digest = hashlib.sha256(ordinary(path).read_bytes()).hexdigest()
        old = known.get(place)
        if old is not None and old.get("results_sha256") == digest and "problem" not in old:
            return {**old, **page}
        said = entry(read_results(path))
    except (EvenmatchError, OSError) as error:
        return {"folder": place, **page, "name": folder.parent.name, "run_id": folder.name} | {
            "problem": str(error)
        }
    return {"folder": place, **page, "results_sha256": digest, **said}


def _headline(view: View, matcher: str) -> list[Entry]:
    """Return a matcher's leading rates over everyone, one-to-one and one-to-many."""
    one_to_one = [view.overall(matcher, metric) for metric in ("fmr", "fnmr")]
    one_to_many = [view.searches(matcher, metric, ALL)[:1] for metric in ("fpir", "fnir")]
    rows: list[ErrorRate | IdentificationRate] = [row for row in one_to_one if row is not None]
    rows += [row for found in one_to_many for row in found]
    return [_rate(row) for row in rows]


def _rate(row: ErrorRate | IdentificationRate) -> Entry:
    trials: int = row.trials if isinstance(row, ErrorRate) else row.searches
    return {
        "matcher": row.matcher,
        "metric": row.metric,
        "operating_point": row.operating_point,
        "rate": row.rate,
        "low": row.low,
        "high": row.high,
        "status": row.status,
        "errors": row.errors,
        "trials": trials,
        "subjects": row.subjects,
        "words": rate_words(row),
        "interval": interval_words(row),
        "counts": f"{count(row.errors)} of {count(trials)}, {people(row.subjects)}",
    }


def _known(document: Path) -> dict[str, Entry] | None:
    """Return the entries of the last overview by folder; None where it is no overview."""
    try:
        content = json.loads(ordinary(document).read_text(encoding="utf-8"))
        if content["schema"] != SCHEMA:
            return {}
        return {str(each["folder"]): dict(each) for each in content["audits"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_torn(document: Path) -> bool:
    """Return whether a file is the beginning of an overview, or empty: what a power cut leaves."""
    try:
        start = ordinary(document).read_bytes()[: len(_OPENING)]
    except OSError:
        return False
    return not start.strip(b"\0") or _OPENING.startswith(start)


def _ours(page: Path) -> bool:
    """Return whether a page was written here; one that a power cut emptied is nobody's."""
    try:
        start = ordinary(page).read_text(encoding="utf-8", errors="replace")[:4000]
        return _GENERATOR in start or not start.strip("\0")
    except OSError:
        return False


def _page(entries: list[Entry]) -> str:
    """Return the overview as one HTML page that loads nothing, grouped by the audits' names."""
    templates = environment()
    templates.filters["address"] = quote
    named: dict[str, list[Entry]] = {}
    for each in entries:
        named.setdefault(each["name"], []).append(each)
    return templates.get_template("overview.html.j2").render(
        named=named,
        number=len(entries),
        style=part("style.css"),
    )
