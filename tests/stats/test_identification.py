"""One-to-many search against published sets and hand cases."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.stats.identification import (
    Searches,
    cmc,
    fmr_implied,
    fnir,
    fpir,
    fpir_if_independent,
    pessimistic_rank,
)
from evenmatch.stats.intervals import clustered_exact, jackknife_variance
from evenmatch.stats.people import PersonCounts


def search(rows, gallery_people=10):
    """Make searches of (non-mate scores, mate scores or None), one searcher each."""
    best_mate = np.array([max(mates) if mates else -math.inf for _, mates in rows])
    ordered = [[*sorted(non_mates, reverse=True), -math.inf, -math.inf] for non_mates, _ in rows]
    ranks = [
        pessimistic_rank(b, non_mates) if mates else 0
        for b, (non_mates, mates) in zip(best_mate, rows, strict=True)
    ]
    return Searches(
        searcher=np.arange(len(rows)),
        mated=np.array([mates is not None for _, mates in rows]),
        failed=np.zeros(len(rows), bool),
        best_mate=best_mate,
        rank=np.array(ranks),
        best_non_mate=np.array([row[0] for row in ordered]),
        best_non_mate_person=np.array([int(np.argmax([*n, 0])) for n, _ in rows]),
        runner_up=np.array([row[1] for row in ordered]),
        gallery_people=gallery_people,
    )


# bob.measure @b58fe757 tests/test_error.py, test_cmc.
TOY = [
    ((0.3, 1.1, 0.5), (0.7,)),
    ((1.4, -1.3, 0.6), (0.2,)),
    ((0.8, 0, 1.5), (-0.8, 1.8)),
    ((2, 1.3, 1.6, 0.9), (2.4,)),
]


def test_cmc_by_hand():
    assert cmc(search(TOY), 5).tolist() == [0.5, 0.75, 1, 1, 1]


def test_cmc_of_a_hundred_searches_agrees_with_bob(oracle):
    lists = oracle("bob_measure.json")["test-cmc"]
    rows = list(zip(lists["neg"], lists["pos"], strict=True))
    assert cmc(search(rows), 5) == pytest.approx([0.76, 0.89, 0.96, 0.98, 1])


@pytest.mark.parametrize(
    ("name", "found", "alarms", "closed", "open_"),
    [
        ("open-set-0", 7, 0, 7 / 9, 1),
        ("open-set-1", 6, 0, 6 / 9, 6 / 7),
        ("open-set-2", 6, 1, 6 / 9, 6 / 8),
    ],
)
def test_open_set_rates_agree_with_bob(oracle, name, found, alarms, closed, open_):
    searches = search(oracle("bob_measure.json")[name])
    misses, false_alarms = fnir(searches, 0.5, rank=1), fpir(searches, 0.5)
    assert (misses.trials - misses.errors, misses.trials) == (found, 7)
    assert (false_alarms.errors, false_alarms.trials) == (alarms, 2)
    # bob's recognition_rate: right at rank 1 among all searches, and among those that answered.
    at_rank_1 = fnir(searches, rank=1)
    assert (at_rank_1.trials - at_rank_1.errors) / searches.mated.size == pytest.approx(closed)
    assert found / (7 + alarms) == pytest.approx(open_)


def test_a_toy_with_ties_is_counted_by_hand(oracle):
    toy = oracle("group_toy.json")
    scores = np.array(toy["scores_probe_by_reference"])
    rows = [(np.delete(row, i), (row[i],)) for i, row in enumerate(scores)]
    searches = search(rows)
    assert searches.rank.tolist() == toy["ranks_pessimistic"]
    assert cmc(searches, 6) == pytest.approx(toy["CMC"])
    assert fnir(searches, 50, 1).rate == toy["FNIR_N6_R1_T50"]
    assert fnir(searches, 50, 2).rate == toy["FNIR_N6_R2_T50"]
    left_out = replace(searches, mated=np.zeros(6, bool))
    assert fpir(left_out, 50).rate == toy["FPIR_N5_T50"] == 1
    independent = fpir_if_independent(toy["FMR_all"][2], 5)
    assert independent == pytest.approx(toy["independence_FPIR_from_overall_FMR"])


def test_a_tied_non_mate_stands_before_the_mate():
    assert pessimistic_rank(0.5, [0.5, 0.5, 0.4]) == 3
    assert pessimistic_rank(0.5, []) == 1


def test_investigation_reads_a_list_and_identification_a_threshold():
    searches = search([((0.9, 0.8), (0.7,)), ((0.1,), (0.2,))])
    assert fnir(searches, rank=2).errors == 1  # the first mate stands third
    assert fnir(searches, 0.5).errors == 1  # the second mate is too weak
    assert fnir(searches).errors == 0


def test_a_failed_search_is_a_miss_or_no_alarm_or_left_out():
    rows = [((0.9,), (0.95,)), ((0.9,), (0.95,)), ((0.9,), None), ((0.9,), None)]
    searches = replace(search(rows), failed=np.array([True, False, True, False]))
    assert (fnir(searches, 0.5).errors, fnir(searches, 0.5).trials) == (1, 2)
    assert (fpir(searches, 0.5).errors, fpir(searches, 0.5).trials) == (1, 2)
    excluded = fnir(searches, 0.5, failures="excluded"), fpir(searches, 0.5, failures="excluded")
    assert [(c.errors, c.trials) for c in excluded] == [(0, 1), (1, 1)]
    assert cmc(searches, 1).tolist() == [0.5]
    assert cmc(searches, 1, failures="excluded").tolist() == [1]


def test_searches_of_one_person_are_one_unit():
    searches = replace(search([((0.9,), None)] * 6), searcher=np.array([0, 0, 0, 2, 2, 2]))
    counts = fpir(searches, 0.5)
    assert counts.trials_by_person.tolist() == [3, 0, 3]
    assert (counts.erring_units, counts.subjects) == (2, 2)


def test_gallery_variance_by_hand():
    # Four searchers, one search each; gallery persons 0, 0 and 1 raise sole alarms; N = 5.
    searches = Searches(
        searcher=np.arange(4),
        mated=np.zeros(4, bool),
        failed=np.zeros(4, bool),
        best_mate=np.full(4, -np.inf),
        rank=np.zeros(4, int),
        best_non_mate=np.array([0.9, 0.8, 0.7, 0.1]),
        best_non_mate_person=np.array([0, 0, 1, 2]),
        runner_up=np.array([0.2, 0.2, 0.2, 0.05]),
        gallery_people=5,
    )
    p = 0.75
    searcher = 3 / 4 * (3 * ((1 - p) / 3) ** 2 + (p / 3) ** 2)
    mean = 3 / 5
    gallery = 4 / 5 * ((2 - mean) ** 2 + (1 - mean) ** 2 + 3 * mean**2) / 16
    counts = fpir(searches, 0.5)
    assert counts.shared_variance == pytest.approx(searcher + gallery - 3 / 16)
    assert jackknife_variance(counts) == pytest.approx(
        max(counts.shared_variance, p * (1 - p) / 4, searcher)
    )


def test_one_gallery_person_who_raises_every_alarm_widens_the_interval():
    rng = np.random.default_rng(3)
    alarm = np.arange(400) < 80
    one = Searches(
        searcher=np.arange(400),
        mated=np.zeros(400, bool),
        failed=np.zeros(400, bool),
        best_mate=np.full(400, -np.inf),
        rank=np.zeros(400, int),
        best_non_mate=np.where(alarm, 0.9, 0.1),
        best_non_mate_person=np.zeros(400, int),
        runner_up=np.full(400, 0.1),
        gallery_people=200,
    )
    many = replace(one, best_non_mate_person=rng.permutation(400) % 200)
    narrow, wide = clustered_exact(fpir(many, 0.5)), clustered_exact(fpir(one, 0.5))
    assert wide.high - wide.low > 3 * (narrow.high - narrow.low)
    plain = clustered_exact(PersonCounts.of_people(alarm.astype(int), np.ones(400, int)))
    assert narrow.high - narrow.low < 1.3 * (plain.high - plain.low)


def test_no_searches_have_no_rate():
    searches = search([((0.9,), None)])
    assert fnir(searches).rate is None
    with pytest.raises(ValueError, match="no mated searches"):
        cmc(searches, 1)
    with pytest.raises(ValueError, match="one entry each"):
        replace(searches, rank=np.array([1, 2]))


@pytest.mark.parametrize(("gallery", "expected"), [(200, 0.181), (2000, 0.86), (10_000, 0.99995)])
def test_independent_searches_scale_as_daugman_printed(gallery, expected):
    # cl.cam.ac.uk/~jgd1000/veri/veri.html, FMR 0.001
    digits = len(str(expected)) - 2
    assert math.floor(fpir_if_independent(0.001, gallery) * 10**digits) / 10**digits == expected


def test_independent_searches_scale_as_npl_and_the_met_printed():
    # NPL 2023: 1 in 6,000 at 10,000 people and 1 in 60,000 at 1,000.
    fmr = fmr_implied(1 / 6000, 10_000)
    assert fmr == pytest.approx(1.6668055570983796e-08)
    assert 1 / fpir_if_independent(fmr, 1000) == pytest.approx(60_000, abs=10)


def test_a_watch_list_of_ones_own_group_raises_more_alarms():
    # Within 1e-6, across 1e-8, 10,000 people, of whom 10, 50, 90 % share the probe's group.
    got = [
        fpir_if_independent([1e-6, 1e-8], [10_000 * s, 10_000 * (1 - s)]) for s in (0.1, 0.5, 0.9)
    ]
    expected = [0.0010894066656845034, 0.005037272675189671, 0.008969536041041835]
    assert got == pytest.approx(expected, rel=1e-9)


def test_a_certain_false_match_is_a_certain_alarm_and_no_rate_is_refused():
    assert fpir_if_independent([1, 0], [1, 5]) == 1
    assert fpir_if_independent([1, 0], [0, 5]) == 0
    with pytest.raises(ValueError, match="give one between 0 and 1"):
        fpir_if_independent(1.2, 5)


row = st.tuples(
    st.lists(st.integers(0, 5).map(float), min_size=1, max_size=6),
    st.none() | st.tuples(st.integers(0, 5).map(float)),
)


@given(st.lists(row, min_size=1, max_size=12))
def test_longer_lists_and_lower_thresholds_miss_less(rows):
    searches = search(rows)
    misses = [[fnir(searches, t, r).errors for r in (1, 2, 7)] for t in (-math.inf, 2.0, 4.0)]
    assert np.all(np.diff(misses, axis=0) >= 0)
    assert np.all(np.diff(misses, axis=1) <= 0)
    mated = [m for m in rows if m[1] is not None]
    if mated:
        hits = cmc(searches, 7)
        assert hits[0] == pytest.approx(1 - fnir(searches, rank=1).rate)
        assert hits[-1] == 1
    assert fpir(searches, 3.0).errors == sum(m is None and max(n) >= 3 for n, m in rows)
