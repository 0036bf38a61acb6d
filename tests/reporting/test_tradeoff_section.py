"""Thresholds and what they trade: no table says more of a group than the tables by group do."""

import gzip
import json
from pathlib import Path

import pytest

from evenmatch.reporting.sections.claims import tradeoff_section
from evenmatch.reporting.sections.rates import fmr_section
from evenmatch.reporting.selection import View
from evenmatch.results.model import RunResult

SAMPLE = Path(__file__).parents[2] / "reports" / "sample" / "results.json.gz"
FMR, OVER, FNMR = 4, 5, 7  # columns of the first table
OWN_FMR, OWN_CHANGE = 4, 5  # of the second


@pytest.fixture(scope="module")
def sample():
    """The committed sample, of whose group `dark` under thirty effective people are measured."""
    return RunResult.model_validate(json.loads(gzip.decompress(SAMPLE.read_bytes())))


def tables(result):
    common, own = tradeoff_section(View(result)).blocks
    return [
        {(row[0].text, row[group].text): [cell.text for cell in row] for row in table.rows}
        for table, group in ((common, 3), (own, 2))
    ]


def with_rows(result, **changes):
    """Change the FMR rows of the group `light` at the first operating point."""
    rows = [
        row.model_copy(update=changes)
        if (row.metric, row.operating_point, row.probe_group, row.reference_group)
        == ("fmr", "fmr=0.01", "light", "light")
        else row
        for row in result.error_rates
    ]
    return result.model_copy(update={"error_rates": rows})


def test_a_group_has_the_rate_that_leads_in_the_table_by_group(sample):
    first = next(block for block in fmr_section(View(sample), ()).blocks if hasattr(block, "rows"))
    common, _ = tables(sample)
    for row in first.rows[1:]:
        name, rate, ends = (cell.text for cell in row[:3])
        assert common["fmr=0.01", name][FMR] == f"{rate} ({ends})"


def test_what_a_group_has_over_the_target_belongs_to_the_rate_beside_it(sample):
    common, _ = tables(sample)
    assert common["fmr=0.01", "dark"][FMR].startswith("0.690%")
    assert common["fmr=0.01", "dark"][OVER] == "0.69"
    assert common["fmr=0.01", "light"][OVER] == "1.31"


def test_where_people_are_few_the_own_threshold_gets_counts_alone(sample):
    _, own = tables(sample)
    row = own["fmr=0.01", "dark"]
    assert (row[OWN_FMR], row[OWN_CHANGE]) == ("", "")
    assert "34 → 48" in row


def test_a_rate_that_is_only_bounded_is_only_bounded_here_too(sample):
    common, own = tables(with_rows(sample, status="upper_bound"))
    assert common["fmr=0.01", "light"][FMR] == "at most 2.82%"
    assert common["fmr=0.01", "light"][OVER] == ""
    assert own["fmr=0.01", "light"][OWN_FMR] == "at most 2.28%"
    assert own["fmr=0.01", "light"][OWN_CHANGE] == ""


def test_a_note_says_which_rates_are_means_over_people(sample):
    said = [block.text for block in fmr_section(View(sample), ()).blocks if hasattr(block, "text")]
    assert any("Fewer than 30 effective people stand behind dark:" in text for text in said)
    bare = sample.model_copy(
        update={"error_rates": [row for row in sample.error_rates if row.probe_group != "dark"]}
    )
    said = [block.text for block in fmr_section(View(bare), ()).blocks if hasattr(block, "text")]
    assert not any("effective people stand" in text for text in said)
