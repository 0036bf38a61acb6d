"""Operating points and the thresholds they come to."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.stats.rates import count_false_matches, count_false_non_matches
from evenmatch.stats.thresholds import (
    OperatingPoint,
    allowed_errors,
    next_above,
    resolvable,
    threshold_at_fmr,
    threshold_between,
    threshold_from_tail,
)

doubles = st.floats(allow_nan=False, allow_infinity=False)
scores = st.lists(st.floats(-2, 2, width=32), min_size=1, max_size=60)
targets = st.sampled_from(["0.001", "0.01", "0.1", "0.29", "0.5", "1e-5", ".9", "1"])


@pytest.mark.parametrize("text", ["fmr=0.001", "fmr=1e-5", "fpir=0.01", "threshold=-0.60"])
def test_an_operating_point_reads_back_what_it_writes(text):
    assert str(OperatingPoint.parse(text)) == text


def test_an_operating_point_knows_whether_scores_must_set_it():
    assert OperatingPoint.parse("fmr=0.001").is_rate
    assert not OperatingPoint.parse("threshold=0.6").is_rate
    assert OperatingPoint.parse("threshold=-0.6").value == -0.6


@pytest.mark.parametrize(
    "text",
    [
        "far=0.001",
        "0.001",
        "fmr",
        "fmr=",
        "fmr=0",
        "fmr=1",
        "fmr=-0.1",
        "fmr=0.1%",
        "fmr=nan",
        "fmr=1e-999999",
        "fpir=1.5",
        "threshold=nan",
        "threshold=inf",
        "threshold=1e999",
        "threshold = 0.6",
        "fmr=1_0",
        "",
    ],
)
def test_anything_else_is_refused_with_what_to_write(text):
    with pytest.raises(ValueError, match=r"write fmr=0.001, fpir=0.01 or threshold=0.6"):
        OperatingPoint.parse(text)


def test_the_text_of_a_target_decides_how_many_errors_it_allows():
    assert allowed_errors("0.29", 100) == 29  # 0.29 * 100 is 28.999999999999996 in floats
    assert allowed_errors("0.001", 999) == 0
    assert allowed_errors("1e-5", 300_000) == 3
    assert allowed_errors("0", 10) == allowed_errors("1e-999999999", 10) == 0
    assert not resolvable("0.001", 999)
    assert resolvable("0.001", 1000)


@pytest.mark.parametrize("target", ["nan", "-0.1", "1.1", "a", "1/3"])
def test_a_target_that_is_no_rate_is_refused(target):
    with pytest.raises(ValueError, match="write a number from 0 to 1"):
        allowed_errors(target, 10)


def test_the_threshold_lies_midway_to_the_next_score_of_either_class():
    non_mated = [0.1, 0.2, 0.3, 0.9]
    assert threshold_at_fmr(non_mated, [0.8], "0.25") == (0.3 + 0.8) / 2
    assert threshold_at_fmr(non_mated, [0.2, 0.95], "0.25") == (0.3 + 0.9) / 2


def test_separable_scores_put_it_in_the_middle():
    # Iris petal length, bob.measure test_thresholding: 3.2 lies midway between 1.9 and 4.5.
    assert threshold_at_fmr([1.0, 1.4, 1.9], [4.5, 5.1], "0") == 3.2


def test_without_a_score_above_it_is_the_next_number_a_score_could_be():
    score = np.float32(0.3)
    expected = float(np.nextafter(score, np.float32(1)))
    assert threshold_at_fmr(np.array([score]), [], "0.1", np.float32) == expected
    assert threshold_at_fmr([0.3], [0.2], "0.1") == np.nextafter(0.3, 1)


def test_a_target_of_one_accepts_everything():
    assert threshold_at_fmr([0.1], [0.2], "1") == -math.inf


# bob.measure @b58fe757 tests/test_error.py, test_for_uncomputable_thresholds and
# test_obvious_thresholds; its threshold is a score, ours lies above the next lower one.
def test_ties_at_the_cut_are_rejected_together():
    mated = [0, 0, 0, 0, 0.1, 0.2, 0.3, 0.4, 0.5]
    non_mated = [0.5, 0.6, 0.7, 0.8, 0.9, 1, 1, 1, 1]
    assert 0.9 < threshold_at_fmr(non_mated, mated, "0.5") <= 1.0
    assert threshold_at_fmr(non_mated, mated, "0.4") > 1.0


@pytest.mark.parametrize(
    ("target", "low", "high"), [("0.09", 9, 10), ("0.11", 8, 9), ("0.91", 0, 1), ("1", -9e9, 0)]
)
def test_equal_classes_have_the_published_thresholds(target, low, high):
    threshold = threshold_at_fmr(range(10), range(10), target)
    assert low < threshold <= high or threshold == -math.inf


@pytest.mark.parametrize("percent", range(0, 101, 5))
def test_achieved_fmr_is_the_target_rounded_down(percent):
    threshold = threshold_at_fmr(range(10), range(10, 20), str(percent / 100))
    assert count_false_matches(range(10), threshold).errors == percent // 10


def test_adjacent_and_huge_scores_keep_the_threshold_between():
    one = 1.0
    after = np.nextafter(one, 2)
    assert threshold_between(one, after) == after
    biggest = np.finfo(float).max
    assert biggest * 0.9 < threshold_between(biggest * 0.9, biggest) <= biggest
    assert threshold_between(-biggest, biggest) == 0
    assert threshold_between(-math.inf, math.inf) == math.inf
    assert threshold_between(float(np.finfo(np.float32).max), None, np.float32) == math.inf


def test_what_cannot_be_a_threshold_is_refused():
    with pytest.raises(ValueError, match="cannot be rejected"):
        threshold_between(math.nan, 1.0)
    with pytest.raises(ValueError, match="give the next score above"):
        threshold_between(1.0, 1.0)
    with pytest.raises(ValueError, match="give a threshold"):
        threshold_at_fmr([], [1.0], "0.1")
    with pytest.raises(ValueError, match="keep a longer tail"):
        threshold_from_tail([1.0], [], 1)


def test_next_above_looks_through_every_list():
    assert next_above(1.0, [0.5, 3.0], [2.0]) == 2.0
    assert next_above(3.0, [3.0], []) is None


@given(doubles, doubles)
def test_a_threshold_rejects_the_lower_and_accepts_the_higher(a, b):
    low, high = sorted((a, b))
    if low < high:
        assert low < threshold_between(low, high) <= high


@given(scores, scores, targets)
def test_no_threshold_that_keeps_to_the_target_has_a_smaller_fnmr(non_mated, mated, target):
    threshold = threshold_at_fmr(np.array(non_mated, np.float32), mated, target, np.float32)
    achieved = count_false_matches(non_mated, threshold)
    assert Fraction(achieved.errors, achieved.trials) <= Fraction(target)
    best = min(
        count_false_non_matches(mated, t).errors
        for t in [*non_mated, *mated, 3.0, -math.inf]
        if Fraction(count_false_matches(non_mated, t).errors, len(non_mated)) <= Fraction(target)
    )
    assert count_false_non_matches(mated, threshold).errors == best


@given(scores, scores, targets)
def test_the_top_of_the_list_is_enough(non_mated, mated, target):
    allowed = allowed_errors(target, len(non_mated))
    if allowed < len(non_mated):
        tail = sorted(non_mated)[-allowed - 1 :]
        from_tail = threshold_from_tail(tail, mated, allowed)
        assert from_tail == threshold_at_fmr(non_mated, mated, target)
