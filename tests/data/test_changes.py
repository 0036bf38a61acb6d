"""A benchmark without some photographs, and with identities joined."""

import numpy as np
import pandas as pd
import pytest

from evenmatch.data.changes import Change
from evenmatch.data.protocols import ListedTrials
from evenmatch.data.samples import Samples


@pytest.fixture
def samples(tmp_path):
    table = pd.DataFrame(
        [
            ("a1", "a", "unmasked", "female", "day"),
            ("a2", "a", "unmasked", "female", "night"),
            ("b1", "b", "unmasked", "male", "day"),
            ("c1", "c", "unmasked", "female", "night"),
            ("a1", "a", "drawn", "female", "day"),
        ],
        columns=["sample_id", "subject_id", "mask", "sex", "light"],
    )
    attributes = {"sex": ("female", "male"), "light": ("day", "night")}
    return Samples(table, tmp_path, attributes, ("unmasked", "drawn"))


def test_a_photograph_goes_with_every_mask_drawn_on_it(samples):
    left = Change(frozenset({"a1"})).of_samples(samples, ["sex"])
    assert left.table["sample_id"].tolist() == ["a2", "b1", "c1"]
    assert len(samples) == 5


def test_joined_identities_become_one_person(samples):
    left = Change(merged={"c": "a"}).of_samples(samples, ["sex"])
    assert left.people.tolist() == [0, 0, 1, 0, 0]
    assert left.table["sex"].equals(samples.table["sex"])


def test_labels_of_people_that_disagree_are_unknown_and_those_of_photographs_stay(samples):
    left = Change(merged={"b": "a"}).of_samples(samples, ["sex"])
    assert left.table["sex"].tolist() == ["unknown"] * 3 + ["female", "unknown"]
    assert left.table["light"].equals(samples.table["light"])
    assert left.attributes == {"sex": ("female", "male", "unknown"), "light": ("day", "night")}


def test_no_change_is_the_same_table(samples):
    assert Change().of_samples(samples, ["sex"]).table.equals(samples.table)


def test_listed_comparisons_are_numbered_anew(samples):
    trials = ListedTrials(
        np.array([0, 1, 2], dtype=np.int32), np.array([1, 3, 3], dtype=np.int32), ("said",)
    )
    left = Change(frozenset({"a1"})).of_trials(trials, samples)
    assert left.probes.tolist() == [0, 1]
    assert left.references.tolist() == [2, 2]
    assert left.notices == ("said",)
