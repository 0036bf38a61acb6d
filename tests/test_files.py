"""Files appear whole or not at all, and labels make safe names."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.errors import OutsideError
from evenmatch.files import clear_halves, slug, write_file


def test_a_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path):
    path = tmp_path / "deep" / "table.csv"
    write_file(path, "old")
    write_file(path, "new\N{MULTIPLICATION SIGN}")
    assert path.read_text(encoding="utf-8") == "new\N{MULTIPLICATION SIGN}"
    assert os.listdir(path.parent) == ["table.csv"]  # noqa: PTH208 - hidden files count too


def test_only_what_killed_programs_left_half_written_is_cleared(tmp_path, monkeypatch):
    (tmp_path / "deep").mkdir()
    for folder in (tmp_path, tmp_path / "deep"):
        (folder / ".mine.x1y2z3a4").touch()
        with monkeypatch.context() as killed:
            killed.setattr("pathlib.Path.replace", _full_disk)
            killed.setattr("pathlib.Path.unlink", lambda _: None)
            with pytest.raises(OutsideError):
                write_file(folder / "table.csv", "half")
    assert len(list(tmp_path.rglob("*table*"))) == 2
    clear_halves(tmp_path)
    assert [path.parent.name for path in tmp_path.rglob("*table*")] == ["deep"]
    clear_halves(tmp_path, below=True)
    assert sorted(each.name for each in tmp_path.rglob("*")) == [".mine.x1y2z3a4"] * 2 + ["deep"]


def test_a_refusing_folder_is_an_outside_failure(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutsideError, match="run the same command again"):
        write_file(tmp_path / "file" / "table.csv", "x")


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = write_file(tmp_path / "table.csv", "old")
    monkeypatch.setattr("pathlib.Path.replace", _full_disk)
    with pytest.raises(OutsideError, match="No space left"):
        write_file(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["table.csv"]  # noqa: PTH208 - hidden files count too


def _full_disk(*_):
    raise OSError(28, "No space left on device")


def test_plain_labels_stay_readable():
    assert slug("fmr", "vendor-a", "sex+ethnicity") == "fmr.vendor-a.sex+ethnicity"


@given(st.text(), st.text())
def test_names_are_safe_and_tell_labels_apart(one, other):
    assert all(letter.isascii() for letter in slug(one))
    assert "/" not in slug(one)
    assert slug(one) not in ("", ".", "..")
    assert (slug("fmr", one) == slug("fmr", other)) == (one == other)


def test_parts_do_not_run_into_each_other():
    assert slug("fmr", "a", "b") != slug("fmr", "a.b")
