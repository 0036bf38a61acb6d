"""What `evenmatch validate` foresees of searches, against what the run then finds."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from evenmatch.cli import app
from evenmatch.errors import RequestError
from evenmatch.foresight.feasibility import foresee
from evenmatch.run import evaluate

SEARCHES = {
    "gallery": {"where": {"shot": "a"}, "enrolled": 0.5},
    "searches": {"where": {"shot": ["b", "c"]}},
    "operating_points": ["fpir=0.05", "fpir=0.001", "threshold=0.4"],
    "ranks": [1],
    "splits": 3,
}


@pytest.fixture
def people(bench):
    """Eighty women and fourteen men with three photographs each, the third in a mask."""
    rows = [
        {
            "sample_id": f"p{person}{shot}",
            "subject_id": f"p{person}",
            "sex": "female" if person < 80 else "male",
            "shot": shot,
            "mask": "masked" if shot == "c" else "unmasked",
        }
        for person in range(94)
        for shot in "abc"
    ]
    bench.manifest(rows)
    bench.attribute("sex", "subject", ["female", "male"])
    bench.attribute("shot", "sample", ["a", "b", "c"])
    bench.attribute("mask", "sample", ["unmasked", "masked"])
    ids = [row["sample_id"] for row in rows]
    bench.scores([(one, other, 0.5) for place, one in enumerate(ids) for other in ids[:place]])
    return bench


def asked(*claims, **searches):
    claims = [
        {"id": f"c{k}", "matcher": "vendor", "at": "threshold=0.4"} | claim
        for k, claim in enumerate(claims)
    ]
    return {"groups": [["sex"]], "one_to_many": SEARCHES | searches, "claims": claims}


def test_the_searches_foreseen_are_those_the_run_makes(people):
    config = people.config(**asked())
    foreseen = foresee(config).searches
    folder = evaluate(config, people.folder / "reports").folder
    rates = pd.read_csv(folder / "identification.csv")
    rates = rates[(rates["operating_point"] == "threshold=0.4") & (rates["gallery"] == "split-1")]
    assert [each.probe_mask for each in foreseen] == ["unmasked", "masked"]
    for condition in foreseen:
        here = rates[rates["probe_mask"] == condition.probe_mask]
        for group in condition.groups:
            rows = here[(here["group_by"] == group.group_by) & (here["group"] == group.group)]
            alarms = rows[(rows["metric"] == "fpir") & (rows["failures"] == "excluded")].iloc[0]
            misses = rows[(rows["metric"] == "fnir") & (rows["failures"] == "excluded")].iloc[0]
            assert (alarms["searches"], alarms["subjects"]) == (
                group.non_mated,
                group.non_mated_people,
            )
            assert (misses["searches"], misses["subjects"]) == (group.mated, group.mated_people)
            assert alarms["gallery_subjects"] == condition.gallery_people
            assert alarms["gallery_templates"] == condition.gallery_photographs
            for row, said in ((alarms, group.fpir), (misses, group.fnir)):
                assert (row["status"] == "suppressed") == (said == "suppressed")


def test_who_is_enrolled_and_what_so_few_can_say_by_hand(people):
    bare, masked = foresee(people.config(**asked())).searches
    assert (bare.gallery_people, bare.gallery_photographs) == (47, 47)
    assert bare.comparisons == masked.comparisons == 94 * 47
    assert (bare.sets_thresholds, masked.sets_thresholds) == (True, False)
    everybody, women, men = bare.groups
    assert (everybody.mated, everybody.mated_people, everybody.non_mated) == (47, 47, 47)
    assert (women.mated, women.fnir, women.non_mated, women.fpir) == (
        40,
        "estimate",
        40,
        "estimate",
    )
    assert (men.mated, men.fnir, men.non_mated, men.fpir) == (7, "suppressed", 7, "suppressed")


def test_bare_faces_set_the_points_that_they_can_resolve(people):
    points = foresee(people.config(**asked())).search_points
    assert [(each.set_on, each.trials, each.allowed, each.verdict) for each in points] == [
        ("in_sample:unmasked", 47, 2, "resolved"),
        ("in_sample:unmasked", 47, 0, "cannot be resolved"),
        ("vendor", None, None, "given"),
    ]


def test_a_claim_needs_people_and_the_gallery_that_it_speaks_of(people):
    claim = {"metric": "fpir", "bound": "<= 0.1", "gallery_size": 50}
    config = people.config(
        **asked(
            claim,
            claim | {"bound": "<= 0.05"},
            claim | {"gallery_size": 53},
            claim | {"metric": "fnir", "scope": ["sex"], "masks": {"probe": "masked"}},
        )
    )
    # Without an error 29 people show 10%, 59 show 5%; 47 people are 0.9 of 52.2.
    rows = foresee(config).claims
    assert [(row.claim, row.group, row.units, row.needed, row.possible) for row in rows] == [
        ("c0", "all", 47, 29, True),
        ("c1", "all", 47, 59, False),
        ("c2", "all", 47, 29, False),
        ("c3", "female", 40, 29, True),
        ("c3", "male", 7, 29, False),
    ]
    assert rows[2].lacking == "the gallery has 47 people, the claim is about 53"


def test_alarms_are_of_those_who_are_not_enrolled_and_misses_of_those_who_are(people):
    few = {"gallery": {"where": {"shot": "a"}, "enrolled": 0.25}}
    claim = {"bound": "<= 0.1", "gallery_size": 10}
    config = people.config(**asked(claim | {"metric": "fpir"}, claim | {"metric": "fnir"}, **few))
    foreseen = foresee(config)
    everybody = foreseen.searches[0].groups[0]
    assert 2 * everybody.mated_people < everybody.non_mated_people
    assert [row.units for row in foreseen.claims] == [
        everybody.non_mated_people,
        everybody.mated_people,
    ]


def test_it_is_printed_for_people_and_for_scripts(people):
    claim = {"metric": "fpir", "bound": "<= 0.1", "gallery_size": 1000}
    path = people.file(**asked(claim))
    told = CliRunner().invoke(app, ["validate", str(path)], catch_exceptions=False).stdout
    words = " ".join(told.split())
    assert (
        "searches with unmasked faces: 47 for 47 people who are enrolled, 47 for 47 who are not, "
        "in 47 photographs of 47 people: 4,418 comparisons a split, which set thresholds"
    ) in words
    assert "fpir=0.05: 2 alarms allowed in 47" in words
    assert "fpir=0.001: cannot be resolved by 47 trials" in words
    assert "cannot be supported here: the gallery has 47 people, the claim is about 1,000" in words
    answer = CliRunner().invoke(app, ["validate", str(path), "--json"], catch_exceptions=False)
    assert [each["probe_mask"] for each in json.loads(answer.stdout)["searches"]] == [
        "unmasked",
        "masked",
    ]


def test_searches_that_nobody_could_make_are_refused_before_the_run(people):
    config = people.config(**asked(gallery={"where": {"shot": "a"}, "enrolled": 1.0}))
    with pytest.raises(RequestError, match="0 non-mated searches"):
        foresee(config)
