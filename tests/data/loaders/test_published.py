"""What published lists have in common: lines with limits, labels that agree, trials by row."""

import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.data.loaders.published import (
    Trial,
    agreed,
    flat_photographs,
    left_out,
    named_photographs,
    read_rows,
    trials_table,
    whole_number,
)
from evenmatch.errors import RequestError


def test_rows_keep_their_numbers_where_lines_are_blank(tmp_path):
    (tmp_path / "list.txt").write_bytes(b"\xef\xbb\xbf one \r\n\r\n\ttwo\n   \nthree")
    assert read_rows(tmp_path / "list.txt") == [(1, "one"), (3, "two"), (5, "three")]


@given(st.binary(max_size=200))
def test_any_file_is_read_or_refused_with_what_to_do(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "list.txt"
    path.write_bytes(data)
    try:
        rows = read_rows(path)
    except RequestError as refused:
        said = str(refused)
    else:
        said = "again" if rows and all(row.text for row in rows) else ""
    assert "again" in said


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("007", 7), ("-1", None), ("1.0", None), ("²", None), ("٣", None), ("", None)],
)
def test_a_number_is_plain_digits(text, number):
    assert whole_number(text) == number
    assert whole_number("9" * 10) is None


def test_a_person_has_the_label_that_all_their_photographs_give():
    people = pd.Series(["a", "a", "b", "b", "c"])
    labels = pd.Series(["x", "", "x", "y", ""])
    settled, torn = agreed(people, labels)
    assert settled.tolist() == ["x", "x", "", "", ""]
    assert torn == ["b"]


def test_photographs_of_a_flat_folder_stand_in_order(tmp_path):
    for name in ("b.jpg", "a.PNG", ".c.jpg", "notes.txt"):
        (tmp_path / name).touch()
    assert flat_photographs(tmp_path) == ["a.PNG", "b.jpg"]


def test_the_parts_of_a_name_are_columns_and_other_names_are_given_back(tmp_path):
    form = re.compile(r"(?P<subject_id>.+)_(?P<age>[0-9]+)\.jpg")
    for name in ("Ann_Lee_30.jpg", "stray.jpg", "Bo_4.jpg"):
        (tmp_path / name).touch()
    table, others = named_photographs(tmp_path, form)
    assert table.to_dict("records") == [
        {"sample_id": name, "path": name, "subject_id": who, "age": age}
        for name, who, age in [("Ann_Lee_30.jpg", "Ann_Lee", "30"), ("Bo_4.jpg", "Bo", "4")]
    ]
    assert others == ["stray.jpg"]


def test_trials_say_where_they_stand():
    table = trials_table([Trial("row 4", "p", "r", mated=True)])
    assert table.index.tolist() == ["row 4"]
    assert table.to_dict("records") == [
        {"probe_id": "p", "reference_id": "r", "mated": "1", "fold": ""}
    ]


def test_what_is_left_out_is_counted_and_not_named():
    assert left_out([], "x") == ()
    assert left_out(["Ann_Lee.jpg"], "x") == ("1 photographs are left out, since x.",)
