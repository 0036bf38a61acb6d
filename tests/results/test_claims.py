"""Claims whose truth is known, because the scores were drawn from it."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from typer.testing import CliRunner

from evenmatch.cli import app
from evenmatch.config import load_config
from evenmatch.errors import RequestError
from evenmatch.run import evaluate

CONTRACT = [
    *("claim", "matcher", "scope", "metric", "bound", "estimate", "low", "high"),
    *("verdict", "reason", "needed"),
]


def world(bench, *, people=300, shots=2, spread=0.1, lower=0.0, seed=4):
    """Write people with an effect of their own on every score, and all their comparisons.

    Non-mated scores are N(0, 1) and mated ones N(4, 1); mated scores of men lie `lower` down.
    """
    rng = np.random.default_rng(seed)
    sex = np.where(np.arange(people) % 2, "male", "female")
    person = np.repeat(np.arange(people), shots)
    ids = np.array([f"p{i}-{k}" for i in range(people) for k in range(shots)])
    bench.manifest(
        [
            {"sample_id": name, "subject_id": f"p{i}", "sex": sex[i], "shot": name.split("-")[1]}
            for name, i in zip(ids, person, strict=True)
        ]
    )
    bench.attribute("sex", "subject", ["female", "male"])
    bench.attribute("shot", "sample", [str(k) for k in range(shots)])
    own = rng.normal(0, spread, people)
    a, b = np.triu_indices(ids.size, 1)
    mated = person[a] == person[b]
    # One person's effect counts twice in a mated score: both kinds have variance 1.
    noise = np.sqrt(1 - np.where(mated, 4, 2) * spread**2) * rng.normal(size=a.size)
    score = own[person[a]] + own[person[b]] + noise + 4.0 * mated
    score[mated & (sex[person[a]] == "male")] -= lower
    table = pd.DataFrame({"probe_id": ids[a], "reference_id": ids[b], "score": score})
    table.to_parquet(bench.folder / "vendor.parquet")
    return bench


def config(bench, *claims, **changes):
    settings = {"groups": [["sex"]], "one_to_one": {"operating_points": ["fmr=0.01"]}} | changes
    claims = [{"id": f"c{n}", "matcher": "vendor"} | claim for n, claim in enumerate(claims)]
    return bench.config(matchers=[bench.vendor(suffix=".parquet")], claims=claims, **settings)


def audit(bench, *claims, **changes):
    """Run the claims and return the rows of `claims.csv`."""
    done = evaluate(config(bench, *claims, **changes), bench.folder / "reports")
    table = pd.read_csv(done.folder / "claims.csv")
    assert table.columns[: len(CONTRACT)].tolist() == CONTRACT
    return table


def wholes(table):
    return table[table["part"] == "whole"].reset_index(drop=True)


@pytest.fixture
def made(bench):
    return world(bench)


# ------------------------------------------------------------------- verdicts of known claims


def test_claims_at_a_fixed_threshold_that_are_true_false_and_too_close(made):
    at = "threshold=2.0"
    truth = norm.cdf(2.0, 4.0)  # FNMR; the FMR is the same by symmetry
    bounds = [3 * truth, truth / 5, truth]
    claims = [
        {"metric": metric, "at": at, "bound": f"<= {bound:.5f}"}
        for metric in ("fnmr", "fmr")
        for bound in bounds
    ]
    rows = wholes(audit(made, *claims))
    assert rows["verdict"].tolist()[:3] == ["supported", "refuted", "undecided"]
    assert rows["verdict"].tolist()[3:5] == ["supported", "refuted"]
    assert (rows["set_on"] == "vendor").all()
    assert (rows["low"] < rows["estimate"]).all()
    assert (rows["estimate"] < rows["high"]).all()
    assert (rows["guaranteed_high"] >= rows["high"]).all()
    assert rows["needed"].notna().tolist()[:3] == [False, False, True]
    assert rows.loc[2, "needed"] >= 1


def test_claims_at_a_fitted_threshold_are_guarded_on_both_sides(made):
    truth = norm.cdf(norm.isf(0.01), 4.0)
    bounds = [3 * truth, truth / 5, truth]
    rows = wholes(
        audit(made, *({"metric": "fnmr", "at": "fmr=0.01", "bound": f"<= {b:.5f}"} for b in bounds))
    )
    assert rows["verdict"].tolist() == ["supported", "refuted", "undecided"]
    assert (rows["guard_low"] < rows["threshold"]).all()
    assert (rows["threshold"] < rows["guard_high"]).all()
    assert (rows["set_on"] == "in_sample:unmasked").all()
    # The guard contains the threshold that truly has this FMR.
    assert rows.loc[0, "guard_low"] < norm.isf(0.01) < rows.loc[0, "guard_high"]


def test_a_rate_too_small_for_the_trials_is_undecided_and_says_how_many_people_it_takes(made):
    row = wholes(audit(made, {"metric": "fnmr", "at": "fmr=1e-6", "bound": "<= 0.9"})).loc[0]
    assert row["verdict"] == "undecided"
    assert "fmr=1e-6" in row["reason"]
    assert np.isnan(row["guard_high"])
    # At least as many independent comparisons as no false match at half of 5% takes.
    assert row["needed"] > 300


def test_an_fnmr_with_the_fmr_claimed_beside_it_holds_only_if_both_do(made):
    claims = [
        {"metric": "fnmr", "at": "threshold=2.0", "bound": "<= 0.1", "claimed_fmr": f"<= {fmr}"}
        for fmr in (0.05, 0.005)
    ]
    table = audit(made, *claims)
    assert wholes(table)["verdict"].tolist() == ["supported", "refuted"]
    assert table["part"].tolist() == ["whole", "group", "fmr"] * 2
    false_half = table[(table["claim"] == "c1") & (table["part"] == "fmr")].iloc[0]
    assert (false_half["metric"], false_half["verdict"]) == ("fmr", "refuted")


@pytest.mark.parametrize("at", ["threshold=2.0", "fmr=0.01"])
def test_a_claim_about_groups_fails_where_one_group_fails_and_names_it(bench, at):
    world(bench, lower=1.5)
    claim = {"metric": "fnmr", "at": at, "bound": "<= 0.13"}
    table = audit(bench, claim, claim | {"scope": ["sex"]})
    pooled, by_group = wholes(table).to_dict("records")
    assert by_group["verdict"] == "refuted"
    assert by_group["reason"].endswith("for male")
    assert pooled["estimate"] < by_group["estimate"]
    groups = table[table["part"] == "group"].set_index("group")
    assert groups["verdict"].to_dict() == {"female": "supported", "male": "refuted"}
    assert groups.loc["male", "estimate"] == by_group["estimate"]


def test_false_matches_within_each_group_at_a_fitted_threshold(made):
    claims = [
        {"metric": "fmr", "at": "fmr=0.01", "bound": f"<= {bound}", "scope": ["sex"]}
        for bound in (0.02, 0.005, 0.01)
    ]
    assert wholes(audit(made, *claims))["verdict"].tolist() == ["supported", "refuted", "undecided"]


def test_verdicts_are_seldom_wrong_for_the_best_false_and_the_worst_true_claim(bench):
    wrong = {"supported": 0, "refuted": 0}
    truth = norm.cdf(2.0, 4.0)
    for seed in range(12):
        world(bench, people=120, spread=0.25, seed=100 + seed)
        claim = {"metric": "fnmr", "at": "threshold=2.0"}
        rows = wholes(
            audit(
                bench,
                claim | {"bound": f"<= {truth * 0.999:.6f}"},
                claim | {"bound": f"<= {truth:.6f}"},
            )
        )
        wrong["supported"] += rows.loc[0, "verdict"] == "supported"
        wrong["refuted"] += rows.loc[1, "verdict"] == "refuted"
    # At 5% more than 3 of 12 happens once in 5000 such tests.
    assert max(wrong.values()) <= 3


# ------------------------------------------------------------------- what forbids a verdict


@pytest.mark.parametrize("chosen", ["mined", "matched"])
def test_chosen_pairs_leave_claims_about_false_matches_undecided(made, chosen):
    benchmark = config(made).model_dump(mode="json")["benchmark"] | {"impostors": chosen}
    claims = [
        {"metric": "fmr", "at": "threshold=2.0", "bound": "<= 0.2"},
        {"metric": "fnmr", "at": "fmr=0.01", "bound": "<= 0.5"},
        {"metric": "fnmr", "at": "threshold=2.0", "bound": "<= 0.5"},
    ]
    rows = wholes(audit(made, *claims, benchmark=benchmark))
    assert rows["verdict"].tolist() == ["undecided", "undecided", "supported"]
    assert rows["reason"].str.contains(chosen).tolist() == [True, True, False]
    assert rows["needed"].isna().all()


def test_groups_of_too_few_people_leave_a_claim_undecided(bench):
    world(bench, people=14)
    table = audit(
        bench, {"metric": "fnmr", "at": "threshold=-9", "bound": "<= 0.9", "scope": ["sex"]}
    )
    assert (table["verdict"] == "undecided").all()
    assert table["estimate"].isna().all()
    assert table.iloc[1]["reason"].startswith("too few people (7)")


def test_people_without_a_label_are_in_no_group_of_a_scope(made):
    manifest = pd.read_csv(made.folder / "samples.csv", keep_default_na=False)
    manifest.loc[manifest["subject_id"] == "p1", "sex"] = ""
    manifest.to_csv(made.folder / "samples.csv", index=False)
    table = audit(
        made, {"metric": "fnmr", "at": "threshold=2.0", "bound": "<= 0.1", "scope": ["sex"]}
    )
    assert table["group"].tolist() == ["all", "female", "male"]
    assert wholes(table)["verdict"].tolist() == ["supported"]


def test_labels_that_could_be_wrong_turn_a_close_verdict_into_none(bench):
    world(bench, people=600, lower=1.5)
    claim = {"metric": "fnmr", "at": "threshold=2.0", "scope": ["sex"]}
    rows = audit(bench, claim | {"bound": "<= 0.99"})
    close = rows.loc[rows["group"] == "male", "high"].iloc[0]
    claims = [claim | {"bound": f"<= {close + 1e-4:.6f}"}, claim | {"bound": "<= 0.7"}]
    assert wholes(audit(bench, *claims))["verdict"].tolist() == ["supported", "supported"]
    bench.card["attributes"]["sex"]["labelled_by"] = "annotator"
    rows = wholes(audit(bench, *claims))
    assert rows["verdict"].tolist() == ["undecided", "supported"]
    assert "group labels" in rows.loc[0, "reason"]


SIDES = ("probe_id", "reference_id")
FALSE_MATCHES = {"metric": "fmr", "at": "threshold=2.0", "scope": ["sex"]}


def shifted(bench, chosen, by):
    """Move the non-mated scores of some pairs; `chosen` takes whether each side is a man."""
    table = pd.read_parquet(bench.folder / "vendor.parquet")
    sides = [table[side].str.extract(r"p(\d+)-")[0].astype(int) for side in SIDES]
    moved = (sides[0] != sides[1]) & chosen(sides[0] % 2 == 1, sides[1] % 2 == 1)
    table.loc[moved, "score"] += by
    table.to_parquet(bench.folder / "vendor.parquet")


def edge(bench, end):
    """Return a bound of the men's FMR, and how its claims end with labels of two sources."""
    rows = audit(bench, FALSE_MATCHES | {"bound": "<= 0.5"})
    bound = rows.loc[rows["group"] == "male", end].iloc[0]

    def verdicts(*factors):
        claims = [FALSE_MATCHES | {"bound": f"<= {bound * factor:.6f}"} for factor in factors]
        found = []
        for who in ("self-reported", "annotator"):
            bench.card["attributes"]["sex"]["labelled_by"] = who
            found.append(wholes(audit(bench, *claims)))
        return [each["verdict"].tolist() for each in found], found[1]["reason"]

    return verdicts


def test_false_matches_within_groups_survive_wrong_labels_of_both_sides_or_are_undecided(bench):
    world(bench, people=160)
    shifted(bench, lambda one, other: one & other, 0.5)
    # Five in a hundred labels wrong make the men's FMR of 0.905 F + 0.095 C, with C the FMR
    # between the sexes: at most 0.905 / 0.81 = 1.117 times as much is behind it.
    (told, could_be_wrong), reason = edge(bench, "high")(1.05, 1.12)
    assert told == ["supported", "supported"]
    assert could_be_wrong == ["undecided", "supported"]
    assert "group labels" in reason[0]


def test_a_refutation_that_the_pairs_between_groups_could_explain_is_undecided(bench):
    world(bench, people=160)
    shifted(bench, lambda one, other: one != other, 1.0)
    # An FMR of 0.02 within and 0.16 between them could be 1.117 x 0.02 - 0.117 x 0.16 = 0.005.
    (told, could_be_wrong), _ = edge(bench, "low")(0.7, 0.1)
    assert told == ["refuted", "refuted"]
    assert could_be_wrong == ["undecided", "refuted"]


def test_a_fitted_threshold_is_looked_at_where_it_decides(bench):
    world(bench, people=160)
    shifted(bench, lambda one, other: one & other, 0.5)
    fitted = FALSE_MATCHES | {"at": "fmr=0.02"}
    rows = audit(bench, fitted | {"bound": "<= 0.5"})
    high = rows.loc[rows["group"] == "male", "high"].iloc[0]
    bench.card["attributes"]["sex"]["labelled_by"] = "annotator"
    claims = [fitted | {"bound": f"<= {high * factor:.6f}"} for factor in (1.05, 1.12)]
    assert wholes(audit(bench, *claims))["verdict"].tolist() == ["undecided", "supported"]


def test_where_nobody_of_two_groups_is_compared_they_are_taken_to_be_least_alike(bench):
    world(bench, people=160)
    table = pd.read_parquet(bench.folder / "vendor.parquet")
    sides = [table[side].str.extract(r"p(\d+)-")[0].astype(int) % 2 for side in SIDES]
    bench.listed(table.loc[sides[0] == sides[1], list(SIDES)])
    rows = audit(bench, FALSE_MATCHES | {"bound": "<= 0.5"})
    high = rows["high"].max()
    bench.card["attributes"]["sex"]["labelled_by"] = "annotator"
    # Two groups alike: with strangers who never match, 1 / 0.905 = 1.105 times as much.
    claims = [FALSE_MATCHES | {"bound": f"<= {high * factor:.6f}"} for factor in (1.05, 1.12)]
    assert wholes(audit(bench, *claims))["verdict"].tolist() == ["undecided", "supported"]


# ------------------------------------------------------------------- searches


def searching(bench, *claims):
    asked = {
        "gallery": {"where": {"shot": "0"}, "enrolled": 0.5},
        "searches": {"where": {"shot": "1"}},
        "operating_points": ["fpir=0.1"],
        "ranks": [1],
        "splits": 1,
    }
    return wholes(audit(bench, *claims, one_to_many=asked))


def test_claims_about_searches_and_the_gallery_they_speak_of(made):
    at = f"threshold={norm.isf(0.001):.4f}"  # FPIR about 1 - (1 - .001)^150
    claims = [
        {"metric": "fpir", "at": at, "bound": bound, "gallery_size": size}
        for bound, size in [("<= 0.4", 150), ("<= 0.02", 150), ("<= 0.4", 167)]
    ]
    claims += [
        {"metric": "fnir", "at": "fpir=0.1", "bound": bound, "gallery_size": 150}
        for bound in ("<= 0.9", "<= 0.01")
    ]
    rows = searching(made, *claims)
    assert rows["verdict"].tolist() == ["supported", "refuted", "undecided", "supported", "refuted"]
    assert rows.loc[2, "reason"].startswith("extrapolated")
    assert (rows["gallery_people"] == 150).all()
    assert rows["guard_high"].notna().tolist() == [False] * 3 + [True] * 2


# ------------------------------------------------------------------- the door


REFUSED = [
    ({"matcher": "nobody"}, "no matcher 'nobody'"),
    ({"bound": "< 7"}, "bound"),
    ({"bound": "0.1"}, "bound"),
    ({"metric": "fpir"}, "at"),
    ({"metric": "fnir", "at": "fpir=0.1"}, "gallery_size"),
    ({"metric": "fnir", "at": "fpir=0.1", "gallery_size": 10}, "one_to_many"),
    ({"gallery_size": 10}, "gallery_size"),
    ({"scope": ["mask"]}, "masks"),
    ({"claimed_fmr": "<= 0.1", "at": "fmr=0.1"}, "claimed_fmr"),
    ({"verdict": "supported"}, "verdict"),
    ({"id": "a claim"}, "id"),
]


@pytest.mark.parametrize(("change", "said"), REFUSED)
def test_a_claim_that_cannot_be_judged_is_refused_at_the_door(small, change, said):
    claim = {
        "id": "c",
        "matcher": "vendor",
        "metric": "fnmr",
        "at": "threshold=1",
        "bound": "<= 0.1",
    }
    with pytest.raises(RequestError, match=said):
        small.config(claims=[claim | change])


def test_a_second_claim_of_the_same_id_is_refused(small):
    claim = {
        "id": "c",
        "matcher": "vendor",
        "metric": "fnmr",
        "at": "threshold=1",
        "bound": "<= 0.1",
    }
    with pytest.raises(RequestError, match="two claims have the id"):
        small.config(claims=[claim, claim])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"scope": ["shoe_size"]}, "shoe_size"),
        ({"masks": {"probe": "masked", "reference": "unmasked"}}, "masked"),
    ],
)
def test_a_claim_about_what_the_benchmark_lacks_is_refused(made, change, said):
    claim = {"metric": "fnmr", "at": "threshold=1", "bound": "<= 0.1"}
    with pytest.raises(RequestError, match=said):
        audit(made, claim | change)


# ------------------------------------------------------------------- where verdicts go


def test_a_scope_makes_no_table_of_its_own_and_moves_no_threshold(made):
    claim = {"metric": "fnmr", "at": "fmr=0.01", "bound": "<= 0.5", "scope": ["sex"]}
    same = {"operating_points": ["fmr=0.01"], "calibrate_on": "same-group"}
    with_scope, without = (
        evaluate(config(made, *claims, groups=[], one_to_one=same), made.folder / "reports").result
        for claims in ([claim], [])
    )
    assert {row.group_by for row in with_scope.error_rates} == {"all"}
    assert with_scope.thresholds == without.thresholds
    assert [row.group for row in with_scope.claims] == ["all", "female", "male"]


def test_a_refuted_claim_fails_the_command_only_where_asked(made):
    claims = [
        {"metric": "fnmr", "at": "threshold=2.0", "bound": bound}
        for bound in ("<= 0.1", "<= 0.001")
    ]
    config(made, *claims)
    asked = ["run", str(made.folder / "run.yaml"), "--out", str(made.folder / "reports")]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0
    said = " ".join(done.stdout.split())
    assert "The claim c0 about vendor" in said
    assert "is supported" in said
    assert "is refuted" in said
    failed = CliRunner().invoke(app, [*asked, "--fail-on-refuted", "--quiet"])
    assert failed.exit_code == 1
    assert "c1" in failed.stderr
    kept = load_config(made.folder / "run.yaml").model_copy(update={"claims": ()})
    assert kept.digest() != load_config(made.folder / "run.yaml").digest()


def test_verdicts_lead_the_report(made):
    claim = {"metric": "fnmr", "at": "fmr=0.01", "bound": "<= 0.5", "text": "Hardly <any> misses"}
    done = evaluate(
        config(made, claim | {"scope": ["sex"]}, report={"formats": ["html"]}),
        made.folder / "reports",
    )
    page = (done.folder / "report.html").read_text()
    assert page.index("The claim c0 about vendor") < page.index('id="claims"')
    assert page.index('id="claims"') < page.index("<table>") < page.index('id="people"')
    assert "Hardly &lt;any&gt; misses" in page
    assert 'id="tradeoff"' in page
    kept = json.loads((done.folder / "results.json").read_text())["claims"]
    assert [row["verdict"] for row in kept] == ["supported"] * 3


def test_every_verdict_is_a_tag_in_mlflow(made):
    mlflow = pytest.importorskip("mlflow")
    claims = [
        {"metric": "fnmr", "at": "threshold=2.0", "bound": bound}
        for bound in ("<= 0.1", "<= 0.001")
    ]
    uri = f"sqlite:///{made.folder / 'mlflow.db'}"
    config(made, *claims, tracking={"uri": uri})
    asked = ["run", str(made.folder / "run.yaml"), "--out", str(made.folder / "reports"), "--quiet"]
    assert CliRunner().invoke(app, asked, catch_exceptions=False).exit_code == 0
    client = mlflow.MlflowClient(tracking_uri=uri)
    found = client.get_experiment_by_name("evenmatch")
    for run in client.search_runs([found.experiment_id]):
        tags = [run.data.tags[f"evenmatch.claim.{name}"] for name in ("c0", "c1")]
        assert tags == ["supported", "refuted"]
        names = {each.path for each in client.list_artifacts(run.info.run_id)}
        assert run.data.tags["evenmatch.role"] == "matcher" or "claims.csv" in names


# ------------------------------------------------------------------- thresholds of groups


def test_the_tradeoff_table_counts_each_group_at_the_common_and_at_its_own_threshold(bench):
    world(bench, people=160, lower=1.0)
    done = evaluate(config(bench), bench.folder / "reports")
    rows = pd.read_csv(done.folder / "tradeoff.csv").set_index("group")
    scores = pd.read_parquet(done.folder / "scores" / "vendor.parquet")
    for label, row in rows.iterrows():
        inside = scores[(scores["probe_sex"] == label) & (scores["reference_sex"] == label)]
        others, mated = (inside.loc[inside["mated"] == each, "score"] for each in (False, True))
        allowed = int(0.01 * len(others))
        assert row["own_false_matches"] == allowed == (others >= row["own_threshold"]).sum()
        assert row["false_matches"] == (others >= row["threshold"]).sum()
        assert row["own_false_non_matches"] == (mated < row["own_threshold"]).sum()
        assert row["fmr_change"] == pytest.approx(row["own_fmr"] - row["fmr"])
        assert row["fmr_over_target"] == pytest.approx(row["fmr"] / 0.01)
        assert row["own_status"] == "estimate"
    assert rows.loc["male", "fnmr"] > rows.loc["female", "fnmr"]


def test_a_transferred_threshold_shows_the_fmr_it_reaches_in_each_group(bench):
    world(bench, people=100)
    first = evaluate(config(bench), bench.folder / "reports")
    world(bench, people=100, seed=8)
    points = {"operating_points": ["fmr=0.01"], "calibrate_on": {"run": str(first.folder)}}
    rows = evaluate(config(bench, one_to_one=points), bench.folder / "reports").result.tradeoff
    assert {row.set_on for row in rows} == {f"transferred:{first.result.provenance.run_id}"}
    for row in rows:
        assert row.threshold == first.result.thresholds[0].threshold
        assert row.fmr == row.false_matches / row.non_mated
        assert row.fmr_over_target == pytest.approx(row.fmr / 0.01)


def test_a_given_threshold_has_no_target_and_no_threshold_of_a_group(made):
    points = {"operating_points": ["threshold=2.0"]}
    rows = evaluate(config(made, one_to_one=points), made.folder / "reports").result.tradeoff
    assert [(row.own_status, row.own_threshold, row.fmr_over_target) for row in rows] == [
        ("none", None, None)
    ] * 2


def test_groups_too_small_to_show_a_rate_show_no_threshold_either(bench):
    world(bench, people=14)
    rows = evaluate(config(bench), bench.folder / "reports").result.tradeoff
    assert {row.own_status for row in rows} == {"suppressed"}
    shown = itertools.chain.from_iterable((row.fmr, row.own_fmr, row.own_threshold) for row in rows)
    assert set(shown) == {None}
