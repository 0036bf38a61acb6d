"""Templates and scores of the photographs that stay, numbered as if there were no others."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evenmatch.data.samples import Samples
from evenmatch.matching.keeping import keep_rows
from evenmatch.matching.matcher import ScoreKind, Templates
from evenmatch.matching.scores import read_scores

IDS = ["p", "q", "r", "s", "t"]


def samples_of(ids, root):
    table = pd.DataFrame({"sample_id": list(ids), "subject_id": list(ids), "path": ""})
    return Samples(table, root, {}, ("unknown",))


def test_templates_and_their_failures_move_up_together():
    vectors = np.arange(10, dtype=np.float32).reshape(5, 2)
    made = Templates(vectors, {1: "no_face", 3: "refused"}, ScoreKind.INNER_PRODUCT, longest=12.0)
    rows = np.array([True, False, True, True, True])
    left = keep_rows(made, rows, np.arange(5, dtype=np.int32))
    assert left.vectors.tolist() == vectors[rows].tolist()
    assert left.failures == {2: "refused"}
    assert left.longest is None  # the longest may have gone


def test_templates_are_not_copied_where_all_stay():
    made = Templates(np.zeros((2, 2), np.float32), {}, ScoreKind.EUCLIDEAN)
    assert keep_rows(made, np.ones(2, bool), np.arange(2, dtype=np.int32)) is made


@pytest.fixture
def score_file(tmp_path):
    path = tmp_path / "scores.csv"
    pairs = itertools.combinations(IDS, 2)
    rows = [(one, other, place / 10) for place, (one, other) in enumerate(pairs)]
    pd.DataFrame(rows, columns=["probe_id", "reference_id", "score"]).to_csv(path, index=False)
    return path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=31)
@given(st.lists(st.booleans(), min_size=5, max_size=5).filter(any))
def test_scores_are_found_as_in_a_file_of_the_photographs_that_stay(score_file, tmp_path, stays):
    everyone = samples_of(IDS, tmp_path)
    rows = np.array(stays)
    left = keep_rows(read_scores(score_file, everyone), rows, everyone.photographs)
    kept = [one for one, stay in zip(IDS, stays, strict=True) if stay]
    scores = pd.read_csv(score_file).set_index(["probe_id", "reference_id"])["score"]
    for (first, one), (second, other) in itertools.combinations(enumerate(kept), 2):
        found, status = left.lookup(np.array([first]), np.array([second]))
        assert (found[0], status[0]) == (scores[one, other], "")
