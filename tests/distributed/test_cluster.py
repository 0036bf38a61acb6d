"""An audit spread over three nodes, one of them killed, against the same audit in one process."""

import json
import shutil
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evenmatch.config import load_config
from evenmatch.data.card import DEMO_ROOT
from evenmatch.run import evaluate

pytestmark = pytest.mark.slow

PEOPLE, SHOTS, DIMENSION = 1100, 2, 32
MASK = "synthetic-wide-high-black"

DRIVER = """
import sys, time
from pathlib import Path
from evenmatch.config import load_config
from evenmatch.data.progress import silent
from evenmatch.run import evaluate

config, out, marks, *settings = sys.argv[1:]
marks, seen = Path(marks), {}

class Watched:
    def __init__(self, title): self.title = title
    def __enter__(self): return self
    def __exit__(self, *_): return None
    def advance(self, amount):
        stage = self.title.split(":")[0]
        seen[stage] = seen.get(stage, 0) + 1
        reached = marks / f"{stage}-{seen[stage]}"
        if reached.with_suffix(".wait").exists():
            reached.touch()
            while reached.with_suffix(".wait").exists(): time.sleep(0.02)

def progress(title, total): return Watched(title)

evaluate(load_config(config, tuple(settings)), out, progress=progress)
"""


def made_up(bench):
    """Write people of three groups, their templates bare and under a drawn mask, some missing."""
    rng = np.random.default_rng(11)
    bench.attribute("region", "subject", ("north", "south", "west"))
    bench.attribute("session", "sample")
    table = pd.DataFrame(
        {
            "sample_id": f"p{person:04}-{shot}",
            "subject_id": f"p{person:04}",
            "region": ("north", "south", "south", "west", "north")[person % 5],
            "session": f"s{shot}",
        }
        for person in range(PEOPLE)
        for shot in range(SHOTS)
    )
    bench.manifest(table)
    centres = np.repeat(rng.standard_normal((PEOPLE, DIMENSION)), SHOTS, axis=0)
    bare = centres + 0.8 * rng.standard_normal(centres.shape)
    worn = bare + 0.4 * rng.standard_normal(bare.shape)
    bare[rng.integers(0, len(bare), 9)] = np.nan
    ids = [*table["sample_id"], *(f"{name}@{MASK}" for name in table["sample_id"])]
    np.savez(
        bench.folder / "templates.npz",
        ids=np.array(ids),
        templates=np.concatenate([bare, worn]).astype(np.float32),
    )
    path = str(bench.folder / "templates.npz")
    entry = {"name": "made", "kind": "templates", "path": path, "score_kind": "cosine"}
    changes = {
        "matchers": [entry],
        "groups": [["region"]],
        "masks": {
            "synthetic": [{"shape": "wide", "coverage": "high", "colour": "black"}],
            "apply_to": ["probe", "both"],
        },
        "one_to_one": {
            "operating_points": ["fmr=0.01", "fmr=0.001", "threshold=0.6"],
            "calibrate_on": "same-group",
        },
        "one_to_many": {
            "gallery": {"where": {"session": "s0"}, "enrolled": 0.5},
            "searches": {"where": {"session": "s1"}},
            "operating_points": ["fpir=0.1"],
            "ranks": [1, 5],
            "splits": 1,
        },
        "compute": {"keep_scores": 0, "keep_tail": 20_000},
    }
    bench.scores([("p0000-0", "p0000-1", 1.0)])
    return bench.raw(**changes)


def numbers(folder):
    """Return an audit's results as bytes, without how they were computed."""
    (path,) = Path(folder).glob("*/*/results.json")
    results = json.loads(path.read_text())
    assert results["config"].pop("compute")
    tables = {each.name: each.read_bytes() for each in sorted(path.parent.rglob("*.csv"))}
    scores = {each.name: each.read_bytes() for each in path.parent.rglob("*.parquet")}
    return json.dumps(results), tables, scores


def drive(nodes, config, out, marks, *settings, at=(), then=None):
    """Run an audit beside the cluster; where `at` is reached, do `then` and go on."""
    marks.mkdir(exist_ok=True)
    for stage in at:
        (marks / f"{stage}.wait").touch()
    cluster = ("compute.engine=ray", f"compute.address={nodes.address}", *settings)
    driver = nodes.python(DRIVER, str(config), str(out), str(marks), *cluster)
    for stage in at:
        while driver.poll() is None and not (marks / stage).exists():
            time.sleep(0.02)
        if then is not None:
            then()
        (marks / f"{stage}.wait").unlink()
    said = nodes.finished(driver, 120)
    assert driver.returncode == 0, said
    return said


def kill_who_asks(nodes, config, out, marks, stage):
    """Start an audit beside the cluster and kill who asks, where a stage is reached."""
    marks.mkdir()
    (marks / f"{stage}.wait").touch()
    cluster = ("compute.engine=ray", f"compute.address={nodes.address}")
    driver = nodes.python(DRIVER, str(config), str(out), str(marks), *cluster)
    while driver.poll() is None and not (marks / stage).exists():
        time.sleep(0.02)
    assert driver.poll() is None, driver.communicate()[0]
    driver.kill()
    driver.communicate()
    assert not list(Path(out).glob("*/*/results.json"))


def killed_at(nodes, stage, number):
    return {"at": (stage,), "then": lambda: nodes.kill(number)}


def test_who_asks_and_a_worker_killed_while_counting_change_no_number(
    nodes, bench, tmp_path, monkeypatch
):
    """One to one under masks and one to many, by groups.

    Who asks is killed with work under way, and asks again; then one of two workers is lost.
    """
    monkeypatch.setenv("EVENMATCH_CACHE", nodes.env["EVENMATCH_CACHE"])
    path = bench.folder / "run.json"
    path.write_text(json.dumps(made_up(bench)))
    evaluate(load_config(path), tmp_path / "one")
    kill_who_asks(nodes, path, tmp_path / "three", tmp_path / "killed", "comparisons-1")
    marks = tmp_path / "marks"
    drive(nodes, path, tmp_path / "three", marks, **killed_at(nodes, "comparisons-2", 2))
    assert (marks / "comparisons-2").exists()
    assert numbers(tmp_path / "three") == numbers(tmp_path / "one")


def test_a_worker_killed_while_extracting_changes_no_number(nodes, bench, tmp_path, monkeypatch):
    """Photographs with drawn masks; shards of templates lie in a folder that all nodes read."""
    pytest.importorskip("dlib", reason="needs the extra `dlib`")
    nodes.start(f"--address={nodes.address}", cores=1)
    bench.attribute("sex", "subject", ("a", "b"))
    table = pd.read_csv(DEMO_ROOT / "samples.csv", dtype=str, nrows=10)
    bench.manifest(table[["sample_id", "subject_id", "path"]].assign(sex="a"))
    for photograph in table["path"]:
        (bench.folder / photograph).parent.mkdir(exist_ok=True)
        shutil.copyfile(DEMO_ROOT / photograph, bench.folder / photograph)
    bench.card["samples"] = {"loader": "manifest", "resize_to": 256}
    bench.scores([("x", "y", 1.0)])
    config = bench.raw(
        matchers=[{"name": "dlib", "kind": "dlib"}],
        masks={
            "synthetic": [{"shape": "wide", "coverage": "high", "colour": "black"}],
            "apply_to": ["probe"],
        },
        compute={"keep_scores": 0, "keep_tail": 1000, "batch_size": 4, "device": "cpu"},
    )
    path = bench.folder / "run.json"
    path.write_text(json.dumps(config))
    monkeypatch.setenv("EVENMATCH_CACHE", str(tmp_path / "another"))
    evaluate(load_config(path), tmp_path / "one")
    marks = tmp_path / "marks"
    shards = f"compute.shards={tmp_path / 'shards'}"
    killing = killed_at(nodes, "templates-2", 3)
    drive(nodes, path, tmp_path / "three", marks, shards, **killing)
    assert (marks / "templates-2").exists()
    assert list((tmp_path / "shards").iterdir())
    assert numbers(tmp_path / "three")[0] == numbers(tmp_path / "one")[0]


def test_the_nodes_say_nothing_of_people(nodes):
    """Neither names nor file names are in what Ray writes; needs the audits above."""
    logs = [path.read_bytes() for path in nodes.folder.rglob("*.*") if path.is_file()]
    assert len(logs) > 10
    assert not any(b"p0001-1" in log or b"g094_close" in log for log in logs)
