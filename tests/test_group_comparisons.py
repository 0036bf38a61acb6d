"""Groups compared, from a config to the tables: indices, differences, wrong labels, strata."""

import itertools
import json
import math

import numpy as np
import pandas as pd
import pytest

from evenmatch.errors import RequestError
from evenmatch.results.reading import read_results
from evenmatch.run import evaluate

EQUITY = """
matcher, metric, operating_point, probe_mask, reference_mask, group_by, index, value, low, high,
null_p95, flags
"""


def fill(bench, *, people=120, shots=3, labelled_by="annotator"):
    """Two groups of people; group b is missed three times as often; photographs have a year."""
    rng = np.random.default_rng(3)
    rows = [
        {
            "sample_id": f"p{person}-{shot}",
            "subject_id": f"p{person}",
            "side": "ab"[person % 2],
            "age": str(20 + person % 40),
            "quality": str(rng.choice(["good", "poor"], p=[0.5, 0.5])),
            "year": str(2000 + int(rng.integers(0, 20))),
        }
        for person in range(people)
        for shot in range(shots)
    ]
    manifest = pd.DataFrame(rows)
    bench.manifest(manifest)
    bench.attribute("side", "subject", ["a", "b"])
    bench.card["attributes"]["side"]["labelled_by"] = labelled_by
    bench.attribute("age", "subject")
    bench.attribute("quality", "sample", ["good", "poor"])
    bench.attribute("year", "sample")
    scores = []
    for one, other in itertools.combinations(rows, 2):
        if one["subject_id"] == other["subject_id"]:
            missed = (0.05 if one["side"] == "a" else 0.2) + 0.2 * (
                (one["quality"] == "poor") + (other["quality"] == "poor")
            )
            score = 0.2 if rng.random() < missed else 0.9
        else:
            alike = 0.02 if one["side"] == other["side"] == "b" else 0.005
            score = 0.8 if rng.random() < alike else 0.1
        scores.append((one["sample_id"], other["sample_id"], score + 1e-6 * rng.random()))
    bench.scores(scores)
    return manifest, pd.DataFrame(scores, columns=["probe_id", "reference_id", "score"])


def read(audit, name):
    return pd.read_csv(audit.folder / f"{name}.csv", keep_default_na=False, na_values=[""])


@pytest.fixture(scope="module")
def made(tmp_path_factory, bench_in):
    """One audit that asks for everything, and what it was made of."""
    folder = tmp_path_factory.mktemp("bench")
    bench = bench_in(folder)
    manifest, scores = fill(bench)
    config = bench.config(
        groups=[["side"]],
        statistics={
            "replicates": 500,
            "primary": [{"metric": "fnmr", "group_by": "side"}],
            "strata": ["quality"],
            "gaps": {"year": [5, 10]},
            "validated_labels": {"side": {"a": {"a": 95, "b": 5}, "b": {"a": 4, "b": 96}}},
        },
        report={"formats": ["csv", "html"]},
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVENMATCH_CACHE", str(folder / "cache"))
        return bench, manifest, scores, evaluate(config, folder / "out")


def people_errors(manifest, scores, metric):
    """Count errors and trials by group, and by person where one person is compared, by hand."""
    side = manifest.set_index("sample_id")["side"]
    who = manifest.set_index("sample_id")["subject_id"]
    table = scores.assign(
        side=scores["probe_id"].map(side), other=scores["reference_id"].map(side),
        who=scores["probe_id"].map(who), whom=scores["reference_id"].map(who),
    )  # fmt: skip
    mated = table["who"] == table["whom"]
    table = table[(mated == (metric == "fnmr")) & (table["side"] == table["other"])]
    wrong = table["score"] < 0.5 if metric == "fnmr" else table["score"] >= 0.5
    return table.assign(wrong=wrong)


@pytest.mark.parametrize("metric", ["fmr", "fnmr"])
def test_indices_are_the_formulas_of_the_counted_rates(made, metric):
    _, manifest, scores, audit = made
    table = read(audit, "equity")
    assert table.columns[:12].tolist() == EQUITY.replace(",", " ").split()
    rates = people_errors(manifest, scores, metric).groupby("side")["wrong"].mean()
    a, b = sorted(rates)
    wanted = {
        "max_over_gm": b / math.sqrt(a * b),
        "max_over_min": b / a,
        "difference": b - a,
        "max_over_mean": b / ((a + b) / 2),
        "gini": (b - a) / (a + b),  # n/(n-1) times the classical one, two groups
    }
    rows = table[table["metric"] == metric].set_index("index")
    assert rows["value"].to_dict() == pytest.approx(wanted)
    assert ((rows["low"] <= rows["value"]) & (rows["value"] <= rows["high"])).all()
    assert (rows["flags"] == "few_people").all()
    assert set(rows["smallest"]) == {a}
    assert set(rows["largest"]) == {b}


def test_both_rates_are_combined_with_equal_weight(made):
    table = read(made[3], "equity").set_index(["metric", "index"])["value"]
    fmr, fnmr, both = table["fmr"], table["fnmr"], table["combined"]
    wanted = {
        "werm": math.sqrt(fmr["max_over_gm"] * fnmr["max_over_gm"]),
        "ir": math.sqrt(fmr["max_over_min"] * fnmr["max_over_min"]),
        "garbe": (fmr["gini"] + fnmr["gini"]) / 2,
        "fdr": 1 - (fmr["difference"] + fnmr["difference"]) / 2,
    }
    assert both.to_dict() == pytest.approx(wanted)


def test_a_large_differential_is_detected_and_stands_above_chance(made):
    rows = read(made[3], "equity").set_index(["metric", "index"]).loc["fmr"]
    assert rows["detected"].all()
    assert (rows["value"] > rows["null_p95"]).all()
    assert (rows["p_value"] >= 1 / 501).all()  # of 500 simulated audits; never zero


def test_declared_comparisons_are_a_family_of_their_own(made):
    rows = read(made[3], "differences").set_index("metric")
    assert rows["adjustment"].to_dict() == {"fnmr": "holm", "fmr": "benjamini_hochberg"}
    assert rows["family"].to_dict() == {
        "fnmr": "primary ratios of vendor: 1",
        "fmr": "exploratory ratios of vendor: 1",
    }
    assert set(rows["difference"]) == {"lower"}
    assert set(rows["equivalence"]) == {"not equivalent"}


def test_a_ratio_has_the_interval_of_leaving_each_person_out(made):
    """V = (n-1)/n sum (e - p m)^2/(N - m)^2 for each group; the logarithm's variance adds up."""
    _, manifest, scores, audit = made
    table = people_errors(manifest, scores, "fnmr")
    rate, variance = {}, {}
    for side, part in table.groupby("side"):
        each = part.groupby("who")["wrong"].agg(["sum", "size"])
        total, p = each["size"].sum(), each["sum"].sum() / each["size"].sum()
        moved = (each["sum"] - p * each["size"]) / (total - each["size"])
        spread = (len(each) - 1) / len(each) * (moved**2).sum()
        rate[side], variance[side] = p, max(spread, p * (1 - p) / total) / p**2
    ratio, error = rate["a"] / rate["b"], math.sqrt(sum(variance.values()))
    row = read(audit, "differences").set_index("metric").loc["fnmr"]
    assert row["ratio"] == pytest.approx(ratio)
    assert row["low"] == pytest.approx(ratio * math.exp(-1.959964 * error), rel=1e-5)
    assert row["high"] == pytest.approx(ratio * math.exp(1.959964 * error), rel=1e-5)
    assert row["smallest_detectable_ratio"] == pytest.approx(
        math.exp((1.959964 + 0.841621) * error), rel=1e-5
    )


def test_the_test_of_all_groups_is_for_people_who_belong_to_one_group(made):
    (row,) = read(made[3], "group_tests").to_dict("records")
    assert (row["metric"], row["flagged"], row["replicates"]) == ("fnmr", "a; b", 500)
    assert row["p_value"] == pytest.approx(1 / 501)


def test_label_errors_are_undone_as_a_mixture(made):
    """Equal shares: P mixes (1-e, e), so that the true rates are ((1-e)a - e b)/(1-2e)."""
    rows = read(made[3], "label_noise")
    rows = rows[(rows["metric"] == "fnmr") & (rows["assumption"] == "symmetric")]
    for error, part in rows[rows["quantity"] == "rate"].groupby("error"):
        observed = part.set_index("group")["observed"]
        wanted = ((1 - error) * observed["a"] - error * observed["b"]) / (1 - 2 * error)
        assert part.set_index("group").loc["a", "corrected"] == pytest.approx(wanted)
    assert sorted(set(rows["error"])) == [0.01, 0.02, 0.05, 0.1]


def test_checked_labels_correct_false_match_rates_by_both_sides(made):
    rows = read(made[3], "label_noise")
    rows = rows[(rows["metric"] == "fmr") & (rows["assumption"] == "validated")]
    table = read(made[3], "error_rates")
    cells = table[(table["metric"] == "fmr") & (table["group_by"] == "side")]
    f = {(r["probe_group"], r["reference_group"]): r["rate"] for _, r in cells.iterrows()}
    observed = np.array([[f["a", "a"], f["a", "b"]], [f["a", "b"], f["b", "b"]]])
    undo = np.linalg.inv(np.array([[0.95, 0.05], [0.04, 0.96]]))
    wanted = np.diag(undo @ observed @ undo.T)
    found = rows[rows["quantity"] == "rate"].set_index("group")
    assert found.loc[["a", "b"], "corrected"].to_numpy() == pytest.approx(wanted)
    assert (found["low"] < found["corrected"]).all()
    assert (found["corrected"] < found["high"]).all()


@pytest.mark.parametrize("metric", ["fmr", "fnmr"])
def test_strata_are_counted_and_standardised_to_what_everybody_has(made, metric):
    _, manifest, scores, audit = made
    quality = manifest.set_index("sample_id")["quality"]
    table = people_errors(manifest, scores, metric)
    pair = np.sort([table["probe_id"].map(quality), table["reference_id"].map(quality)], axis=0)
    table["stratum"] = np.where(pair[0] == pair[1], pair[0], "good with poor")
    by_hand = table.groupby(["side", "stratum"])["wrong"].agg(["sum", "size"])
    rows = read(audit, "strata")
    rows = rows[(rows["metric"] == metric) & (rows["column"] == "quality")]
    found = rows.set_index(["group", "stratum"])
    for key, (errors, trials) in by_hand.iterrows():
        assert tuple(found.loc[key, ["errors", "trials"]]) == (errors, trials)
    common = by_hand["size"].groupby("stratum").sum() / by_hand["size"].sum()
    for side in "ab":
        rates = by_hand.loc[side, "sum"] / by_hand.loc[side, "size"]
        row = found.loc[side, "standardised"]
        assert row["rate"] == pytest.approx((rates * common).sum())
        assert row["low"] < row["rate"] < row["high"]


def test_gaps_are_of_the_numbers_in_the_manifest(made):
    _, manifest, scores, audit = made
    year = manifest.set_index("sample_id")["year"].astype(int)
    table = people_errors(manifest, scores, "fnmr")
    gap = (table["probe_id"].map(year) - table["reference_id"].map(year)).abs()
    rows = read(audit, "strata")
    rows = rows[(rows["metric"] == "fnmr") & (rows["column"] == "gap of year")]
    found = rows.set_index(["group", "stratum"])["trials"]
    for side in "ab":
        own = gap[table["side"] == side]
        counts = [(own < 5).sum(), own.between(5, 9).sum(), (own >= 10).sum()]
        assert [found[side, s] for s in ("under 5", "5 to 9", "10 and over")] == counts


def test_the_page_says_what_was_found_and_never_that_rates_are_equal(made):
    page = (made[3].folder / "report.html").read_text(encoding="utf-8")
    for anchor in ("equity", "differences", "labels", "confounders"):
        assert f'<section id="{anchor}"' in page
    assert "a differential is detected" in page
    assert "Declared beforehand: False non-matches by side, a over b" in page
    assert "no difference between" not in page.lower()


def test_results_read_back_with_infinities(made):
    result = read_results(made[3].folder)
    assert result == made[3].result
    assert any(row.high == math.inf for row in result.label_noise)
    assert "Infinity" in json.dumps([row.model_dump(mode="json") for row in result.label_noise])


# ---------------------------------------------------------------- smaller audits


def test_self_reported_labels_need_no_sensitivity_analysis(bench, tmp_path):
    fill(bench, people=40, labelled_by="self-reported")
    audit = evaluate(bench.config(groups=[["side"]]), tmp_path / "out")
    assert read(audit, "label_noise").empty
    assert not read(audit, "equity").empty


def test_unknown_and_small_groups_are_left_out_by_name(bench, tmp_path):
    manifest, _ = fill(bench, people=60)
    number = manifest["subject_id"].str[1:].astype(int)
    manifest.loc[number >= 48, "side"] = ""
    manifest.loc[number >= 56, "side"] = "c"
    bench.manifest(manifest)
    bench.attribute("side", "subject", ["a", "b", "c"])
    audit = evaluate(bench.config(groups=[["side"]]), tmp_path / "out")
    rows = read(audit, "equity")
    assert set(rows["left_out"]) == {"c; unknown"}
    assert set(rows["groups"]) == {2}


def test_too_few_errors_leave_a_lower_limit_and_no_value(bench, tmp_path):
    manifest, scores = fill(bench, people=40)
    mated = scores["probe_id"].str.split("-").str[0] == scores["reference_id"].str.split("-").str[0]
    side = scores["probe_id"].map(manifest.set_index("sample_id")["side"])
    scores.loc[mated & (side == "a"), "score"] = 0.9
    bench.scores(scores.to_numpy().tolist())
    audit = evaluate(
        bench.config(groups=[["side"]], report={"formats": ["csv", "html"]}), tmp_path / "out"
    )
    rows = read(audit, "equity")
    rows = rows[rows["metric"] == "fnmr"]
    assert rows["value"].isna().all()
    assert rows["high"].isna().all()
    assert (rows["flags"] == "few_errors few_people").all()
    assert not rows["detected"].any()
    ratio = read(audit, "differences").set_index("metric").loc["fnmr"]
    assert (ratio["low"], ratio["method"]) == (0, "score")
    assert math.isnan(ratio["ratio"])
    page = (audit.folder / "report.html").read_text(encoding="utf-8")
    assert "the index is not estimated; it is at least" in page


def test_where_one_person_is_the_data_the_mean_of_the_peoples_rates_leads(bench, tmp_path):
    """One person with 40 photographs and 39 with two: 780 of 819 mated comparisons are theirs."""
    shots = {f"p{k}": 40 if k == 0 else 2 for k in range(40)}
    ids = [(f"{who}-{k}", who) for who, n in shots.items() for k in range(n)]
    bench.manifest([{"sample_id": one, "subject_id": who} for one, who in ids])
    scores = []
    for place, (one, who) in enumerate(ids):
        for other, whom in ids[:place]:
            missed = who == whom and who in ("p0", "p1", "p2", "p3")
            score = 0.9 if who == whom and not missed else 0.1
            scores.append((one, other, score))
    bench.scores(scores)
    config = bench.config(groups=[], report={"formats": ["csv", "html"]})
    audit = evaluate(config, tmp_path / "out")
    rows = read(audit, "error_rates")
    row = rows[(rows["metric"] == "fnmr") & (rows["failures"] == "non-match")].iloc[0]
    assert (row["errors"], row["trials"], row["status"]) == (783, 819, "suppressed")
    assert row["n_kish"] == pytest.approx(819**2 / (780**2 + 39))
    assert row["balanced_rate"] == pytest.approx(4 / 40)
    assert row["balanced_low"] < 0.1 < row["balanced_high"]
    assert math.isnan(row["rate"])
    page = (audit.folder / "report.html").read_text(encoding="utf-8")
    assert "the mean of the people&#39;s own rates" in page
    assert "the rate of all comparisons is 95.6%" in page


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"primary": [{"metric": "fmr", "group_by": "sex"}]}, r"primary.*'sex'.*\['side'\]"),
        (
            {"primary": [{"metric": "fmr", "group_by": "side", "operating_point": "fmr=0.3"}]},
            "fmr=0.3.*operating points",
        ),
        ({"strata": ["light"]}, "strata.*'light'.*quality"),
        ({"strata": ["year"]}, "'year' has 20 values.*classes"),
        ({"gaps": {"quality": [1]}}, "quality: row 2.*no number"),
        ({"gaps": {"light": [1]}}, "no column 'light'"),
        ({"validated_labels": {"side": {"a": {"a": 9}}}}, "no checked label says 'b'"),
        (
            {"validated_labels": {"side": {"a": {"a": 9, "x": 1}, "b": {"b": 9}}}},
            "no group 'x'",
        ),
        ({"equivalence_margin": 1}, "equivalence_margin"),
    ],
)
def test_what_cannot_be_compared_is_refused_before_anything_is_counted(
    bench, tmp_path, asked, said
):
    fill(bench, people=40)
    with pytest.raises(RequestError, match=said):
        evaluate(bench.config(groups=[["side"]], statistics=asked), tmp_path / "out")
    assert not (tmp_path / "out").exists()
