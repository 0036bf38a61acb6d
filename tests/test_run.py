"""A run from its config to its folder: what is reused, what is written, what is refused."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from evenmatch.data.card import DEMO_ROOT
from evenmatch.errors import OutsideError, RequestError
from evenmatch.inputs import reveal_pseudonym
from evenmatch.reporting.tables import as_read
from evenmatch.results.reading import read_results
from evenmatch.run import evaluate

HOSTILE = [
    "a,b",
    'say "x"',
    "=1+1",
    "émile",
    "[/bold]",
    "x" * 300,
]


def run_id(bench, out, **changes):
    return evaluate(bench.config(**changes), out).result.provenance.run_id


def test_an_audit_lies_under_its_name_and_run_id_and_holds_what_it_promises(small, tmp_path):
    audit = evaluate(small.config(), tmp_path / "out")
    assert audit.folder == tmp_path / "out" / "made-up" / audit.result.provenance.run_id
    files = {path.relative_to(audit.folder).as_posix() for path in audit.folder.rglob("*.*")}
    assert files >= {
        *("results.json", "error_rates.csv", "identification.csv", "failures.csv"),
        "scores/vendor.parquet",
    }
    assert read_results(audit.folder) == audit.result


def test_the_same_run_again_reuses_its_results(small, tmp_path):
    first = evaluate(small.config(), tmp_path)
    scores = first.folder / "scores" / "vendor.parquet"
    before = scores.stat().st_mtime_ns
    (first.folder / "error_rates.csv").unlink()
    again = evaluate(small.config(report={"formats": ["csv"]}, compute={"workers": 1}), tmp_path)
    assert again.folder == first.folder
    assert scores.stat().st_mtime_ns == before
    assert (first.folder / "error_rates.csv").is_file()
    evaluate(small.config(), tmp_path, fresh=True)
    assert scores.stat().st_mtime_ns > before


def test_the_same_run_made_anew_writes_the_same_bytes(small, tmp_path):
    one, other = (evaluate(small.config(), tmp_path / name) for name in ("one", "other"))
    for path in sorted(one.folder.rglob("*.*")):
        assert path.read_bytes() == (other.folder / path.relative_to(one.folder)).read_bytes()


def test_what_changes_a_number_changes_the_run_id(small, tmp_path):
    first = run_id(small, tmp_path)
    assert run_id(small, tmp_path, seed=1) != first
    assert run_id(small, tmp_path, matchers=[small.vendor(score_kind="distance")]) != first
    small.card["title"] = "Another"
    assert run_id(small, tmp_path) != first


def test_another_label_score_or_earlier_audit_is_another_run(small, tmp_path):
    ids = [run_id(small, tmp_path)]
    table = pd.read_csv(small.folder / "vendor.csv")
    table.loc[0, "score"] = 0.55
    table.to_csv(small.folder / "vendor.csv", index=False)
    ids.append(run_id(small, tmp_path))
    manifest = pd.read_csv(small.folder / "samples.csv", keep_default_na=False)
    manifest.assign(sex="x").to_csv(small.folder / "samples.csv", index=False)
    ids.append(run_id(small, tmp_path))
    earlier = tmp_path / "earlier"
    for seed in (1, 2):
        lent = evaluate(small.config(seed=seed), tmp_path)
        shutil.rmtree(earlier, ignore_errors=True)
        shutil.copytree(lent.folder, earlier)
        ids.append(
            run_id(
                small,
                tmp_path,
                one_to_one={
                    "operating_points": ["threshold=0.5"],
                    "calibrate_on": {"run": str(earlier)},
                },
            )
        )
    assert len(set(ids)) == len(ids)


def test_where_the_files_lie_does_not_change_the_run_id(small, tmp_path):
    first = run_id(small, tmp_path)
    moved = shutil.copytree(small.folder, tmp_path / "moved")
    small.folder = moved
    assert run_id(small, tmp_path) == first


def test_tables_read_back_exactly_whatever_the_labels(bench, tmp_path):
    rng = np.random.default_rng(1)
    people = [{"subject_id": f"p{k}", "team": HOSTILE[k % len(HOSTILE)]} for k in range(96)]
    rows = [who | {"sample_id": f"{who['subject_id']}-{n}"} for who in people for n in (1, 2)]
    bench.manifest(rows)
    bench.scores(
        [
            (one["sample_id"], other["sample_id"], rng.normal(0.3 * (one["team"] is other["team"])))
            for place, one in enumerate(rows)
            for other in rows[:place]
        ]
    )
    points = {"operating_points": ["fmr=0.1"]}
    audit = evaluate(bench.config(groups=[["team"]], one_to_one=points), tmp_path / "out")
    table = pd.read_csv(audit.folder / "error_rates.csv")
    # What a spreadsheet program would run is written so that it does not, and reads back.
    assert set(table["probe_group"].map(as_read)) == {"all", *HOSTILE}
    for name in ("threshold", "rate", "low", "high", "wilson_low", "balanced_rate"):
        written = [getattr(row, name) for row in audit.result.error_rates]
        kept = [None if np.isnan(value) else value for value in table[name]]
        assert kept == written
    assert table["rate"].notna().any()
    assert read_results(audit.folder) == audit.result


def test_without_groupings_everybody_is_one_row_a_rate(small, tmp_path):
    table = pd.read_csv(evaluate(small.config(groups=[]), tmp_path).folder / "error_rates.csv")
    assert table[["metric", "group_by", "probe_group", "errors", "trials"]].to_numpy().tolist() == [
        ["fmr", "all", "all", 0, 12],
        ["fnmr", "all", "all", 0, 3],
        ["fnmr", "all", "all", 0, 3],
    ]


def test_a_group_without_a_trial_is_a_suppressed_row_with_zero_trials(small, tmp_path):
    manifest = pd.read_csv(small.folder / "samples.csv", keep_default_na=False)
    manifest["team"] = ["x", "x", "y", "y", "y", "y"]
    manifest.to_csv(small.folder / "samples.csv", index=False)
    audit = evaluate(small.config(groups=[["team"]]), tmp_path)
    (row,) = [
        row
        for row in audit.result.error_rates
        if (row.metric, row.probe_group, row.reference_group) == ("fmr", "x", "x")
    ]
    assert (row.errors, row.trials, row.subjects, row.status) == (0, 0, 0, "suppressed")
    assert (row.rate, row.low, row.high) == (None, None, None)


def test_only_labels_with_a_table_leave_the_machine(small, tmp_path):
    manifest = pd.read_csv(small.folder / "samples.csv", keep_default_na=False)
    manifest.assign(team="x", full_name="Jane Doe", id="4711").to_csv(
        small.folder / "samples.csv", index=False
    )
    folder = evaluate(small.config(groups=[["team"]]), tmp_path).folder
    table = pd.read_parquet(folder / "scores" / "vendor.parquet")
    assert [name for name in table.columns if name.startswith("probe_")] == [
        *("probe_id", "probe_subject", "probe_mask", "probe_team"),
    ]
    everything = b"".join(path.read_bytes() for path in folder.rglob("*.*"))
    for secret in (b"Jane", b"4711", b"sa1"):
        assert secret not in everything


def test_a_pseudonym_is_revealed_where_it_was_made(small, tmp_path):
    audit = evaluate(small.config(), tmp_path)
    table = pd.read_parquet(audit.folder / "scores" / "vendor.parquet")
    people = {}
    for sample, subject in zip(table["probe_id"], table["probe_subject"], strict=True):
        person = reveal_pseudonym(audit.folder, subject).removeprefix("subject ")
        photograph = reveal_pseudonym(audit.folder, sample).removeprefix("sample ")
        people.setdefault(person, set()).add(photograph)
    assert people.keys() <= {"sa", "sb", "sc"}
    assert len(people) > 1
    assert all(shots <= {f"{name}1", f"{name}2"} for name, shots in people.items())
    with pytest.raises(RequestError, match="is no pseudonym made with this machine's key"):
        reveal_pseudonym(audit.folder, "s0000")


def test_an_output_that_is_a_file_is_an_outside_failure_that_says_what_to_do(small, tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(OutsideError, match="choose another folder"):
        evaluate(small.config(), tmp_path / "out")


def test_a_folder_whose_name_is_no_text_is_refused_before_anything_is_made(small, tmp_path):
    with pytest.raises(RequestError, match=r"is no UTF-8 text.*choose another folder"):
        evaluate(small.config(), tmp_path / "out\udcff")
    assert not list(tmp_path.glob("out*"))


def test_an_override_of_the_policy_stands_among_the_notices(small, tmp_path):
    small.card["consent"] = {"basis": "public-web"}
    policy = {"consent": ["informed"]}
    with pytest.raises(RequestError, match=r"policy\.override"):
        evaluate(small.config(policy=policy), tmp_path)
    allowed = policy | {"override": {"made-up": "approved by the board in May"}}
    (notice,) = evaluate(small.config(policy=allowed), tmp_path).result.notices
    assert "approved by the board in May" in notice


def test_results_that_are_damaged_or_newer_are_refused(small, tmp_path):
    audit = evaluate(small.config(), tmp_path)
    file = audit.folder / "results.json"
    content = json.loads(file.read_text())
    for change, said in [
        (json.dumps(content | {"schema_version": 2}), "upgrade evenmatch"),
        (json.dumps(content | {"more": 1}), "is no complete audit"),
        (file.read_text()[:100], "is damaged"),
        ("[]", "is no complete audit"),
    ]:
        file.write_text(change)
        with pytest.raises(RequestError, match=said):
            read_results(audit.folder)


def test_generated_faces_go_from_photograph_to_rates(bench, tmp_path):
    pytest.importorskip("dlib", reason="the extra `dlib` is not installed")
    shipped = pd.read_csv(DEMO_ROOT / "samples.csv").groupby("subject_id").head(2).head(8)
    for row in shipped.to_dict("records"):
        target = bench.folder / row["path"]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(bench.folder / "copies" / target.name)
        (bench.folder / "copies").mkdir(exist_ok=True)
        shutil.copy(DEMO_ROOT / row["path"], bench.folder / "copies" / target.name)
    (bench.folder / "grey.png").write_bytes(b"no picture")
    Image.new("RGB", (64, 64), "grey").save(bench.folder / "blank.png")
    broken = [
        {"sample_id": name, "subject_id": "nobody", "path": f"{name}.png"}
        for name in ("grey", "blank")
    ]
    bench.manifest([*shipped[["sample_id", "subject_id", "path"]].to_dict("records"), *broken])
    bench.card["samples"] = {"loader": "manifest", "resize_to": 256}
    config = bench.config(matchers=[{"name": "dlib", "kind": "dlib"}])
    audit = evaluate(config, tmp_path / "out")
    table = pd.read_parquet(audit.folder / "scores" / "dlib.parquet")
    assert len(table) == 45
    assert {row.reason for row in audit.result.failures} == {"unreadable", "no_face"}
    fta = next(row for row in audit.result.error_rates if row.metric == "fta")
    assert fta.errors >= 2
    assert (fta.trials, fta.subjects) == (10, 5)
    assert table["score"].dropna().between(-2, 0).all()
    for row in audit.result.error_rates:
        if row.metric == "fmr":
            chosen = table[~table["mated"] & table["score"].notna()]
            assert (row.errors, row.trials) == ((chosen["score"] >= -0.5).sum(), len(chosen))
