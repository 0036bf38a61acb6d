"""What `evenmatch validate` foresees, against what the run then finds."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from evenmatch.cli import app
from evenmatch.errors import RequestError
from evenmatch.foresight.feasibility import foresee
from evenmatch.run import evaluate


def fill(bench, *, masked=()):
    """Write 40 women of three photographs and 12 men of two, every pair scored."""
    rows = []
    for person in range(52):
        women = person < 40
        rows += [
            {
                "sample_id": f"p{person}-{k}",
                "subject_id": f"p{person}",
                "sex": "female" if women else "male",
                "mask": "masked" if k in masked else "unmasked",
            }
            for k in range(3 if women else 2)
        ]
    bench.manifest(rows)
    bench.attribute("sex", "subject", ["female", "male"])
    bench.attribute("mask", "sample", ["unmasked", "masked"])
    ids = [row["sample_id"] for row in rows]
    bench.scores(
        [(one, other, 0.5) for place, one in enumerate(ids) for other in ids[:place]],
    )
    return bench


def asked(**changes):
    points = {"operating_points": ["fmr=0.01", "fmr=1e-4", "threshold=0.4"]}
    return {"groups": [["sex"]], "one_to_one": points} | changes


def test_the_trials_foreseen_are_those_the_run_counts(bench):
    fill(bench, masked=[1])
    config = bench.config(**asked())
    foreseen = foresee(config)
    rates = pd.read_csv(evaluate(config, bench.folder / "reports").folder / "error_rates.csv")
    rates = rates[rates["operating_point"] == "threshold=0.4"]
    for condition in foreseen.conditions:
        here = rates[
            (rates["probe_mask"] == condition.probe_mask)
            & (rates["reference_mask"] == condition.reference_mask)
        ]
        for cell in condition.cells:
            row = here[
                (here["metric"] == "fmr")
                & (here["group_by"] == cell.group_by)
                & (here["probe_group"] == cell.probe_group)
                & (here["reference_group"] == cell.reference_group)
            ].iloc[0]
            assert (row["trials"], row["subjects"]) == (cell.non_mated, cell.people)
            # The run's rows say no more than was foreseen.
            assert (row["status"] == "suppressed") == (cell.fmr == "suppressed")


def test_a_cell_says_which_points_it_resolves_and_what_its_people_allow(bench):
    fill(bench)
    (condition,) = foresee(bench.config(**asked())).conditions
    cells = {(cell.probe_group, cell.reference_group): cell for cell in condition.cells}
    women, men = cells["female", "female"], cells["male", "male"]
    assert women.non_mated == 40 * 39 // 2 * 9
    assert women.smallest_fmr == 1 / women.non_mated
    assert women.resolves == ("fmr=0.01",)
    assert (women.fmr, women.fnmr) == ("estimate", "estimate")
    assert (men.non_mated, men.mated) == (12 * 11 // 2 * 4, 12)
    assert (men.fmr, men.fnmr) == ("upper_bound", "upper_bound")
    assert cells["all", "all"].resolves == ("fmr=0.01", "fmr=1e-4")
    assert cells["female", "male"].fnmr is None


def test_only_the_conditions_that_set_thresholds_count_towards_them(bench):
    fill(bench, masked=[1])
    foreseen = foresee(bench.config(**asked()))
    setting = [each for each in foreseen.conditions if each.sets_thresholds]
    assert [(each.probe_mask, each.reference_mask) for each in setting] == [
        ("unmasked", "unmasked")
    ]
    fitted, fine, given = foreseen.points
    assert fitted.trials == setting[0].non_mated
    assert (fitted.allowed, fitted.verdict) == (setting[0].non_mated // 100, "resolved")
    assert (fine.allowed, fine.verdict) == (0, "cannot be resolved")
    assert (given.set_on, given.verdict) == ("vendor", "given")


def test_calibrating_on_one_group_counts_its_comparisons_alone(bench):
    fill(bench)
    points = {"operating_points": ["fmr=0.01"], "calibrate_on": {"sex": "male"}}
    (point,) = foresee(bench.config(**asked(one_to_one=points))).points
    assert (point.trials, point.set_on) == (264, "in_sample:sex=male")


def test_a_claim_that_so_few_people_cannot_support_is_named(bench):
    fill(bench)
    claim = {"id": "c", "matcher": "vendor", "metric": "fnmr", "at": "threshold=0.4"}
    claims = [claim | {"bound": "<= 0.003"}, claim | {"id": "d", "bound": "<= 0.1"}]
    found = foresee(bench.config(**asked(claims=claims))).claims
    assert [(row.claim, row.units, row.needed, row.possible) for row in found] == [
        ("c", 52, 998, False),
        ("d", 52, 29, True),
    ]


def test_the_command_prints_the_same_for_people_and_for_scripts(bench):
    fill(bench, masked=[1])
    claim = {
        "id": "c",
        "matcher": "vendor",
        "metric": "fnmr",
        "at": "fmr=0.01",
        "bound": "<= 0.003",
    }
    path = bench.file(**asked(claims=[claim]))
    printed = CliRunner().invoke(app, ["validate", str(path)], catch_exceptions=False)
    assert printed.exit_code == 0
    words = " ".join(printed.stdout.split())
    assert "which set thresholds" in words
    assert "fmr=1e-4: cannot be resolved" in words
    assert "claim c, all: cannot be supported here" in words
    told = CliRunner().invoke(app, ["validate", str(path), "--json"], catch_exceptions=False)
    answer = json.loads(told.stdout)
    assert answer["photographs"] == {"unmasked": 92, "masked": 52}
    assert len(answer["conditions"]) == 3
    assert answer["points"][1]["verdict"] == "cannot be resolved"


def test_a_scope_that_the_benchmark_lacks_is_refused_before_the_run(bench):
    fill(bench)
    claim = {"id": "c", "matcher": "vendor", "metric": "fnmr", "at": "fmr=0.01"}
    claim |= {"bound": "<= 0.1", "scope": ["height"]}
    with pytest.raises(RequestError, match="height"):
        foresee(bench.config(**asked(claims=[claim])))
