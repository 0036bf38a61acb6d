"""A pass in parts gives what one pass gives, to the unit, in whatever order the parts come."""

import pickle
import random
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenmatch.distributed.shards import write_shards
from evenmatch.matching.matcher import ScoreKind
from evenmatch.matching.template_arrays import open_shards
from evenmatch.matching.vectors import Picked
from evenmatch.scoring.counts import top_non_mated
from evenmatch.scoring.engine import Compute, Need, count
from evenmatch.scoring.enrolment import pool, pooled_templates
from evenmatch.scoring.parts import Blocks, Part
from evenmatch.scoring.search import search


class Elsewhere:
    """Does what a cluster does, here: everything pickled, parts in disorder, some done twice."""

    def __init__(self, slots=2, seed=0, where=None):
        self._slots, self._seed, self._where = slots, seed, where
        self.parts = 0

    def slots(self, compute):
        """Return how many work."""
        del compute
        return self._slots

    def default_tile(self):
        """Return a tile that gives many parts."""
        return 17

    def run(self, templates, todo, parts, compute, answer_bytes):
        """Give the answers in disorder."""
        assert answer_bytes > 0
        todo = pickle.loads(pickle.dumps(todo))  # noqa: S301 -- made here
        if self._where is not None:
            shards = write_shards(templates.vectors, self._where, rows=50)
            templates = replace(templates, vectors=shards)
        templates = pickle.loads(pickle.dumps(templates))  # noqa: S301 -- as above
        there = replace(compute, spread=None, report=None, threads=1, tile=compute.tile or 17)
        parts = list(parts)
        random.Random(self._seed).shuffle(parts)  # noqa: S311 -- an order
        self.parts += len(parts)
        for part in parts:
            todo(templates, there, part)
            yield pickle.loads(pickle.dumps(todo(templates, there, part)))  # noqa: S301 -- as above


def same_counts(one, other):
    for name in ("cells", "cuts"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    for name in ("probe", "reference", "score"):
        assert np.array_equal(getattr(one.kept, name), getattr(other.kept, name)), name


def same_errors(one, other, threshold):
    everyone = np.ones_like(one.cuts, dtype=bool)
    sides = [counts.false_matches(everyone, threshold) for counts in (one, other)]
    for field in fields(sides[0]):
        values = [getattr(side, field.name) for side in sides]
        assert np.array_equal(*values), field.name


@pytest.mark.parametrize("kind", list(ScoreKind))
@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("ties", [True, False])
@pytest.mark.parametrize("keep_tail", [1000, 5_000_000])
def test_parts_count_what_one_pass_counts(a_set, kind, symmetric, ties, keep_tail):
    case = a_set(3, symmetric=symmetric, ties=ties, kind=kind, rows=240, n_groups=5)
    elsewhere = Elsewhere()
    local = Compute(device="cpu", keep_scores=0, keep_tail=keep_tail, tile=17)
    one = count(*case, compute=local)
    other = count(*case, compute=replace(local, spread=elsewhere))
    assert elsewhere.parts > 8
    same_counts(one, other)
    for threshold in (np.median(one.bins.edges), float(one.cuts.min()), float(one.bins.edges[5])):
        same_errors(one, other, threshold)


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    symmetric=st.booleans(),
    ties=st.booleans(),
    keep_tail=st.sampled_from([100, 300, 2000]),
    slots=st.integers(1, 9),
)
def test_neither_the_number_of_parts_nor_their_order_changes_a_count(
    a_set, seed, symmetric, ties, keep_tail, slots
):
    case = a_set(seed, symmetric=symmetric, ties=ties, n_groups=5)
    needs = [Need(np.ones((5, 5), bool), fmr=0.2)]
    local = Compute(device="cpu", keep_scores=0, keep_tail=keep_tail, tile=11)
    one = count(*case, needs=needs, compute=local)
    spread = replace(local, spread=Elsewhere(slots, seed))
    other = count(*case, needs=needs, compute=spread)
    same_counts(one, other)
    same_errors(one, other, float(one.bins.edges[seed % one.bins.count]))
    everyone = np.ones((5, 5), bool)
    looser = [each.false_matches_looser(everyone, np.inf, units=40) for each in (one, other)]
    assert (looser[0] is None) == (looser[1] is None)
    assert looser[0] is None or looser[0][0] == looser[1][0]
    tops = [top_non_mated([(each, everyone)], 500) for each in (one, other)]
    assert tops[0] == tops[1]


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    ties=st.booleans(),
    length=st.sampled_from([1, 2, 7, 200]),
    slots=st.integers(1, 9),
)
def test_shards_of_a_gallery_return_what_the_whole_returns(a_set, seed, ties, length, slots):
    plan, roster, templates = a_set(seed, symmetric=False, ties=ties, dim=6, rows=150, n_groups=5)
    asked = (templates, roster, plan.probes, plan.references)
    one = search(*asked, length=length, compute=Compute(tile=13))
    spread = Compute(tile=13, spread=Elsewhere(slots, seed))
    other = search(*asked, length=length, compute=spread)
    for field in fields(one):
        values = [getattr(found, field.name) for found in (one, other)]
        assert values[0].dtype == values[1].dtype
        assert np.array_equal(*values), field.name


@pytest.mark.parametrize("where", ["folder", "memory://made/up"])
def test_templates_read_where_they_lie_give_the_same_counts(a_set, where, tmp_path, monkeypatch):
    monkeypatch.setattr("evenmatch.scoring.sides.COPIED", 1000)
    case = a_set(5, rows=240, n_groups=5)
    where = str(tmp_path) if where == "folder" else where
    local = Compute(device="cpu", keep_scores=0, keep_tail=500, tile=17)
    one = count(*case, compute=local)
    other = count(*case, compute=replace(local, spread=Elsewhere(where=where)))
    same_counts(one, other)
    same_errors(one, other, float(one.bins.edges[40]))
    everyone = np.ones((5, 5), bool)
    assert top_non_mated([(one, everyone)], 800) == top_non_mated([(other, everyone)], 800)


def lying(templates, folder):
    """Return templates as arrays in a folder, in another order, with a row that none wants."""
    vectors = np.concatenate([templates.vectors, np.ones((1, templates.vectors.shape[1]))])
    order = np.random.default_rng(4).permutation(len(vectors))
    for number, rows in enumerate(np.array_split(order, 3)):
        np.save(folder / f"{number}.npy", vectors[rows].astype(np.float32))
    shards = open_shards(sorted(folder.glob("*.npy")), unit=False)
    places = np.argsort(order)[: len(templates.vectors)]
    return replace(templates, vectors=Picked(shards, places))


@pytest.fixture
def small(monkeypatch):
    """Make blocks, tiles and copies small enough for a few rows to need many."""
    monkeypatch.setattr("evenmatch.scoring.sides.COPIED", 1000)
    monkeypatch.setattr("evenmatch.scoring.given.PAIRS", 7)
    monkeypatch.setattr("evenmatch.scoring.exact.FETCHED", 2000)
    monkeypatch.setattr("evenmatch.scoring.parts.WIDEST", 3)
    monkeypatch.setattr("evenmatch.matching.vectors.BLOCK", 50)
    monkeypatch.setattr("evenmatch.scoring.enrolment.BLOCK", 20)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("spread", [False, True])
@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("kind", list(ScoreKind))
def test_templates_that_nobody_holds_give_the_same_counts(a_set, tmp_path, kind, symmetric, spread):
    case = a_set(5, rows=240, n_groups=5, kind=kind, symmetric=symmetric)
    elsewhere = Elsewhere() if spread else None
    compute = Compute(device="cpu", keep_scores=0, keep_tail=500, tile=17)
    one = count(*case, compute=compute)
    apart = lying(case[2], tmp_path)
    other = count(*case[:2], apart, compute=replace(compute, spread=elsewhere))
    same_counts(one, other)
    assert np.array_equal(one.mated.score, other.mated.score, equal_nan=True)
    same_errors(one, other, float(one.bins.edges[40]))
    everyone = np.ones((5, 5), bool)
    assert top_non_mated([(one, everyone)], 800) == top_non_mated([(other, everyone)], 800)
    assert elsewhere is None or elsewhere.parts > 20


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("device", ["cpu", "auto"])
@pytest.mark.parametrize("length", [1, 200])
@pytest.mark.parametrize("spread", [False, True])
@pytest.mark.parametrize("consolidated", [False, True])
def test_a_gallery_that_nobody_holds_returns_the_same(
    a_set, tmp_path, spread, length, consolidated, device
):
    plan, roster, templates = a_set(6, symmetric=False, ties=True, rows=150, n_groups=5)
    compute = Compute(device=device, tile=13)
    ways = [(templates, compute), (templates, compute)]
    ways.append(
        (lying(templates, tmp_path), replace(compute, spread=Elsewhere(3, 7) if spread else None))
    )
    found: list = []
    for each, how in ways:
        asked = (each, roster, plan.probes, plan.references)
        if consolidated:
            pools = pool(roster, plan.references)
            pooled = pooled_templates(each, pools)
            if not found:  # as one array
                pooled = replace(pooled, vectors=pooled.vectors[:])
            asked = (pooled, pools.roster, plan.probes, pools.entries)
        found.append(search(*asked, length=length, compute=how))
    for field in fields(found[0]):
        values = [getattr(each, field.name) for each in found]
        assert all(np.array_equal(values[0], other) for other in values), field.name


@given(
    rows=st.integers(1, 40), columns=st.integers(1, 40), once=st.booleans(), slots=st.integers(1, 9)
)
def test_parts_cover_every_pair_of_blocks_once(rows, columns, once, slots):
    blocks = Blocks(rows, rows if once else columns, once=once)
    seen = np.zeros((blocks.rows, blocks.columns), int)
    for part in blocks.parts(slots):
        seen[part.top : part.bottom, part.left : part.right] += 1
    wanted = np.triu(seen) if once else seen
    assert np.array_equal(wanted, np.triu(np.ones_like(seen)) if once else np.ones_like(seen))
    assert blocks.whole == Part(0, blocks.rows, 0, blocks.columns)
    assert 0 < blocks.share(slots) <= 1
