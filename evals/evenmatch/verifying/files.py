"""Files of an audit against their digests, tables against results, digests against contents."""

from __future__ import annotations

import csv
import hashlib
import json
from contextlib import suppress
from importlib.metadata import version
from typing import TYPE_CHECKING

from evenmatch.config import numbers_digest
from evenmatch.matching.weights import file_sha256
from evenmatch.reporting.digests import DIGESTS, audit_files, read_digests
from evenmatch.reporting.tables import TABLES, as_read, columns
from evenmatch.verifying.findings import Check, same

if TYPE_CHECKING:
    from pathlib import Path

    from evenmatch.results.model import RunResult
    from evenmatch.results.row import Row


def check_files(folder: Path) -> Check:
    """Compare every file with the digest noted when the audit was written."""
    noted = read_digests(folder)
    check = Check("files", rows=len(noted or {}))
    if noted is None:
        check.remarks.append(
            f"there is no {DIGESTS} (an evenmatch before it wrote this audit): edited pages and "
            "figures cannot be told; `evenmatch report` notes the digests of what is there now."
        )
        return check
    there = audit_files(folder)
    for name, entry in noted.items():
        path = folder / name
        if name not in there:
            check.differs(name, "", "a file", "none")
        elif (found := file_sha256(path)) != entry:
            check.differs(name, "sha256", entry, found)
        else:
            check.checked += 1
    check.remarks += [f"{name} is not noted in {DIGESTS}" for name in there if name not in noted]
    return check


def check_tables(result: RunResult, folder: Path) -> list[Check]:
    """Compare every CSV with the rows of `results.json`."""
    formats = (result.config.get("report") or {}).get("formats") or ["csv"]
    checks = []
    for name, kind in TABLES.items():
        path = folder / f"{name}.csv"
        rows = getattr(result, name)
        if path.is_file():
            checks.append(_check_table(path, kind, rows))
        elif "csv" in formats and rows:
            missing = Check(path.name, rows=len(rows))
            missing.differs("the table", "", f"{len(rows)} rows in results.json", "no file")
            checks.append(missing)
    return checks


def _check_table(path: Path, kind: type[Row], rows: list[Row]) -> Check:
    check = Check(path.name, rows=len(rows))
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            lines = list(csv.reader(stream, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        check.differs("the table", "", "UTF-8 CSV", str(error))
        return check
    heading, body = (lines[0], lines[1:]) if lines else ([], [])
    known = [name for name in columns(kind) if name in heading]
    if heading != known:
        check.differs("heading", "", ",".join(columns(kind)), ",".join(heading))
        return check
    if len(body) != len(rows):
        check.differs("rows", "", f"{len(rows)} in results.json", len(body))
    for number, (line, row) in enumerate(zip(body, rows, strict=False), start=2):
        cells = dict(zip(heading, line, strict=False))
        if len(line) > len(heading):
            check.differs(f"line {number}", "", f"{len(heading)} cells", f"{len(line)} cells")
            continue
        wrong = [name for name in heading if not _reads(cells.get(name), getattr(row, name))]
        for name in wrong:
            check.differs(f"line {number}", name, getattr(row, name), cells.get(name))
        check.checked += not wrong
    return check


def _reads(text: str | None, value: object) -> bool:
    """Whether a cell's text says a value."""
    if text is None or value is None:
        return text == "" and value is None
    if isinstance(value, bool):
        return text == str(value).lower()
    if isinstance(value, float):
        with suppress(ValueError):
            return float(text) == value
        return False
    said = " ".join(value) if isinstance(value, list) else str(value)
    return said in (text, as_read(text))


def check_provenance(result: RunResult) -> Check:
    """Work out again the digests that name the audit."""
    made_by, check, here = result.provenance, Check("provenance", rows=4), version("evenmatch")
    found = {
        "config_digest": numbers_digest(result.config),
        "card_digest": _digest(_compact(result.card)),
    }
    for column, digest in found.items():
        if same(getattr(made_by, column), digest):
            check.checked += 1
        elif column == "config_digest" and made_by.versions.get("evenmatch") != here:
            check.leave("config_digest: another version of evenmatch digested the config")
        else:
            check.differs(column, "", getattr(made_by, column), digest)
    check.leave("samples_digest: photographs, labels and trials are not in the audit")
    _check_run_id(result, check)
    return check


def _check_run_id(result: RunResult, check: Check) -> None:
    entries = result.config.get("matchers") or []
    if any(entry.get("training_identities") for entry in entries):
        check.leave("run_id: lists of training identities enter it and are not in the audit")
        return
    calibrate_on = (result.config.get("one_to_one") or {}).get("calibrate_on")
    earlier = []
    if isinstance(calibrate_on, dict) and "run" in calibrate_on:
        named = {row.set_on for row in result.thresholds if row.set_on.startswith("transferred:")}
        earlier = [each.partition(":")[2] for each in sorted(named)]
    made_by = result.provenance
    digests = [made_by.config_digest, made_by.card_digest, made_by.samples_digest, *earlier]
    weights = {each.name: each.digest for each in result.matchers}
    run_id = _digest(json.dumps([*digests, weights], sort_keys=True))[:12]
    if run_id == made_by.run_id:
        check.checked += 1
    else:
        check.differs("run_id", "", made_by.run_id, run_id)


def _compact(content: object) -> str:
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
