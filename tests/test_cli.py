"""The command: what it prints, and how it refuses."""

import json
import subprocess
import sys

import pandas as pd
import pytest
from typer.testing import CliRunner

from evenmatch import cli


@pytest.fixture
def refused(command, tmp_path):
    """Run a config that is wrong; give the sentence."""

    def sentence(config, *more):
        code, out, err = command("run", config, "--out", tmp_path / "out", *more)
        assert code == 2, err
        assert out == ""
        assert "Traceback" not in err
        assert err.startswith("evenmatch: ")
        assert err.rstrip().endswith(".")
        assert not (tmp_path / "out").exists()
        return err

    return sentence


def test_a_run_prints_the_headline_rates_and_where_the_audit_lies(small, command, tmp_path):
    code, out, err = command("run", small.file(), "--out", tmp_path / "out")
    assert (code, err) == (0, "")
    (folder,) = (tmp_path / "out" / "made-up").iterdir()
    assert f"audit   {folder}" in out
    assert "too few" in out  # people, and the table folds the words
    assert "report.html" not in out  # the config asks for tables alone


def test_a_quiet_run_prints_nothing(small, command, tmp_path):
    assert command("run", small.file(), "--out", tmp_path / "out", "--quiet") == (0, "", "")


def test_every_config_is_read_before_the_first_audit_starts(small, command, tmp_path):
    good = small.file()
    bad = tmp_path / "bad.yaml"
    bad.write_text("schema: 1\n")
    code, _, err = command("run", good, bad, "--out", tmp_path / "out")
    assert code == 2
    assert "bad.yaml: name: this key is required" in err
    assert not (tmp_path / "out").exists()


def test_set_overrides_a_key_of_the_file(small, command, tmp_path, refused):
    command("run", small.file(), "--out", tmp_path / "o", "--set", "name=other", "--quiet")
    assert (tmp_path / "o" / "other").is_dir()
    assert "did you mean 'seed'?" in refused(small.file(), "--set", "sed=1")
    assert "write it as key=value" in refused(small.file(), "--set", "seed")


def rows(small, **cells):
    table = pd.read_csv(small.folder / "samples.csv", keep_default_na=False)
    for name, values in cells.items():
        table[name] = values
    table.to_csv(small.folder / "samples.csv", index=False)


MISTAKES = {
    "an unknown key": (lambda _: {"gruops": []}, "did you mean 'groups'?"),
    "an unknown attribute": (lambda _: {"groups": [["sex"]]}, "no attribute 'sex'"),
    "an attribute as a reference": (
        lambda _: {"one_to_one": {"calibrate_on": {"sex": "male"}}},
        "no attribute 'sex'",
    ),
    "another consent": (
        lambda s: s.card.update(consent={"basis": "unknown"}) or {"policy": {"consent": []}},
        "record a reason under",
    ),
    "a label NA": (lambda s: rows(s, team="NA"), "spreadsheet programs read as nothing"),
    "a path outside": (lambda s: rows(s, path="../x.jpg"), "leads outside the benchmark's folder"),
    "an absolute path": (lambda s: rows(s, path="/x.jpg"), "leads outside the benchmark's folder"),
    "samples twice": (lambda s: rows(s, sample_id="x"), "is there twice (5 such rows)"),
    "two values of a subject": (
        lambda s: s.attribute("team", "subject") or rows(s, team=list("abcdef")),
        "this subject has two values of team (a, b)",
    ),
    "no mated pair": (
        lambda s: rows(s, subject_id=list("abcdef")),
        "no comparison is mated",
    ),
    "no non-mated pair": (lambda s: rows(s, subject_id="x"), "no comparison is non-mated"),
    "an empty benchmark": (
        lambda s: s.manifest([], ["sample_id", "subject_id", "path"]),
        "holds no photograph",
    ),
    "a missing score file": (lambda s: s.vendor_gone(), "there is no file"),
    "unknown samples": (
        lambda s: s.scores([("sa1", "zz", 0.1)]) and None,
        "1 sample ids are not in the benchmark: 'zz'",
    ),
    "a score NaN": (
        lambda s: s.scores([("sa1", "sa2", float("nan"))]) and None,
        "no score and no failure",
    ),
    "a score that is a word": (
        lambda s: s.scores([("sa1", "sa2", "inf")]) and None,
        "the score 'inf' is no finite number",
    ),
    "a missing root": (
        lambda s: {"benchmark": s.raw()["benchmark"] | {"root": "no-such-folder"}},
        "there is no folder no-such-folder",
    ),
    "a missing card": (lambda _: {"benchmark": {"card": "no-card"}}, "no card 'no-card'"),
    "a matcher of no kind": (
        lambda _: {"matchers": [{"name": "m", "kind": "magic"}]},
        "magic",
    ),
    "an operating point": (
        lambda _: {"one_to_one": {"operating_points": ["fmr=0,1"]}},
        "has no plain number",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_sentence_and_nothing_is_written(small, refused, mistake):
    change, said = MISTAKES[mistake]
    small.vendor_gone = (small.folder / "vendor.csv").unlink
    changes = change(small) or {}
    assert said in refused(small.file(**changes))


@pytest.mark.parametrize("content", [b"- a\n- b\n", b"\x89PNG\r\n\x1a\n\x00", b"a: [\n", b""])
def test_a_config_that_is_no_mapping_is_refused(refused, tmp_path, content):
    (tmp_path / "run.yaml").write_bytes(content)
    refused(tmp_path / "run.yaml")


def test_a_missing_config_is_refused(refused, tmp_path):
    assert "check the path" in refused(tmp_path / "none.yaml")


def test_an_output_that_is_a_file_is_exit_code_3(small, command, tmp_path):
    (tmp_path / "out").write_text("")
    code, _, err = command("run", small.file(), "--out", tmp_path / "out")
    assert code == 3
    assert "choose another folder" in err


def test_validate_says_what_would_be_compared_and_writes_nothing(small, command, tmp_path):
    rows(small, team=["[/bold]"] * 4 + [":smile:"] * 2)
    before = sorted(tmp_path.rglob("*"))
    code, out, _ = command(
        "validate", small.file(groups=[["team"]]), "--set", "one_to_one.operating_points=[fmr=0.1]"
    )
    assert code == 0
    assert "unknown against unknown: 3 mated and 12 non-mated comparisons" in out
    assert "fmr=0.1: 1 false matches allowed" in out
    assert "[/bold]" in out
    assert ":smile:" in out
    assert [path for path in sorted(tmp_path.rglob("*")) if path.suffix == ".json"] == []
    assert len(sorted(tmp_path.rglob("*"))) <= len(before) + 2  # the card and the config


def test_validate_says_where_a_target_cannot_be_resolved(small, command):
    _, out, _ = command("validate", small.file(one_to_one={"operating_points": ["fmr=0.01"]}))
    assert "fmr=0.01: cannot be resolved" in out


def test_report_renders_an_audit_again(small, command, tmp_path):
    command("run", small.file(), "--out", tmp_path / "out", "--quiet")
    (folder,) = (tmp_path / "out" / "made-up").iterdir()
    before = (folder / "error_rates.csv").read_bytes()
    (folder / "error_rates.csv").unlink()
    code, out, _ = command("report", folder)
    assert (code, out.strip()) == (0, str(folder))
    assert (folder / "error_rates.csv").read_bytes() == before
    assert command("report", folder / "results.json")[:2] == (0, f"{folder}\n")
    code, _, err = command("report", tmp_path)
    assert code == 2
    assert "holds no results.json" in err


def test_reveal_prints_whose_pseudonym_it_is(small, command, tmp_path):
    command("run", small.file(), "--out", tmp_path / "out", "--quiet")
    (folder,) = (tmp_path / "out" / "made-up").iterdir()
    table = pd.read_parquet(folder / "scores" / "vendor.parquet")  # in no order that tells names
    names = {*table["probe_id"], *table["reference_id"]}
    told = {command("reveal", folder, name)[:2] for name in names}
    assert told == {(0, f"sample s{person}{shot}\n") for person in "abc" for shot in "12"}


def test_lists_are_printed_for_people_and_for_scripts():
    runner = CliRunner()
    for room, key in (("datasets", "name"), ("matchers", "kind")):
        assert runner.invoke(cli.app, [room, "list"]).exit_code == 0
        listed = json.loads(runner.invoke(cli.app, [room, "list", "--json"]).output)
        assert listed
        assert all(row[key] for row in listed)
    shown = runner.invoke(cli.app, ["datasets", "show", "demo-faces"])
    assert "These are not people" in shown.output.replace("\n", " ")


def test_cache_says_what_it_holds_and_removes_it(small, command, tmp_path, monkeypatch):
    monkeypatch.setenv("EVENMATCH_CACHE", str(tmp_path / "cache"))
    command("run", small.file(), "--out", tmp_path / "out", "--quiet")
    _, out, _ = command("cache", "info")
    assert "keys" in out
    assert "1 files" in out
    _, out, _ = command("cache", "purge")
    assert "removed keys: 1 files" in out
    assert not list((tmp_path / "cache").rglob("keys/*"))


def test_help_answers_without_loading_the_heavy_packages():
    code = (
        "import sys; from evenmatch.cli import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "assert not {'pandas', 'torch', 'mlflow', 'dlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
