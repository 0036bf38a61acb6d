"""From samples to plans: filters, conditions and listed trials."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evenmatch.data.conditions import with_drawn_masks
from evenmatch.data.groups import group_rows
from evenmatch.data.protocols import ListedTrials
from evenmatch.data.samples import Samples
from evenmatch.errors import RequestError
from evenmatch.scoring.planning import Roles, make_roster, plan_one_to_one, rows_where

DRAWN = "synthetic-round-low-red"


def samples(rows, masks=("unknown",)):
    table = pd.DataFrame(rows, columns=["sample_id", "subject_id", "shot", "mask"])
    return Samples(table, Path(), {"shot": ("first", "second")}, masks)


BARE = [(f"{who}{n}", who, n, "unknown") for who in "abc" for n in ("first", "second")]
MIXED = [
    ("a1", "a", "first", "unmasked"),
    ("a2", "a", "second", "masked"),
    ("b1", "b", "first", "unmasked"),
    ("b2", "b", "second", "unmasked"),
]


def sides(pairs):
    return pairs.probe.tolist(), pairs.reference.tolist()


def planned(made, roles=None, trials=None, apply_to=("probe", "both")):
    roster = make_roster(made, group_rows(made, []))
    plans = plan_one_to_one(made, roster, roles or Roles(), trials, apply_to)
    return {
        (plan.probe_mask, plan.reference_mask): (
            plan.symmetric,
            list(zip(*sides(plan.pairs(roster)), strict=True)),
        )
        for plan in plans
    }


def test_without_roles_every_unordered_pair_is_planned_once():
    assert planned(samples(BARE)) == {
        ("unknown", "unknown"): (True, [(i, j) for i in range(6) for j in range(i + 1, 6)])
    }


def test_roles_chosen_apart_make_every_ordered_pair():
    roles = Roles(probe={"shot": "second"}, reference={"shot": ["first"]})
    ((symmetric, pairs),) = planned(samples(BARE), roles).values()
    assert not symmetric
    assert pairs == [(i, j) for i in (1, 3, 5) for j in (0, 2, 4)]


def test_a_photograph_in_both_roles_never_meets_itself():
    ((_, pairs),) = planned(samples(BARE), Roles(probe={"shot": "first"})).values()
    assert pairs == [(i, j) for i in (0, 2, 4) for j in range(6) if i != j]


def test_real_masks_meet_once_with_the_masked_side_as_probe():
    assert planned(samples(MIXED, ("unmasked", "masked"))) == {
        ("unmasked", "unmasked"): (True, [(0, 2), (0, 3), (2, 3)]),
        ("masked", "unmasked"): (False, [(1, 0), (1, 2), (1, 3)]),
    }


def test_a_photograph_never_meets_itself_under_a_drawn_mask():
    made = with_drawn_masks(samples(BARE[:4]), [DRAWN])
    found = planned(made)
    assert list(found) == [("unmasked", "unmasked"), (DRAWN, "unmasked"), (DRAWN, DRAWN)]
    symmetric, pairs = found[DRAWN, "unmasked"]
    assert not symmetric
    assert pairs == [(4 + i, j) for i in range(4) for j in range(4) if i != j]
    assert found[DRAWN, DRAWN] == (
        True,
        [(4 + i, 4 + j) for i in range(4) for j in range(i + 1, 4)],
    )


def test_listed_trials_keep_their_order_under_every_mask():
    trials = ListedTrials(np.array([3, 1]), np.array([0, 0]))
    found = planned(with_drawn_masks(samples(BARE[:4]), [DRAWN]), trials=trials)
    assert found == {
        ("unmasked", "unmasked"): (False, [(3, 0), (1, 0)]),
        (DRAWN, "unmasked"): (False, [(7, 0), (5, 0)]),
        (DRAWN, DRAWN): (False, [(7, 4), (5, 4)]),
    }


def test_a_listed_trial_belongs_to_the_condition_its_photographs_have():
    trials = ListedTrials(np.array([0, 0, 3]), np.array([1, 2, 2]))
    assert planned(samples(MIXED, ("unmasked", "masked")), trials=trials) == {
        ("unmasked", "unmasked"): (False, [(0, 2), (3, 2)]),
        ("unmasked", "masked"): (False, [(0, 1)]),
    }


def test_rows_are_chosen_by_attribute_and_by_mask():
    made = samples(MIXED, ("unmasked", "masked"))
    assert rows_where(made, None, "x").all()
    assert rows_where(made, {"shot": "second"}, "x").tolist() == [False, True, False, True]
    assert rows_where(made, {"shot": "second", "mask": ["masked"]}, "x").sum() == 1


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({"sex": "male"}, r"x.where: there is no attribute 'sex'; choose from \['mask', 'shot'\]"),
        ({"shot": ["third"]}, r"x.where.shot: no photograph has the value 'third'; choose from"),
        ({"mask": "worn"}, r"x.where.mask: no photograph has the value 'worn'; choose from"),
    ],
)
def test_a_filter_on_what_is_not_there_is_refused(where, said):
    with pytest.raises(RequestError, match=said):
        rows_where(samples(BARE), where, "x")


@pytest.mark.parametrize(
    ("rows", "roles", "said"),
    [
        (BARE[:1], Roles(), "no two photographs are left to compare; loosen"),
        (BARE[::2], Roles(), "no comparison is mated.*needs people with two photographs"),
        (BARE[:2], Roles(), "no comparison is non-mated.*needs two people or more"),
        (BARE, Roles({"shot": "first"}, {"shot": "first"}), "no comparison is mated"),
    ],
)
def test_a_plan_without_both_kinds_of_trial_is_refused(rows, roles, said):
    with pytest.raises(RequestError, match=said):
        planned(samples(rows), roles)
