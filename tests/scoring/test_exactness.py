"""The engine's counts against every score computed one by one: equal to the unit, always.

The brute force here shares nothing with the engine: scores in Python's own double precision,
trials by two loops, thresholds by sorting.
"""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenmatch.matching.matcher import ScoreKind, Templates
from evenmatch.scoring.counts import top_non_mated
from evenmatch.scoring.engine import Compute, Need, count
from evenmatch.scoring.plan import Plan, Roster

EVERYTHING = Compute()
TAIL = Compute(keep_scores=0, keep_tail=1000, tile=16, threads=2)


def brute_scores(vectors, kind):
    """Return `{(i, j): score}` of all ordered pairs, in double precision, rounded to single."""
    doubles = [[float(value) for value in vector] for vector in vectors]
    scores = {}
    for i, j in itertools.permutations(range(len(doubles)), 2):
        if kind is ScoreKind.INNER_PRODUCT:
            exact = math.fsum(a * b for a, b in zip(doubles[i], doubles[j], strict=True))
        else:
            exact = -math.sqrt(
                math.fsum((a - b) ** 2 for a, b in zip(doubles[i], doubles[j], strict=True))
            )
        scores[i, j] = float(np.float32(exact))
    return scores


def brute_trials(roster, plan, failed):
    """Return the usable non-mated trials, as (probe, reference)."""
    if plan.symmetric:
        pairs = itertools.combinations(plan.probes.tolist(), 2)
    else:
        pairs = itertools.product(plan.probes.tolist(), plan.references.tolist())
    return [
        (i, j)
        for i, j in pairs
        if roster.people[i] != roster.people[j] and i not in failed and j not in failed
    ]


def inside(roster, selection, pair, *, symmetric):
    i, j = roster.groups[pair[0]], roster.groups[pair[1]]
    return bool(selection[i, j] or (symmetric and selection[j, i]))


@st.composite
def benchmarks(draw):
    """Draw small sets with ties, duplicates, failures, lone members and uneven groups."""
    rows = draw(st.integers(6, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    dimension = draw(st.sampled_from([1, 3, 8]))
    # Few distinct values make ties and duplicate photographs.
    vectors = rng.integers(-2, 3, (rows, dimension)).astype(np.float32)
    if draw(st.booleans()):
        vectors = rng.standard_normal((rows, dimension)).astype(np.float32)
    groups = np.sort(rng.integers(0, draw(st.integers(1, 4)), rows)).astype(np.int32)
    roster = Roster(
        people=rng.integers(0, max(2, rows // 2), rows).astype(np.int32),
        photographs=np.arange(rows, dtype=np.int32),
        groups=groups,
        n_groups=int(groups.max()) + 1,
    )
    failed = {int(row): "no_face" for row in rng.choice(rows, rng.integers(0, 3), replace=False)}
    kind = draw(st.sampled_from(list(ScoreKind)))
    everyone = np.arange(rows, dtype=np.int32)
    plan = Plan("unmasked", "unmasked", everyone, everyone, symmetric=True)
    if draw(st.booleans()):
        probes = np.flatnonzero(rng.random(rows) < 0.6).astype(np.int32)
        references = np.flatnonzero(rng.random(rows) < 0.6).astype(np.int32)
        plan = Plan("unmasked", "unmasked", probes, references, symmetric=False)
    return roster, plan, Templates(vectors, failed, kind)


@settings(max_examples=60, deadline=None)
@given(benchmarks(), st.sampled_from(["whole", "tail"]), st.data())
def test_counts_equal_brute_force_to_the_unit(benchmark, mode, data):
    roster, plan, templates = benchmark
    scores = brute_scores(templates.vectors, templates.score_kind)
    trials = brute_trials(roster, plan, templates.failures)
    counts = count(plan, roster, templates, compute=EVERYTHING if mode == "whole" else TAIL)
    if not trials:
        return
    # A threshold at a score itself, or just beside one, is where a rounding would show.
    at = data.draw(st.sampled_from(sorted({scores[pair] for pair in trials})))
    threshold = data.draw(st.sampled_from([at, np.nextafter(at, 9), np.nextafter(at, -9)]))
    selection = np.array(
        data.draw(
            st.lists(
                st.lists(st.booleans(), min_size=roster.n_groups, max_size=roster.n_groups),
                min_size=roster.n_groups,
                max_size=roster.n_groups,
            )
        )
    )
    asked = [pair for pair in trials if inside(roster, selection, pair, symmetric=plan.symmetric)]
    errors = [pair for pair in asked if scores[pair] >= threshold]
    touched = counts.false_matches(selection, threshold)
    assert (touched.errors, touched.trials) == (len(errors), len(asked))
    people = roster.people
    for name, pairs in (("errors_by_person", errors), ("trials_by_person", asked)):
        expected = np.zeros(roster.n_people, dtype=np.int64)
        for i, j in pairs:
            expected[people[i]] += 1
            expected[people[j]] += 1
        assert getattr(touched, name).tolist() == expected.tolist()
    units = {frozenset((people[i], people[j])) for i, j in errors}
    assert touched.erring_units == len(units)
    assert touched.units == len({frozenset((people[i], people[j])) for i, j in asked})
    assert counts.histogram(selection).sum() == len(asked)
    by_pair = dict.fromkeys(units, 0)
    for i, j in errors:
        by_pair[frozenset((people[i], people[j]))] += 1
    assert touched.pair_moments.ee == sum(number**2 for number in by_pair.values())


@settings(max_examples=40, deadline=None)
@given(benchmarks(), st.data())
def test_the_scores_around_a_target_are_those_of_the_sorted_list(benchmark, data):
    roster, plan, templates = benchmark
    trials = brute_trials(roster, plan, templates.failures)
    if not trials:
        return
    scores = brute_scores(templates.vectors, templates.score_kind)
    ordered = sorted((scores[pair] for pair in trials), reverse=True)
    allowed = data.draw(st.integers(0, len(ordered) - 1))
    everyone = np.ones((roster.n_groups, roster.n_groups), dtype=bool)
    rate = Fraction(allowed, len(ordered)) or Fraction(1, 10**6)
    needs = [Need(everyone, fmr=min(rate, Fraction(99, 100)))]
    counts = count(plan, roster, templates, needs=needs, compute=TAIL)
    rejected, accepted = top_non_mated([(counts, everyone)], allowed)
    assert rejected == ordered[allowed]
    mated = counts.mated_scores(everyone).tolist()
    above = [score for score in (*ordered, *mated) if score > rejected]
    assert accepted == min(above, default=None)


@pytest.mark.parametrize("tile", [16, 64, 128])
@pytest.mark.parametrize("threads", [1, 2])
def test_neither_tiles_nor_threads_change_a_number(tile, threads):
    rng = np.random.default_rng(1)
    vectors = rng.standard_normal((300, 32)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    groups = np.sort(rng.integers(0, 5, 300)).astype(np.int32)
    roster = Roster(
        (np.arange(300) // 2).astype(np.int32), np.arange(300, dtype=np.int32), groups, 5
    )
    everyone = np.arange(300, dtype=np.int32)
    plan = Plan("unmasked", "unmasked", everyone, everyone, symmetric=True)
    templates = Templates(vectors, {}, ScoreKind.INNER_PRODUCT)
    whole = count(plan, roster, templates)
    tiled = count(
        plan, roster, templates, compute=Compute(keep_scores=0, tile=tile, threads=threads)
    )
    assert np.array_equal(whole.cells, tiled.cells)
    selection = np.ones((5, 5), dtype=bool)
    for threshold in (-0.1, 0.0, 0.3, 0.5):
        one, other = (each.false_matches(selection, threshold) for each in (whole, tiled))
        assert one.errors == other.errors
        assert one.errors_by_person.tolist() == other.errors_by_person.tolist()


def test_numba_torch_and_faiss_work_in_one_process():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    faiss = pytest.importorskip("faiss", reason="faiss is not installed")
    rng = np.random.default_rng(2)
    vectors = rng.standard_normal((64, 16)).astype(np.float32)
    product = torch.from_numpy(vectors) @ torch.from_numpy(vectors).T
    index = faiss.IndexFlatIP(16)
    index.add(vectors)
    best, _ = index.search(vectors, 1)
    everyone = np.arange(64, dtype=np.int32)
    roster = Roster(everyone, everyone, np.zeros(64, dtype=np.int32), 1)
    plan = Plan("unmasked", "unmasked", everyone, everyone, symmetric=True)
    counts = count(plan, roster, Templates(vectors, {}, ScoreKind.INNER_PRODUCT))
    off_diagonal = product.numpy()[np.triu_indices(64, 1)]
    assert counts.kept.score[0] == pytest.approx(off_diagonal.max(), rel=1e-5)
    assert best.max() == pytest.approx(float(product.diagonal().max()), rel=1e-5)
