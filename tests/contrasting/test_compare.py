"""`evenmatch compare`: what improved for whom, and what must not be compared."""

import csv
import itertools
import json
import shutil

import numpy as np
import pandas as pd
import pytest

from evenmatch.reporting.numbers import percent
from evenmatch.run import evaluate

SMALL = {
    "groups": [["sex"]],
    "one_to_one": {"operating_points": ["threshold=0.5"]},
    "one_to_many": None,
    "claims": [],
}


@pytest.fixture(scope="session")
def make(bench_of_two, tmp_path_factory):
    """Make an audit of one score file; `key` names the private folder."""
    bench, entries = bench_of_two

    def made(number=0, key="private", **changes):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("EVENMATCH_CACHE", str(tmp_path_factory.getbasetemp() / key))
            config = bench.config(**SMALL, **changes, matchers=[entries[number]])
            return evaluate(config, tmp_path_factory.mktemp("out")).folder

    return made


@pytest.fixture(scope="session")
def old_and_new(make):
    return make(0), make(1)


def rates(out):
    """Give the rows by metric, masks and group."""
    return {
        (row["metric"], row["first_masks"], row["group"]): row for row in json.loads(out)["rates"]
    }


def test_two_matchers_of_one_audit_are_paired_by_comparison(whole_audit, command):
    arguments = (f"{whole_audit}:old", f"{whole_audit}:new", "--masks", "unmasked")
    code, out, err = command("compare", *arguments, "--at", "threshold=0.5", "--json")
    assert (code, err) == (0, "")
    row = rates(out)["fnmr", "unmasked/unmasked", "all"]
    assert row["pairing"] == "paired_trials"
    assert row["outcome"] == "improved"
    assert row["low"] <= row["difference"] < row["high"] < 0
    # By hand: the mated comparisons of bare faces below the threshold, in either score table.
    for side in ("old", "new"):
        table = pd.read_parquet(whole_audit / "scores" / f"{side}.parquet")
        bare = (table["probe_mask"] == "unmasked") & (table["reference_mask"] == "unmasked")
        mated = table[bare & table["mated"]]
        wrong = int((~(mated["score"] >= 0.5)).sum())
        name = "first" if side == "old" else "second"
        assert (row[f"{name}_errors"], row[f"{name}_trials"]) == (wrong, len(mated))
    assert row["difference"] == pytest.approx(row["second_rate"] - row["first_rate"])


def test_two_audits_of_one_machine_meet_by_their_pseudonyms(old_and_new, command):
    code, out, _ = command("compare", *old_and_new, "--json")
    assert code == 0
    told = json.loads(out)
    assert not any("cannot be matched" in notice for notice in told["notices"])
    said = [row for row in told["rates"] if row["metric"] == "fnmr" and row["low"] is not None]
    assert {row["pairing"] for row in said} == {"paired_trials"}


def test_comparing_the_other_way_round_turns_every_sign(old_and_new, command):
    there = rates(command("compare", *old_and_new, "--json")[1])
    back = rates(command("compare", *reversed(old_and_new), "--json")[1])
    turned = {"improved": "worse", "worse": "improved"}
    for key, row in there.items():
        if row["difference"] is None:
            continue
        assert back[key]["difference"] == pytest.approx(-row["difference"])
        assert back[key]["low"] == pytest.approx(-row["high"])
        assert back[key]["outcome"] == turned.get(row["outcome"], row["outcome"])


def test_audits_made_with_different_keys_are_compared_unpaired_and_loudly(
    old_and_new, make, command
):
    stranger = make(1, key="elsewhere")
    paired = rates(command("compare", *old_and_new, "--json")[1])
    code, out, _ = command("compare", old_and_new[0], stranger, "--json")
    assert code == 0
    assert "cannot be matched: the audits were made with different keys" in out
    for key, row in rates(out).items():
        assert row["pairing"] == "unpaired"
        if row["difference"] is not None and key[0] == "fnmr":
            assert row["difference"] == pytest.approx(paired[key]["difference"])
    wide, narrow = (each["fnmr", "unmasked/unmasked", "all"] for each in (rates(out), paired))
    assert wide["high"] - wide["low"] > narrow["high"] - narrow["low"]


def test_two_thresholds_of_one_matcher_trade_one_error_for_the_other(whole_audit, command):
    code, out, _ = command(
        "compare",
        f"{whole_audit}:old",
        "--at",
        "threshold=0.5",
        "--with",
        "threshold=0.4",
        "--json",
    )
    assert code == 0
    found = rates(out)
    assert found["fmr", "unmasked/unmasked", "all"]["outcome"] == "worse"
    assert found["fnmr", "unmasked/unmasked", "all"]["outcome"] == "improved"


def test_masked_against_unmasked_is_paired_by_person(whole_audit, command):
    code, out, _ = command(
        "compare", f"{whole_audit}:old", "--at", "threshold=0.5", "--masks", "unmasked/unmasked",
        "--with-masks", "masked/unmasked", "--json",
    )  # fmt: skip
    assert code == 0
    row = rates(out)["fnmr", "unmasked/unmasked", "all"]
    assert (row["pairing"], row["second_masks"]) == ("paired_people", "masked/unmasked")


def test_searches_are_compared_too(whole_audit, command):
    arguments = (f"{whole_audit}:old", f"{whole_audit}:new", "--at", "fpir=0.2", "--json")
    code, out, _ = command("compare", *arguments)
    assert code == 0
    rows = json.loads(out)["rates"]
    assert {row["metric"] for row in rows} == {"fpir", "fnir"}
    assert {row["pairing"] for row in rows if row["difference"] is not None} == {"paired_trials"}


def test_groups_are_judged_by_holm_and_everybody_alone(whole_audit, command):
    arguments = (f"{whole_audit}:old", f"{whole_audit}:new", "--at", "threshold=0.5", "--json")
    rows = json.loads(command("compare", *arguments)[1])["rates"]
    groups = [
        row
        for row in rows
        if (row["metric"], row["first_masks"]) == ("fnmr", "unmasked/unmasked")
        and row["group_by"] != "all"
    ]
    tested = sorted(
        (row for row in groups if row["p_value"] is not None), key=lambda r: r["p_value"]
    )
    largest, total = 0.0, len(groups)
    for place, row in enumerate(tested):
        largest = max(largest, min((total - place) * row["p_value"], 1.0))
        assert row["adjusted_p"] == pytest.approx(largest)
    assert all(row["adjusted_p"] == row["p_value"] for row in rows if row["group_by"] == "all")
    few = [row for row in groups if row["difference"] is None]
    assert few
    assert {row["outcome"] for row in few} == {"too few people"}


def test_a_word_is_said_only_where_the_interval_leaves_out_no_difference(whole_audit, command):
    arguments = (f"{whole_audit}:old", f"{whole_audit}:new", "--json")
    for row in json.loads(command("compare", *arguments)[1])["rates"]:
        if row["outcome"] == "improved":
            assert row["high"] < 0
        elif row["outcome"] == "worse":
            assert row["low"] > 0


def test_the_terminal_says_it_in_sentences_and_80_columns(whole_audit, command):
    code, out, _ = command("compare", f"{whole_audit}:old", f"{whole_audit}:new")
    assert code == 0
    assert max(len(line) for line in out.splitlines()) <= 80
    flat = " ".join(out.split())
    assert "The false non-match rate of everybody went from" in flat
    assert "Too few people to say for: sex unknown" in flat
    assert "fewer errors." in flat


def test_a_rate_that_the_audit_only_bounds_is_only_bounded_here(whole_audit, command, tmp_path):
    arguments = ("compare", f"{whole_audit}:old", f"{whole_audit}:new", "--at", "fmr=0.01")
    rows = json.loads(command(*arguments, "--json")[1])["rates"]
    with (whole_audit / "error_rates.csv").open(newline="") as stream:
        stated = {
            (row["metric"], f"{row['probe_mask']}/{row['reference_mask']}", row["group_by"],
             row["probe_group"]): row
            for row in csv.DictReader(stream)
            if (row["matcher"], row["operating_point"]) == ("old", "fmr=0.01")
            and row["probe_group"] == row["reference_group"]
            and row["failures"] == {"fmr": "excluded", "fnmr": "non-match"}[row["metric"]]
        }  # fmt: skip
    for row in rows:
        key = (row["metric"], row["first_masks"], row["group_by"], row["group"])
        assert row["first_status"] == stated[key]["status"]
        assert row["first_high"] == (
            pytest.approx(float(high)) if (high := stated[key]["high"]) else None
        )
    assert {"estimate", "upper_bound", "suppressed"} <= {row["first_status"] for row in rows}
    command(*arguments, "--out", tmp_path)
    page = (tmp_path / "comparison.html").read_text()
    for row in rows:
        if row["first_status"] == "upper_bound":
            counts = f"({row['first_errors']:,} / {row['first_trials']:,})"
            assert f"at most {percent(row['first_high'])} {counts}" in page


def test_files_hold_what_was_said(whole_audit, command, tmp_path):
    arguments = (f"{whole_audit}:old", f"{whole_audit}:new", "--out", tmp_path / "c", "--json")
    _, out, err = command("compare", *arguments)
    assert str(tmp_path / "c" / "comparison.html") in err
    with (tmp_path / "c" / "comparison.csv").open(newline="") as stream:
        table = list(csv.DictReader(stream))
    rows = json.loads(out)["rates"]
    assert list(table[0]) == list(rows[0])
    assert [row["outcome"] for row in table] == [row["outcome"] for row in rows]
    page = (tmp_path / "c" / "comparison.html").read_text()
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("<table>") == len(
        {(r["metric"], r["first_at"], r["first_masks"]) for r in rows}
    )


def refused(command, *arguments):
    code, out, err = command("compare", *arguments)
    assert (code, out) == (2, "")
    assert err.rstrip().endswith(".")
    return err


def test_an_audit_is_not_compared_with_itself(old_and_new, command):
    assert "would be compared with itself; name another" in refused(command, old_and_new[0])


def test_different_benchmarks_protocols_and_roles_are_refused(old_and_new, command, tmp_path):
    def edited(change):
        folder = shutil.copytree(old_and_new[1], tmp_path / f"e{next(numbers)}")
        content = json.loads((folder / "results.json").read_text())
        change(content)
        (folder / "results.json").write_text(json.dumps(content))
        return folder

    numbers = itertools.count()
    other = edited(lambda c: c["card"].update(name="other"))
    assert "run both matchers on one benchmark" in refused(command, old_and_new[0], other)
    other = edited(
        lambda c: c["card"]["protocols"]["all-pairs"].update(kind="listed", file="p.csv")
    )
    assert "the same `benchmark.protocol`" in refused(command, old_and_new[0], other)
    other = edited(lambda c: c["config"]["one_to_one"].update(probe={"where": {"sex": ["male"]}}))
    assert "run both with the same roles" in refused(command, old_and_new[0], other)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--at", "fmr=0.3"], "has no operating point fmr=0.3; choose from"),
        (["--at", "often"], "write fmr=0.001"),
        (["--with", "fmr=0.3"], "give --at as well"),
        (["--masks", "veiled"], "has no mask condition 'veiled'; choose from unmasked/unmasked"),
        (["--with-masks", "masked"], "give --masks as well"),
    ],
)
def test_what_is_not_there_is_refused_with_what_is(old_and_new, command, more, said):
    assert said in refused(command, *old_and_new, *more)


def test_a_matcher_that_is_not_there_is_refused(whole_audit, command):
    said = refused(command, f"{whole_audit}:older", f"{whole_audit}:new")
    assert "has no matcher 'older'; choose from ['old', 'new']" in said


def test_thresholds_set_in_different_ways_are_said(whole_audit, command):
    code, out, _ = command(
        "compare", f"{whole_audit}:old", "--at", "fmr=0.05", "--with", "threshold=0.5"
    )
    assert code == 0
    flat = " ".join(out.split())
    assert "The thresholds were set in different ways: fmr=0.05" in flat
    assert "(in_sample:unmasked)" in flat


def test_where_only_the_tail_is_stored_false_matches_are_compared_unpaired(
    whole_audit, command, tmp_path
):
    audit = shutil.copytree(whole_audit, tmp_path / "tail")
    path = audit / "scores" / "old.parquet"
    table = pd.read_parquet(path)
    table[table["mated"] | (table["score"] >= np.float64(0.3))].to_parquet(path, index=False)
    arguments = (f"{audit}:old", f"{whole_audit}:new", "--at", "threshold=0.5", "--json")
    code, out, _ = command("compare", *arguments)
    assert code == 0
    assert "Not every comparison was stored" in out
    found = {(row["metric"], row["pairing"]) for row in json.loads(out)["rates"] if row["low"]}
    assert ("fmr", "unpaired") in found
    assert ("fnmr", "unpaired") not in found
