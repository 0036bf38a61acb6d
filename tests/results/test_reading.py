"""Audits of every schema version there is, read, rendered and verified by today's program.

`schema-1` was written by the first release, from scores made up for 24 people; it stays as it is.
"""

import json
import shutil
from pathlib import Path

import pytest

from evenmatch.results.reading import read_results

FIRST = Path(__file__).parent / "schema-1"


@pytest.fixture
def first(tmp_path):
    """Give a copy of the first release's audit."""
    return shutil.copytree(FIRST, tmp_path / "first")


def test_the_first_releases_audit_lacks_what_came_later_and_is_read():
    stored = json.loads((FIRST / "results.json").read_text())
    assert stored["schema_version"] == 1
    assert "variants" not in stored
    assert "labelled_by" not in stored["error_rates"][0]
    assert read_results(FIRST).variants == []


def test_the_first_releases_audit_is_rendered(first, command):
    content = json.loads((first / "results.json").read_text())
    content["config"]["report"] = {"formats": ["html", "csv"]}
    (first / "results.json").write_text(json.dumps(content))
    before = (first / "error_rates.csv").read_text().splitlines()
    code, _, err = command("report", first)
    assert (code, err) == (0, "")
    assert "first-release" in (first / "report.html").read_text()
    after = (first / "error_rates.csv").read_text().splitlines()
    # New columns come after those there were.
    assert [line.startswith(old) for line, old in zip(after, before, strict=True)].count(False) == 0


def test_the_first_releases_audit_is_verified(first, command):
    code, out, _ = command("verify", first)
    assert code == 1, out  # only the tables that this copy leaves out
    assert all(".csv: the table" in line for line in out.splitlines() if "audit says" in line), out
    assert "there is no digests.json" in out


@pytest.mark.parametrize("name", ["report", "verify", "compare"])
def test_a_newer_schema_is_refused_with_what_to_do(first, command, name):
    path = first / "results.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": 2}))
    code, out, err = command(name, first)
    assert (code, out) == (2, "")
    assert "was written with schema 2, and this evenmatch knows 1; upgrade evenmatch" in err
