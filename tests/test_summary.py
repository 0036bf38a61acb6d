"""The terminal's summary: 80 columns, colour for people, none for pipes and for NO_COLOR."""

import os
import pty
import re
import subprocess
import sys
import unicodedata

import pytest

from evenmatch import summary
from evenmatch.run import evaluate

LONG = "a-matcher-with-a-name-of-eighty-letters-which-is-as-long-as-a-name-may-ever-be-x"
SYSTEM = [sys.executable, "-c", "from evenmatch.cli import main; main()"]


@pytest.fixture
def result(small):
    """An audit with names as long as they may be, and a claim."""
    claim = {
        "id": "brochure",
        "text": "word for word",
        "source": "page 2",
        "matcher": LONG,
        "metric": "fnmr",
        "at": "threshold=0.5",
        "bound": "<= 0.01",
    }
    points = ["fmr=0.123456789012345", "threshold=0.5"]
    config = small.config(
        matchers=[small.vendor() | {"name": LONG}],
        one_to_one={"operating_points": points},
        claims=[claim],
    )
    return evaluate(config, small.folder / "out").result


def cells(line):
    """Return how many columns of a terminal a line takes."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in line)


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_table_fits_the_terminal_and_no_rate_is_torn(
    result, width, monkeypatch, capsys, tmp_path
):
    rate = {"status": "unresolvable", "rate": 0.1234, "low": 0.1111, "high": 0.2222}
    rows = [row.model_copy(update=rate) for row in result.error_rates]
    monkeypatch.setenv("COLUMNS", str(width))
    summary.print_summary(result.model_copy(update={"error_rates": rows}), tmp_path)
    said = capsys.readouterr().out
    table = said[: said.index("The claim")]
    assert max(map(cells, table.splitlines())) <= min(80, width)
    if width >= 80:
        assert table.count("12.34% (11.11 to 22.22)") == 4
        assert table.count("(unresolved)") == 4


def test_a_claim_has_the_colour_of_its_verdict(result, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    summary.print_summary(result, tmp_path)
    assert "\x1b[33mis undecided:\x1b[0m" in capsys.readouterr().out


def test_drawn_masks_have_short_names_that_are_explained(result):
    masked = [
        row.model_copy(update={"probe_mask": "synthetic-wide-high-light-blue"})
        for row in result.error_rates
    ]
    changed = result.model_copy(update={"error_rates": masked})
    assert summary.masks_named(changed) == {"M1": "synthetic-wide-high-light-blue"}
    assert all(row[2] == "M1 / unknown" for row in summary.overall(changed))


def on_a_terminal(arguments, environment):
    """Run the command with a terminal for its output; return what the terminal got."""
    ours, theirs = pty.openpty()
    kept = {"PATH", "HOME", "EVENMATCH_CACHE"}
    plain = {name: value for name, value in os.environ.items() if name in kept}
    process = subprocess.Popen(
        [*SYSTEM, *map(str, arguments)],
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env=plain | {"TERM": "xterm-256color", "COLUMNS": "80"} | environment,
    )
    os.close(theirs)
    got = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        got += part
    os.close(ours)
    assert process.wait(timeout=60) == 0
    return got.decode()


def test_colour_is_for_terminals_and_no_color_is_heeded(small, tmp_path):
    arguments = ["run", small.file(), "--out", tmp_path / "out"]
    assert "\x1b[" in on_a_terminal(arguments, {})
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", on_a_terminal(arguments, {"NO_COLOR": "1"}))
    piped = subprocess.run(
        [*SYSTEM, *map(str, arguments)], check=True, capture_output=True, text=True, timeout=60
    )
    assert "\x1b" not in piped.stdout
    assert max(map(cells, piped.stdout.splitlines()[:3])) <= 80
