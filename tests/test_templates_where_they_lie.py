"""One audit of one set of templates, held whole or read where it lies: the same, to the byte."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest

from evenmatch.errors import RequestError
from evenmatch.run import evaluate

PEOPLE, SHOTS, DIMENSION = 90, 3, 24
MASK = "synthetic-wide-high-black"
LENGTHS = (200, 1, 150, 189)


def made_up(bench, seed=5):
    """Write people of three groups; return ids and templates, bare and worn, some missing."""
    rng = np.random.default_rng(seed)
    bench.attribute("region", "subject", ("north", "south", "west"))
    bench.attribute("session", "sample")
    rows = [
        {
            "sample_id": f"p{person:02}-{shot}",
            "subject_id": f"p{person:02}",
            "region": ("north", "south", "south", "west", "north")[person % 5],
            "session": f"s{shot}",
        }
        for person in range(PEOPLE)
        for shot in range(SHOTS)
    ]
    bench.manifest(rows)
    bench.scores([("p00-0", "p00-1", 1.0)])
    centres = np.repeat(rng.standard_normal((PEOPLE, DIMENSION)), SHOTS, axis=0)
    bare = centres + 0.9 * rng.standard_normal(centres.shape)
    worn = bare + 0.5 * rng.standard_normal(bare.shape)
    bare[[4, 77]] = np.nan
    ids = [row["sample_id"] for row in rows]
    ids += [f"{name}@{MASK}" for name in ids]
    order = rng.permutation(len(ids))
    templates = np.concatenate([bare, worn])[order]
    # float16 keeps two digits; what follows is the same however it is read.
    return [ids[place] for place in order], templates.astype(np.float16)


def settings(**compute):
    return {
        "groups": [["region"]],
        "masks": {
            "synthetic": [{"shape": "wide", "coverage": "high", "colour": "black"}],
            "apply_to": ["probe", "both"],
        },
        "one_to_one": {"operating_points": ["fmr=0.01", "fmr=0.001", "threshold=0.4"]},
        "one_to_many": {
            "gallery": {"where": {"session": ["s0", "s2"]}, "enrolled": 0.5},
            "searches": {"where": {"session": "s1"}},
            "operating_points": ["fpir=0.1"],
            "ranks": [1, 5],
            "splits": 1,
        },
        "statistics": {"replicates": 100},
        "compute": {"keep_scores": 0, "keep_tail": 2000, "device": "cpu"} | compute,
    }


def saved(bench, ids, templates, form):
    """Write templates in a form; return the keys that name them."""
    folder = bench.folder / form.replace(" ", "-").replace("/", "-")
    folder.mkdir()
    (folder / "ids.txt").write_text("\n".join(ids))
    if form == "npz":
        np.savez(folder / "t.npz", ids=np.array(ids), templates=templates)
        return {"path": str(folder / "t.npz")}
    if form in ("npy", "columns"):
        np.save(folder / "t.npy", np.asfortranarray(templates) if form == "columns" else templates)
        return {"path": str(folder / "t.npy"), "ids": str(folder / "ids.txt")}
    edges = np.cumsum([0, *LENGTHS])
    (folder / "arrays").mkdir()
    for number, (first, last) in enumerate(itertools.pairwise(edges)):
        np.save(folder / "arrays" / f"{number:03}.npy", templates[first:last])
    where = folder if form == "folder" else f"file://{folder}"
    return {"path": f"{where}/arrays", "ids": f"{where}/ids.txt"}


def audited(bench, tmp_path, keys, name="out", **changes):
    entry = {"name": "made", "kind": "templates", "score_kind": "cosine"} | keys
    audit = evaluate(bench.config(matchers=[entry], **settings() | changes), tmp_path / name)
    return numbers(audit.folder)


def numbers(folder):
    """Return an audit's results and evidence without what names and digests the files."""
    results = json.loads((folder / "results.json").read_text())
    results["config"].pop("compute")
    (entry,), (matcher,) = results["config"]["matchers"], results["matchers"]
    entry.pop("path")
    entry.pop("ids")
    matcher.pop("digest")
    matcher["facts"].pop("template file")
    for key in ("run_id", "config_digest"):
        results["provenance"].pop(key)
    found = {
        each.relative_to(folder).as_posix(): each.read_bytes()
        for each in sorted(folder.rglob("*"))
        if each.suffix in (".csv", ".parquet")
    }
    assert {"error_rates.csv", "scores/made.parquet", "searches/made.parquet"} <= set(found)
    return results, found


@pytest.fixture
def crowded(monkeypatch):
    """Let nothing be a modest share of memory, and tiles, parts and copies be small."""

    def crowd():
        monkeypatch.setattr("evenmatch.matching.room.SHARE", 1 << 60)
        for place in ("tiled", "search_parts"):
            monkeypatch.setattr(f"evenmatch.scoring.{place}.TILE", 32)
        monkeypatch.setattr("evenmatch.scoring.sides.COPIED", 1000)
        monkeypatch.setattr("evenmatch.matching.vectors.BLOCK", 50)

    return crowd


@pytest.mark.parametrize(
    ("score_kind", "policy", "forms"),
    [
        ("cosine", "unconsolidated", ("npy", "npz", "columns", "folder", "url")),
        ("cosine", "consolidated", ("npz", "folder")),
        ("euclidean", "consolidated", ("npy", "folder")),
    ],
)
def test_an_audit_is_the_same_however_templates_are_read(
    bench, tmp_path, crowded, score_kind, policy, forms
):
    """An array whole; then what memory cannot hold: arrays, folders, URLs, and a mapped file."""
    ids, templates = made_up(bench)
    changes = settings()
    changes["one_to_many"]["gallery"]["policy"] = policy
    changes["one_to_many"]["mates"] = "all" if policy == "unconsolidated" else "any"
    changes["one_to_one"]["operating_points"][2] = (
        "threshold=0.4" if score_kind == "cosine" else "threshold=4.5"
    )
    keys = {form: saved(bench, ids, templates, form) for form in forms}
    for named in keys.values():
        named["score_kind"] = score_kind
    whole = audited(bench, tmp_path, keys["folder"], name="whole", **changes)
    crowded()
    for form, named in keys.items():
        assert audited(bench, tmp_path, named, name=form, **changes) == whole, form


def test_variants_leave_rows_out_of_what_lies_elsewhere(bench, tmp_path, crowded):
    ids, templates = made_up(bench)
    keys = saved(bench, ids, templates, "folder")
    trained = bench.folder / "trained.csv"
    pd.DataFrame({"name": ["p03", "p40", "p41"]}).to_csv(trained, index=False)
    keys["training_identities"] = str(trained)
    whole = audited(bench, tmp_path, keys, name="whole")
    assert {row["variant"] for row in whole[0]["variants"]} == {
        "as-published",
        "without-training-identities",
    }
    crowded()
    assert audited(bench, tmp_path, keys, name="lying") == whole


@pytest.mark.parametrize("form", ["npy", "folder"])
def test_the_content_decides_the_run_and_not_where_it_lies(bench, tmp_path, form):
    ids, templates = made_up(bench)
    keys = saved(bench, ids, templates, form)
    runs = []
    for head in ("", "file://"):
        named = {key: f"{head}{place}" for key, place in keys.items()}
        entry = {"name": "made", "kind": "templates", "score_kind": "cosine"} | named
        runs.append(evaluate(bench.config(matchers=[entry], **settings()), tmp_path / "out"))
    assert runs[0].folder == runs[1].folder
    assert runs[1].result.config["matchers"][0]["path"].startswith("file:///")
    assert runs[0].result.matchers[0].facts["template file"] in ("t.npy", "arrays")


def change(folder, name, array):
    np.save(folder / name, array)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda at: change(at, "001.npy", np.zeros((1, 3))), "templates of 3 numbers, and .*000"),
        (lambda at: change(at, "001.npy", np.zeros((2, 24))), "541 templates in 4 files and 540"),
        (lambda at: change(at, "001.npy", np.zeros((1, 24))), "row 201: the template is all zeros"),
        (
            lambda at: change(at, "002.npy", np.ones((24, 150)).T),
            r"002\.npy: its numbers lie column by column.*ascontiguousarray",
        ),
        (lambda at: change(at, "001.npy", np.array([["x"]])), "give one row of numbers a photo"),
        (lambda at: (at / "001.npy").write_bytes(b"\x93NUMPY\x09\x00"), "is no .npy array"),
        (
            lambda at: (at / "000.npy").write_bytes((at / "000.npy").read_bytes()[:-1]),
            "ends before its last row .*copy it again",
        ),
        (
            lambda at: [each.rename(at / f"s-{int(each.stem) + 8}.npy") for each in at.iterdir()],
            "s-10.npy|s-11.npy comes before .*s-[89].npy there.*leading zeros",
        ),
        (lambda at: [each.unlink() for each in at.iterdir()], "has no .npy file; put the arrays"),
    ],
)
def test_a_wrong_folder_says_what_is_wrong_with_it(bench, tmp_path, spoil, says):
    ids, templates = made_up(bench)
    keys = saved(bench, ids, templates, "folder")
    spoil(bench.folder / "folder" / "arrays")
    with pytest.raises(RequestError, match=says):
        audited(bench, tmp_path, keys)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        (
            {"kind": "scores", "path": "s3://bucket/x.csv", "score_kind": "distance"},
            "is a file and no URL; fetch it",
        ),
        ({"path": "reference://x"}, "begins with one of file://"),
        ({"path": "s3://key:word@bucket/x"}, "holds a secret; take it out"),
        ({"path": "memory://none/t.npy", "ids": "memory://none/i.csv"}, "there is no file memory"),
        ({"path": "s3://bucket/x.npy"}, "an .npy array needs `ids`"),
        ({"path": 3}, "path: found 3; "),
    ],
)
def test_a_wrong_url_says_what_is_wrong_with_it(bench, tmp_path, keys, says):
    made_up(bench)
    with pytest.raises(RequestError, match=says):
        audited(bench, tmp_path, keys)


def test_ids_at_a_url_are_lines(bench, tmp_path):
    ids, templates = made_up(bench)
    keys = saved(bench, ids, templates, "folder")
    pd.DataFrame({"sample_id": ids}).to_csv(bench.folder / "ids.csv", index=False)
    with pytest.raises(RequestError, match=r"ids\.csv: ids at a URL are text, one a line"):
        audited(bench, tmp_path, keys | {"ids": f"file://{bench.folder}/ids.csv"})
    audited(bench, tmp_path, keys | {"ids": str(bench.folder / "ids.csv")})
