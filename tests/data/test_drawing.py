"""People drawn from a manifest: the same ones whoever draws them."""

import csv
import hashlib

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.data.drawing import Draw
from evenmatch.errors import RequestError
from evenmatch.run import evaluate

HEADING = ["sample_id", "subject_id", "path", "sex"]


def register(folder, people, order=1):
    """Write so many people with two photographs each; their names need quoting."""
    rows = [[f"{k}-{shot}", f"Doe, {k}", "", "female"] for k in range(people) for shot in "ab"]
    with (folder / "register.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADING, *rows[::order]])
    return folder / "register.csv"


def drawn(command, manifest, out, *words):
    code, said, err = command("datasets", "draw", manifest, "--out", out, *words)
    assert code == 0, err
    with out.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file)), said


def test_whoever_knows_the_rule_draws_the_same_people(command, tmp_path):
    rows, said = drawn(command, register(tmp_path, 2000), tmp_path / "d.csv", "--one-in", "50")

    def part(who):
        return int(hashlib.sha256(f"20261122:{who}".encode()).hexdigest()[:16], 16) % 50

    expected = [f"Doe, {k}" for k in range(2000) for _ in "ab" if part(f"Doe, {k}") == 0]
    assert [row["subject_id"] for row in rows] == expected
    assert f"{len(expected) // 2} people, {len(expected)} of 4,000 rows" in said
    # Binomial(2000, 1/50): forty, give or take six.
    assert 20 <= len(expected) // 2 <= 60


def test_the_order_of_the_register_draws_nobody_else(command, tmp_path):
    there, _ = drawn(command, register(tmp_path, 500), tmp_path / "1.csv", "--one-in", "10")
    back, _ = drawn(command, register(tmp_path, 500, -1), tmp_path / "2.csv", "--one-in", "10")
    assert sorted(row["sample_id"] for row in there) == sorted(row["sample_id"] for row in back)


def test_parts_are_everybody_once_and_another_seed_deals_otherwise(command, tmp_path):
    manifest = register(tmp_path, 60)
    words = ("--one-in", "3", "--part")
    parts = [drawn(command, manifest, tmp_path / f"{k}.csv", *words, k)[0] for k in range(3)]
    people = [{row["subject_id"] for row in part} for part in parts]
    assert sum(map(len, people)) == len(set.union(*people)) == 60
    other, _ = drawn(command, manifest, tmp_path / "seed.csv", *words, 0, "--seed", "1")
    assert {row["subject_id"] for row in other} != people[0]


@given(st.text(min_size=1), st.integers(1, 50), st.integers(0, 9))
def test_a_person_is_in_one_part(who, one_in, seed):
    assert sum(Draw(one_in, part, seed).takes(who) for part in range(one_in)) == 1


def test_what_is_drawn_is_audited_like_any_manifest(small, command):
    out = small.folder / "drawn.csv"
    rows, _ = drawn(command, small.folder / "samples.csv", out, "--one-in", "2", "--seed", "4")
    people = {row["subject_id"] for row in rows}
    assert len(people) == 2
    ids = [row["sample_id"] for row in rows]
    small.scores([(one, other, 0.4) for k, one in enumerate(ids) for other in ids[:k]])
    small.card["samples"] = {"loader": "manifest", "manifest": "drawn.csv"}
    folder = evaluate(small.config(), small.folder / "reports").folder
    rates = pd.read_csv(folder / "error_rates.csv").set_index("metric")
    # Two people with two photographs each.
    assert rates.loc["fmr", "trials"] == 4
    assert (rates.loc["fnmr", "trials"] == 2).all()


@pytest.mark.parametrize(
    ("content", "words", "said"),
    [
        ("sample_id,path\n1,x\n", (), "names no column subject_id"),
        ("", (), "names no column subject_id"),
        ("sample_id,subject_id\n1,a\n2\n", (), "row 2 after the heading has 1 cells"),
        (b"sample_id,subject_id\n1,\xff\n", (), "cannot be read as UTF-8 CSV"),
        ('sample_id,subject_id\n1,"a\n', (), "cannot be read as UTF-8 CSV"),
        ("sample_id,subject_id\n1,a\n", ("--one-in", "100000"), "lower --one-in"),
        ("sample_id,subject_id\n1,a\n", ("--one-in", "0"), "how many parts there are"),
        ("sample_id,subject_id\n1,a\n", ("--part", "1000"), "one of them counted from 0"),
    ],
)
def test_what_cannot_be_drawn_from_is_refused(tmp_path, command, content, words, said):
    manifest = tmp_path / "m.csv"
    manifest.write_bytes(content if isinstance(content, bytes) else content.encode())
    code, _, err = command("datasets", "draw", manifest, "--out", tmp_path / "d.csv", *words)
    assert code == 2
    assert said in err
    assert not (tmp_path / "d.csv").exists()


def test_nothing_is_written_over_and_a_missing_register_is_said(tmp_path, command):
    manifest = register(tmp_path, 5)
    before = manifest.read_bytes()
    code, _, err = command("datasets", "draw", manifest, "--out", manifest, "--one-in", "1")
    assert (code, manifest.read_bytes()) == (2, before)
    assert "is there already" in err
    code, _, err = command("datasets", "draw", tmp_path / "none.csv", "--out", tmp_path / "d.csv")
    assert code == 2
    assert "No such file" in err


def test_the_refusal_is_a_sentence_in_python_too():
    with pytest.raises(RequestError, match="one of them counted from 0"):
        Draw(2, 2, 0)
