"""A vendor's candidate lists: what they say, and every way in which they can contradict it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.data.samples import Samples
from evenmatch.errors import RequestError
from evenmatch.matching.candidates import read_candidates, read_enrolled

HEAD = "search_id,rank,candidate_id,score,status\n"
IDS = ("s1", "s2", "s3", "g1", "g2", "g3")
S1, S2, S3, G1, G2, G3 = range(6)


def samples_of(*ids):
    table = pd.DataFrame({"sample_id": ids, "subject_id": ids, "path": "", "mask": "unmasked"})
    return Samples(table, Path(), {}, ("unmasked",))


SAMPLES = samples_of(*IDS)


@pytest.fixture
def file(tmp_path):
    def write(rows, heading=HEAD, name="lists.csv"):
        path = tmp_path / name
        path.write_text(heading + rows)
        return path

    return write


def lists_of(found):
    """Return search to its candidates and their scores."""
    return {
        int(search): list(
            zip(found.candidates[a:b].tolist(), found.scores[a:b].tolist(), strict=True)
        )
        for search, a, b in zip(found.searches, found.starts[:-1], found.starts[1:], strict=True)
    }


def test_lists_are_put_in_order_whatever_the_rows_order(file):
    found = read_candidates(
        file("s2,2,g1,0.25,\ns1,1,g3,0.75,ok\ns2,1,g2,0.5,\n"),
        SAMPLES,
    )
    assert lists_of(found) == {S1: [(G3, 0.75)], S2: [(G2, 0.5), (G1, 0.25)]}
    assert (found.length, found.lowest) == (2, 0.25)
    assert found.places(np.array([S2, S3, S1])).tolist() == [1, -1, 0]


def test_a_failed_search_and_an_empty_list_are_told_apart(file):
    found = read_candidates(file("s1,,,,timeout\ns2,,,,\ns3,1,g1,0.5,\n"), SAMPLES)
    assert lists_of(found) == {S1: [], S2: [], S3: [(G1, 0.5)]}
    assert found.statuses.tolist() == ["timeout", "", ""]


def test_the_status_column_may_be_absent(file):
    found = read_candidates(
        file("s1,1,g1,0.5\ns2,,,\n", "search_id,rank,candidate_id,score\n"), SAMPLES
    )
    assert found.statuses.tolist() == ["", ""]


def test_distances_rise_with_the_rank_and_are_negated(file):
    path = file("s1,1,g1,0.25,\ns1,2,g2,0.5,\n")
    found = read_candidates(path, SAMPLES, score_kind="distance")
    assert lists_of(found) == {S1: [(G1, -0.25), (G2, -0.5)]}
    with pytest.raises(RequestError, match=r"row 3: the score is better than that of the rank"):
        read_candidates(path, SAMPLES)


def test_parquet_says_the_same_as_csv(file, tmp_path):
    path = file("s1,1,g1,0.5,\ns1,2,g2,0.25,\ns2,,,,no_face\n")
    table = pd.read_csv(path).astype({"rank": "Int64"})
    table.to_parquet(tmp_path / "lists.parquet")
    one, other = (read_candidates(each, SAMPLES) for each in (path, tmp_path / "lists.parquet"))
    assert lists_of(one) == lists_of(other)
    assert one.statuses.tolist() == other.statuses.tolist()


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("s1,1,g1,0.5,\ns1,1,g2,0.5,\n", r"row 3: ranks of a search go 1, 2, 3"),
        ("s1,2,g1,0.5,\n", r"row 2: ranks of a search go 1, 2, 3"),
        ("s1,1,g1,0.5,\ns1,3,g2,0.5,\n", r"row 3: ranks of a search go 1, 2, 3"),
        ("s1,0,g1,0.5,\n", r"row 2: the rank is a whole number from 1"),
        ("s1,1.5,g1,0.5,\n", r"row 2: the rank is a whole number"),
        ("s1,,g1,0.5,\n", r"row 2: the rank is a whole number"),
        ("s1,first,g1,0.5,\n", r"row 2: the rank is a whole number"),
        ("s1,1,,,timeout\n", r"row 2: a rank without a candidate"),
        ("s1,1,g1,0.5,\ns1,2,g1,0.4,\n", r"row 3: the same candidate twice in one list"),
        ("s1,1,g1,0.4,\ns1,2,g2,0.5,\n", r"row 3: the score is better"),
        ("s1,1,g1,0.5,\ns1,,,,\n", r"row 2: a search with a row that lists nobody and another"),
        ("s1,,,,x\ns1,,,,y\n", r"row 3: a search with a row that lists nobody and another"),
        ("s1,1,g1,0.5,timeout\n", r"row 2: a candidate with a failure"),
        ("s1,1,g1,,\n", r"row 2: no score and no failure"),
        ("s1,1,g1,nan,\n", r"row 2: the score 'nan' is no finite number"),
        ("s1,,,0.5,\n", r"row 2: a failure and a score"),
        ("x1,1,g1,0.5,\ns2,1,x2,0.5,\n", r"row 2: 2 sample ids .* 'x1', 'x2'"),
        ("s1,,,,\n", r"lists no candidate at all"),
        ("", r"has no rows"),
    ],
)
def test_a_wrong_row_is_named_with_what_to_do(file, rows, says):
    path = file(rows)
    with pytest.raises(RequestError, match=says) as caught:
        read_candidates(path, SAMPLES)
    assert str(path) in str(caught.value)


def test_a_candidate_who_is_not_enrolled_is_refused(file):
    table = file("g1,\ng2,no_face\n", "sample_id,status\n", "gallery.csv")
    enrolled = read_enrolled(table, SAMPLES, "given:v")
    assert (enrolled.codes.tolist(), enrolled.failed.tolist()) == ([G1, G2], [False, True])
    for name in ("g2", "g3"):  # one whose enrolment failed cannot be found either
        with pytest.raises(RequestError, match=r"row 3: the candidate is not enrolled"):
            read_candidates(file(f"s1,1,g1,0.5,\ns1,2,{name},0.4,\n"), SAMPLES, gallery=enrolled)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("g1\ng1\n", r"rows 2 and 3: one id is there twice"),
        ("g1\nx\n", r"row 3: this sample id is not in the benchmark"),
        ("", r"names no id"),
    ],
)
def test_a_wrong_gallery_is_named(file, rows, says):
    with pytest.raises(RequestError, match=says):
        read_enrolled(file(rows, "sample_id\n", "gallery.csv"), SAMPLES, "g")


def test_a_missing_file_names_its_key(tmp_path):
    with pytest.raises(RequestError, match="Check `candidates`"):
        read_candidates(tmp_path / "none.csv", SAMPLES)
    with pytest.raises(RequestError, match="Check `gallery`"):
        read_enrolled(tmp_path / "none.csv", SAMPLES, "g")


@given(st.dictionaries(st.sampled_from(IDS[:3]), st.permutations(IDS[3:]), min_size=1), st.data())
def test_every_list_reads_back(tmp_path_factory, lists, data):
    finite = st.floats(allow_nan=False, allow_infinity=False)
    rows, expected = [], {}
    for search, candidates in lists.items():
        drawn = data.draw(st.lists(finite, min_size=3, max_size=3))
        scores = sorted((each + 0.0 for each in drawn), reverse=True)
        expected[IDS.index(search)] = [
            (IDS.index(one), score) for one, score in zip(candidates, scores, strict=True)
        ]
        rows += [
            f"{search},{rank},{one},{score!r},\n"
            for rank, (one, score) in enumerate(zip(candidates, scores, strict=True), 1)
        ]
    path = tmp_path_factory.mktemp("lists") / "lists.csv"
    path.write_text(HEAD + "".join(data.draw(st.permutations(rows))))
    assert lists_of(read_candidates(path, SAMPLES)) == expected
