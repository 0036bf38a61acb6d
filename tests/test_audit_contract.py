"""Every number of the tables, counted again from the published scores by other means.

Nothing of the program but `evaluate` is used here: rows are counted with plain loops and pandas
from `scores/<matcher>.parquet` and, for searches, from the score file itself.
"""

import itertools
import math
from collections import Counter
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from evenmatch.run import evaluate

# The columns as the contract writes them.
ERROR_RATES = """
matcher, metric, operating_point, threshold, set_on, probe_mask, reference_mask, group_by,
probe_group, reference_group, failures, errors, trials, subjects, rate, low, high, level, method,
status
"""
IDENTIFICATION = """
matcher, metric, operating_point, threshold, rank, gallery, gallery_subjects, gallery_templates,
probe_mask, group_by, group, failures, errors, searches, subjects, rate, low, high, level, method,
status
"""
SCORES = """
probe_id, reference_id, probe_subject, reference_subject, mated, score, status, probe_mask,
reference_mask
"""
SEX = ["female", "male", "unknown"]
ETHNICITY = ["white", "black", "unknown"]
SESSION = ["first", "second"]
BANDS = ["under 30", "30 to 49", "50 and over"]
MASK = ["unmasked", "masked", "unknown"]


def read(audit, name):
    return pd.read_csv(audit.folder / name)


def starts_with(table, columns):
    names = columns.replace(",", " ").split()
    return table.columns[: len(names)].tolist() == names


# ---------------------------------------------------------------- a benchmark with everything


def people(rng, number):
    """Give people with blanks among their labels and one to four photographs each."""
    for person in range(number):
        who = {
            "subject_id": f"p{person:02}",
            "sex": rng.choice(["female", "male", ""], p=[0.45, 0.45, 0.1]),
            "ethnicity": rng.choice(["white", "black", ""], p=[0.6, 0.35, 0.05]),
            "age": str(rng.integers(18, 80)),
        }
        for shot in range(rng.integers(1, 5)):
            yield who | {
                "sample_id": f"p{person:02}-{shot}",
                "session": "first" if shot == 0 else "second",
                "mask": rng.choice(["unmasked", "masked", ""], p=[0.7, 0.2, 0.1]),
            }


def fill(bench, *, number=36, seed=5, masks=True, kind="similarity", suffix=".csv"):
    """Write the benchmark and one score for every unordered pair, ties and failures among them."""
    rng = np.random.default_rng(seed)
    manifest = pd.DataFrame(people(rng, number))
    if not masks:
        manifest = manifest.drop(columns="mask")
    bench.manifest(manifest)
    bench.attribute("sex", "subject", ["female", "male"])
    bench.attribute("ethnicity", "subject", ["white", "black"])
    bench.attribute("age", "subject")
    bench.attribute("session", "sample", ["first", "second"])
    if masks:
        bench.attribute("mask", "sample", ["masked", "unmasked"])
    rows = []
    for one, other in itertools.combinations(manifest.to_dict("records"), 2):
        score = rng.normal(0.62 if one["subject_id"] == other["subject_id"] else 0.35, 0.12)
        score = round(float(score), 3 if suffix == ".csv" else 9)
        row = {"probe_id": one["sample_id"], "reference_id": other["sample_id"], "status": "ok"}
        if rng.random() < 0.5:
            row["probe_id"], row["reference_id"] = row["reference_id"], row["probe_id"]
        row["score"] = 1 - score if kind == "distance" else score
        if rng.random() < 0.03:
            row |= {"score": None, "status": str(rng.choice(["no_face", "refused"]))}
        if rng.random() > 0.01:  # a comparison the vendor forgot
            rows.append(row)
    bench.scores(rows, suffix=suffix)
    return manifest, pd.DataFrame(rows)


GROUPS = {
    "sex": [(each,) for each in SEX],
    "sex+ethnicity": list(itertools.product(SEX, ETHNICITY)),
    "age": [(each,) for each in BANDS],
    "session": [(each,) for each in SESSION],
}


def settings(**one_to_one):
    return {
        "groups": [group.split("+") for group in GROUPS],
        "classes": {"age": [30, 50]},
        "one_to_one": {"operating_points": ["fmr=0.05", "fmr=1e-2", "threshold=0.5"]} | one_to_one,
    }


# ---------------------------------------------------------------- counting again


def group_of(table, side, group_by):
    """Give the group of one side of every comparison as text."""
    if group_by == "all":
        return pd.Series("all", index=table.index)
    return table[[f"{side}_{name}" for name in group_by.split("+")]].agg("+".join, axis=1)


def labels(table, group_by):
    """Give the groups that occur in the benchmark, in the card's order."""
    if group_by == "all":
        return ["all"]
    seen = set(group_of(table, "probe", group_by)) | set(group_of(table, "reference", group_by))
    return [label for label in map("+".join, GROUPS[group_by]) if label in seen]


def exact_threshold(non_mated, mated, target):
    """Find the threshold of methods 1.2 by walking down the sorted list."""
    ordered = sorted(non_mated, reverse=True)
    allowed = math.floor(Fraction(target) * len(ordered))
    rejected = ordered[allowed]
    above = [score for score in [*non_mated, *mated] if score > rejected]
    return (rejected + min(above)) / 2 if above else math.nextafter(rejected, math.inf)


class Comparisons:
    """The columns of a score table as plain arrays."""

    def __init__(self, table):
        self.score, self.mated = table["score"].to_numpy(), table["mated"].to_numpy()
        self.probe = table["probe_subject"].to_numpy(object)
        self.reference = table["reference_subject"].to_numpy(object)

    def count(self, chosen, threshold, *, below):
        """Give errors, trials and people; a failed trial is below every threshold."""
        match = self.score[chosen] >= threshold
        errors = int((~match if below else match).sum())
        return errors, int(chosen.sum()), len({*self.probe[chosen], *self.reference[chosen]})

    def people(self, chosen, wanted):
        """Give Kish's number of people on the sides that `wanted` marks, a side an array."""
        seen = Counter(self.probe[chosen & wanted[0]])
        seen.update(self.reference[chosen & wanted[1]])
        return sum(seen.values()) ** 2 / max(sum(n * n for n in seen.values()), 1)


def expected_rows(table, thresholds, *, unordered):
    """Give every row the contract asks for, keyed by the columns that name it."""
    rows = {}
    for (probe_mask, reference_mask), part in table.groupby(["probe_mask", "reference_mask"]):
        symmetric = unordered and probe_mask == reference_mask
        counted = Comparisons(part)
        non_mated = ~counted.mated & ~np.isnan(counted.score)
        for group_by in ["all", *GROUPS]:
            probe, reference = (
                group_of(part, side, group_by).to_numpy(object) for side in ("probe", "reference")
            )
            names = labels(table, group_by)
            cells = itertools.combinations_with_replacement(names, 2)
            for one, other in cells if symmetric else itertools.product(names, repeat=2):
                inside = (probe == one) & (reference == other)
                if symmetric:
                    inside |= (probe == other) & (reference == one)
                mated = inside & counted.mated
                for point, threshold in thresholds.items():
                    key = (point, probe_mask, reference_mask, group_by, one, other)
                    row = counted.count(inside & non_mated, threshold, below=False)
                    rows["fmr", "excluded", *key] = row
                    if one == other or mated.any():
                        row = counted.count(mated, threshold, below=True)
                        rows["fnmr", "non-match", *key] = row
                        scored = mated & ~np.isnan(counted.score)
                        row = counted.count(scored, threshold, below=True)
                        rows["fnmr", "excluded", *key] = row
    return rows


def suppressed_cells(table, group_by):
    """Say for every unordered cell of bare faces whether its people are too few (methods 3.5)."""
    part = table[unmasked(table)]
    counted = Comparisons(part)
    probe, reference = (
        group_of(part, side, group_by).to_numpy(object) for side in ("probe", "reference")
    )
    for one, other in itertools.combinations_with_replacement(labels(table, group_by), 2):
        inside = ((probe == one) & (reference == other)) | ((probe == other) & (reference == one))
        inside &= ~counted.mated & ~np.isnan(counted.score)
        sides = [(probe == each, reference == each) for each in (one, other)]
        yield (one, other), min(counted.people(inside, side) for side in sides) < 10


def check_error_rates(audit, *, unordered, calibration, set_on):
    """Compare the whole of `error_rates.csv` with a recount, and return it."""
    table = pd.read_parquet(audit.folder / "scores" / "vendor.parquet")
    assert starts_with(table, SCORES)
    assert table["mated"].dtype == bool
    assert table["score"].dtype == np.float64
    assert ((table["probe_subject"] == table["reference_subject"]) == table["mated"]).all()
    usable = table[calibration(table) & table["score"].notna()]
    mated, non_mated = (usable.loc[usable["mated"] == each, "score"] for each in (True, False))
    distance = audit.result.matchers[0].score_kind == "distance"
    thresholds = {}
    for point in audit.result.config["one_to_one"]["operating_points"]:
        kind, _, number = point.partition("=")
        given = -float(number) if distance else float(number)
        thresholds[point] = (
            given if kind == "threshold" else exact_threshold(non_mated, mated, number)
        )
    rates = read(audit, "error_rates.csv")
    assert starts_with(rates, ERROR_RATES)
    expected = expected_rows(table, thresholds, unordered=unordered)
    found = {}
    for row in rates.to_dict("records"):
        key = [row[name] for name in ("metric", "failures", "operating_point", "probe_mask")]
        key += [row[name] for name in ("reference_mask", "group_by", "probe_group")]
        found[*key, row["reference_group"]] = (row["errors"], row["trials"], row["subjects"])
        assert row["threshold"] == thresholds[row["operating_point"]]
        given = row["operating_point"].startswith("threshold")
        assert row["set_on"] == ("vendor" if given else set_on)
        check_row(row)
    assert found == expected
    assert len(rates) == len(expected)  # no row twice
    return rates


def check_row(row):
    """A row says no more than its people allow, and its rate is its counts."""
    assert row["matcher"] == "vendor"
    assert row["level"] == 0.95
    if row["status"] == "suppressed":
        assert all(math.isnan(row[name]) for name in ("rate", "low", "high"))
    else:
        assert row["rate"] == row["errors"] / row["trials"]
        assert 0 <= row["low"] <= row["rate"] <= row["high"] <= 1
        assert row["subjects"] >= 10


# ---------------------------------------------------------------- one-to-one


def unmasked(table):
    return (table["probe_mask"] == "unmasked") & (table["reference_mask"] == "unmasked")


CALIBRATIONS = {
    "all": (
        "all",
        lambda table: table["mated"].notna(),
        "in_sample:all",
    ),
    "unmasked": ("unmasked", unmasked, "in_sample:unmasked"),
    "a group": (
        {"sex": "male"},
        lambda t: unmasked(t) & (t["probe_sex"] == "male") & (t["reference_sex"] == "male"),
        "in_sample:sex=male",
    ),
    "two labels": (
        {"sex": "male", "ethnicity": "white"},
        lambda t: (
            unmasked(t)
            & (t["probe_sex"] == "male")
            & (t["reference_sex"] == "male")
            & (t["probe_ethnicity"] == "white")
            & (t["reference_ethnicity"] == "white")
        ),
        "in_sample:sex=male,ethnicity=white",
    ),
    "same group": (
        "same-group",
        lambda t: (
            unmasked(t)
            & (group_of(t, "probe", "sex+ethnicity") == group_of(t, "reference", "sex+ethnicity"))
            & (t["probe_age"] == t["reference_age"])
            & (t["probe_session"] == t["reference_session"])
        ),
        "in_sample:same-group",
    ),
}


@pytest.mark.parametrize("name", CALIBRATIONS)
def test_every_unordered_pair_is_counted_once_under_each_calibration(bench, tmp_path, name):
    asked, calibration, set_on = CALIBRATIONS[name]
    manifest, _ = fill(bench, number=18)
    audit = evaluate(bench.config(**settings(calibrate_on=asked)), tmp_path / "out")
    rates = check_error_rates(audit, unordered=True, calibration=calibration, set_on=set_on)
    table = pd.read_parquet(audit.folder / "scores" / "vendor.parquet")
    assert len(table) == len(manifest) * (len(manifest) - 1) // 2
    assert set(rates["status"]) >= {"suppressed", "upper_bound"}
    # The more masked side is the probe, and the conditions come from the barest on.
    assert rates[["probe_mask", "reference_mask"]].drop_duplicates().to_numpy().tolist() == [
        [one, other] for place, one in enumerate(MASK) for other in MASK[: place + 1]
    ]


@pytest.mark.parametrize(("kind", "suffix"), [("distance", ".csv"), ("similarity", ".parquet")])
def test_scores_are_the_files_own_whatever_its_form(bench, tmp_path, kind, suffix):
    manifest, rows = fill(bench, masks=False, kind=kind, suffix=suffix)
    config = bench.config(**settings(), matchers=[bench.vendor(suffix=suffix, score_kind=kind)])
    audit = evaluate(config, tmp_path / "out")
    rates = check_error_rates(
        audit,
        unordered=True,
        calibration=lambda table: table["mated"].notna(),
        set_on="in_sample:unmasked",
    )
    assert set(rates["probe_mask"]) == set(rates["reference_mask"]) == {"unknown"}
    table = pd.read_parquet(audit.folder / "scores" / "vendor.parquet")
    sign = -1 if kind == "distance" else 1
    assert sorted(table["score"].dropna()) == sorted(sign * rows["score"].dropna())
    missing = len(manifest) * (len(manifest) - 1) // 2 - len(rows)
    assert table["status"].value_counts().to_dict() == (
        rows["status"].value_counts().to_dict() | {"missing": missing}
    )


def test_cross_group_rows_are_ordered_where_roles_are_chosen(bench, tmp_path):
    manifest, _ = fill(bench, masks=False)
    roles = {
        "probe": {"where": {"session": "second"}},
        "reference": {"where": {"session": "first"}},
    }
    audit = evaluate(bench.config(**settings(**roles)), tmp_path / "out")
    rates = check_error_rates(
        audit,
        unordered=False,
        calibration=lambda table: table["mated"].notna(),
        set_on="in_sample:unmasked",
    )
    table = pd.read_parquet(audit.folder / "scores" / "vendor.parquet")
    first = (manifest["session"] == "first").sum()
    assert len(table) == first * (len(manifest) - first)
    assert set(table["probe_session"]) == {"second"}
    pairs = rates.loc[rates["group_by"] == "sex", ["probe_group", "reference_group"]]
    assert len(pairs.drop_duplicates()) == 9
    # Every mated trial is of two sessions, so its row has unlike groups there.
    across = rates.query("group_by == 'session' and metric == 'fnmr' and trials > 0")
    assert set(zip(across["probe_group"], across["reference_group"], strict=True)) == {
        ("second", "first")
    }


def test_listed_trials_are_taken_as_they_are_listed(bench, tmp_path):
    manifest, rows = fill(bench)
    listed = rows.sample(500, random_state=1)[["probe_id", "reference_id"]]
    bench.listed(listed.assign(fold=1))
    audit = evaluate(bench.config(**settings()), tmp_path / "out")
    check_error_rates(audit, unordered=False, calibration=unmasked, set_on="in_sample:unmasked")
    table = pd.read_parquet(audit.folder / "scores" / "vendor.parquet")
    assert len(table) == len(listed)
    person = manifest.set_index("sample_id")["subject_id"]
    same = person[listed["probe_id"]].to_numpy() == person[listed["reference_id"]].to_numpy()
    assert table["mated"].sum() == same.sum()


def test_an_earlier_audits_thresholds_are_applied_as_they_are(bench, tmp_path):
    fill(bench, masks=False)
    first = evaluate(bench.config(**settings()), tmp_path / "out")
    fill(bench, masks=False, seed=8)
    again = settings(calibrate_on={"run": str(first.folder)})
    second = evaluate(bench.config(**again), tmp_path / "out")
    before = {row.operating_point: row.threshold for row in first.result.thresholds}
    rates = read(second, "error_rates.csv")
    fitted = rates[rates["operating_point"] != "threshold=0.5"]
    assert set(fitted["set_on"]) == {f"transferred:{first.result.provenance.run_id}"}
    assert set(zip(fitted["operating_point"], fitted["threshold"], strict=True)) == {
        (point, before[point]) for point in ("fmr=0.05", "fmr=1e-2")
    }
    table = pd.read_parquet(second.folder / "scores" / "vendor.parquet")
    expected = expected_rows(table, before, unordered=True)
    assert {row[2]: expected[row][0] for row in expected if row[5] == "all"}.keys() == before.keys()
    overall = rates[(rates["group_by"] == "all") & (rates["metric"] == "fmr")]
    for row in overall.to_dict("records"):
        key = ("fmr", "excluded", row["operating_point"], "unknown", "unknown", "all", "all", "all")
        assert (row["errors"], row["trials"], row["subjects"]) == expected[key]


def test_a_rate_is_shown_only_where_either_group_has_ten_people(bench, tmp_path):
    fill(bench)
    audit = evaluate(bench.config(**settings()), tmp_path / "out")
    table = pd.read_parquet(audit.folder / "scores" / "vendor.parquet")
    rates = read(audit, "error_rates.csv").query(
        "metric == 'fmr' and operating_point == 'threshold=0.5' and probe_mask == 'unmasked'"
    )
    rates = rates[rates["reference_mask"] == "unmasked"]
    for group_by in ("all", *GROUPS):
        shown = rates[rates["group_by"] == group_by]
        pairs = zip(shown["probe_group"], shown["reference_group"], strict=True)
        found = dict(zip(pairs, shown["status"] == "suppressed", strict=True))
        assert found == dict(suppressed_cells(table, group_by)), group_by


def test_failures_are_counted_in_the_group_of_either_side(bench, tmp_path):
    _, rows = fill(bench, masks=False, number=25)
    audit = evaluate(bench.config(**settings()), tmp_path / "out")
    names = ["stage", "reason", "group_by", "group"]
    failures = read(audit, "failures.csv").set_index(names)
    table = pd.read_parquet(audit.folder / "scores" / "vendor.parquet")
    status = table["status"].to_numpy(object)
    for group_by in ("all", *GROUPS):
        for label in labels(table, group_by):
            inside = np.zeros(len(table), dtype=bool)
            for side in ("probe", "reference"):
                inside |= (group_of(table, side, group_by) == label).to_numpy()
            for reason in ("no_face", "refused", "missing"):
                found = failures.loc[("compare", reason, group_by, label)]
                assert found["failed"] == (inside & (status == reason)).sum()
                assert found["attempts"] == inside.sum()
    assert set(rows["status"]) == {"ok", "no_face", "refused"}


# ---------------------------------------------------------------- one-to-many


def score_of(scores):
    """Give a function from two sample ids, in either order, to their score."""
    lookup = {}
    for row in scores.to_dict("records"):
        lookup[frozenset((row["probe_id"], row["reference_id"]))] = row["score"]
    return lambda one, other: lookup.get(frozenset((one, other)), math.nan)


def searched(manifest, score, enrolled, threshold):
    """Search a gallery by hand; give `mated, failed, alarm, rank, best` of every search."""
    person = dict(zip(manifest["sample_id"], manifest["subject_id"], strict=True))
    people_enrolled = {person[each] for each in enrolled}
    for sample in manifest["sample_id"]:
        if sample in enrolled:
            continue
        scored = {each: score(sample, each) for each in enrolled}
        usable = {each: value for each, value in scored.items() if not math.isnan(value)}
        mates = [value for each, value in usable.items() if person[each] == person[sample]]
        others = [value for each, value in usable.items() if person[each] != person[sample]]
        mated = person[sample] in people_enrolled
        best = max(mates, default=None)
        yield {
            "sample_id": sample,
            "mated": mated,
            "failed": not usable or (mated and best is None),
            "alarm": max(others, default=-math.inf) >= threshold,
            "best": -math.inf if best is None else best,
            "rank": 0 if best is None else 1 + sum(value >= best for value in others),
        }


def test_identification_agrees_with_searches_made_by_hand(bench, tmp_path):
    manifest, scores = fill(bench, masks=False, number=40, seed=3)
    # A search needs every comparison with the gallery: what is not there is refused by name.
    scores = scores[scores["status"] == "ok"]
    pairs = set(zip(scores["probe_id"], scores["reference_id"], strict=True))
    lost = [
        {"probe_id": one, "reference_id": other, "score": None, "status": "refused"}
        for one, other in itertools.combinations(manifest["sample_id"], 2)
        if (one, other) not in pairs and (other, one) not in pairs
    ]
    scores = pd.concat([scores, pd.DataFrame(lost).astype({"score": float})])
    bench.scores(scores)
    one_to_many = {
        "gallery": {"where": {"session": "first"}},
        "searches": {"where": {"session": "second"}},
        "operating_points": ["fpir=0.2", "threshold=0.55"],
        "ranks": [1, 3],
        "splits": 3,
    }
    audit = evaluate(
        bench.config(**settings() | {"groups": [["sex"]]}, one_to_many=one_to_many),
        tmp_path / "out",
    )
    rates = read(audit, "identification.csv")
    assert starts_with(rates, IDENTIFICATION)
    gallery = pd.read_csv(audit.folder / "gallery.csv")
    from evenmatch.data.pseudonyms import Pseudonyms  # noqa: PLC0415 - names are keyed by machine

    named = dict(
        zip(
            Pseudonyms("made-up").of_samples(manifest["sample_id"]),
            manifest["sample_id"],
            strict=True,
        )
    )
    first = gallery["gallery"] == "split-1"
    split = {named[each] for each in gallery.loc[first, "reference_id"]}
    assert set(manifest.set_index("sample_id").loc[list(split), "session"]) == {"first"}
    second = manifest[manifest["session"] == "second"]
    assert set(gallery["gallery"]) == {"split-1", "split-2", "split-3"}
    sex = manifest.set_index("sample_id")["sex"].replace("", "unknown")
    person = manifest.set_index("sample_id")["subject_id"]
    # The whole gallery; further rows may speak of parts of it.
    rates = rates[rates["gallery"] == "split-1"]
    score, checked = score_of(scores), 0
    for row in rates.to_dict("records"):
        assert row["probe_mask"] == "unknown"
        assert row["gallery_templates"] == row["gallery_subjects"] == len(split)
        threshold = row["threshold"] if row["metric"] != "cmc" else math.nan
        found = pd.DataFrame(searched(manifest, score, split, threshold))
        found = found[found["sample_id"].isin(second["sample_id"])]
        if row["group_by"] == "sex":
            found = found[sex[found["sample_id"]].to_numpy() == row["group"]]
        found = found[found["mated"] == (row["metric"] != "fpir")]
        if row["failures"] == "excluded":
            found = found[~found["failed"]]
        if row["metric"] == "fpir":
            errors = (found["alarm"] & ~found["failed"]).sum()
        else:  # an empty threshold or rank asks nothing: comparisons with NaN are false
            late = found["rank"] > row["rank"]
            errors = (found["failed"] | (found["best"] < threshold) | late).sum()
        assert (row["errors"], row["searches"]) == (errors, len(found)), row
        assert row["subjects"] == person[found["sample_id"]].nunique()
        if row["status"] == "suppressed":
            assert math.isnan(row["rate"])
        else:
            rate = errors / len(found)
            assert row["rate"] == pytest.approx(1 - rate if row["metric"] == "cmc" else rate)
            checked += 1
    assert checked > 10
    # FPIR once and FNIR at any rank and at two, twice; FNIR and CMC at two ranks alone.
    assert len(rates) == (2 * (1 + 3) + 2 * 2) * 2 * 4
    fitted = next(row for row in audit.result.thresholds if row.operating_point == "fpir=0.2")
    assert fitted.set_on == "in_sample:split-1"
