"""The printed report: made where a Chromium is, and its absence said clearly."""

import logging
import os

import pytest

from evenmatch.errors import OutsideError
from evenmatch.reporting.audit import write_audit
from evenmatch.reporting.pdf import find_chromium, write_pdf

PDF = {"report": {"formats": ["json", "pdf"]}}


@pytest.fixture
def chromium(tmp_path, monkeypatch):
    """Put a program of the test's own in the browser's place."""

    def install(script):
        path = tmp_path / "browser"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setenv("EVENMATCH_CHROMIUM", str(path))

    return install


@pytest.fixture(scope="module")
def small(make_result):
    made = make_result({"sex": ("female", "male")}, matchers=("dlib",))
    return made.model_copy(update={"config": made.config | PDF, "curves": []})


def test_without_chromium_the_audit_is_whole_and_says_what_to_do(
    small, tmp_path, monkeypatch, caplog
):
    monkeypatch.setenv("EVENMATCH_CHROMIUM", str(tmp_path / "none"))
    (tmp_path / "audit").mkdir()
    stale = tmp_path / "audit" / "report.pdf"
    stale.write_bytes(b"an earlier report")
    with caplog.at_level(logging.WARNING, "evenmatch"):
        folder = write_audit(small, tmp_path / "audit")
    assert "no Chromium was found" in caplog.text
    assert f"evenmatch report {folder}" in caplog.text
    assert not stale.exists()
    assert (folder / "results.json").is_file()
    assert not (folder / "report.html").exists()


def test_the_browser_is_given_the_page_and_where_to_print_it(chromium, tmp_path):
    chromium(
        'for each in "$@"; do case "$each" in --print-to-pdf=*) out="${each#*=}";; '
        'file://*) page="${each#file://}";; esac; done; cp "$page" "$out"'
    )
    written = write_pdf("<p>page</p>", tmp_path / "report.pdf")
    assert written.read_text() == "<p>page</p>"


def test_a_browser_that_prints_nothing_is_quoted(chromium, tmp_path):
    chromium("echo 'no usable sandbox' >&2; exit 1")
    with pytest.raises(OutsideError, match=r"did not print it .no usable sandbox.*or print report"):
        write_pdf("<p>page</p>", tmp_path / "report.pdf")
    assert not (tmp_path / "report.pdf").exists()


def test_the_browser_named_is_the_one_used(chromium):
    chromium("exit 0")
    assert find_chromium() == os.environ["EVENMATCH_CHROMIUM"]


def test_a_page_printed_on_another_day_gives_the_same_bytes(chromium, tmp_path):
    """Dates as Chromium writes them, in two zones; a page that speaks of dates keeps its own."""
    said = "(D:20261122 is the day) /CreationDate (D:{}) /ModDate (D:{})>>"
    printed = []
    for hour, name in (("20261122102301+00'00'", "a"), ("20270103235959-09'30'", "b")):
        chromium(
            'for each in "$@"; do case "$each" in --print-to-pdf=*) out="${each#*=}";; esac; done; '
            f'printf "%s" "{said.format(hour, hour)}" > "$out"'
        )
        printed.append(write_pdf("<p>page</p>", tmp_path / name).read_bytes())
    day = "20000101000000+00'00'"
    assert printed == [said.format(day, day).encode()] * 2
