"""Hostile files: an answer or a clear error, and never a traceback, a hang, a write or a program.

A hundred changed inputs of every kind of file are read in a watched child process, each seed the
same on every machine, and a pipe, a device, a folder and more in the place of each file;
`tests/bench/fuzz.py` reads ten thousand. What could be foreseen about a
single reader is tested beside it; this is for what could not.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

BENCH = Path(__file__).parent / "bench"
sys.path.insert(0, str(BENCH))

# ruff: noqa: E402 - the fuzzer lies in the folder just named
import fuzz
from fuzzing import audits, benchmarks, commands
from fuzzing import watch as watching
from fuzzing.stand_ins import STAND_INS
from fuzzing.vendors import samples

from evenmatch.config import load_config
from evenmatch.data.benchmark import load_samples
from evenmatch.data.card import load_card
from evenmatch.data.content_cache import ContentCache, Entry
from evenmatch.data.identities import read_identities
from evenmatch.data.loaders.safe_pickle import read_pickle
from evenmatch.data.receipts import (
    Receipt,
    Receipts,
    lost_contents,
    read_receipts,
    write_contents,
    write_receipts,
)
from evenmatch.documents import MOST_VALUES, parse_yaml, read_yaml
from evenmatch.errors import EvenmatchError, OutsideError, RequestError, shown
from evenmatch.holding import held
from evenmatch.matching.vendor_messages import AnswerError, decode
from evenmatch.matching.vendor_templates import TemplateFile
from evenmatch.reporting.overview import write_overview
from evenmatch.reporting.tracking import track_result
from evenmatch.results.reading import read_results
from evenmatch.reviewing.page import write_review
from evenmatch.run import evaluate
from evenmatch.verifying.verify import verify
from evenmatch.withheld import without_secrets

ARGUMENTS = ("plan", "apart", "scale", "compare", "reveal", "show", "init")
# Kinds of which an input takes a fiftieth of a second and more are read less often here.
SLOW = {
    "audit-page": 2, "audit-review": 10, "audit-report": 10, "audit-verify": 15,
    "audit-tables": 15, "audit-compare": 25, "audit-overview": 25, "audit-track": 10, "pt2": 10,
    "torchscript": 25, "run": 15, "validate": 25, "tracking-uri": 10, "tracking-store": 5,
    "init-lists": 25, **{f"args-{name}": 40 for name in ARGUMENTS},
}  # fmt: skip
PARTS = 2
BUSY = [HealthCheck.too_slow]  # of the machine, not of what is tested


def parts():
    """Return the kinds in a few parts, so that a failure says roughly where it lies."""
    names = list(fuzz.kinds())
    return [names[place::PARTS] for place in range(PARTS)]


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_a_hundred_hostile_inputs_of_every_kind_are_answered_or_refused(part):
    names = parts()[part]
    tally = fuzz.fuzz(names, fuzz.Amount(100, fewer=SLOW))
    told = [f"{each['kind']} {each['seed']}: {each['detail'][-1500:]}" for each in tally.findings]
    assert not told, "\n\n".join(told[:5])
    for name in set(names) - set(tally.absent):
        assert sum(tally.outcomes[name].values()) == SLOW.get(name, 100), name
        assert set(tally.replaced.get(name, {})) <= {"read", "refused"}, name
    assert len(tally.replaced) > 0.6 * len(names)
    refused = sum(each["refused"] for each in tally.outcomes.values())
    assert refused > 0.3 * sum(sum(each.values()) for each in tally.outcomes.values())


def test_the_watch_sees_what_it_is_there_to_see(tmp_path, monkeypatch):
    for name, value in fuzz.surroundings(tmp_path).items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "files" / "x.txt"
    file.parent.mkdir()
    file.write_text("valid")
    watch = watching.Watch()
    watch.install()
    canary = tmp_path / "canary" / "file"

    def found(read):
        reader = watching.Reader("x", watching.Made([file], read), tmp_path, watch, 0.5)
        return " ".join(each.what for each in reader.check(0)[1])

    def refuse(sentence):
        raise RequestError(sentence)

    assert found(lambda: None) == ""
    assert found(lambda: refuse("It is broken; correct it.")) == ""
    assert "without a cure" in found(lambda: refuse("It is broken."))
    assert "ZeroDivisionError" in found(lambda: 1 / 0)
    assert "late" in found(lambda: all(iter(lambda: True, False)))
    assert "MemoryError" in found(lambda: bytes(1 << 40))
    assert "for writing" in found(lambda: canary.write_text("changed"))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "late" in found(pipe.read_bytes)
    assert "os.mkdir" in found(lambda: (tmp_path / "canary" / "new").mkdir(exist_ok=True))
    assert "os.system" in found(lambda: os.system("true"))  # noqa: S605 - is what is looked for


# ---------------------------------------------------------------- what properties can say


def answered(read, *refusals):
    """Read and return the answer, or the refusal's words once they are fit to be shown."""
    try:
        return read()
    except refusals as refusal:
        said = str(refusal)
        assert said
        assert len(said) < 30_000
        assert said.replace("\n", "").isprintable()
        return None


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None, suppress_health_check=BUSY)
@given(st.text() | st.text("[]{}:,-&*!|>%@`'\"#? \n\tax0.~<="))
def test_any_text_is_yaml_or_refused(text):
    answered(lambda: parse_yaml(text, "x"), RequestError)


@settings(max_examples=100, deadline=None, suppress_health_check=BUSY)
@given(VALUES)
def test_what_yaml_wrote_reads_as_it_was(value):
    def keyed(part):
        if isinstance(part, dict):
            return all(map(keyed, part.values()))
        return all(map(keyed, part)) if isinstance(part, list) else part == part  # noqa: PLR0124

    if keyed(value):  # NaN equals nothing
        found = answered(lambda: parse_yaml(yaml.safe_dump(value), "x"), RequestError)
        assert found is None or found == value


@settings(max_examples=500, deadline=None, suppress_health_check=BUSY)
@given(st.binary() | VALUES.map(lambda value: json.dumps(value).encode()))
def test_any_line_of_a_program_is_an_answer_or_refused(line):
    answered(lambda: decode(line, 1), AnswerError)


@settings(max_examples=500, deadline=None, suppress_health_check=BUSY)
@given(
    st.binary(max_size=200)
    | st.lists(st.sampled_from(b"(]lt.}0Nc\x85ap\x94q\0Re1KbC\x01ab\n")).map(bytes)
)
def test_any_bytes_are_a_pickle_of_plain_values_or_refused(data):
    answered(lambda: read_pickle(data, "x"), RequestError)


@settings(max_examples=100, deadline=None, suppress_health_check=BUSY)
@given(VALUES)
def test_any_json_is_an_audit_or_refused(tmp_path_factory, value):
    path = tmp_path_factory.getbasetemp() / "results.json"
    path.write_text(json.dumps(value))
    answered(lambda: read_results(path), RequestError)


@given(st.text())
def test_a_message_is_fit_for_a_screen_whatever_it_quotes(text):
    said = shown(f"found {text!s}; correct it.")
    assert said.replace("\n", "").isprintable()
    assert shown(said) == said
    if text.isprintable():
        assert text in said


# ---------------------------------------------------------------- what was found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &a [*a]", "an alias repeats what it is a part of"),
        ("a: &a {b: *a}", "an alias repeats what it is a part of"),
        (
            "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
            + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)),
            f"more than {MOST_VALUES:,} values",
        ),
        ("a: !!bool maybe", "a value is not what its tag says"),
        ("a: !!timestamp x", "a value is not what its tag says"),
        ("a: !!int ''", "correct the YAML"),
        (f"a: {'9' * 5000}", "limit"),
        ("[" * 5000, "correct the YAML"),
        ("a: 1\na: 2", "key 'a' is written twice"),
        ("? [a]\n: b", "a key must be plain text"),
        ("a: !!python/object/apply:os.system ['true']", "could not determine a constructor"),
    ],
)
def test_yaml_that_grows_or_lies_about_its_types_is_refused(tmp_path, text, said):
    path = tmp_path / "card.yaml"
    path.write_text(text)
    with pytest.raises(RequestError, match=said) as caught:
        read_yaml(path)
    assert str(caught.value).endswith(".")


def test_a_mark_of_the_order_of_bytes_is_none_of_the_text_and_another_order_is_refused(tmp_path):
    path = tmp_path / "card.yaml"
    path.write_bytes("schema: 1\n".encode("utf-8-sig"))
    assert read_yaml(path) == {"schema": 1}
    path.write_bytes("schema: 1\n".encode("utf-16"))
    with pytest.raises(RequestError, match="is not UTF-8 text; save it as UTF-8"):
        read_yaml(path)


@pytest.mark.parametrize("kind", STAND_INS)
def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path, kind):
    path = tmp_path / "run.yaml"
    STAND_INS[kind](path)
    with pytest.raises(RequestError, match=r"cannot be read .*check the path"):
        read_yaml(path)


@pytest.mark.parametrize("place", ["samples.csv", "ring.png"])
def test_a_ring_of_links_lies_nowhere(small, place):
    small.manifest([{"sample_id": "a", "subject_id": "a", "path": "ring.png"}])
    (small.folder / place).unlink(missing_ok=True)
    (small.folder / place).symlink_to(place)
    with pytest.raises(RequestError, match="leads outside"):
        load_samples(load_card(small.raw()["benchmark"]["card"]), small.folder, (), {})


def test_a_folder_that_cannot_be_made_is_not_tried_for_ever():
    if not Path("/proc/self").is_dir():
        pytest.skip("needs a folder in which even an administrator can make none")
    with pytest.raises(OutsideError, match="choose another folder"), held(Path("/proc/x/y")):
        pass


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["validate", "x" * 5000 + ".yaml"], "correct the path|check the path"),
        (["report", "x" * 5000], "correct the path"),
        (["compare", "x" * 5000 + ":v", "y"], "correct the path"),
        (["datasets", "show", "x" * 5000 + ".yaml"], "correct the path"),
        (["init", os.fsdecode(b"caf\xe9.csv")], "no UTF-8 text, so rename it"),
    ],
)
def test_a_name_that_no_file_can_have_is_refused(tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    Path(os.fsdecode(b"caf\xe9.csv")).write_text("probe_id,reference_id,score\na,b,1\n")
    with pytest.raises(commands.Refused, match=said):
        commands.called(arguments)


def test_what_is_printed_of_a_name_that_is_no_text_can_be_printed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("s.csv").write_text("probe_id,reference_id,score\na1,b1,1\n")
    card = os.fsdecode(b"\xe9.yaml")
    Path(card).write_text(yaml.safe_dump(benchmarks.CARD | {"title": "\u00e9"}))
    with pytest.raises(commands.Refused, match=r"\\udce9.yaml: cannot be read .*rename it"):
        commands.called(["datasets", "show", card])


@pytest.mark.parametrize(
    "key",
    [
        "statistics.replicates", "one_to_many.ranks.0", "compute.keep_tail", "compute.workers",
        "compute.batch_size", "scenario.gates.travellers", "scenario.searches.cameras",
    ],
)  # fmt: skip
def test_a_number_beyond_all_measure_is_refused_by_its_key(tmp_path, key):
    commands.foreseen(tmp_path)
    with pytest.raises(RequestError, match=rf"{key}: found 1000\d*.*write a .*number"):
        load_config(tmp_path / "run.yaml", (f"{key}={10**400}",))


def test_ranks_far_beyond_a_gallery_say_what_its_last_rank_says(tmp_path):
    audits.audit(tmp_path)
    config = load_config(tmp_path / "run.yaml", (f"one_to_many.ranks=[1, 8, {10**12}]",))
    rows = evaluate(config, tmp_path / "out").result.identification
    last, beyond = (
        [row.model_dump(exclude={"rank"}) for row in rows if row.rank == rank]
        for rank in (8, 10**12)
    )
    assert last
    assert last == beyond


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("sqlite:////dev", "unable to open database file"),
        ("sqlite:////proc/x/mlflow.db", "No such file"),
        ("sqlite:///", "name a file in tracking.uri"),
        ("sqlite:///:memory:", "name a file in tracking.uri"),
        ("javascript:alert(1)", "unsupported URI"),
        ("http://[::1", "could not take the audit"),
        ("http://127.0.0.1:99999/", "could not take the audit"),
        ("\x1b[2J", "could not take the audit"),
        ("x" * 70_000, "MLflow at xxx"),
        ("a\0b", "could not take the audit"),
    ],
)
def test_an_address_that_is_none_is_refused_at_once(small, tmp_path, monkeypatch, uri, said):
    monkeypatch.chdir(tmp_path)
    folder = evaluate(small.config(), tmp_path / "out").folder
    before = time.monotonic()
    with pytest.raises(OutsideError, match=said) as caught:
        track_result(read_results(folder), folder, uri=uri)
    assert f"evenmatch track {folder}` to send it." in str(caught.value)
    assert str(caught.value).isprintable()
    assert time.monotonic() - before < 60  # and MLflow would take nearly two minutes for some


def test_a_database_that_is_none_is_refused(small, tmp_path):
    folder = evaluate(small.config(), tmp_path / "out").folder
    database = tmp_path / "mlflow.db"
    database.write_bytes(b"SQLite format 3\0" + b"\xff" * 4096)
    with pytest.raises(OutsideError, match=r"could not take the audit.*to send it"):
        track_result(read_results(folder), folder, uri=f"sqlite:///{database}")


ODD = "line\nbreak \x1b[31m\u202e '\"#&?%3F\\ é"


@pytest.mark.parametrize(
    "kind",
    ["card", "config", "manifest", "lfw", "score-csv", "score-matrix", "template-npz", "marks",
     "archive-zip", "image-png", "receipts", "init-lists", "run", "audit-review", "audit-track"],
)  # fmt: skip
def test_folders_of_odd_names_are_read_and_shown_fit_for_a_screen(tmp_path, monkeypatch, kind):
    root = tmp_path / ODD
    for name, value in fuzz.surroundings(root).items():
        monkeypatch.setenv(name, value)
    folder = root / "files"
    folder.mkdir()
    made = fuzz.kinds()[kind](folder)
    if made.lay:
        made.lay()
    made.read()
    reader = watching.Reader(kind, made, root, watching.Watch(), 60)
    found = [each for seed in (-1, -3, 0) for each in reader.check(seed)[1]]
    assert not found


def test_a_document_without_end_is_not_read_to_its_end(tmp_path):
    path = tmp_path / "card.yaml"
    with path.open("wb") as file:
        file.truncate(1 << 34)
    with pytest.raises(RequestError, match="longer than 4,194,304 characters"):
        read_yaml(path)


def test_a_message_steers_no_terminal_and_fills_no_screen():
    error = RequestError("found '\x1b[2J\x07\u202e'; correct it.")
    assert str(error) == r"found '\x1b[2J\x07\u202e'; correct it."
    assert len(str(EvenmatchError("a" * 10**6 + "; correct it."))) < 1300
    assert str(RequestError("a" * 10**6 + "; correct it.")).endswith("; correct it.")
    many = str(RequestError("\n".join(f"{n}: correct it." for n in range(1000))))
    assert many.endswith("And 980 more lines like these; correct these first.")


@pytest.mark.parametrize(
    "name", ["../../../away", "/away", "a/b", "..", "", "a\\b", "a\0b", "x" * 300]
)
@pytest.mark.parametrize("key", ["name", "run_id", "matcher"])
def test_an_audit_whose_names_lead_elsewhere_is_refused(small, tmp_path, key, name):
    folder = evaluate(small.config(), tmp_path / "out").folder
    raw = json.loads((folder / "results.json").read_text())
    place = {"name": raw, "run_id": raw["provenance"], "matcher": raw["matchers"][0]}[key]
    place["run_id" if key == "run_id" else "name"] = name
    (folder / "results.json").write_text(json.dumps(raw))
    with pytest.raises(RequestError, match="no name of an audit's file"):
        write_review(folder)


def test_the_logins_of_many_addresses_in_one_word_are_hidden_in_no_time():
    before = time.process_time()
    shown_so_far = without_secrets("://" * 100_000 + " http://a:b@c,ftp://d:e@f x@y")
    assert shown_so_far.endswith(" http://***@f x@y")
    assert without_secrets("?" * 100_000 + "#" + "key" * 30_000).startswith("?")
    assert time.process_time() - before < 5  # and by looking ahead of each, minutes


def test_an_audit_of_endless_digits_is_damaged(tmp_path):
    (tmp_path / "results.json").write_text(f'{{"a": {"9" * 5000}}}')
    with pytest.raises(RequestError, match=r"is damaged .*run the audit's config again"):
        read_results(tmp_path)


def test_an_index_that_somebody_edited_is_made_anew(small, tmp_path):
    evaluate(small.config(), tmp_path / "out")
    write_overview(tmp_path / "out")
    index = tmp_path / "out" / "index.json"
    whole = index.read_text()
    content = json.loads(whole)
    del content["audits"][0]["notices"]
    index.write_text(json.dumps(content))
    write_overview(tmp_path / "out")
    assert index.read_text() == whole


def test_a_cache_with_foreign_values_gives_nothing_back(tmp_path):
    path = tmp_path / "t.sqlite"
    with ContentCache(path, "cache") as cache:
        cache.put({b"k": Entry("", b"v")})
    with sqlite3.connect(path) as database:
        database.execute("UPDATE templates SET vector = 'text', reason = 5")
    database.close()
    with ContentCache(path, "cache") as cache:
        assert cache.get(b"k") is None
        assert cache.damaged == 1


@pytest.mark.parametrize("heading", ["(" * 9000, "'" * 3, "{'descr': '<f8'", "9" * 5000])
def test_an_array_whose_heading_is_no_heading_is_refused(tmp_path, heading):
    path = tmp_path / "t.npy"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(heading).to_bytes(2, "little") + heading.encode())
    (tmp_path / "ids.txt").write_text("a\n")
    with pytest.raises(RequestError, match=r"is no \.npy array"):
        TemplateFile.find(path, tmp_path / "ids.txt", "cosine").read(samples())


@pytest.mark.parametrize("name", ["ids", "templates", "status"])
def test_an_archive_of_what_is_no_array_is_refused(tmp_path, name):
    path = tmp_path / "t.npz"
    np.savez(path, ids=["a1", "a2"], templates=[[1.0], [2.0]], status=["", ""])
    with zipfile.ZipFile(path) as archive:
        members = {each: archive.read(each) for each in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for each, content in (members | {f"{name}.npy": b"plain bytes"}).items():
            archive.writestr(each, content)
    with pytest.raises(RequestError, match=rf"{name} is no array"):
        TemplateFile.find(path, None, "cosine").read(samples())


def test_words_of_signs_that_there_are_none_of_are_refused(tmp_path):
    status = np.array(["x", ""])
    status.view(np.uint32)[0] = 2**31
    np.savez(tmp_path / "t.npz", ids=["a1", "a2"], templates=[[1.0], [2.0]], status=status)
    with pytest.raises(RequestError, match="write ids as text"):
        TemplateFile.find(tmp_path / "t.npz", None, "cosine").read(samples())


@pytest.mark.parametrize("change", [{"sha256": 1.5}, {"bytes": "12"}, {"url": None}, {"more": 1}])
def test_a_record_with_values_of_other_types_is_refused(tmp_path, change):
    write_receipts(tmp_path, Receipts(ready=True, files={"a": Receipt("0", 1, 2)}))
    (record,) = tmp_path.iterdir()
    raw = json.loads(record.read_text())
    raw["files"]["a"] |= change
    record.write_text(json.dumps(raw))
    with pytest.raises(RequestError, match=r"is no record of this program .*Remove it"):
        read_receipts(tmp_path)


def test_a_damaged_note_of_what_was_unpacked_is_as_none(tmp_path):
    write_contents(tmp_path, "a.zip", {"a\0": 1, "b": 2})
    assert lost_contents(tmp_path, "a.zip", tmp_path) == ["a\0", "b"]
    (note,) = tmp_path.iterdir()
    note.write_bytes(b"5 a\xff")
    assert lost_contents(tmp_path, "a.zip", tmp_path) is None


def test_a_photograph_whose_name_no_file_can_have_is_refused(small):
    table = pd.read_csv(small.folder / "samples.csv", dtype=str, keep_default_na=False)
    table.loc[0, "path"] = "x" * 5000
    small.manifest(table)
    with pytest.raises(RequestError, match="row 2: this path leads outside"):
        load_samples(load_card(small.raw()["benchmark"]["card"]), small.folder, (), {})


def test_a_list_of_identities_with_an_endless_cell_is_refused(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text('name\n"' + "x" * 200_000 + '"\n')
    with pytest.raises(RequestError, match=r"is no readable CSV .*correct it"):
        read_identities(path)


@pytest.mark.parametrize("column", ["score", "mated", "probe_subject", "status"])
def test_stored_comparisons_of_other_types_are_a_difference(small, tmp_path, column):
    folder = evaluate(small.config(), tmp_path / "out").folder
    path = folder / "scores" / "vendor.parquet"
    table = pd.read_parquet(path)
    table[column] = [["x"]] * len(table)
    table.to_parquet(path)
    found = verify(folder)
    assert any(
        "run the audit's config again" in str(each)
        for check in found.checks
        for each in check.differences
    )


def test_templates_of_which_a_column_is_there_twice_are_refused(tmp_path):
    lists = pa.array([[1.0, 2.0]])
    table = pa.table([pa.array(["a1"]), lists, lists], ["sample_id", "template", "template"])
    pq.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(RequestError, match="two columns 'template'; rename or remove"):
        TemplateFile.find(tmp_path / "t.parquet", None, "cosine").read(samples())
