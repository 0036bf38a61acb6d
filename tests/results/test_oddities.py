"""What looks like a slip of whoever set a run up is said before the numbers, never corrected."""

import itertools
import re

import pytest

from evenmatch.run import evaluate


@pytest.fixture
def notices(bench):
    """Audit four people with two photographs each; give the notices of the result."""

    def said(mated, other, *, lacking=0, kind="similarity", **changes):
        ids = [(f"{who}{shot}", who) for who in "abcd" for shot in "12"]
        bench.manifest([{"sample_id": one, "subject_id": who} for one, who in ids])
        rows = [
            (one, two, (mated if who == whom else other) + 0.001 * place)
            for place, ((one, who), (two, whom)) in enumerate(itertools.combinations(ids, 2))
        ]
        bench.scores(rows[lacking:])
        matchers = [bench.vendor(score_kind=kind)]
        config = bench.config(**{"matchers": matchers} | changes)
        return evaluate(config, bench.folder / "out").result.notices

    return said


def threshold(value):
    return {"operating_points": [f"threshold={value}"]}


def test_a_matcher_that_works_at_a_threshold_on_its_scale_is_not_remarked_upon(notices):
    assert notices(0.9, 0.1) == []
    assert notices(0.1, 0.9, kind="distance") == []


@pytest.mark.parametrize(
    ("mated", "other", "kind"), [(0.1, 0.9, "similarity"), (0.9, 0.1, "distance")]
)
def test_scores_read_the_wrong_way_round_are_said_with_the_key_to_correct(
    notices, mated, other, kind
):
    (said,) = notices(mated, other, kind=kind)
    assert re.match(r"vendor: .* less alike .* more often than not.* correct `score_kind`", said)


def test_scores_that_tell_nobody_apart_are_not_called_the_wrong_way_round(notices):
    assert notices(0.5, 0.5, one_to_one=threshold(0.51)) == []


@pytest.mark.parametrize(
    ("kind", "mated", "other", "at", "what"),
    [
        ("similarity", 0.9, 0.1, 50, "no comparison is a match"),
        ("similarity", 0.9, 0.1, -1, "every comparison is a match"),
        ("distance", 0.1, 0.9, -1, "no comparison is a match"),
        ("distance", 0.1, 0.9, 50, "every comparison is a match"),
    ],
)
def test_a_threshold_beyond_every_score_is_said_in_the_matchers_own_numbers(
    notices, kind, mated, other, at, what
):
    (said,) = notices(mated, other, kind=kind, one_to_one=threshold(at))
    assert said.startswith(f"vendor: at threshold={at} {what}.")
    # Mated comparisons are the 1st, 14th, 23rd and 28th of 28.
    assert f"between {mated:.6g} and {mated + 0.027:.6g};" in said


def test_what_a_score_file_lacks_is_counted_out_loud(notices):
    (said,) = notices(0.9, 0.1, lacking=3)
    assert said.startswith("vendor: its file lacks 3 of 28 comparisons; they count as failed")


def test_drawn_masks_that_no_score_file_can_show_are_said(notices):
    drawn = {"synthetic": [{"shape": "wide", "coverage": "high", "colour": "black"}]}
    (said,) = notices(0.9, 0.1, masks=drawn)
    assert said.startswith("vendor: a file of scores shows no drawn mask")
