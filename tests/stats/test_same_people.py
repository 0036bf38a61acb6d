"""How far a rate moved for the same people, with people and not trials as the unit."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from evenmatch.stats.people import PersonCounts
from evenmatch.stats.same_people import Switched, few_units, paired_difference, sign_flip_p


def people(errors, trials):
    return PersonCounts.of_people(errors, trials)


def test_the_jackknife_leaves_one_person_out_of_both_times_at_once():
    rng = np.random.default_rng(1)
    trials = rng.integers(1, 5, 60), rng.integers(1, 5, 60)
    errors = [rng.binomial(each, 0.5) for each in trials]
    before, after = (people(e, m) for e, m in zip(errors, trials, strict=True))
    found = paired_difference(before, after)

    def difference(kept):
        rates = [e[kept].sum() / m[kept].sum() for e, m in zip(errors, trials, strict=True)]
        return rates[1] - rates[0]

    value = difference(np.arange(60))
    without = np.array([difference(np.arange(60) != k) for k in range(60)])
    error = np.sqrt(59 / 60 * np.sum((without - value) ** 2))
    reach = student.isf(0.025, 59) * error
    assert found.method == "jackknife"
    assert found.value == pytest.approx(value)
    assert (found.low, found.high) == pytest.approx((value - reach, value + reach))


def test_sign_flips_are_gone_through_by_hand():
    # Of 2^3 ways to sign 1, 1 and 2 the sum is 4 in one and -4 in one.
    assert sign_flip_p([1, 1, 2]) == 2 / 8
    # As far as 2: +-4 (two ways) and +-2 (1 + -1 + 2 twice, and their opposites).
    assert sign_flip_p([-1, 1, 2]) == 6 / 8
    assert sign_flip_p([0, 0]) == 1


def test_a_person_counts_once_however_many_comparisons_they_have():
    # Twenty comparisons of one person switch: McNemar would give 2 * 2^-20, and people give 1.
    errors = np.zeros(30, int)
    worse = errors.copy()
    worse[0] = 20
    trials = np.full(30, 20)
    assert paired_difference(people(errors, trials), people(worse, trials)).p_value == 1


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=10))
def test_the_p_value_is_that_of_every_way_to_flip(shifts):
    total = abs(sum(shifts))
    ways = itertools.product([1, -1], repeat=len(shifts))
    as_far = [abs(sum(s * w for s, w in zip(shifts, way, strict=True))) >= total for way in ways]
    assert sign_flip_p(shifts) == pytest.approx(np.mean(as_far))


counted = st.lists(
    st.tuples(st.integers(1, 6), st.floats(0, 1)), min_size=2, max_size=60
).map(lambda rows: ([round(m * share) for m, share in rows], [m for m, _ in rows]))  # fmt: skip


@given(counted)
def test_a_time_like_the_other_differs_by_nothing(rows):
    counts = people(*rows)
    none = people([0] * len(rows[1]), rows[1])
    for switched in (None, Switched(none, none)):
        found = paired_difference(counts, counts, switched=switched)
        assert found.value == 0
        assert found.low <= 0 <= found.high
        assert found.p_value == 1


@given(counted, st.randoms(use_true_random=False))
def test_before_and_after_exchanged_change_the_sign_alone(rows, random):
    errors, trials = rows
    other = [random.randint(0, m) for m in trials]
    there = paired_difference(people(errors, trials), people(other, trials))
    back = paired_difference(people(other, trials), people(errors, trials))
    assert there.value == pytest.approx(-back.value)
    assert there.p_value == pytest.approx(back.p_value)
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))


def test_few_people_who_switch_give_bounds():
    trials = np.full(40, 5)
    lost = np.zeros(40, int)
    lost[:9] = 1
    none = np.zeros(40, int)
    switched = Switched(people(lost, trials), people(none, trials))
    assert few_units(people(none, trials), people(lost, trials), switched)
    found = paired_difference(people(none, trials), people(lost, trials), switched=switched)
    assert found.method == "bounds"
    assert found.low < 9 / 200 < found.high
    lost[9] = 1
    more = Switched(people(lost, trials), people(none, trials))
    assert (
        paired_difference(people(none, trials), people(lost, trials), switched=more).method
        == "jackknife"
    )


def test_people_who_switch_all_alike_are_no_certainty():
    # One of five comparisons of each of 40 people is lost: by people there is no spread at all.
    trials, none = np.full(40, 5), np.zeros(40, int)
    switched = Switched(people(trials // 5, trials), people(none, trials))
    found = paired_difference(people(none, trials), people(trials // 5, trials), switched=switched)
    reach = student.isf(0.025, 39) * np.sqrt(0.2 * 0.8 / 200)
    assert found.method == "jackknife"
    assert (found.low, found.high) == pytest.approx((0.2 - reach, 0.2 + reach))


def test_people_who_all_switch_still_give_an_interval():
    trials, none = np.full(40, 2), np.zeros(40, int)
    switched = Switched(people(trials, trials), people(none, trials))
    for twice in (switched, None):
        found = paired_difference(people(none, trials), people(trials, trials), switched=twice)
        assert (found.value, found.method) == (1, "bounds")
        assert 0.75 < found.low < 0.95
        assert found.high == 1


def test_pairs_of_people_are_counted_by_both_of_their_people():
    pairs = np.array(list(itertools.combinations(range(12), 2)))
    ones = np.ones(len(pairs))
    rng = np.random.default_rng(4)
    sides = [
        PersonCounts.of_pairs(*pairs.T, rng.random(len(pairs)) < share, ones, people=12)
        for share in (0.3, 0.6)
    ]
    found = paired_difference(*sides)
    kept = [[k not in pair for pair in pairs] for k in range(12)]
    assert sum(kept[0]) == 55
    assert found.method == "jackknife"
    assert found.low < found.value < found.high
    few = PersonCounts.of_pairs(*pairs.T, ones * 0, ones, people=12)
    unchanged = paired_difference(few, few)
    assert (unchanged.method, unchanged.p_value) == ("bounds", None)
    assert unchanged.low < 0 < unchanged.high


def test_the_interval_holds_the_true_difference_about_as_often_as_it_says():
    rng = np.random.default_rng(11)
    hits, rejected = [], []
    for _ in range(300):
        prone = rng.beta(0.5, 4.5, 80)  # a tenth of comparisons fail, very unequally by person
        before = rng.random((80, 5)) < prone[:, None]
        after = rng.random((80, 5)) < prone[:, None]
        five = np.full(80, 5)
        switched = Switched(
            people((after & ~before).sum(1), five), people((before & ~after).sum(1), five)
        )
        found = paired_difference(
            people(before.sum(1), five), people(after.sum(1), five), switched=switched
        )
        hits.append(found.low <= 0 <= found.high)
        rejected.append(found.p_value <= 0.05)
    assert np.mean(hits) > 0.92
    assert np.mean(rejected) < 0.085


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ValueError, match="differ in length; give both one entry a person"):
        paired_difference(people([1], [2]), people([1, 0], [2, 2]))
    with pytest.raises(ValueError, match="no trials to compare"):
        paired_difference(people([0], [0]), people([1], [2]))
