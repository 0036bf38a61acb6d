"""A real `mlflow server` over HTTP: sent once, whatever breaks off, and nothing private."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path

import pytest
import requests

from evenmatch.errors import OutsideError
from evenmatch.reporting import tracking
from evenmatch.reporting.audit import write_audit
from evenmatch.reporting.metric_keys import metrics_of
from evenmatch.reporting.waiting import WAITING

CHARTED = "fnmr_at_fmr_0.01/unmasked-unmasked/non-match/sex:male"
EMPTY = b"Connection: close\r\nContent-Length: 0\r\n\r\n"
VARYING = {"mlflow.parentRunId", "mlflow.runName"}


def free_port():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return unused.getsockname()[1]


class Server:
    """An `mlflow server` of its own process group, so that it can be killed whole."""

    def __init__(self, folder, store):
        self.folder, self.port = folder, free_port()
        self.uri = f"http://127.0.0.1:{self.port}"
        self._command = [
            *(sys.executable, "-m", "mlflow", "server", "--backend-store-uri", store),
            *("--artifacts-destination", str(folder / "artifacts")),
            *("--host", "127.0.0.1", "--port", str(self.port), "--workers", "1"),
        ]

    def start(self):
        """Start it, and wait until it answers."""
        quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        with (self.folder / "server.log").open("a") as log:
            self._process = subprocess.Popen(
                self._command,
                env={**os.environ, **quiet},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        for _ in range(600):
            try:
                requests.get(f"{self.uri}/health", timeout=5).close()
            except OSError:
                assert self._process.poll() is None, (self.folder / "server.log").read_text()
                time.sleep(0.1)
            else:
                return self
        raise TimeoutError((self.folder / "server.log").read_text())

    def kill(self):
        """End it at once."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


class Between(ThreadingHTTPServer):
    """A proxy before a server; `rule` says what happens to the n-th request that comes.

    `pass` hands it on, `drop` closes the connection, `lose` hands it on and closes the connection
    without the answer, `busy` answers 503, `drip` answers a byte a second.
    """

    daemon_threads = True
    rule = staticmethod(lambda _: "pass")

    def __init__(self, server):
        super().__init__(("127.0.0.1", 0), Passing)
        self.port, self.uri = server.port, f"http://127.0.0.1:{self.server_port}"
        self.numbers, self.seen, self.largest = count(), [], 0

    def handle_error(self, *_):
        """Say nothing of a client that went away."""


class Passing(BaseHTTPRequestHandler):
    """One request through the proxy."""

    def handle_one_request(self):
        """Do with a request what the rule says."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append((self.command, self.path, self.headers.get("Authorization")))
        self.server.largest = max(self.server.largest, len(body))
        self.close_connection = True
        what = self.server.rule(next(self.server.numbers))
        if what == "busy":
            self.wfile.write(b"HTTP/1.1 503 Busy\r\nRetry-After: 3600\r\n" + EMPTY)
        if what == "forbid":
            self.wfile.write(b"HTTP/1.1 401 No\r\n" + EMPTY)
        if what == "drip":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            for _ in range(30):
                self.wfile.write(b" ")
                time.sleep(1)
        if what in ("pass", "lose"):
            answer = self._answer(body)
            if what == "pass":
                self.wfile.write(answer)

    def _answer(self, body):
        there = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        kept = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
        there.request(self.command, self.path, body, kept)
        answer = there.getresponse()
        content = answer.read()
        there.close()
        kind = answer.getheader("Content-Type") or "text/plain"
        head = f"HTTP/1.1 {answer.status} x\r\nContent-Type: {kind}\r\nConnection: close\r\n"
        return f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content


@contextmanager
def running(server):
    server.start()
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    with running(Server(folder, f"sqlite:///{folder / 'mlflow.db'}")) as server:
        yield server


@contextmanager
def passing(server):
    with Between(server) as proxy:
        threading.Thread(target=proxy.serve_forever, args=(0.05,), daemon=True).start()
        yield proxy
        proxy.shutdown()


@pytest.fixture
def proxy(server, impatient):  # noqa: ARG001 - it sets the environment
    with passing(server) as proxy:
        yield proxy


@pytest.fixture
def impatient(monkeypatch):
    """A client that does not try again by itself."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "0")


@pytest.fixture(scope="module")
def audit(make_result, tmp_path_factory):
    """A small audit of two matchers: tables and no page, which only costs time here."""
    small = make_result({"sex": ("female", "male")}, masks=(("unmasked", "unmasked"),))
    config = small.config | {"report": {"formats": ["json"]}}
    small = small.model_copy(update={"curves": [], "distributions": [], "config": config})
    return small, write_audit(small, tmp_path_factory.mktemp("audit"))


def client_of(server):
    from mlflow.tracking import MlflowClient  # noqa: PLC0415 - a second to import

    return MlflowClient(tracking_uri=server.uri)


def record(server, experiment):
    """Return everything that MLflow holds of an experiment, less what differs by nature."""
    client = client_of(server)
    place = client.get_experiment_by_name(experiment).experiment_id
    runs = client.search_runs([place])
    held = {}
    for run in runs:
        tags = {key: text for key, text in run.data.tags.items() if key not in VARYING}
        held[run.info.run_name] = {
            "status": run.info.status,
            "params": run.data.params,
            "metrics": run.data.metrics,
            "tags": tags,
            "datasets": [each.dataset.digest for each in run.inputs.dataset_inputs],
            "files": [each.path for each in client.list_artifacts(run.info.run_id)],
            "once": len(client.get_metric_history(run.info.run_id, CHARTED)),
        }
    assert len(held) == len(runs)
    (parent,) = (run for run in runs if "mlflow.parentRunId" not in run.data.tags)
    inside = {run.data.tags.get("mlflow.parentRunId") for run in runs} - {None}
    assert inside == {parent.info.run_id}
    return held


@pytest.fixture(scope="module")
def undisturbed(audit, server):
    """What MLflow holds of an audit sent without any trouble, and how many requests it took."""
    with passing(server) as proxy:
        tracking.track_result(*audit, uri=proxy.uri, experiment="whole")
        return record(server, "whole"), len(proxy.seen)


@pytest.fixture(scope="module")
def whole(undisturbed):
    return undisturbed[0]


def test_an_audit_over_http_is_nested_runs_with_metrics_dataset_and_files(whole, audit):
    result, _ = audit
    assert set(whole) == {"london-demo", "dlib", "vendor-a"}
    assert whole["dlib"]["metrics"] == metrics_of(result, "dlib")
    assert whole["dlib"]["once"] == 1
    assert whole["london-demo"]["files"] == ["results.json"]
    assert {run["status"] for run in whole.values()} == {"FINISHED"}
    assert {tuple(run["datasets"]) for run in whole.values()} == {("c" * 36,)}


@pytest.mark.parametrize(
    ("trouble", "share"),
    [("drop", 0.2), ("drop", 0.7), ("lose", 0.1), ("lose", 0.4), ("lose", 0.97), ("busy", 0.5)],
)
def test_what_could_not_be_sent_waits_and_is_sent_later_once(
    audit, proxy, server, undisturbed, trouble, share
):
    whole, needed = undisturbed
    name, at = f"{trouble}-{share}", int(share * needed)
    proxy.rule = lambda number: "pass" if number < at else trouble
    with pytest.raises(OutsideError, match="run `evenmatch track"):
        tracking.track_result(*audit, uri=proxy.uri, experiment=name)
    assert (audit[1] / WAITING).is_file()
    assert "127.0.0.1" not in (audit[1] / WAITING).read_text()
    proxy.rule = lambda _: "pass"
    first = tracking.track_result(*audit, uri=proxy.uri, experiment=name)
    assert record(server, name) == whole
    assert not (audit[1] / WAITING).exists()
    assert tracking.track_result(*audit, uri=proxy.uri, experiment=name) == first
    assert record(server, name) == whole


def test_lost_answers_that_the_client_makes_good_leave_nothing_twice(
    audit, proxy, server, whole, monkeypatch
):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")
    proxy.rule = lambda number: "pass" if number % 2 else "lose"
    tracking.track_result(*audit, uri=proxy.uri, experiment="lost answers")
    assert record(server, "lost answers") == whole


@pytest.mark.parametrize("after", [4, 12])
def test_a_program_killed_while_it_sends_goes_on_later(audit, proxy, server, whole, after):
    name = f"killed-{after}"
    code = (
        "import sys, pathlib; from evenmatch.reporting import tracking\n"
        "from evenmatch.results.reading import read_results\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "tracking.track_result(read_results(folder), folder, uri=sys.argv[2],"
        " experiment=sys.argv[3])\n"
    )
    sender = subprocess.Popen([sys.executable, "-c", code, audit[1], proxy.uri, name])

    def kill(number):
        if number == after:
            sender.kill()
        return "pass"

    proxy.rule = kill
    assert sender.wait(60) == -signal.SIGKILL
    assert (audit[1] / WAITING).is_file()
    tracking.track_result(*audit, uri=proxy.uri, experiment=name)
    assert record(server, name) == whole


def test_a_server_under_repair_holds_nobody_up(audit, proxy, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    proxy.rule = lambda _: "busy"  # and asks to come back in an hour
    began = time.monotonic()
    with pytest.raises(OutsideError, match=r"answers with an error of its own \(503\)"):
        tracking.track_result(*audit, uri=proxy.uri)
    assert time.monotonic() - began < 10
    assert len(proxy.seen) == 2


def test_a_server_that_trickles_holds_nobody_up(audit, proxy, monkeypatch, tmp_path):
    monkeypatch.setattr(tracking, "LONGEST_SENDING", 1.0)
    proxy.rule = lambda _: "drip"
    own = write_audit(audit[0], tmp_path)  # the sending that is given up holds its audit
    with pytest.raises(OutsideError, match="it took more than 1 seconds"):
        tracking.track_result(audit[0], own, uri=proxy.uri)
    with pytest.raises(OutsideError, match="is being sent to MLflow already"):
        tracking.track_result(audit[0], own, uri=proxy.uri)
    assert (own / WAITING).is_file()


def test_name_and_password_come_from_the_environment_alone(audit, proxy, monkeypatch):
    proxy.rule = lambda _: "forbid"
    with pytest.raises(OutsideError, match="set MLFLOW_TRACKING_USERNAME and") as caught:
        tracking.track_result(*audit, uri=proxy.uri)
    assert proxy.seen[-1][2] is None
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ada")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "open-sesame")
    with pytest.raises(OutsideError) as caught:
        tracking.track_result(*audit, uri=proxy.uri)
    assert proxy.seen[-1][2] == "Basic YWRhOm9wZW4tc2VzYW1l"
    assert "sesame" not in str(caught.value)
    assert "sesame" not in (audit[1] / WAITING).read_text()


def test_a_description_that_a_person_wrote_stays(audit, server):
    result, folder = audit
    run = tracking.track_result(result, folder, uri=server.uri, experiment="notes")
    client_of(server).set_tag(run, "mlflow.note.content", "Checked by hand.")
    changed = result.model_copy(update={"notices": ["Another notice."]})
    assert tracking.track_result(changed, folder, uri=server.uri, experiment="notes") == run
    assert client_of(server).get_run(run).data.tags["mlflow.note.content"] == "Checked by hand."


def test_a_number_that_changed_is_charted_anew_in_the_same_run(audit, server):
    result, folder = audit
    before = tracking.track_result(result, folder, uri=server.uri, experiment="again")
    rows = [
        row.model_copy(update={"rate": 0.5}) if row.rate is not None else row
        for row in result.error_rates
    ]
    changed = result.model_copy(update={"error_rates": rows})
    assert tracking.track_result(changed, folder, uri=server.uri, experiment="again") == before
    held = record(server, "again")["dlib"]
    assert held["metrics"][CHARTED] == 0.5
    assert held["once"] == 2


def test_many_groups_in_a_long_script_fit_mlflows_requests(make_result, proxy, server, tmp_path):
    labels = {"ل" * 60: tuple(f"{'م' * 120}{number}" for number in range(64))}
    many = make_result(labels, matchers=("dlib",), masks=(("unmasked", "unmasked"),))
    config = many.config | {"report": {"formats": ["json"]}}
    many = many.model_copy(update={"curves": [], "distributions": [], "config": config})
    # The results are a file and no batch: here they are short.
    write_audit(many.model_copy(update={"error_rates": []}), tmp_path)
    tracking.track_result(many, tmp_path, uri=proxy.uri, experiment="many")
    expected = metrics_of(many, "dlib")
    assert len(expected) > 1000
    assert 100_000 < proxy.largest < 1_000_000  # a thousand of these names are more
    assert record(server, "many")["dlib"]["metrics"] == expected


@contextmanager
def postgresql(folder):
    """A PostgreSQL of its own, from Debian's package; it refuses to run as root."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    pytest.importorskip("psycopg2", reason="psycopg2-binary is not installed: pip install it")
    as_nobody = []
    if os.getuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("PostgreSQL refuses to run as root, and setpriv is not installed")
        as_nobody = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        shutil.chown(folder, "postgres", "postgres")
    port, data = free_port(), folder / "data"
    tool = [*as_nobody, str(programs[-1] / "pg_ctl"), "-D", str(data), "-w", "-s"]
    initdb = "-U evenmatch --auth=trust --no-sync --encoding=UTF8 --locale=C.UTF-8"
    serve = f"-p {port} -h 127.0.0.1 -k {folder} -c fsync=off"
    log = str(folder / "postgresql.log")
    subprocess.run([*tool, "initdb", "-o", initdb], check=True, cwd=folder)
    subprocess.run([*tool, "start", "-l", log, "-o", serve], check=True, cwd=folder)
    try:
        yield f"postgresql+psycopg2://evenmatch@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*tool, "stop", "-m", "immediate"], check=True, cwd=folder)


@pytest.fixture
def open_folder():
    """A folder outside pytest's own, which another user may not enter."""
    with tempfile.TemporaryDirectory(prefix="evenmatch-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.mark.slow
@pytest.mark.usefixtures("impatient")
def test_postgresql_holds_the_same_though_its_server_was_killed_between_two_requests(
    audit, whole, open_folder, tmp_path
):
    with postgresql(open_folder) as store, running(Server(tmp_path, store)) as server:
        with passing(server) as proxy:

            def rule(number):
                if number == 12:
                    server.kill()
                return "pass" if number < 12 else "drop"

            proxy.rule = rule
            with pytest.raises(OutsideError, match="the server does not answer"):
                tracking.track_result(*audit, uri=proxy.uri, experiment="killed")
            with pytest.raises(OutsideError, match="the server does not answer"):
                tracking.track_result(*audit, uri=server.uri, experiment="killed")
        server.start()
        assert (audit[1] / WAITING).is_file()
        tracking.track_result(*audit, uri=server.uri, experiment="killed")
        assert record(server, "killed") == whole
        assert not (audit[1] / WAITING).exists()
