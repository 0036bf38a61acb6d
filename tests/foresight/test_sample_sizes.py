"""`evenmatch plan`: the numbers are those of methods 5.8."""

import json

import pytest
from typer.testing import CliRunner

from evenmatch.cli import app, main
from evenmatch.errors import RequestError
from evenmatch.foresight.sample_sizes import Collection, Question, read_question, sample_sizes


def told(*options):
    """Return what the command tells a script."""
    done = CliRunner().invoke(app, ["plan", *options, "--json"], catch_exceptions=False)
    assert done.exit_code == 0
    return json.loads(done.stdout)["sizes"]


@pytest.mark.parametrize(
    ("truth", "purpose", "trials"),
    [(0.0015, "support", 7292), (0.002, "support", 17351), (0.006, "refute", 3388)],
)
def test_people_who_decide_a_claim_with_the_power_asked_for(truth, purpose, trials):
    row = told("fnmr <= 0.003", "--truth", str(truth))[0]
    assert (row["purpose"], row["independent"]) == (purpose, trials)
    # Two photographs are one comparison, so nothing of a person's is correlated.
    assert (row["comparisons"], row["people"], row["photographs"]) == (trials, trials, 2 * trials)


def test_trials_that_support_a_claim_with_so_many_errors():
    rows = told("--metric", "fnmr", "--bound", "0.003")
    found = {row["errors"]: row["independent"] for row in rows if row["errors"] is not None}
    assert found == {0: 998, 1: 1580, 3: 2583, 10: 5651, 30: 13559}


def test_a_fitted_threshold_needs_non_mated_comparisons_too_and_half_the_error():
    rows = told("fnmr <= 0.003 at fmr=1e-5", "--truth", "0.0015")
    guard = [row for row in rows if row["purpose"] == "guard"]
    assert rows[0]["independent"] > 7292
    assert {row["metric"] for row in guard} == {"fmr"}
    # The logarithm of 40 over the rate: no false match at half of 5%.
    assert guard[0]["independent"] == pytest.approx(368_888, rel=1e-5)


def test_false_matches_multiply_by_the_design_effect_and_grow_with_pairs_of_people():
    few, many = (
        told("fmr <= 1e-5", "--design-effect", effect, "--photographs", "1")[0:] for effect in "14"
    )
    zero, fourfold = (next(r for r in rows if r["errors"] == 0) for rows in (few, many))
    assert zero["independent"] == fourfold["independent"] == 299_572
    assert zero["people"] * (zero["people"] - 1) // 2 == zero["comparisons"] >= 299_572
    assert fourfold["people"] == pytest.approx(2 * zero["people"], rel=0.01)
    assert zero["people_guaranteed"] == 599_144


def test_more_photographs_of_a_person_help_as_far_as_they_are_not_correlated():
    sizes = [
        told("fnmr <= 0.003", "--truth", "0.0015", "--photographs", "4", "--correlation", rho)[0]
        for rho in ("0", "0.5", "1")
    ]
    assert [size["people"] for size in sizes] == [1216, 4254, 7292]


def test_two_groups_are_told_apart_by_about_six_percent_over_the_normal_formula():
    (row,) = told("--metric", "fnmr", "--bound", "0.003", "--ratio", "2")
    assert (row["purpose"], row["truth"]) == ("tell apart", 0.006)
    assert row["independent"] == pytest.approx(7813 * 1.06, rel=1e-3)


def test_searches_are_counted_by_the_searcher():
    (row, *_) = told("fpir <= 0.01", "--truth", "0.005", "--photographs", "3", "--correlation", "0")
    assert row["people"] == -(-row["independent"] // 3)


def test_a_table_for_people_says_what_it_supposes():
    done = CliRunner().invoke(app, ["plan", "fnmr <= 0.003 at fmr=1e-5"], catch_exceptions=False)
    words = " ".join(done.stdout.split())
    assert "design effect of non-mated ones 10" in words
    assert "368,887" in words


def test_a_question_without_a_claim_is_told_how_to_give_one():
    failed = CliRunner().invoke(app, ["plan"])
    assert str(failed.exception).startswith("no claim is given: name a rate with --metric")


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["fnmr at most a little"],
        ["fnmr <= 0.003", "--metric", "fnmr"],
        ["--metric", "accuracy", "--bound", "0.1"],
        ["--metric", "fnmr"],
        ["fnmr <= 2"],
        ["fmr <= 0.1 at fmr=0.1"],
        ["fnmr <= 0.1 at fpir=0.1"],
        ["fnmr <= 0.1", "--truth", "0.1"],
        ["fnmr <= 0.1", "--truth", "2"],
        ["fnmr <= 0.1", "--power", "1"],
        ["fnmr <= 0.1", "--photographs", "1"],
        ["fnmr <= 0.1", "--correlation", "2"],
        ["fmr <= 0.1", "--design-effect", "0.5"],
        ["fnmr <= 0.1", "--ratio", "1"],
        ["fnmr <= 0.1", "--ratio", "20"],
    ],
)
def test_an_impossible_question_is_refused_with_what_to_write(options, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["evenmatch", "plan", *options])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2
    assert capsys.readouterr().err.startswith("evenmatch: ")


def test_a_threshold_that_is_given_needs_no_guard():
    question = read_question("fnmr <= 0.003 at threshold=0.6")
    assert question == Question("fnmr", 0.003)
    assert all(size.purpose != "guard" for size in sample_sizes(question))


def test_a_ratio_that_leaves_the_rates_is_refused():
    with pytest.raises(RequestError, match="between 0 and 1"):
        sample_sizes(Question("fnmr", 0.5, ratio=3, collection=Collection()))
