"""`evenmatch init`: from a vendor's score file to an audit, by way of a manifest to fill in."""

import sys

import numpy as np
import pandas as pd
import pytest

from evenmatch import cli
from evenmatch.config import load_config
from evenmatch.data.card import load_card
from evenmatch.run import evaluate

# The README's example: four people, ten comparisons, two of which failed.
SCORES = """probe_id,reference_id,score,status
a1,a2,0.91,
b1,b2,0.88,
c1,c2,0.42,
d1,d2,,no_face
a1,b2,0.13,
a1,c2,0.47,
b1,c2,0.08,
b1,d2,0.22,
c1,a2,0.31,
d1,a2,,no_face
"""


@pytest.fixture
def init(monkeypatch, capfd, tmp_path):
    """Run the command in an empty folder; give its exit code and both outputs."""
    monkeypatch.chdir(tmp_path)

    def ran(*arguments):
        monkeypatch.setattr(sys, "argv", ["evenmatch", "init", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        out, err = capfd.readouterr()
        return int(left.value.code or 0), out, err

    (tmp_path / "vendor-a.csv").write_text(SCORES)
    return ran


def filled(folder, who=lambda sample: sample[0]):
    """Fill in who is on each photograph."""
    path = folder / "samples.csv"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table["subject_id"] = [who(sample) for sample in table["sample_id"]]
    table.to_csv(path, index=False)


def audited(folder):
    config = load_config(folder / "audit.yaml", ("tracking=null", "report.formats=[csv]"))
    return evaluate(config, folder / "reports")


def pairs(people, photographs=2, *, form="p{person}_{shot}"):
    """Return a score for every pair of so many people's photographs."""
    named = [
        (form.format(person=f"{person:02}", shot=shot), person)
        for person in range(people)
        for shot in range(photographs)
    ]
    return [
        (one, other, 0.9 if who == whom else 0.1, who, whom)
        for place, (one, who) in enumerate(named)
        for other, whom in named[:place]
    ]


def test_a_score_file_becomes_an_audit_once_it_is_said_who_is_on_the_photographs(init, tmp_path):
    code, out, err = init("vendor-a.csv")
    assert (code, err) == (0, "")
    assert "8 photographs in 10 comparisons" in out
    assert "1. Fill in subject_id in vendor-a/samples.csv" in out
    assert "evenmatch run vendor-a/audit.yaml" in out
    assert "GUESSED" not in out
    filled(tmp_path / "vendor-a")
    audit = audited(tmp_path / "vendor-a")
    (row,) = [
        row
        for row in audit.result.error_rates
        if (row.metric, row.failures, row.operating_point) == ("fnmr", "non-match", "fmr=0.01")
    ]
    assert (row.errors, row.trials, row.subjects) == (2, 4, 4)


def test_what_is_written_can_be_read_at_once_and_asks_for_the_people(init, tmp_path):
    init("vendor-a.csv", "--attribute", "sex", "--score-kind", "distance")
    config = load_config("vendor-a/audit.yaml")
    assert config.matchers[0].score_kind == "distance"
    assert config.groups == (("sex",),)
    card = load_card("vendor-a/benchmark.yaml")
    assert card.attributes["sex"].labelled_by == "unknown"
    assert (card.licence.use, card.consent.basis) == ("unknown", "unknown")
    assert "still to be written down" in card.known_issues[0]
    manifest = (tmp_path / "vendor-a" / "samples.csv").read_text().splitlines()
    assert manifest[:2] == ["sample_id,subject_id,path,sex", "a1,,,"]


def test_nothing_is_overwritten(init, tmp_path):
    (tmp_path / "vendor-a").mkdir()
    (tmp_path / "vendor-a" / "audit.yaml").write_text("mine")
    code, out, err = init("vendor-a.csv")
    assert (code, out) == (2, "")
    assert "vendor-a: holds audit.yaml already" in err
    assert [path.name for path in (tmp_path / "vendor-a").iterdir()] == ["audit.yaml"]
    assert init("vendor-a.csv", "--out", "other")[0] == 0


def test_it_can_lie_beside_the_score_file(init, tmp_path):
    assert init("vendor-a.csv", "--out", ".")[0] == 0
    assert load_card("benchmark.yaml").protocols["scored"].file == "vendor-a.csv"
    filled(tmp_path)
    assert audited(tmp_path).result.matchers[0].comparisons == 10


def test_a_guess_is_made_only_where_ids_obviously_carry_people_and_is_said_loudly(init, tmp_path):
    table = pd.DataFrame(pairs(12), columns=["probe_id", "reference_id", "score", "p", "r"])
    table.to_csv("big.csv", index=False)
    code, out, _ = init("big.csv")
    assert code == 0
    assert "ATTENTION: who is on a photograph was GUESSED" in out
    assert "the text before the last underscore" in out
    assert "was guessed from its id" in load_card("big/benchmark.yaml").known_issues[1]
    audit = audited(tmp_path / "big")
    assert audit.result.matchers[0].comparisons == 24 * 23 // 2
    assert "was guessed" in str(audit.result.card["known_issues"])


def test_a_photograph_against_itself_is_left_out(init, tmp_path):
    (tmp_path / "vendor-a.csv").write_text(SCORES + "a1,a1,1.0,\n")
    _, out, _ = init("vendor-a.csv")
    assert "1 rows compare a photograph with itself" in out
    listed = pd.read_csv("vendor-a/comparisons.csv")
    assert len(listed) == 10
    filled(tmp_path / "vendor-a")
    assert audited(tmp_path / "vendor-a").result.matchers[0].comparisons == 10


def test_parquet_is_taken_by_its_ending(init, tmp_path):
    pd.read_csv("vendor-a.csv").to_parquet("v.parquet")
    assert init("v.parquet")[0] == 0
    filled(tmp_path / "v")
    assert audited(tmp_path / "v").result.matchers[0].failed_comparisons == 2


def test_bob_says_who_is_who(init, tmp_path):
    lines = [f"{who} {other} {whom} {one} {score}" for one, other, score, who, whom in _bob()]
    (tmp_path / "dev.txt").write_text("\n".join(lines))
    code, out, _ = init("dev.txt", "--format", "bob-5col")
    assert code == 0
    assert "it is as the score file says" in out
    assert audited(tmp_path / "dev").result.matchers[0].comparisons == len(lines)


def _bob():
    """Give probe, reference, score, claimed person, real person of six people's photographs."""
    for probe, reference, score, who, whom in pairs(6):
        yield probe, reference, score, f"person{whom}", f"person{who}"


def test_a_table_of_bfw_is_known_by_its_heading(init, tmp_path):
    rows = pairs(10, form="asian_females/n{person}/{shot}.jpg")
    table = pd.DataFrame(rows, columns=["p1", "p2", "vgg16", "a", "b"])
    table["label"] = (table.pop("a") == table.pop("b")).astype(int)
    table.to_csv("bfw.csv", index=False)
    code, out, err = init("bfw.csv", "--column", "vgg16")
    assert code == 0, err
    assert "the text before the last slash" in out
    assert audited(tmp_path / "bfw").result.matchers[0].comparisons == len(rows)
    code, _, err = init("bfw.csv", "--out", "again")
    assert code == 2
    assert "needs `column`" in err


@pytest.mark.parametrize("square", [True, False])
def test_a_matrix_needs_its_ids(init, tmp_path, square):
    ids = [f"s{number}" for number in range(4)]
    (tmp_path / "ids.txt").write_text("\n".join(ids))
    np.save("m.npy", np.eye(4))
    code, _, err = init("m.npy")
    assert code == 2
    assert "--ids" in err
    assert (
        init("m.npy", "--ids", "ids.txt", *([] if square else ["--column-ids", "ids.txt"]))[0] == 0
    )
    filled(tmp_path / "m", who=lambda sample: f"who{int(sample[1]) // 2}")
    assert audited(tmp_path / "m").result.matchers[0].comparisons == (6 if square else 12)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,b,c\n1,2,3\n", "lacks the column probe_id, reference_id"),
        ("probe_id,reference_id,score\n", "compares no two photographs"),
        ("probe_id,reference_id,score\na,,0.1\n", "names no photograph"),
    ],
)
def test_a_file_without_comparisons_is_refused_and_nothing_is_written(
    init, tmp_path, content, said
):
    (tmp_path / "odd.csv").write_text(content)
    code, out, err = init("odd.csv")
    assert (code, out) == (2, "")
    assert said in err
    assert not (tmp_path / "odd").exists()


@pytest.mark.parametrize("name", ["", "subject_id", "path"])
def test_a_column_of_labels_has_a_name_of_its_own(init, tmp_path, name):
    (tmp_path / "v.csv").write_text("probe_id,reference_id,score\na1,a2,0.5\n")
    code, _, err = init(tmp_path / "v.csv", "--attribute", name, "--out", tmp_path / "new")
    assert code == 2
    assert "a column of labels needs a name of its own, such as sex." in err
    assert not (tmp_path / "new").exists()


def test_a_missing_file_is_refused(init):
    code, _, err = init("none.csv")
    assert code == 2
    assert "there is no file none.csv" in err


def test_names_of_files_that_yaml_or_the_tables_would_misread_are_made_harmless(init, tmp_path):
    for name in ("null.csv", "no: [x].csv", "Ünïcode.csv"):
        (tmp_path / name).write_text(SCORES)
        assert init(name, "--out", f"out-{name}")[0] == 0
        assert load_config(f"out-{name}/audit.yaml").matchers[0].path.name == name
