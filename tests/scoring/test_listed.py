"""Trials that come as a list: score files and listed protocols fill the same counts."""

import json
from math import sin
from pathlib import Path

import numpy as np
import pytest

from evenmatch.matching.matcher import ScoreKind, Templates
from evenmatch.scoring.counts import top_non_mated
from evenmatch.scoring.engine import count
from evenmatch.scoring.listed import from_pairs
from evenmatch.scoring.plan import Pairs, Plan, Roster

ORACLES = Path(__file__).parents[2].parent / "shared" / "oracles"
EVERYONE = np.ones((1, 1), dtype=bool)


def roster_of(people, groups=None, n_groups=1):
    rows = np.arange(len(people), dtype=np.int32)
    codes = np.zeros(rows.size, np.int32) if groups is None else np.asarray(groups, np.int32)
    return Roster(np.asarray(people, np.int32), rows, codes, n_groups)


def a_list(probe, reference, roster, *, symmetric=True):
    probe, reference = np.asarray(probe, np.int32), np.asarray(reference, np.int32)
    pairs = Pairs(probe, reference, roster.people[probe] == roster.people[reference])
    rows = np.arange(roster.people.size, dtype=np.int32)
    return Plan("bare", "bare", rows, rows, symmetric, pairs), pairs


def test_a_score_file_by_hand():
    # Persons 0, 0, 1, 1, 2: two mated pairs, one of them failed; four non-mated, one failed.
    roster = roster_of([0, 0, 1, 1, 2])
    plan, pairs = a_list([0, 2, 0, 1, 0, 2], [1, 3, 2, 2, 4, 4], roster)
    scores = np.array([0.9, np.nan, 0.5, 0.7, 0.2, np.nan])
    status = ["", "no_face", "ok", "", "", "timeout"]
    counts = from_pairs(plan, roster, pairs, scores, status)
    assert counts.reasons == ("no_face", "timeout")
    assert counts.failed_comparisons == 2
    matches = counts.false_matches(EVERYONE, 0.5)
    assert (matches.errors, matches.trials) == (2, 3)
    assert matches.errors_by_person.tolist() == [2, 2, 0]  # 0 and 1 err twice: one pair
    assert matches.trials_by_person.tolist() == [3, 2, 1]
    assert (matches.erring_units, matches.units, matches.people) == (1, 2, 3)
    assert (matches.pair_moments.ee, matches.pair_moments.em, matches.pair_moments.mm) == (4, 4, 5)
    kept = counts.false_non_matches(EVERYONE, 0.95)
    assert (kept.errors, kept.trials) == (2, 2)
    excluded = counts.false_non_matches(EVERYONE, 0.95, "excluded")
    assert (excluded.errors, excluded.trials) == (1, 1)
    assert top_non_mated([(counts, EVERYONE)], 1) == (0.5, 0.7)
    rows, mated = counts.comparisons()
    assert len(rows) == 6
    assert mated.sum() == 2


def test_double_precision_scores_of_a_file_are_not_rounded():
    roster = roster_of([0, 1, 2])
    plan, pairs = a_list([0, 0, 1], [1, 2, 2], roster)
    scores = np.array([0.1, 0.1 + 1e-12, 0.1 + 2e-12])
    counts = from_pairs(plan, roster, pairs, scores, ["", "", ""])
    assert counts.false_matches(EVERYONE, 0.1 + 1e-12).errors == 2


def test_both_directions_of_a_pair_are_one_unit():
    roster = roster_of([0, 1])
    plan, pairs = a_list([0, 1], [1, 0], roster, symmetric=False)
    counts = from_pairs(plan, roster, pairs, np.array([0.9, 0.8]), ["", ""])
    matches = counts.false_matches(EVERYONE, 0.5)
    assert (matches.errors, matches.trials) == (2, 2)
    assert (matches.erring_units, matches.units) == (1, 1)
    assert matches.pair_moments.ee == 4


def test_cells_of_a_list_keep_their_direction_in_an_ordered_plan():
    roster = roster_of([0, 1], [0, 1], 2)
    plan, pairs = a_list([0, 1], [1, 0], roster, symmetric=False)
    counts = from_pairs(plan, roster, pairs, np.array([0.9, 0.1]), ["", ""])
    there = np.array([[False, True], [False, False]])
    assert counts.false_matches(there, 0.5).errors == 1
    assert counts.false_matches(there.T, 0.5).errors == 0


def test_listed_trials_of_templates_are_those_of_all_pairs():
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((20, 6)).astype(np.float32)
    roster = roster_of(rng.integers(0, 8, 20), rng.integers(0, 3, 20), 3)
    rows = np.arange(20, dtype=np.int32)
    templates = Templates(vectors, {4: "no_face"}, ScoreKind.EUCLIDEAN)
    whole = Plan("bare", "bare", rows, rows, symmetric=True)
    listed = Plan("bare", "bare", rows, rows, symmetric=True, listed=whole.pairs(roster))
    one, other = count(whole, roster, templates), count(listed, roster, templates)
    cells = np.array([[True, False, True], [False, False, False], [False, True, False]])
    for threshold in one.kept.score[[0, 40, 120]]:
        first, second = (each.false_matches(cells, threshold) for each in (one, other))
        for name in (
            "errors",
            "trials",
            "erring_units",
            "units",
            "pair_moments",
        ):
            assert getattr(first, name) == getattr(second, name), name
        for name in ("trials_by_person", "probe_people_trials", "reference_people_trials"):
            assert getattr(first, name).tolist() == getattr(second, name).tolist(), name


def fixture():
    """Return the published fixture's twelve people, made by its formula (oracle O-6)."""
    people, vectors = [], []
    for i in range(12):
        for k in range(3 + i % 3):
            people.append(i)
            vectors.append(
                [
                    round(
                        sin(12.9898 * (i + 1) + 78.233 * (j + 1))
                        + 0.85 * sin(39.3467 * (i + 1) + 11.135 * (j + 1) + 27.719 * (k + 1)),
                        6,
                    )
                    for j in range(16)
                ]
            )
    vectors = np.array(vectors)
    return people, vectors / np.linalg.norm(vectors, axis=1)[:, None]


def test_the_published_fixture_has_its_counts_and_variance():
    # cimat 0.1.2 and its authors' paper code both give these numbers.
    people, vectors = fixture()
    roster = roster_of(people)
    rows = np.arange(len(people), dtype=np.int32)
    templates = Templates(vectors.astype(np.float32), {}, ScoreKind.INNER_PRODUCT)
    counts = count(Plan("bare", "bare", rows, rows, symmetric=True), roster, templates)
    matches = counts.false_matches(EVERYONE, 0.35)
    assert (matches.errors, matches.trials) == (246, 1052)
    missed = counts.false_non_matches(EVERYONE, 0.35)
    assert (missed.errors, missed.trials) == (38, 76)
    rate = matches.errors / matches.trials
    residual = matches.errors_by_person - rate * matches.trials_by_person
    pairs = matches.pair_moments
    squares = pairs.ee - 2 * rate * pairs.em + rate * rate * pairs.mm
    variance = (squares + max(float(residual @ residual) - 2 * squares, 0)) / matches.trials**2
    assert variance == pytest.approx(1.079501765004548e-3, rel=1e-12)


def test_the_toy_of_two_groups_has_its_ordered_rates():
    """Ordered cells with ties at the threshold (oracle O-18)."""
    path = ORACLES / "group_toy.json"
    if not path.is_file():
        pytest.skip("the oracles are not beside the checkout")
    toy = json.loads(path.read_text())
    people = np.tile(np.arange(6), 2)
    roster = roster_of(people, people // 3, 2)
    probe, reference = (side.ravel() for side in np.indices((6, 6)))
    plan, pairs = a_list(probe, reference + 6, roster, symmetric=False)
    scores = np.array(toy["scores_probe_by_reference"]).ravel()
    counts = from_pairs(plan, roster, pairs, scores, [""] * 36)
    for i, probes in enumerate("AB"):
        for j, references in enumerate("AB"):
            cell = np.zeros((2, 2), dtype=bool)
            cell[i, j] = True
            touched = counts.false_matches(cell, toy["t"])
            errors, trials, _ = toy["FMR_ordered_probe_ref"][f"{probes}->{references}"]
            assert (touched.errors, touched.trials) == (errors, trials)
    everyone = np.ones((2, 2), dtype=bool)
    missed = counts.false_non_matches(everyone, toy["t"])
    assert missed.errors / missed.trials == pytest.approx(toy["FNMR"]["all"])
