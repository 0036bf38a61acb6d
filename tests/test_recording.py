"""A run of several audits and MLflow: what a server cannot take waits, and stops nothing."""

import json
import socket

import pytest

from evenmatch import recording
from evenmatch.errors import OutsideError
from evenmatch.reporting.waiting import WAITING


@pytest.fixture
def away(monkeypatch):
    """The address of a server that is not there, and a client that does not insist."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    return f"http://127.0.0.1:{port}"


def tracked_at(bench, uri, name="made-up"):
    """Write a config of its own that keeps its record at an address."""
    path = bench.file(name=name, tracking={"uri": uri, "experiment": "recorded"})
    return path.rename(path.with_name(f"{name}.yaml"))


def runs_in(store):
    from mlflow.tracking import MlflowClient  # noqa: PLC0415 - a second to import

    client = MlflowClient(tracking_uri=store)
    place = client.get_experiment_by_name("recorded").experiment_id
    return sorted(run.info.run_name for run in client.search_runs([place]))


def test_every_audit_is_finished_though_the_server_is_away(small, command, away, tmp_path):
    configs = [tracked_at(small, away, name) for name in ("first", "second")]
    code, out, err = command("run", *configs, "--out", tmp_path / "out")
    assert code == 3
    assert "Traceback" not in err
    for name in ("first", "second"):
        (folder,) = (tmp_path / "out" / name).iterdir()
        assert {"results.json", WAITING} <= {path.name for path in folder.iterdir()}
        assert str(folder) in out
    # Asked once when the first audit was done and once at the end, however many audits there are.
    assert err.count("the server does not answer") == 2
    assert f"run `evenmatch track {tmp_path / 'out' / 'first'}" in err


def test_track_sends_what_waits_and_a_second_time_nothing(small, command, away, tmp_path):
    command("run", tracked_at(small, away), "--out", tmp_path / "out", "--quiet")
    (folder,) = (tmp_path / "out" / "made-up").iterdir()
    store = f"sqlite:///{tmp_path / 'mlflow.db'}"
    results = json.loads((folder / "results.json").read_text())
    results["config"]["tracking"]["uri"] = store
    (folder / "results.json").write_text(json.dumps(results))
    first = command("track", folder)
    assert first[0] == 0
    assert first[1].startswith("MLflow run  ")
    assert not (folder / WAITING).exists()
    assert command("track", folder) == first
    assert runs_in(store) == ["made-up", "vendor"]


def test_the_same_run_again_sends_it_once_the_server_is_back(small, command, tmp_path, monkeypatch):
    store = f"sqlite:///{tmp_path / 'mlflow.db'}"
    config = tracked_at(small, store)
    with monkeypatch.context() as broken:
        broken.setattr(recording, "track_audit", refuse)
        assert command("run", config, "--out", tmp_path / "out", "--quiet")[0] == 3
    assert command("run", config, "--out", tmp_path / "out", "--quiet") == (0, "", "")
    assert runs_in(store) == ["made-up", "vendor"]


def test_a_server_that_is_back_at_the_end_gets_everything(small, command, tmp_path, monkeypatch):
    store = f"sqlite:///{tmp_path / 'mlflow.db'}"
    configs = [tracked_at(small, store, name) for name in ("first", "second")]
    real, asked = recording.track_audit, []

    def late(folder):
        asked.append(folder)
        return refuse(folder) if len(asked) == 1 else real(folder)

    monkeypatch.setattr(recording, "track_audit", late)
    code, out, err = command("run", *configs, "--out", tmp_path / "out")
    assert (code, err) == (0, "evenmatch: away for a moment.\n")
    assert out.count("which waited") == 2
    assert len(asked) == 3
    assert runs_in(store) == ["first", "second", "vendor", "vendor"]


def test_an_earlier_audit_that_waits_goes_with_the_next_run(small, command, tmp_path, monkeypatch):
    store = f"sqlite:///{tmp_path / 'mlflow.db'}"
    earlier, later = (tracked_at(small, store, name) for name in ("earlier", "later"))
    with monkeypatch.context() as broken:
        broken.setattr(recording, "track_audit", interrupted)
        assert command("run", earlier, "--out", tmp_path / "out", "--quiet")[0] == 3
    assert list((tmp_path / "out" / "earlier").glob(f"*/{WAITING}"))
    assert command("run", later, "--out", tmp_path / "out", "--quiet") == (0, "", "")
    assert runs_in(store) == ["earlier", "later", "vendor", "vendor"]
    assert not list((tmp_path / "out").glob(f"*/*/{WAITING}"))


def refuse(_folder):
    raise OutsideError("away for a moment.")


def interrupted(folder):
    recording.Waiting(folder)
    refuse(folder)
