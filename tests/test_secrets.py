"""Secrets come from the environment; what an audit writes and what is said of it shows none."""

import json
import sqlite3
import sys
from pathlib import Path

import pytest
import yaml

from evenmatch import cli
from evenmatch.config import load_config
from evenmatch.data.card import Card
from evenmatch.documents import parse_document
from evenmatch.errors import OutsideError, RequestError
from evenmatch.run import evaluate

PLANTED = "correct-horse-battery"
LOGIN = f"https://ada:{PLANTED}@example.org"
LEAST = {
    "schema": 1,
    "name": "x",
    "benchmark": {"card": "demo-faces"},
    "matchers": [{"name": "d", "kind": "dlib"}],
}
VENDOR = """
import json, os, sys
key = os.environ["VENDOR_KEY"]
habit = sys.argv[1]
for line in sys.stdin:
    print("my key is", key, file=sys.stderr, flush=True)
    if habit == "die":
        sys.exit(3)
    asked = json.loads(line)
    answer = {"id": asked["id"], "name": "tells", "version": "1", "score_kind": "similarity",
              "symmetric": True, "operations": ["enroll", "compare"], "template": "AAAA"}
    if habit == "repeat":
        answer["version"] = key
    if asked["op"] == "compare":
        answer = {"id": asked["id"], "scores": [0.5 for _ in asked["references"]]}
    print(json.dumps(answer), flush=True)
"""


def refused(tmp_path, overrides=(), **changes):
    path = tmp_path / "run.yaml"
    path.write_text(yaml.safe_dump(LEAST | changes))
    with pytest.raises(RequestError) as caught:
        load_config(path, tuple(overrides))
    assert str(caught.value).endswith(".")
    return str(caught.value)


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({"tracking": {"uri": LOGIN}}, "set MLFLOW_TRACKING_USERNAME"),
        ({"tracking": {"uri": f"postgresql:///a?password={PLANTED}"}}, "such as PGPASSWORD"),
        ({"tracking": {"uri": f"https://[::1?token={PLANTED}"}}, "set MLFLOW_TRACKING_USERNAME"),
        ({"tracking": LOGIN}, "tracking: found 'https://***@example.org'"),
        ({"tracking": {"password": PLANTED}}, "unknown key"),
        ({"seed": {"password": PLANTED, "at": [LOGIN]}}, "seed: found"),
        ({"compute": {"shards": f"s3://key:{PLANTED}@bucket"}}, "set AWS_ACCESS_KEY_ID"),
        ({"compute": {"address": LOGIN}}, "compute.address"),
        ({"compute": {"device": LOGIN}}, "compute.device"),
    ],
)
def test_a_config_with_a_secret_is_refused_without_repeating_it(tmp_path, changes, advice):
    said = refused(tmp_path, **changes)
    assert advice in said
    assert PLANTED not in said


@pytest.mark.parametrize(
    ("entry", "advice"),
    [
        ({"kind": "command", "command": ["p", "--api-key", PLANTED]}, "name that under"),
        ({"kind": "command", "command": ["p"], "environment": [f"KEY={PLANTED}"]}, "found ***"),
        ({"kind": "http", "url": "https://a", "token_env": PLANTED}, "found ***"),
        ({"kind": "http", "url": LOGIN, "weights": "w"}, "is no key of a matcher"),
        ({"kind": "http", "url": "https://a", "token": PLANTED}, "unknown key"),
    ],
)
def test_a_matcher_with_a_secret_is_refused_without_repeating_it(tmp_path, entry, advice):
    said = refused(tmp_path, matchers=[{"name": "m"} | entry])
    assert advice in said
    assert PLANTED not in said


@pytest.mark.parametrize("override", [f"tracking.uri={LOGIN}", LOGIN, f"seed={LOGIN}"])
def test_an_option_with_a_secret_is_refused_without_repeating_it(tmp_path, override):
    assert PLANTED not in refused(tmp_path, [override])


def test_a_service_whose_address_makes_no_sense_is_refused_without_repeating_it(bench, tmp_path):
    people(bench)
    for url in (f"https://ada:{PLANTED}", f"https://[{PLANTED}", f"https://a:x@{PLANTED}:y"):
        service = {"name": "s", "kind": "http", "url": url}
        with pytest.raises(RequestError) as caught:
            evaluate(bench.config(matchers=[service]), tmp_path / "out")
        assert PLANTED not in str(caught.value)


def test_a_card_whose_file_has_a_signed_address_is_refused(bench):
    address = f"https://bucket.example.org/a.zip?X-Amz-Signature={PLANTED}"
    files = [{"url": address, "path": "a.zip"}]
    with pytest.raises(RequestError, match="put the file in place by hand") as caught:
        parse_document(Card, bench.card | {"access": {"how": "download", "files": files}}, "card")
    assert PLANTED not in str(caught.value)


def people(bench):
    bench.attribute("sex", "subject", ["female", "male"])
    shown = Path(__file__).parents[1] / "evals" / "evenmatch" / "data" / "demo"
    picture = min(path for path in shown.rglob("*") if path.suffix in (".png", ".jpg"))
    (bench.folder / f"a{picture.suffix}").write_bytes(picture.read_bytes())
    bench.manifest(
        [
            {"sample_id": f"s{n}", "subject_id": f"p{n // 2}", "path": f"a{picture.suffix}"}
            | {"sex": ("female", "male")[n // 2 % 2]}
            for n in range(8)
        ]
    )


def vendor(tmp_path, habit):
    program = tmp_path / "vendor.py"
    program.write_text(VENDOR)
    return {
        "name": "vendor",
        "kind": "command",
        "command": [sys.executable, str(program), habit],
        "environment": ["VENDOR_KEY"],
        "restarts": 0,
    }


@pytest.mark.parametrize("habit", ["die", "repeat"])
def test_a_program_that_tells_its_key_gets_it_into_no_message(bench, tmp_path, monkeypatch, habit):
    monkeypatch.setenv("VENDOR_KEY", PLANTED)
    people(bench)
    with pytest.raises(OutsideError) as caught:
        evaluate(bench.config(matchers=[vendor(tmp_path, habit)]), tmp_path / "out")
    assert PLANTED not in str(caught.value)
    assert ("my key is ***" if habit == "die" else "VENDOR_KEY holds") in str(caught.value)


def test_no_variable_of_the_environment_is_in_an_audit_or_in_mlflow(
    bench, tmp_path, monkeypatch, capfd
):
    names = ("VENDOR_KEY", "MLFLOW_TRACKING_PASSWORD", "PGPASSWORD", "AWS_SECRET_ACCESS_KEY")
    for name in names:
        monkeypatch.setenv(name, PLANTED)
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ada")
    monkeypatch.setenv("EVENMATCH_CACHE", str(tmp_path / "private"))
    people(bench)
    store = tmp_path / "store" / "mlflow.db"
    config = bench.file(
        matchers=[vendor(tmp_path, "work")],
        groups=[["sex"]],
        tracking={"uri": f"sqlite:///{store}", "experiment": "x"},
        report={"formats": ["html", "csv", "json", "md"]},
    )
    monkeypatch.setattr(
        sys, "argv", ["evenmatch", "run", str(config), "--out", str(tmp_path / "o")]
    )
    with pytest.raises(SystemExit, match="0"):
        cli.main()
    said = capfd.readouterr()
    assert "MLflow run" in said.out
    assert PLANTED not in said.out + said.err
    written = json.loads(next((tmp_path / "o").rglob("results.json")).read_text())
    assert written["config"]["matchers"][0]["environment"] == ["VENDOR_KEY"]
    with sqlite3.connect(store) as database:
        assert database.execute("select count(*) from params").fetchone()[0] > 0
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert PLANTED.encode() not in path.read_bytes(), path
