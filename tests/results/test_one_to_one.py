"""A toy that can be counted on fingers, from files to `error_rates.csv`.

The scores are the project's own (oracle O-18): three people in each of two groups, every probe
photograph against every reference photograph, decided at 50, with ties at 50.
"""

import pandas as pd
import pytest

from evenmatch.run import evaluate

PEOPLE = ("a1", "a2", "a3", "b1", "b2", "b3")
SCORES = (
    (90, 50, 60, 10, 20, 30),
    (55, 49, 40, 15, 50, 10),
    (60, 45, 80, 25, 5, 20),
    (10, 20, 30, 70, 65, 50),
    (12, 22, 32, 66, 50, 48),
    (14, 24, 34, 52, 47, 95),
)
TRIALS = [
    (f"{probe}-p", f"{reference}-r", score)
    for probe, row in zip(PEOPLE, SCORES, strict=True)
    for reference, score in zip(PEOPLE, row, strict=True)
]


@pytest.fixture
def toy(bench):
    bench.manifest(
        [
            {"sample_id": f"{who}-{role}", "subject_id": who, "team": who[0].upper(), "role": role}
            for who in PEOPLE
            for role in "pr"
        ]
    )
    bench.attribute("team", "subject", ["A", "B"])
    bench.attribute("role", "sample", ["p", "r"])
    bench.scores(TRIALS)
    return bench


CHOSEN = {"probe": {"where": {"role": "p"}}, "reference": {"where": {"role": "r"}}}


def rates(bench, out, **one_to_one):
    config = bench.config(
        groups=[["team"]], one_to_one={"operating_points": ["threshold=50"]} | one_to_one
    )
    return pd.read_csv(evaluate(config, out).folder / "error_rates.csv")


def counts(table, metric):
    part = table[(table["metric"] == metric) & (table["failures"] != "non-match")]
    part = part if metric == "fmr" else table[table["metric"] == metric]
    part = part.drop_duplicates(["probe_group", "reference_group"])
    return {
        (row["probe_group"], row["reference_group"]): (row["errors"], row["trials"])
        for row in part.to_dict("records")
    }


BY_HAND = {
    ("all", "all"): (9, 30),
    ("A", "A"): (4, 6),
    ("A", "B"): (1, 9),
    ("B", "A"): (0, 9),
    ("B", "B"): (4, 6),
}


@pytest.mark.parametrize("listed", [False, True])
def test_ordered_false_matches_are_those_counted_by_hand(toy, tmp_path, listed):
    if listed:
        toy.listed([{"probe_id": one, "reference_id": other} for one, other, _ in TRIALS])
    table = rates(toy, tmp_path / "out", **({} if listed else CHOSEN))
    assert counts(table, "fmr") == BY_HAND
    assert counts(table, "fnmr") == {("all", "all"): (1, 6), ("A", "A"): (1, 3), ("B", "B"): (0, 3)}


def test_so_few_people_keep_their_counts_and_show_no_rate(toy, tmp_path):
    table = rates(toy, tmp_path / "out", **CHOSEN)
    assert set(table["status"]) == {"suppressed"}
    assert table[["rate", "low", "high"]].isna().all().all()
    assert table["subjects"].max() == 6


def test_without_roles_a_cross_group_row_holds_both_directions_once(toy, tmp_path):
    table = rates(toy, tmp_path / "out")
    found = counts(table, "fmr")
    # 36 pairs of photographs; the file has the 18 of a probe and a reference, the others failed.
    assert found["A", "B"] == (1, 18)
    assert ("B", "A") not in found
