"""Counts of fewer photographs are what counting those alone would have given."""

import numpy as np
import pytest

from evenmatch.matching.matcher import ScoreKind, Templates
from evenmatch.scoring.counts import top_non_mated
from evenmatch.scoring.engine import Compute, count
from evenmatch.scoring.plan import Pairs, Plan, Roster
from evenmatch.scoring.restricting import mated_twice, restricted, top_non_mated_of

ROWS, PEOPLE = 120, 30
EVERYTHING = Compute()
TAIL = Compute(keep_scores=0, keep_tail=200, tile=16, threads=2)


def made(seed=3):
    rng = np.random.default_rng(seed)
    people = np.repeat(np.arange(PEOPLE), ROWS // PEOPLE).astype(np.int32)
    groups = (people % 2).astype(np.int32)
    roster = Roster(people, np.arange(ROWS, dtype=np.int32), groups, 2)
    vectors = rng.standard_normal((ROWS, 6)).astype(np.float32)
    allowed = rng.random(ROWS) < 0.8
    return roster, vectors, allowed


def plans(roster):
    every = np.arange(ROWS, dtype=np.int32)
    half = every[::2]
    probe, reference = every[: ROWS // 2], every[ROWS // 2 :]
    mated = roster.people[probe] == roster.people[reference]
    listed = Pairs(np.append(probe, 0), np.append(reference, 1), np.append(mated, True))
    return {
        "every pair": Plan("unmasked", "unmasked", every, every, symmetric=True),
        "roles": Plan("unmasked", "unmasked", half, every, symmetric=False),
        "listed": Plan("unmasked", "unmasked", every, every, symmetric=False, listed=listed),
    }


@pytest.mark.parametrize("compute", [EVERYTHING, TAIL], ids=["everything kept", "a tail kept"])
@pytest.mark.parametrize("which", ["every pair", "roles", "listed"])
def test_restricted_counts_are_those_of_the_allowed_rows_counted_alone(which, compute):
    roster, vectors, allowed = made()
    plan = plans(roster)[which]
    templates = Templates(vectors, {5: "no_face"}, ScoreKind.EUCLIDEAN)
    fewer = restricted(count(plan, roster, templates, compute=compute), allowed)
    out = {int(row): "left out" for row in np.flatnonzero(~allowed)} | {5: "no_face"}
    alone = count(plan, roster, Templates(vectors, out, ScoreKind.EUCLIDEAN), compute=EVERYTHING)
    for selection in (np.ones((2, 2), bool), np.array([[True, False], [False, False]])):
        for threshold in (-2.0, -3.5, -9.0):
            same(
                fewer.false_matches(selection, threshold),
                alone.false_matches(selection, threshold),
            )
            same(
                fewer.false_non_matches(selection, threshold, "excluded"),
                alone.false_non_matches(selection, threshold, "excluded"),
            )
        trials = alone.non_mated_trials(selection)
        assert fewer.non_mated_trials(selection) == trials
        for k in {each for each in (0, trials // 20, trials // 2) if each < trials}:
            found = top_non_mated_of(fewer, selection, k)
            assert found == top_non_mated([(alone, selection)], k)


def same(a, b):
    assert (a.errors, a.trials, a.erring_units, a.units) == (
        b.errors, b.trials, b.erring_units, b.units,
    )  # fmt: skip
    assert a.errors_by_person.tolist() == b.errors_by_person.tolist()
    assert a.trials_by_person.tolist() == b.trials_by_person.tolist()
    assert a.pair_moments == b.pair_moments


def test_where_every_photograph_is_allowed_nothing_is_made_anew():
    roster, vectors, _ = made()
    templates = Templates(vectors, {5: "no_face"}, ScoreKind.EUCLIDEAN)
    counts = count(plans(roster)["every pair"], roster, templates, compute=EVERYTHING)
    allowed = np.ones(ROWS, bool)
    allowed[5] = False  # has no template, and is left out already
    assert restricted(counts, allowed) is counts


def test_comparisons_meet_their_own_photographs_in_either_order():
    # Two people, two photographs each; rows 4 to 7 are the same photographs under a mask.
    people = np.array([0, 0, 1, 1] * 2, dtype=np.int32)
    photographs = np.array([0, 1, 2, 3] * 2, dtype=np.int32)
    roster = Roster(people, photographs, np.zeros(8, np.int32), 1)
    bare, worn = np.arange(4, dtype=np.int32), np.arange(4, 8, dtype=np.int32)
    vectors = np.float32([[0], [1], [50], [59], [0], [9], [50], [51]])
    templates = Templates(vectors, {}, ScoreKind.EUCLIDEAN)
    everyone = np.ones((1, 1), bool)
    first = count(Plan("unmasked", "unmasked", bare, bare, symmetric=True), roster, templates)
    second = count(Plan("m", "unmasked", worn, bare, symmetric=False), roster, templates)
    twice = mated_twice(first, second, everyone, (-5.0, -5.0), failed=True)
    # Bare, 0 meets itself and 1 does not. Masked: 0 misses as 9 against 0, and 0 against 1 holds;
    # 1 as 50 against 59 misses as before, and as 51 against 50 is found.
    assert twice.trials.tolist() == [2, 2]
    assert twice.lost.tolist() == [1, 0]
    assert twice.gained.tolist() == [0, 1]
