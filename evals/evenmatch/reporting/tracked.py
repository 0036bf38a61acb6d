"""What MLflow gets of an audit: parameters, tags, a description, a dataset and files.

Nothing here speaks to MLflow. No photograph, template, subject or pseudonym is among it: files
are taken by name from a list, and `scores/`, `searches/`, `gallery.csv` and
`training_overlap.csv` are not on it.
"""

from __future__ import annotations

import hashlib
import json
from html import escape
from typing import TYPE_CHECKING, Any

from evenmatch.reporting.audit import PLOTS, PRINTED, REPORT, SHORT
from evenmatch.reporting.plain_words import paragraphs
from evenmatch.reporting.selection import everyone
from evenmatch.reporting.tables import TABLES
from evenmatch.results.reading import RESULTS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from evenmatch.results.model import RunResult

FILES = (RESULTS, REPORT, SHORT, PRINTED, *(f"{table}.csv" for table in TABLES))
NOTE, NOTE_DIGEST = "mlflow.note.content", "evenmatch.note_digest"
_FIGURES = {".svg", ".png", ".pdf"}
_NOT_PARAMETERS = ("tracking", "report", "compute")
_LONGEST_VALUE, _LONGEST_NOTE, _LONGEST_NAME, _DIGEST = 6000, 7500, 250, 36


def matchers(result: RunResult) -> list[str]:
    """Return the matchers' names."""
    return [matcher.name for matcher in result.matchers]


def audit_tags(result: RunResult) -> dict[str, str]:
    """Return provenance, verdicts and the description as tags of the audit's run."""
    note = _note(result)
    # The two that belong together come first, where one request holds both.
    return {
        NOTE: note,
        NOTE_DIGEST: digest_of(note),
        **_provenance(result),
        **_verdicts(result),
        "evenmatch.role": "audit",
    }


def matcher_tags(result: RunResult, matcher: str) -> dict[str, str]:
    """Return provenance and a matcher's verdicts as tags of its run."""
    return _provenance(result) | {
        **_verdicts(result, matcher),
        "evenmatch.role": "matcher",
        "evenmatch.matcher": matcher,
    }


def audit_params(result: RunResult) -> dict[str, str]:
    """Return the part of the config that determines the numbers, as dotted names."""
    determining = {k: value for k, value in result.config.items() if k not in _NOT_PARAMETERS}
    return _flat(determining)


def matcher_params(result: RunResult, matcher: str) -> dict[str, str]:
    """Return a matcher as it ran, as dotted names."""
    return _flat(next(each for each in result.matchers if each.name == matcher).model_dump())


def dataset(result: RunResult) -> dict[str, str]:
    """Return the benchmark as MLflow describes a dataset: digest, home and size, no sample.

    The digest is that of the samples that were measured, so that two sets under one card differ.
    """
    home = (result.card.get("source") or {}).get("homepage") or ""
    name = str(result.card.get("name") or "benchmark")
    whole = everyone(result)
    size = {"subjects": whole.subjects, "photographs": whole.samples} if whole else {}
    return {
        "name": name[:500],
        "digest": result.provenance.samples_digest[:_DIGEST],
        "source_type": "http" if home else "local",
        "source": json.dumps({"url": home} if home else {"uri": name}),
        "profile": json.dumps(size),
    }


def files_of(folder: Path) -> dict[str, Path]:
    """Return the files that are sent, by their names there; a link is followed nowhere."""
    named = {name: folder / name for name in FILES}
    figures = sorted((folder / PLOTS).iterdir()) if (folder / PLOTS).is_dir() else []
    named |= {f"{PLOTS}/{path.name}": path for path in figures if path.suffix in _FIGURES}
    return {name: path for name, path in named.items() if path.is_file() and not path.is_symlink()}


def digest_of(content: object) -> str:
    """Return the SHA-256 of plain data."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _provenance(result: RunResult) -> dict[str, str]:
    """Return what made the numbers; `mlflow.source` tags fill MLflow's own columns."""
    made = result.provenance
    return {
        "evenmatch.run_id": made.run_id,
        "evenmatch.audit": result.name,
        "evenmatch.card": str(result.card.get("name", "")),
        "evenmatch.card_digest": made.card_digest,
        "evenmatch.config_digest": made.config_digest,
        "evenmatch.samples_digest": made.samples_digest,
        "evenmatch.git_revision": made.git_revision or "",
        "evenmatch.seed": str(made.seed),
        "evenmatch.schema_version": str(result.schema_version),
        "evenmatch.version": made.versions.get("evenmatch", ""),
        "mlflow.source.name": "evenmatch run",
        "mlflow.source.type": "LOCAL",
        **({"mlflow.source.git.commit": made.git_revision} if made.git_revision else {}),
    }


def _verdicts(result: RunResult, matcher: str | None = None) -> dict[str, str]:
    """Return the verdict on each claim as a tag of its own."""
    return {
        f"evenmatch.claim.{row.claim}": row.verdict
        for row in result.claims
        if row.part == "whole" and matcher in (None, row.matcher)
    }


def _note(result: RunResult) -> str:
    """Return the verdict as the run's description, its labels unable to act as markup."""
    text = "\n\n".join([*result.notices, *paragraphs(result)])
    return escape(text, quote=False)[:_LONGEST_NOTE]


def _flat(value: object, name: str = "") -> dict[str, str]:
    """Return nested settings as dotted names; a list of plain values stays one value."""
    nested: Mapping[Any, object] = {}
    if isinstance(value, dict):
        nested = value
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        nested = dict(enumerate(value))
    if not nested:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return {_param_name(name): _storable(text)[:_LONGEST_VALUE]} if name else {}
    flat: dict[str, str] = {}
    for key, item in nested.items():
        flat |= _flat(item, f"{name}.{key}" if name else str(key))
    return flat


def _storable(text: str) -> str:
    """Return text that any database takes: no zero bytes, no half of a surrogate pair."""
    return text.replace("\0", " ").encode(errors="replace").decode()


def _param_name(name: str) -> str:
    """Return a dotted name in the characters MLflow allows."""
    kept = (letter if letter.isalnum() or letter in "._- " else "_" for letter in name)
    return "".join(kept)[:_LONGEST_NAME]
