"""Which group a row is in, and every table's groups as unions of one finest partition."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.data.groups import group_rows
from evenmatch.data.samples import Samples
from evenmatch.errors import RequestError

SEX, COLOUR = ("female", "male", "unknown"), ("red", "blue")


def samples(rows, sex=SEX, colour=COLOUR):
    table = pd.DataFrame(rows, columns=["sex", "colour"])
    return Samples(table, None, {"sex": sex, "colour": colour}, ("unknown",))


ROWS = [("male", "blue"), ("female", "red"), ("male", "red"), ("male", "blue"), ("unknown", "red")]


def listed(groups):
    return {
        name: {group.label: np.flatnonzero(groups.rows(group)).tolist() for group in members}
        for name, members in groups.groupings.items()
    }


def test_every_grouping_lists_its_rows_in_the_cards_order():
    groups = group_rows(samples(ROWS), [["sex"], ["colour", "sex"]])
    found = listed(groups)
    assert found == {
        "all": {"all": [0, 1, 2, 3, 4]},
        "sex": {"female": [1], "male": [0, 2, 3], "unknown": [4]},
        "colour+sex": {
            "red+female": [1],
            "red+male": [2],
            "red+unknown": [4],
            "blue+male": [0, 3],
        },
    }
    assert list(found["sex"]) == list(SEX)
    assert list(found["colour+sex"]) == ["red+female", "red+male", "red+unknown", "blue+male"]


def test_without_groupings_everybody_is_one_group():
    groups = group_rows(samples(ROWS), [])
    assert groups.n_groups == 1
    assert listed(groups) == {"all": {"all": [0, 1, 2, 3, 4]}}


def test_a_reference_attribute_divides_the_rows_and_has_no_table():
    groups = group_rows(samples(ROWS), [["sex"]], ["colour"])
    assert set(groups.groupings) == {"all", "sex"}
    assert [group.label for group in groups.references["colour"]] == ["red", "blue"]
    assert groups.n_groups == 4


def test_two_groups_of_one_name_are_refused():
    rows = [("a", "b+c"), ("a+b", "c")]
    with pytest.raises(RequestError, match="do that, so rename them"):
        group_rows(samples(rows, ("a", "a+b"), ("c", "b+c")), [["sex", "colour"]])


@given(st.lists(st.tuples(st.sampled_from(SEX), st.sampled_from(COLOUR)), min_size=1, max_size=40))
def test_every_grouping_is_a_partition_that_the_labels_define(rows):
    made = samples(rows)
    groups = group_rows(made, [["sex"], ["sex", "colour"]])
    for name, members in groups.groupings.items():
        places = np.array([groups.rows(group) for group in members])
        assert (places.sum(axis=0) == 1).all()
        for group, inside in zip(members, places, strict=True):
            attributes = [] if name == "all" else name.split("+")
            texts = made.table[attributes].agg("+".join, axis=1) if attributes else None
            assert texts is None or ((texts == group.label).to_numpy() == inside).all()
    assert groups.n_groups == len(set(rows))
