"""The tidy tables follow the contract to the letter and read back exactly."""

import csv
import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.reporting import tables
from evenmatch.results.model import ErrorRate, FailureCount, IdentificationRate

CONTRACT = {
    "error_rates": "matcher, metric, operating_point, threshold, set_on, probe_mask, "
    "reference_mask, group_by, probe_group, reference_group, failures, errors, trials, subjects, "
    "rate, low, high, level, method, status",
    "identification": "matcher, metric, operating_point, threshold, rank, gallery, "
    "gallery_subjects, gallery_templates, probe_mask, group_by, group, failures, errors, searches, "
    "subjects, rate, low, high, level, method, status",
    "failures": "matcher, stage, reason, group_by, group, failed, attempts, rate",
}


@pytest.mark.parametrize("name", CONTRACT)
def test_the_contracts_columns_come_first_and_in_order(name):
    wanted = tuple(CONTRACT[name].split(", "))
    assert tables.columns(tables.TABLES[name])[: len(wanted)] == wanted


def read(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_every_row_is_written(result, tmp_path):
    tables.write_tables(result, tmp_path)
    assert len(read(tmp_path / "error_rates.csv")) == len(result.error_rates)
    assert len(read(tmp_path / "identification.csv")) == len(result.identification)
    assert len(read(tmp_path / "failures.csv")) == len(result.failures)
    written = sorted(path.name for path in tmp_path.iterdir())
    assert written == sorted(f"{name}.csv" for name in tables.TABLES)


def test_labels_read_back_unchanged_however_hostile(hostile, tmp_path):
    tables.write_tables(hostile, tmp_path)
    written = [tables.as_read(row["probe_group"]) for row in read(tmp_path / "error_rates.csv")]
    assert written == [row.probe_group for row in hostile.error_rates]


def test_no_cell_begins_a_formula(hostile, tmp_path):
    tables.write_tables(hostile, tmp_path)
    cells = [
        each
        for path in tmp_path.iterdir()
        for row in read(path)
        for each in row.values()
        if each[:1] in "=+-@\t\r" and each
    ]
    assert all(math.isfinite(float(each)) or each == "-inf" for each in cells)
    assert tables.cell("=cmd|' /C calc'!A0") == "'=cmd|' /C calc'!A0"
    assert tables.cell("-18.5") == "-18.5"


@given(st.text() | st.from_regex(r"'*[=+@-][a-z'=]*"))
def test_what_is_made_harmless_reads_back(text):
    assert tables.as_read(tables.harmless(text)) == text
    assert tables.as_read(tables.cell(text)) == text


def test_absent_values_are_empty_and_never_zero(make_row):
    row = make_row(subjects=5)
    line = next(csv.DictReader(io.StringIO(tables.csv_text([row], ErrorRate))))
    assert (line["rate"], line["low"], line["high"]) == ("", "", "")
    assert line["errors"] == "57"


def test_infinities_are_written_as_such(make_row):
    text = tables.csv_text([make_row(threshold=-math.inf)], ErrorRate)
    assert ",-inf," in text


def test_a_value_that_is_no_number_is_refused(make_row):
    with pytest.raises(ValueError, match="leave it empty"):
        tables.csv_text([make_row(rate=math.nan)], ErrorRate)


@given(st.floats(allow_nan=False))
def test_floats_read_back_exactly(value):
    assert float(tables.cell(value)) == value


def test_other_kinds_of_cells():
    assert tables.cell(["few_people", "few_errors"]) == "few_people few_errors"
    assert tables.cell(True) == "true"
    assert tables.cell(None) == ""
    assert IdentificationRate.model_fields["rank"]
    assert FailureCount.model_fields["failed"]
