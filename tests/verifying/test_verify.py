"""`evenmatch verify`: an honest audit agrees, and whatever is touched in it is found."""

import json
import shutil
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from evenmatch.reporting.digests import forget_digests, note_digests
from evenmatch.results.reading import read_results


@pytest.fixture
def audit(whole_audit, tmp_path):
    """Give a copy of the audit to tamper with."""
    return shutil.copytree(whole_audit, tmp_path / "audit")


def parts(out):
    """Give the number of differences by part, and them all."""
    told = json.loads(out)
    every = [each for check in told["checks"] for each in check["differences"]]
    assert told["differences"] == len(every)
    return Counter(each["part"] for each in every), every


def edit_row(audit, kind, change, number=0):
    """Change one row of a list in `results.json`."""
    path = audit / "results.json"
    content = json.loads(path.read_text())
    change(content[kind][number])
    path.write_text(json.dumps(content))


def test_an_honest_audit_agrees_and_says_what_it_could_not_recompute(whole_audit, command):
    code, out, err = command("verify", whole_audit)
    assert (code, err) == (0, "")
    assert out.rstrip().endswith("Everything that can be recomputed agrees.")
    assert "other galleries (balanced, of one group): their searches are not stored" in out
    assert "samples_digest: photographs, labels and trials are not in the audit" in out


def test_every_rate_claim_and_index_is_found_again(whole_audit, command):
    _, out, _ = command("verify", whole_audit, "--json")
    checks = {check["part"]: check for check in json.loads(out)["checks"]}
    for part in ("thresholds", "error_rates", "equity", "differences", "group_tests", "failures",
                 "tradeoff", "distributions", "curves", "sweeps", "search_sweeps", "claims",
                 "scenario", "files"):  # fmt: skip
        check = checks[part]
        assert check["checked"] == check["rows"] > 0, part
    others = sum(each["rows"] for each in checks["identification"]["not_recomputed"])
    assert checks["identification"]["checked"] == checks["identification"]["rows"] - others > 100


def test_every_file_but_itself_is_noted_with_its_digest(whole_audit):
    noted = json.loads((whole_audit / "digests.json").read_text())["sha256"]
    files = {str(p.relative_to(whole_audit)) for p in whole_audit.rglob("*") if p.is_file()}
    assert set(noted) == files - {"digests.json"}
    assert {"results.json", "scores/old.parquet", "gallery.csv", "claims.csv"} <= set(noted)


def test_an_edited_rate_in_a_table_is_found_by_line(audit, command):
    path = audit / "error_rates.csv"
    lines = path.read_text().splitlines()
    cells = lines[4].split(",")
    place = lines[0].split(",").index("rate")
    assert '"' not in lines[4]
    stated, cells[place] = cells[place], "0.0001"
    path.write_text("\n".join([*lines[:4], ",".join(cells), *lines[5:]]) + "\n")
    code, out, _ = command("verify", audit, "--json")
    assert code == 1
    counted, every = parts(out)
    assert counted == {"files": 1, "error_rates.csv": 1}
    (wrong,) = (each for each in every if each["part"] == "error_rates.csv")
    assert (wrong["row"], wrong["column"]) == ("line 5", "rate")
    assert (wrong["stated"], wrong["found"]) == (stated, "0.0001")


EDITS = [
    ("error_rates", "errors", 1),
    ("error_rates", "high", 0.999),
    ("error_rates", "status", "suppressed"),
    ("thresholds", "threshold", 0.123),
    ("identification", "errors", 0),
    ("equity", "low", 1.5),
    ("differences", "high", 99.0),
    ("failures", "failed", 0),
    ("claims", "verdict", "refuted"),
    ("claims", "trials", 7),
    ("tradeoff", "own_false_matches", 999),
    ("curves", "mated_trials", 3),
    ("scenario", "value", 12345.6),
    ("gallery_size", "fpir", 0.001),
    ("distributions", "counts", [1, 2, 3]),
]


def test_every_edited_number_of_the_results_is_found(audit, command):
    claims = read_results(audit).claims
    of_a = next(k for k, row in enumerate(claims) if row.claim == "a")
    for kind, column, value in EDITS:
        number = of_a if kind == "claims" else 0
        edit_row(audit, kind, lambda row, c=column, v=value: row.update({c: v}), number)
    code, out, _ = command("verify", audit, "--json")
    assert code == 1
    counted, every = parts(out)
    assert counted["files"] == 1  # results.json is not what was noted
    found = {(each["part"], each["column"]) for each in every}
    assert found >= {(kind, column) for kind, column, _ in EDITS}


@pytest.mark.parametrize(
    ("kind", "column"),
    [
        ("sweeps", "false_matches"),
        ("sweeps", "misses"),
        ("sweeps", "failed"),
        ("search_sweeps", "alarms"),
        ("search_sweeps", "misses"),
    ],
)
def test_an_edited_count_of_the_slider_is_found_at_its_stop(audit, command, kind, column):
    stops = json.loads((audit / "results.json").read_text())[kind][0]["thresholds"]

    def change(row):
        cell = row["cells"][-1]
        if isinstance(cell[column], list):
            cell[column][5] += 1
        else:
            cell[column] += 1

    edit_row(audit, kind, change)
    code, out, _ = command("verify", audit, "--json")
    assert code == 1
    (wrong,) = (each for each in parts(out)[1] if each["part"] == kind)
    assert wrong["column"] == column
    assert int(wrong["stated"]) == int(wrong["found"]) + 1
    assert column == "failed" or f"at {stops[5]!r}" in wrong["row"]


def test_numbers_edited_everywhere_alike_are_found_by_the_scores(audit, command):
    """Results, table and digests tell one story; the scores tell another."""
    edit_row(audit, "error_rates", lambda row: row.update(errors=1, rate=1 / row["trials"]))
    (audit / "digests.json").unlink()
    assert command("report", audit)[0] == 0  # renders tables, page and digests anew
    code, out, _ = command("verify", audit, "--json")
    assert code == 1
    assert set(parts(out)[0]) <= {"error_rates", "variants", "scenario"}


def test_rendering_again_does_not_vouch_for_edited_evidence(audit, command):
    edit_row(audit, "error_rates", lambda row: row.update(errors=1))
    assert command("report", audit)[0] == 0
    code, out, _ = command("verify", audit, "--json")
    assert code == 1
    assert [each["row"] for each in parts(out)[1] if each["part"] == "files"] == ["results.json"]


def test_a_row_taken_out_of_the_scores_is_found(audit, command):
    path = audit / "scores" / "old.parquet"
    table = pd.read_parquet(path)
    worst = table[table["mated"] & table["score"].notna()]["score"].idxmin()
    table.drop(index=worst).to_parquet(path, index=False)
    code, out, _ = command("verify", audit, "--json")
    assert code == 1
    counted, every = parts(out)
    assert counted["files"] == 1
    assert counted["error_rates"] > 1
    assert any(each["column"] == "trials" for each in every)


def test_a_changed_score_is_found(audit, command):
    path = audit / "scores" / "old.parquet"
    table = pd.read_parquet(path)
    table.loc[table["mated"] & table["score"].notna(), "score"] = 0.99
    table.to_parquet(path, index=False)
    code, out, _ = command("verify", audit)
    assert code == 1
    assert "and " in out  # more than is shown
    assert " more in error_rates" in out
    assert "do not publish this one" in out
    assert len([line for line in out.splitlines() if "the audit says" in line]) == 20


def test_swapped_files_of_two_matchers_are_found(audit, command):
    old, new, aside = (audit / "scores" / f"{name}.parquet" for name in ("old", "new", "aside"))
    old.rename(aside)
    new.rename(old)
    aside.rename(new)
    code, out, _ = command("verify", audit, "--json")
    assert code == 1
    counted, _ = parts(out)
    assert counted["files"] == 2
    assert counted["thresholds"] >= 2


def test_edited_searches_are_found(audit, command):
    path = audit / "searches" / "old.parquet"
    table = pd.read_parquet(path)
    table["score"] = table["score"] - 0.2
    table.to_parquet(path, index=False)
    code, out, _ = command("verify", audit, "--json")
    assert code == 1
    assert parts(out)[0]["identification"] > 10


def test_a_row_taken_out_of_results_and_table_is_missed(audit, command):
    path = audit / "results.json"
    content = json.loads(path.read_text())
    gone = [
        content["error_rates"].pop(3),
        content["identification"].pop(0),
    ]
    path.write_text(json.dumps(content))
    (audit / "digests.json").unlink()
    assert command("report", audit)[0] == 0
    code, out, _ = command("verify", audit, "--json")
    assert code == 1
    _, every = parts(out)
    lacking = [each for each in every if each["found"] == "a row that the scores give"]
    assert [each["part"] for each in lacking] == ["error_rates", "identification"]
    assert gone[0]["metric"] in lacking[0]["row"]


def test_an_edited_page_is_found(audit, command):
    page = audit / "report.html"
    page.write_text("<p>FNMR 3%</p>")
    note_digests(audit)
    assert command("verify", audit)[0] == 0
    page.write_text("<p>FNMR 1%</p>")
    code, out, _ = command("verify", audit, "--json")
    assert code == 1
    assert [each["row"] for each in parts(out)[1]] == ["report.html"]


@pytest.mark.parametrize("name", ["claims.csv", "gallery.csv", "scores/new.parquet"])
def test_a_missing_file_is_found(audit, command, name):
    (audit / name).unlink()
    code, out, _ = command("verify", audit, "--json")
    assert code == 1
    assert parts(out)[1][0]["stated"] == "a file"


@pytest.mark.parametrize("damage", [b"", b"no parquet at all"])
def test_damaged_scores_are_a_difference_and_not_a_crash(audit, command, damage):
    (audit / "scores" / "new.parquet").write_bytes(damage)
    code, out, err = command("verify", audit)
    assert code == 1
    assert "Traceback" not in err
    assert "new.parquet: is damaged" in out


def test_a_wrong_digest_is_found_and_damaged_digests_are_refused(audit, command):
    path = audit / "digests.json"
    content = json.loads(path.read_text())
    content["sha256"]["equity.csv"] = "0" * 64
    path.write_text(json.dumps(content))
    code, out, _ = command("verify", audit, "--json")
    assert code == 1
    assert [each["row"] for each in parts(out)[1]] == ["equity.csv"]
    path.write_text("{")
    code, _, err = command("verify", audit)
    assert code == 2
    assert "digests.json: is damaged; run the audit's config again" in err


def test_an_edited_config_or_run_id_is_found(audit, command):
    path = audit / "results.json"
    content = json.loads(path.read_text())
    content["config"]["seed"] = 1
    content["provenance"]["run_id"] = "0" * 12
    path.write_text(json.dumps(content))
    _, out, _ = command("verify", audit, "--json")
    rows = {each["row"] for each in parts(out)[1] if each["part"] == "provenance"}
    assert rows == {"config_digest", "run_id"}


def test_a_file_that_nobody_noted_is_a_remark_and_no_difference(audit, command):
    (audit / "notes.txt").write_text("mine")
    code, out, _ = command("verify", audit)
    assert code == 0
    assert "notes.txt is not noted in digests.json" in out


def test_where_only_the_tail_is_stored_what_cannot_be_counted_is_named(audit, command):
    """Above `compute.keep_scores` the mated and the most similar comparisons alone are there."""
    path = audit / "scores" / "old.parquet"
    table = pd.read_parquet(path)
    table[table["mated"] | (table["score"] >= 0.3)].to_parquet(path, index=False)
    forget_digests(audit)
    code, out, _ = command("verify", audit)
    assert code == 0, out
    assert "the scores hold the mated and the most similar non-mated comparisons alone" in out
    # What is stored is still held against what is stated.
    edit_row(audit, "error_rates", lambda row: row.update(errors=0))
    _, out, _ = command("verify", audit, "--json")
    assert any(each["found"].startswith("at least") for each in parts(out)[1])


def test_a_folder_without_an_audit_is_refused(tmp_path, command):
    code, out, err = command("verify", tmp_path)
    assert (code, out) == (2, "")
    assert "holds no results.json; name an audit's folder" in err


def test_the_recount_does_not_depend_on_the_order_of_rows(audit, command):
    """Only the file's digest tells a shuffled table from the one written."""
    path = audit / "scores" / "old.parquet"
    table = pd.read_parquet(path)
    order = np.random.default_rng(1).permutation(len(table))
    table.iloc[order].to_parquet(path, index=False)
    _, out, _ = command("verify", audit, "--json")
    assert parts(out)[0] == {"files": 1}
