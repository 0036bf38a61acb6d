"""A vendor's score file: what it says, and every way in which it can be wrong."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.data.samples import Samples
from evenmatch.errors import RequestError
from evenmatch.matching.scores import read_scores


def samples_of(*ids):
    table = pd.DataFrame({"sample_id": ids, "subject_id": ids, "path": "", "mask": "unmasked"})
    return Samples(table, Path(), {}, ("unmasked",))


SAMPLES = samples_of("a", "b", "c", "001")
A, B, C, ONE = range(4)
HEAD = "probe_id,reference_id,score,status\n"


@pytest.fixture
def file(tmp_path):
    """Return a function that writes a score file, with the usual heading unless told."""

    def write(rows, heading=HEAD):
        path = tmp_path / "vendor.csv"
        path.write_text(heading + rows)
        return path

    return write


def test_scores_and_failures_are_found_by_photograph(file):
    table = read_scores(file("a,b,0.5,\nb,c,,no_face\na,c,0.25,ok\n"), SAMPLES)
    scores, statuses = table.lookup(np.array([A, B, A]), np.array([B, C, C]))
    assert scores[[0, 2]].tolist() == [0.5, 0.25]
    assert np.isnan(scores[1])
    assert statuses.tolist() == ["", "no_face", ""]


def test_a_comparison_the_file_lacks_is_missing(file):
    table = read_scores(file("a,b,0.5,\n"), SAMPLES)
    scores, statuses = table.lookup(np.array([A, C]), np.array([C, ONE]))
    assert np.isnan(scores).all()
    assert statuses.tolist() == ["missing", "missing"]


def test_the_opposite_order_stands_in_where_it_alone_is_there(file):
    table = read_scores(file("b,a,0.5,\n"), SAMPLES)
    scores, statuses = table.lookup(np.array([A, B]), np.array([B, A]))
    assert scores.tolist() == [0.5, 0.5]
    assert statuses.tolist() == ["", ""]


def test_distances_are_negated_at_the_door(file):
    table = read_scores(file("a,b,0.25,\na,c,0,\n"), SAMPLES, score_kind="distance")
    scores, _ = table.lookup(np.array([A, A]), np.array([B, C]))
    assert scores.tolist() == [-0.25, 0.0]
    assert not np.signbit(scores[1])


def test_the_status_column_may_be_absent(file):
    table = read_scores(file("a,b,1e-3\n", "probe_id,reference_id,score\n"), SAMPLES)
    assert table.lookup(np.array([A]), np.array([B]))[0].tolist() == [0.001]


def test_further_columns_and_spaces_do_not_matter(file):
    path = file(" a , 001 , 0.5 , OK ,x\n", "probe_id,reference_id,score,status,note\n")
    scores, statuses = read_scores(path, SAMPLES).lookup(np.array([A]), np.array([ONE]))
    assert (scores.tolist(), statuses.tolist()) == ([0.5], [""])


def test_parquet_says_the_same_as_csv(tmp_path):
    path = tmp_path / "vendor.parquet"
    frame = pd.DataFrame(
        {
            "probe_id": ["a", "b"],
            "reference_id": ["b", "c"],
            "score": np.array([0.1, np.nan], dtype=np.float32),
            "status": [None, "timeout"],
        }
    )
    frame.to_parquet(path)
    scores, statuses = read_scores(path, SAMPLES).lookup(np.array([A, B]), np.array([B, C]))
    assert scores[0] == np.float64(np.float32(0.1))
    assert statuses.tolist() == ["", "timeout"]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=40))
def test_every_score_reads_back_exactly(tmp_path_factory, values):
    ids = [f"s{i}" for i in range(len(values))]
    samples = samples_of("probe", *ids)
    path = tmp_path_factory.mktemp("scores") / "x.csv"
    path.write_text(HEAD + "".join(f"probe,{i},{v!r},\n" for i, v in zip(ids, values, strict=True)))
    table = read_scores(path, samples)
    scores, _ = table.lookup(np.zeros(len(ids), int), np.arange(len(ids)) + 1)
    assert scores.tolist() == values


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("a,b,0.5,\na,c,nan,\n", r"row 3: the score 'nan' is no finite number; .*leave it empty"),
        ("a,b,inf,\n", r"row 2: the score 'inf'"),
        ("a,b,1e999,\n", r"row 2: the score '1e999'"),
        ("a,b,high,\n", r"row 2: the score 'high'"),
        ("a,b,,\nb,c,,ok\n", r"row 2 \(2 such rows\): no score and no failure; name the failure"),
        ("a,b,0.5,no_face\n", r"row 2: a failure and a score in one row; empty the score"),
        ("a,b,-1,refused\n", r"row 2: a failure and a score"),
        (
            "a,x,0.5,\ny,b,0.5,\n",
            r"row 2: 2 sample ids are not in the benchmark: 'x', 'y'",
        ),
        ("1,b,0.5,\n", r"sample ids are not in the benchmark: '1'"),
        ("a,b,0.5,\nb,c,1,\na,b,0.5,\n", r"row 2 and row 4: the same probe and reference twice"),
        ("a,b,0.5,\nb,a,0.6,\n", r"row 2 and row 3: the same two photographs in both orders"),
        ("a,b,0.5,\nb,a,,no_face\n", r"row 2 and row 3: the same two photographs in both orders"),
        ("", r"has no rows"),
    ],
)
def test_a_wrong_row_is_named_with_what_to_do(file, rows, says):
    path = file(rows)
    with pytest.raises(RequestError, match=says) as error:
        read_scores(path, SAMPLES)
    assert str(path) in str(error.value)
    assert error.value.exit_code == 2


def test_five_unknown_ids_are_named_and_all_counted(file):
    path = file("".join(f"a,u{i},0.5,\n" for i in range(8)))
    with pytest.raises(RequestError, match=r"8 sample ids .* 'u0', .* 'u4', \.\.\.") as error:
        read_scores(path, SAMPLES)
    assert "u5" not in str(error.value)


def test_both_orders_that_agree_are_one_comparison(file):
    table = read_scores(file("a,b,0.5,\nb,a,0.5,\nb,c,,x\nc,b,,x\n"), SAMPLES)
    assert table.lookup(np.array([B]), np.array([A]))[0].tolist() == [0.5]


def test_a_missing_column_is_named_with_those_there(file):
    path = file("a,b,1\n", "probe,reference_id,similarity\n")
    with pytest.raises(RequestError, match=r"lacks the column probe_id, score; it has probe,"):
        read_scores(path, SAMPLES)


@pytest.mark.parametrize("name", ["none.csv", "none.parquet"])
def test_a_missing_file_is_named(tmp_path, name):
    with pytest.raises(RequestError, match=r"there is no file.*Check `path`"):
        read_scores(tmp_path / name, SAMPLES)


@pytest.mark.parametrize("name", ["vendor.csv", "vendor.parquet"])
def test_a_file_that_is_no_table_is_named(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"\x00\xff\xfe,\n1,2,3,4,5\n\x80")
    with pytest.raises(RequestError, match=r"cannot be read as|lacks the column"):
        read_scores(path, SAMPLES)


def test_an_unknown_score_kind_is_refused(file):
    with pytest.raises(RequestError, match="similarity, distance"):
        read_scores(file("a,b,1,\n"), SAMPLES, score_kind="cosine")


def test_rows_of_one_photograph_under_two_masks_share_its_code(file):
    table = pd.DataFrame(
        {"sample_id": ["a", "b", "a"], "subject_id": "p", "path": "", "mask": ["u", "u", "m"]}
    )
    samples = Samples(table, Path(), {}, ("u", "m"))
    found = read_scores(file("a,b,0.5,\n"), samples)
    assert found.lookup(samples.photographs[[0, 2]], samples.photographs[[1, 1]])[0].tolist() == [
        0.5,
        0.5,
    ]


def test_the_report_is_told_which_file_it_was(file):
    table = read_scores(file("a,b,0.5,\n"), SAMPLES)
    assert table.facts["score file"] == "vendor.csv"
    assert len(table.digest) == 64
    assert len(table) == 1


def test_rows_are_counted_over_the_blocks_of_a_file(file, monkeypatch):
    monkeypatch.setattr("evenmatch.matching.tables.BLOCK_BYTES", 64)
    ids = [f"s{k:03}" for k in range(120)]
    rows = [f"a,{name},0.5,\n" for name in ids]
    assert len(read_scores(file("".join(rows)), samples_of("a", *ids))) == 120
    path = file("".join([*rows[:99], "a,x,0.5,\n", *rows[99:], "y,a,0.5,\n"]))
    with pytest.raises(RequestError, match=r"row 101: 2 sample ids .*: 'x', 'y'"):
        read_scores(path, samples_of("a", *ids))
    path = file("".join([*rows, rows[7]]))
    with pytest.raises(RequestError, match=r"row 9 and row 122: the same probe"):
        read_scores(path, samples_of("a", *ids))
    path = file("".join([*rows[:110], "a,b,high,\n"]))
    with pytest.raises(RequestError, match=r"row 112: the score 'high'"):
        read_scores(path, samples_of("a", "b", *ids))
