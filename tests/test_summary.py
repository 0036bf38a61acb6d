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


def test_a_short_operating_point_is_not_torn(result, monkeypatch, capsys, tmp_path):
    wide = {"rate": 0.1234, "low": 0.1111, "high": 0.2222, "status": "estimate"}
    rows = [
        row.model_copy(update=wide)
        for row in result.error_rates
        if row.operating_point == "threshold=0.5"
    ]
    monkeypatch.setenv("COLUMNS", "80")
    summary.print_summary(result.model_copy(update={"error_rates": rows}), tmp_path)
    (row,) = (line for line in capsys.readouterr().out.splitlines() if "threshold=0.5 " in line)
    assert row.count("12.34% (11.11 to 22.22)") == 2


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


def test_searches_have_a_table_of_their_own_and_alone_are_all_there_is(
    made_up_searches, capsys, tmp_path
):
    summary.print_summary(made_up_searches, tmp_path)
    both = capsys.readouterr().out
    assert re.search(r"Searches of a gallery of \d+ people:\nmatcher +at +masks +FPIR +FNIR", both)
    assert re.search(r"^vendor +fpir=0.5 +unknown +too few people", both, flags=re.MULTILINE)
    summary.print_summary(made_up_searches.model_copy(update={"error_rates": []}), tmp_path)
    assert "FNMR" not in capsys.readouterr().out


@pytest.fixture
def made_up_searches(bench):
    ids = [(f"{who}{shot}", who, shot) for who in "abcdef" for shot in "12"]
    bench.attribute("shot", "sample", ["1", "2"])
    bench.manifest([{"sample_id": i, "subject_id": who, "shot": shot} for i, who, shot in ids])
    bench.scores(
        [
            (one, other, 0.9 if who == whom else 0.1)
            for place, (one, who, _) in enumerate(ids)
            for other, whom, _ in ids[:place]
        ]
    )
    search = {
        "gallery": {"where": {"shot": "1"}},
        "searches": {"where": {"shot": "2"}},
        "operating_points": ["fpir=0.5"],
        "splits": 2,
    }
    return evaluate(bench.config(one_to_many=search), bench.folder / "out").result
