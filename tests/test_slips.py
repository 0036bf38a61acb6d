"""What people type wrong the first time: each is told where, and what to write instead."""

import pytest


@pytest.fixture
def told(small, command, tmp_path):
    """Spoil a small audit, run it, and give what the command says of it."""

    def said(spoil=None, **changes):
        config = small.file(**changes)
        if spoil is not None:
            spoil(small.folder)
        code, out, err = command("run", config, "--out", tmp_path / "out")
        assert (code, out) == (2, "")
        assert err.startswith("evenmatch: ")
        assert not (tmp_path / "out").exists()
        return err.removeprefix("evenmatch: ").strip()

    return said


def rewritten(name, change, encoding="utf-8"):
    def spoil(folder):
        path = folder / name
        path.write_text(change(path.read_text()), encoding=encoding)

    return spoil


SEMICOLONS = "Semicolons part its columns: save it with commas, and decimal points."


def test_a_manifest_as_a_german_spreadsheet_saves_it_is_told_how_to_save_it(told):
    said = told(rewritten("samples.csv", lambda text: text.replace(",", ";")))
    assert said.endswith(SEMICOLONS)


def test_semicolons_and_tabs_in_a_score_file_are_recognised(told):
    assert told(rewritten("vendor.csv", lambda text: text.replace(",", ";"))).endswith(SEMICOLONS)
    assert told(rewritten("vendor.csv", lambda text: text.replace(";", "\t"))).endswith(
        "Tabs part its columns: save it with commas, and decimal points."
    )


@pytest.mark.parametrize("score", ['"0,9"', "90%"])
def test_a_decimal_comma_or_a_percent_sign_is_a_number_to_be_written_otherwise(told, score):
    said = told(rewritten("vendor.csv", lambda text: text.replace("0.9", score)))
    assert "row 2 (3 such rows): the score " in said
    assert "write one as 0.91, with a point and without a percent sign" in said


def test_a_score_file_in_utf_16_is_told_to_be_saved_as_utf_8(told):
    said = told(rewritten("vendor.csv", str, encoding="utf-16"))
    assert said.endswith("as UTF-8 text with commas between columns and decimal points.")


def test_blank_people_are_counted_and_a_blank_row_may_go(told):
    said = told(rewritten("samples.csv", lambda text: text.replace(",sb,", ",,") + ",,\n"))
    assert "samples.csv: row 8: sample_id is blank; fill it in, or remove the row" in said
    said = told(rewritten("samples.csv", lambda text: text.removesuffix(",,\n")))
    assert "samples.csv: row 4: subject_id is blank (2 such rows); fill it in" in said


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"matchers": [{"name": "v", "kind": "score", "path": "x.csv"}]},
            "there is no matcher of kind 'score'; did you mean 'scores'? It is one of command, ",
        ),
        ({"name": "my audit"}, "name: found 'my audit'; use up to 80 plain letters, digits"),
        ({"seed": "abc"}, "seed: found 'abc'; write a whole number."),
        ({"seed": -1}, "seed: found -1; write a number of 0 or more."),
        ({"statistics": {"level": 95}}, "statistics.level: found 95; write a number below 1."),
        (
            {"statistics": {"replicates": 2_000_000}},
            "statistics.replicates: found 2000000; write a number of 1000000 or less.",
        ),
        (
            {"one_to_one": {"operating_points": [0.01]}},
            "one_to_one.operating_points.0: found 0.01; write text, in quotes where it looks like",
        ),
        (
            {"one_to_one": {"operating_points": ["fmr=0.2", "fmr=.20"]}},
            "name at least one operating point, and each once",
        ),
        (
            {"benchmark": {"card": "nowhere/card.yaml"}},
            "benchmark.card: there is no file nowhere/card.yaml; correct the path",
        ),
        (
            {"benchmark": {"card": "london"}},
            "no card 'london'; did you mean 'london-face-set'? The shelf has ",
        ),
        ({"benchmark": {"card": "demo-fases"}}, "no card 'demo-fases'; did you mean 'demo-faces'?"),
        ({"tracking": {"uri": "mlflow.db"}}, "tracking.uri: found 'mlflow.db'; write sqlite:///"),
    ],
)
def test_a_slip_in_a_config_is_told_where_and_what_to_write(told, changes, says):
    assert says in told(**changes)


def test_a_claim_about_nobodys_matcher_is_told_without_the_whole_config(told):
    claim = {"id": "a", "matcher": "x", "metric": "fnmr", "at": "fmr=0.1", "bound": "<= 0.1"}
    assert told(claims=[claim]).endswith(
        "run.yaml: claims.a.matcher: there is no matcher 'x' in this run; choose from ['vendor']."
    )


def test_a_person_written_in_two_ways_is_said_before_the_numbers(small, command, tmp_path):
    manifest = small.folder / "samples.csv"
    manifest.write_text(manifest.read_text().replace("sb2,sb,", "sb2,SB,"))
    assert command("run", small.file(), "--out", tmp_path / "out")[0] == 0
    (results,) = (tmp_path / "out").glob("*/*/results.json")
    said = "1 people's subject_id is another's but for capitals or spaces, first in row 5;"
    assert said in results.read_text()
