"""Templates in an S3 store and in folders, read by the nodes that count and copied by nobody."""

import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evenmatch.config import load_config
from evenmatch.run import evaluate

pytestmark = pytest.mark.slow
s3fs = pytest.importorskip("s3fs", reason="needs the extra `s3`")
pytest.importorskip("moto", reason="needs moto[s3], which the extra `test` has")

PEOPLE, SHOTS, DIMENSION = 700, 2, 32
BUCKET = "vendor"
ACCESS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",  # of a store that is made here
    "AWS_DEFAULT_REGION": "us-east-1",
}
DRIVER = """
import sys
from evenmatch.config import load_config
from evenmatch.run import evaluate

config, out, *settings = sys.argv[1:]
evaluate(load_config(config, tuple(settings)), out)
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Start a store on the loopback; give the variables by which every node finds it."""
    log = tmp_path_factory.mktemp("store") / "log"
    with log.open("w") as said:
        server = subprocess.Popen(
            [sys.executable, "-u", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
            stdout=said,
            stderr=subprocess.STDOUT,
            env={**os.environ, **ACCESS},
        )
    until = time.monotonic() + 60
    while "Running on http" not in (text := log.read_text()):
        assert server.poll() is None, text
        assert time.monotonic() < until, text
        time.sleep(0.1)
    address = text.split("Running on ")[1].split()[0]
    yield ACCESS | {"AWS_ENDPOINT_URL": address}
    server.kill()
    server.wait()


@pytest.fixture(scope="module")
def nodes(nodes_with, store):
    """Start the cluster; what this process does is done with its variables too."""
    made = nodes_with(**store)
    with pytest.MonkeyPatch.context() as patch:
        for name in (*store, "EVENMATCH_CACHE"):
            patch.setenv(name, made.env[name])
        yield made


@pytest.fixture(autouse=True)
def _their_keys(nodes, monkeypatch):
    """Give people the pseudonyms that the nodes give them."""
    monkeypatch.setenv("EVENMATCH_CACHE", nodes.env["EVENMATCH_CACHE"])


@pytest.fixture(scope="module")
def bucket(nodes):
    """Return the store with an empty bucket in it."""
    system = s3fs.S3FileSystem(endpoint_url=nodes.env["AWS_ENDPOINT_URL"])
    system.mkdir(BUCKET)
    return system


@pytest.fixture(scope="module")
def made_up(bench_in, tmp_path_factory, bucket):
    """Write people's templates into a folder and into the bucket; return the run, whole."""
    bench = bench_in(tmp_path_factory.mktemp("bench"))
    rng = np.random.default_rng(3)
    bench.attribute("region", "subject", ("north", "south"))
    bench.attribute("session", "sample")
    table = pd.DataFrame(
        {
            "sample_id": f"p{person:03}-{shot}",
            "subject_id": f"p{person:03}",
            "region": ("north", "south")[person % 2],
            "session": f"s{shot}",
        }
        for person in range(PEOPLE)
        for shot in range(SHOTS)
    )
    bench.manifest(table)
    bench.scores([("p000-0", "p000-1", 1.0)])
    centres = np.repeat(rng.standard_normal((PEOPLE, DIMENSION)), SHOTS, axis=0)
    templates = (centres + 0.8 * rng.standard_normal(centres.shape)).astype(np.float16)
    templates[[5, 900]] = np.nan
    folder = bench.folder / "arrays"
    folder.mkdir()
    order = rng.permutation(len(table))
    for number, (first, last) in enumerate(itertools.pairwise([0, 333, 340, len(table)])):
        np.save(folder / f"{number:02}.npy", templates[order[first:last]])
    ids = bench.folder / "ids.txt"
    ids.write_text("\n".join(table["sample_id"].iloc[order]))
    bucket.put(str(folder), f"{BUCKET}/arrays", recursive=True)
    bucket.put(str(ids), f"{BUCKET}/ids.txt")
    entry = {"name": "made", "kind": "templates", "path": str(folder), "ids": str(ids)}
    run = bench.folder / "run.json"
    run.write_text(json.dumps(bench.raw(matchers=[entry | {"score_kind": "cosine"}], **asked())))
    evaluate(load_config(run), bench.folder / "whole")
    return run, numbers(bench.folder / "whole")


def asked():
    return {
        "groups": [["region"]],
        "one_to_one": {"operating_points": ["fmr=0.01", "fmr=0.001", "threshold=0.5"]},
        "one_to_many": {
            "gallery": {"where": {"session": "s0"}, "policy": "consolidated"},
            "searches": {"where": {"session": "s1"}},
            "operating_points": ["fpir=0.1"],
            "ranks": [1, 5],
            "splits": 1,
        },
        "statistics": {"replicates": 100},
        "compute": {"keep_scores": 0, "keep_tail": 20_000},
    }


def numbers(folder):
    """Return an audit's results and evidence, without how they were computed and where from."""
    (path,) = folder.glob("*/*/results.json")
    results = json.loads(path.read_text())
    assert results["config"].pop("compute")
    for key in ("path", "ids"):
        results["config"]["matchers"][0].pop(key)
    found = {
        each.relative_to(path.parent).as_posix(): each.read_bytes()
        for each in path.parent.rglob("*")
        if each.suffix in (".csv", ".parquet")
    }
    assert "searches/made.parquet" in found
    return results, found


WHERE = {
    "url": {"path": f"s3://{BUCKET}/arrays", "ids": f"s3://{BUCKET}/ids.txt"},
    "folder": {},
    "shards": {"shards": f"s3://{BUCKET}/put"},
}


@pytest.mark.parametrize("where", WHERE)
def test_nodes_read_templates_where_they_lie(nodes, made_up, bucket, tmp_path, where):
    """From the store, from a folder, and put into the store from a folder."""
    run, whole = made_up
    keys = WHERE[where]
    settings = [f"compute.{key}={value}" for key, value in keys.items() if key == "shards"]
    settings += [f"matchers.0.{key}={keys[key]}" for key in ("path", "ids") if key in keys]
    cluster = ("compute.engine=ray", f"compute.address={nodes.address}")
    driver = nodes.python(DRIVER, str(run), str(tmp_path), *cluster, *settings)
    said = nodes.finished(driver, 120)
    assert driver.returncode == 0, said
    assert numbers(tmp_path) == whole
    put = [bucket.size(each) for each in bucket.glob(f"{BUCKET}/put/*.f4")]
    # The photographs' templates once, and after them each gallery's people alone.
    assert put.count(4 * DIMENSION * PEOPLE * SHOTS) == (where == "shards")
    assert all(size <= 4 * DIMENSION * PEOPLE * SHOTS // 2 for size in sorted(put)[:-1])


def test_one_process_reads_the_store_too(made_up, tmp_path):
    run, whole = made_up
    path = [f"matchers.0.{key}={value}" for key, value in WHERE["url"].items()]
    evaluate(load_config(run, tuple(path)), tmp_path)
    assert numbers(tmp_path) == whole


def test_a_store_without_the_bucket_says_so(made_up, tmp_path):
    run, _ = made_up
    with pytest.raises(Exception, match=r"s3://nowhere.*(check|run again)"):
        evaluate(load_config(run, ("matchers.0.path=s3://nowhere/arrays",)), tmp_path)
    assert not list(Path(tmp_path).iterdir())
