"""Searches of a gallery: by tiles, by looking scores up, and through faiss."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenmatch.errors import RequestError
from evenmatch.matching.matcher import ScoreKind, Templates
from evenmatch.scoring.exact import similarities
from evenmatch.scoring.needs import Compute
from evenmatch.scoring.plan import Roster
from evenmatch.scoring.search import search, search_scores

ORACLES = Path(__file__).parents[2].parent / "shared" / "oracles"


def looked_up(templates):
    """Return a lookup of exact scores and failures, as a score file would give them."""
    reasons = np.array([templates.failures.get(k, "") for k in range(len(templates.vectors))])

    def lookup(probe, reference):
        named = np.where(reasons[probe] == "", reasons[reference], reasons[probe])
        scores = similarities(templates.vectors, templates.score_kind, probe, reference)
        return np.where(named == "", scores.astype(np.float64), np.nan), named

    return lookup


def a_gallery(seed, kind=ScoreKind.INNER_PRODUCT, *, ties=False, people=30, rows=150, dim=12):
    """Return templates, who they are, searches and a gallery that overlap in photographs."""
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((rows, dim))
    vectors = np.round(vectors) if ties else vectors / np.linalg.norm(vectors, axis=1)[:, None]
    person = rng.integers(0, people, rows).astype(np.int32)
    photographs = np.arange(rows, dtype=np.int32)
    photographs[7], person[7] = photographs[8], person[8]
    roster = Roster(person, photographs, rng.integers(0, 4, rows).astype(np.int32), 4)
    order = rng.permutation(rows).astype(np.int32)
    templates = Templates(vectors.astype(np.float32), {3: "no_face", 11: "refused"}, kind)
    return templates, roster, order[: rows // 2], order[rows // 3 :]


def assert_same(one, other):
    for name in one.__dataclass_fields__:
        if name != "status":
            assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert one.status.tolist() == other.status.tolist()


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    kind=st.sampled_from(list(ScoreKind)),
    ties=st.booleans(),
    people=st.sampled_from([2, 30, 150]),
    length=st.sampled_from([1, 3, 50]),
    tile=st.sampled_from([8, 1024]),
)
def test_tiles_return_what_looking_every_score_up_returns(seed, kind, ties, people, length, tile):
    templates, roster, searches, gallery = a_gallery(seed, kind, ties=ties, people=people)
    compute = Compute(tile=tile, threads=2)
    found = search(templates, roster, searches, gallery, length=length, compute=compute)
    right = search_scores(looked_up(templates), roster, searches, gallery, length=length)
    assert_same(found, right)


@pytest.mark.parametrize("kind", list(ScoreKind))
def test_a_flat_faiss_index_misses_nobody(kind):
    pytest.importorskip("faiss", reason="faiss is not installed")
    templates, roster, searches, gallery = a_gallery(5, kind)
    exact = search(templates, roster, searches, gallery, length=200)
    flat = search(templates, roster, searches, gallery, length=200, index="faiss-flat")
    for name in ("best_mate_row", "best_mate", "rank", "candidate_rows", "candidates"):
        assert np.array_equal(getattr(exact, name), getattr(flat, name)), name
    assert np.array_equal(exact.runner_up, flat.runner_up)
    assert np.array_equal(exact.group_best, flat.group_best)


@pytest.mark.parametrize("index", ["faiss-ivf", "faiss-hnsw"])
def test_what_an_approximate_index_does_not_return_counts_as_missed(index):
    pytest.importorskip("faiss", reason="faiss is not installed")
    templates, roster, searches, gallery = a_gallery(6, rows=900, people=300, dim=64)
    exact = search(templates, roster, searches, gallery, length=3)
    near = search(templates, roster, searches, gallery, length=3, index=index)
    assert np.all(near.best_mate <= exact.best_mate)
    assert np.all(near.candidates[:, 0] <= exact.candidates[:, 0])
    # A mate far down the exact list is not returned at all: no rank, no score.
    lost = (exact.rank > 0) & (near.rank == 0)
    assert lost.any()
    assert np.all(np.isneginf(near.best_mate[lost]))
    assert np.all(near.best_mate_row[lost] == -1)


def test_six_searches_by_hand():
    """Six people, one photograph each way; ties stand before the mate (oracle O-18)."""
    path = ORACLES / "group_toy.json"
    if not path.is_file():
        pytest.skip("the oracles are not beside the checkout")
    toy = json.loads(path.read_text())
    table = np.array(toy["scores_probe_by_reference"])
    people = np.tile(np.arange(6, dtype=np.int32), 2)
    roster = Roster(people, np.arange(12, dtype=np.int32), people // 3, 2)
    probes, gallery = np.arange(6, dtype=np.int32), np.arange(6, 12, dtype=np.int32)

    def lookup(probe, reference):
        return table[probe, reference - 6], np.full(probe.size, "")

    found = search_scores(lookup, roster, probes, gallery)
    assert found.rank.tolist() == toy["ranks_pessimistic"] == [1, 3, 1, 1, 2, 1]
    hit = found.best_mate >= toy["t"]
    assert np.mean(~(hit & (found.rank <= 1))) == pytest.approx(2 / 6)
    assert np.mean(~(hit & (found.rank <= 2))) == pytest.approx(1 / 6)
    assert np.mean(found.candidates[:, 0] >= toy["t"]) == toy["FPIR_N5_T50"]


def test_a_person_with_many_photographs_does_not_hide_the_runner_up():
    # Person 1 fills the list of two; the next person is found all the same.
    vectors = np.array([[1, 0], [0.9, 0.1], [0.8, 0], [0.7, 0], [0.2, 0]], dtype=np.float32)
    people = np.array([0, 1, 1, 1, 2], dtype=np.int32)
    rows = np.arange(5, dtype=np.int32)
    roster = Roster(people, rows, np.zeros(5, np.int32), 1)
    templates = Templates(vectors, {}, ScoreKind.INNER_PRODUCT)
    found = search(templates, roster, rows[:1], rows[1:], length=2)
    assert found.candidate_rows.tolist() == [[1, 2]]
    assert found.runner_up[0] == np.float32(0.2)


def test_failed_searches_and_failed_mates_are_named_and_counted():
    vectors = np.eye(4, dtype=np.float32)
    people = np.array([0, 0, 1, 1], dtype=np.int32)
    rows = np.arange(4, dtype=np.int32)
    roster = Roster(people, rows, np.zeros(4, np.int32), 1)
    templates = Templates(vectors, {1: "no_face", 2: "refused"}, ScoreKind.INNER_PRODUCT)
    found = search(templates, roster, rows[[0, 2]], rows[[1, 3]], length=1)
    assert found.status.tolist() == ["", "refused"]
    assert found.mates.tolist() == [1, 1]
    assert found.rank.tolist() == [0, 0]
    assert found.candidate_rows.tolist() == [[3], [-1]]


def test_a_list_of_no_length_is_refused():
    templates, roster, searches, gallery = a_gallery(7)
    with pytest.raises(RequestError, match="ask for 1 or more"):
        search(templates, roster, searches, gallery, length=0)
