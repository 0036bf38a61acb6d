"""MLflow gets the audit once: nested runs, charted metrics, a dataset, files and tags."""

import json
import math
import socket
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.errors import OutsideError
from evenmatch.reporting import metric_keys, tracking
from evenmatch.reporting.audit import write_audit
from evenmatch.reporting.tables import TABLES
from evenmatch.results.group_rows import Equity

CHARTED = "fnmr_at_fmr_0.01/unmasked-unmasked/non-match/sex:male"


@pytest.fixture(scope="module")
def audit(make_result, tmp_path_factory):
    small = make_result({"sex": ("female", "male")}, masks=(("unmasked", "unmasked"),))
    small = small.model_copy(update={"curves": [], "distributions": []})
    return small, write_audit(small, tmp_path_factory.mktemp("audit"))


@pytest.fixture(scope="module")
def store(audit, tmp_path_factory):
    """An embedded store that was sent the same audit twice."""
    uri = f"sqlite:///{tmp_path_factory.mktemp('store') / 'made' / 'mlflow.db'}"
    first = tracking.track_result(*audit, uri=uri)
    assert tracking.track_result(*audit, uri=uri) == first
    from mlflow.tracking import MlflowClient  # noqa: PLC0415 - a second to import

    client = MlflowClient(tracking_uri=uri)
    place = client.get_experiment_by_name("london").experiment_id
    return client, client.search_runs([place]), first


def by_name(runs):
    return {run.info.run_name: run for run in runs}


def test_one_run_an_audit_and_inside_it_one_a_matcher(store):
    _, runs, parent = store
    named = by_name(runs)
    assert sorted(named) == ["dlib", "london-demo", "vendor-a"]
    assert len(runs) == 3
    assert named["dlib"].data.tags["mlflow.parentRunId"] == parent
    assert {run.info.status for run in runs} == {"FINISHED"}


def test_the_same_audit_again_logs_no_metric_twice(store):
    client, runs, _ = store
    history = client.get_metric_history(by_name(runs)["dlib"].info.run_id, CHARTED)
    assert len(history) == 1


def test_metrics_hold_the_rows_rates_under_keys_that_compare_matchers(store, audit):
    named = by_name(store[1])
    for matcher in ("dlib", "vendor-a"):
        row = next(
            row
            for row in audit[0].error_rates
            if (row.matcher, row.metric, row.probe_group) == (matcher, "fnmr", "male")
        )
        metrics = named[matcher].data.metrics
        assert metrics[CHARTED] == row.rate
        assert metrics[CHARTED.replace("0.01", "0.01_high", 1)] == row.high


def test_parameters_come_from_the_config_without_the_tracking_address(store):
    params = by_name(store[1])["london-demo"].data.params
    assert params["benchmark.card"] == "demo-faces"
    assert params["matchers.0.kind"] == "dlib"
    assert params["one_to_one.operating_points"] == '["fmr=0.01", "fmr=0.001", "fmr=1e-06"]'
    assert not [name for name in params if name.startswith(("tracking", "report"))]


def test_the_benchmark_is_a_dataset_with_the_digest_of_its_samples_and_its_size(store):
    for run in store[1]:
        (given_to,) = run.inputs.dataset_inputs
        assert given_to.dataset.name == "demo-faces"
        assert given_to.dataset.digest == "c" * 36
        assert json.loads(given_to.dataset.profile) == {"subjects": 260, "photographs": 1040}


def test_files_and_provenance_are_there(store):
    client, runs, parent = store
    names = {entry.path for entry in client.list_artifacts(parent)}
    written = {f"{name}.csv" for name in TABLES}
    assert names == {"results.json", "report.html", "plots"} | written
    tags = by_name(runs)["london-demo"].data.tags
    assert tags["evenmatch.run_id"] == "3f9a1c0d5e7b"
    assert tags["evenmatch.git_revision"] == "0123456789abcdef"
    assert tags["mlflow.source.git.commit"] == "0123456789abcdef"
    assert "intervals" in tags["mlflow.note.content"]
    assert client.get_run(parent).info.artifact_uri.startswith("file:")


def test_hostile_labels_make_keys_mlflow_takes(hostile):
    from mlflow.utils.validation import _validate_metric_name  # noqa: PLC0415 - slow import

    for matcher in hostile.matchers:
        keys = metric_keys.metrics_of(hostile, matcher.name)
        assert keys
        for key in keys:
            _validate_metric_name(key)
            assert len(key) <= 250


def test_bounds_and_suppressed_rows_are_charted_as_no_rate(make_result, make_row):
    rows = [
        make_row(group_by="sex", probe_group="a", reference_group="a", errors=0),
        make_row(group_by="sex", probe_group="b", reference_group="b", subjects=5),
    ]
    only = make_result({"sex": ("a", "b")}).model_copy(
        update={"error_rates": rows, "identification": [], "thresholds": []}
    )
    keys = metric_keys.metrics_of(only, "dlib")
    assert list(keys) == ["fnmr_at_fmr_0.01_high/unmasked-unmasked/non-match/sex:a"]


def test_an_equity_index_is_charted_beside_its_chance_level(make_result):
    index = Equity(
        matcher="dlib",
        metric="fnmr",
        operating_point="fmr=0.01",
        probe_mask="unmasked",
        reference_mask="unmasked",
        group_by="sex+ethnicity",
        index="max_over_gm",
        value=1.5,
        low=1.0,
        high=math.inf,
        null_p95=1.25,
        flags=[],
        p_value=0.01,
        adjusted_p=0.02,
        adjustment="holm",
        family="all",
        detected=True,
        level=0.95,
        groups=4,
        left_out="",
        overall=0.1,
        smallest=0.05,
        largest=0.15,
    )
    few = index.model_copy(update={"index": "gini", "value": None})
    only = make_result({"sex": ("a", "b")}).model_copy(
        update={"equity": [index, few], "error_rates": [], "identification": [], "thresholds": []}
    )
    where = "unmasked-unmasked/sex.ethnicity"
    assert metric_keys.metrics_of(only, "dlib") == {
        f"equity_max_over_gm_of_fnmr_at_fmr_0.01/{where}": 1.5,
        f"equity_max_over_gm_of_fnmr_at_fmr_0.01_null_p95/{where}": 1.25,
    }


@given(st.text(), st.text())
def test_different_labels_have_different_keys(one, other):
    assert (metric_keys.label_key(one) == metric_keys.label_key(other)) == (one == other)


def test_labels_are_escaped_by_code_point():
    assert metric_keys.label_key("east_asian/white") == "east_asian_2f_white"
    assert metric_keys.label_key("=cmd") == "_3d_cmd"


def test_a_server_that_is_away_loses_nothing(audit, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(OutsideError) as caught:
        tracking.track_result(*audit, uri=f"http://me:secret@127.0.0.1:{port}")
    said = str(caught.value)
    assert f"run `evenmatch track {audit[1]}`" in said
    assert "the server does not answer" in said
    assert "secret" not in said
    assert "\n" not in said


def test_sending_is_silent_and_importing_is_cheap(audit, tmp_path):
    code = (
        "import sys, pathlib, evenmatch.reporting.tracking as tracking\n"
        "assert 'mlflow' not in sys.modules\n"
        "tracking.track_audit(pathlib.Path(sys.argv[1]))\n"
        "import os; assert os.environ['MLFLOW_DISABLE_TELEMETRY'] == 'true'\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(audit[1])],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mlartifacts", "mlflow.db"]
