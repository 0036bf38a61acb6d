"""A vendor's service on this machine: the same numbers as its program, patience, and no leaks."""

import argparse
import json
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evenmatch.errors import OutsideError, RequestError
from evenmatch.matching.vendor_http import HttpChannel, checked_url
from evenmatch.matching.vendor_messages import AnswerError
from evenmatch.run import evaluate

sys.path.insert(0, str(Path(__file__).parent / "matching"))
import vendor_program

sys.path.pop(0)
TOKEN = "s3cret-t0ken"  # noqa: S105 - of a server that lives as long as a test
REFERENCE = Path(vendor_program.__file__)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EVENMATCH_CACHE", str(tmp_path / "private"))
    monkeypatch.setenv("VENDOR_TOKEN", TOKEN)


class Service:
    """The reference program behind HTTP, with replies that a test puts before its own."""

    def __init__(self):
        self.program = vendor_program.Program(argparse.Namespace(no_search=False, distance=False))
        self.before = []  # (operation, reply): what is replied once instead of the answer
        self.seen = Counter()
        self.tokens = set()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def handler(service):  # noqa: N805 - the inner class has a self of its own
        """Return what answers requests."""

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                service.seen[request["op"]] += 1
                service.tokens.add(self.headers.get("Authorization"))
                answer = {
                    "id": request["id"],
                    **getattr(service.program, request["op"])(request),
                }
                at = next((k for k, e in enumerate(service.before) if e[0] == request["op"]), None)
                if at is None:
                    reply(self, json.dumps(answer).encode())
                else:
                    service.before.pop(at)[1](self, answer)

            def log_message(self, *_):
                """Say nothing."""

        return Handler

    def close(self):
        """Stop listening."""
        self.server.shutdown()
        self.server.server_close()


def reply(handler, body, status=200, **headers):
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def status(code, **headers):
    return lambda handler, _: reply(handler, b"go away", code, **headers)


def hang(handler, _):
    threading.Event().wait(1.5)
    handler.close_connection = True


def drip(handler, _):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    try:
        for _ in range(60):
            handler.wfile.write(b" ")
            threading.Event().wait(0.05)
    except OSError:
        handler.close_connection = True


def huge(handler, _):
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"x" * 65536)
    except OSError:
        handler.close_connection = True


def wrong(handler, answer):
    reply(handler, json.dumps({**answer, "scores": "none", "template": 7}).encode())


@pytest.fixture
def service():
    running = Service()
    yield running
    running.close()


@pytest.fixture
def pause(monkeypatch):
    """Take waiting away, and say how long it would have been."""
    waited = []
    monkeypatch.setattr(HttpChannel.__init__, "__kwdefaults__", {
        **HttpChannel.__init__.__kwdefaults__, "sleep": waited.append,
    })  # fmt: skip
    return waited


def people(bench, count=5):
    rng = np.random.default_rng(4)
    rows = []
    for person in range(count):
        own = rng.integers(30, 225, (8, 8, 3))
        for shot in range(2):
            name = f"p{person}-{shot}"
            shown = np.clip(own + rng.integers(-60, 60, own.shape), 1, 255).astype(np.uint8)
            Image.fromarray(shown).save(bench.folder / f"{name}.png")
            rows.append((name, f"p{person}", f"{name}.png", f"s{shot}"))
    bench.attribute("session", "sample")
    bench.manifest(rows, ["sample_id", "subject_id", "path", "session"])


def http(service, **more):
    return {
        "name": "service",
        "kind": "http",
        "url": service.url,
        "token_env": "VENDOR_TOKEN",
        "timeout": 0.5,
    } | more


def audited(bench, tmp_path, *matchers, **changes):
    return evaluate(bench.config(matchers=list(matchers), **changes), tmp_path / "out")


def counts(audit, matcher):
    return [
        (row.metric, row.failures, row.errors, row.trials)
        for row in audit.result.error_rates
        if row.matcher == matcher
    ]


def test_a_service_gives_the_audit_that_its_program_gives(bench, tmp_path, service):
    people(bench)
    command = {"name": "program", "kind": "command", "command": [sys.executable, str(REFERENCE)]}
    audit = audited(bench, tmp_path, http(service), command)
    assert counts(audit, "service") == counts(audit, "program") != []
    assert service.tokens == {f"Bearer {TOKEN}"}


def test_the_token_is_in_no_file_of_an_audit_and_in_no_error(bench, tmp_path, service):
    people(bench)
    audited(bench, tmp_path, http(service), report={"formats": ["html", "csv", "json"]})
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert any(file.name == "results.json" for file in files)
    assert not any(TOKEN.encode() in file.read_bytes() for file in files)
    echo = lambda handler, answer: reply(  # noqa: E731 - one of many replies
        handler, json.dumps({**answer, "name": TOKEN}).encode()
    )
    service.before.append(("hello", echo))
    with pytest.raises(OutsideError, match="repeats the token") as caught:
        audited(bench, tmp_path, http(service), name="again")
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("at", "bad"),
    [
        *(("enroll", bad) for bad in (status(503), hang, drip, huge, wrong)),
        ("hello", hang),
        ("hello", status(429)),
        ("compare", status(500)),
        ("compare", wrong),
        ("search", status(429)),
        ("gallery", status(503)),
    ],
)
def test_a_bad_reply_is_asked_again(bench, tmp_path, service, pause, at, bad):
    people(bench)
    service.before.append((at, bad))
    gallery, searches = ({"where": {"session": each}} for each in ("s0", "s1"))
    searches = {"gallery": gallery, "searches": searches, "splits": 1, "ranks": [1]}
    more = {"one_to_many": searches} if at in ("search", "gallery") else {}
    audit = audited(bench, tmp_path, http(service), **more)
    assert not service.before
    assert not audit.result.failures
    assert pause or bad is wrong  # a comparison of several is asked again in halves at once


def test_three_errors_in_a_row_wait_twice_as_long_each_time(bench, tmp_path, service, pause):
    people(bench)
    service.before += [("enroll", status(500))] * 3
    audit = audited(bench, tmp_path, http(service))
    assert pause == [0.5, 1.0, 2.0]
    assert not audit.result.failures


@pytest.mark.parametrize(
    ("said", "waited"), [("7", 7.0), ("100000", 60.0), ("-1", 0.5), ("soon", 0.5)]
)
def test_a_service_that_says_how_long_is_waited_for_within_reason(
    bench, tmp_path, service, pause, said, waited
):
    people(bench)
    service.before.append(("enroll", status(429, Retry_After=said)))
    audited(bench, tmp_path, http(service))
    assert pause == [waited]


def test_an_error_that_stays_is_a_failure_of_that_photograph(bench, tmp_path, service, pause):
    people(bench)
    service.before += [("enroll", status(500))] * 4
    audit = audited(bench, tmp_path, http(service))
    every = {(row.stage, row.reason, row.failed) for row in audit.result.failures}
    assert every == {("extract", "service_error", 1)}
    assert len(pause) == 3


def test_a_service_that_is_away_ends_the_audit_and_keeps_what_it_said(
    bench, tmp_path, service, pause
):
    people(bench)
    service.before += [("compare", status(503))] * 4
    with pytest.raises(OutsideError, match=r"unreachable: .*status 503.*is kept"):
        audited(bench, tmp_path, http(service))
    assert service.seen["enroll"] == 10
    audited(bench, tmp_path, http(service))
    assert service.seen["enroll"] == 10
    assert pause


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_a_redirect_is_refused_and_the_token_does_not_follow_it(
    bench, tmp_path, service, pause, code
):
    people(bench)
    elsewhere = Service()
    service.before.append(("enroll", status(code, Location=elsewhere.url)))
    with pytest.raises(OutsideError, match="sends elsewhere"):
        audited(bench, tmp_path, http(service))
    assert not elsewhere.seen
    assert not pause
    elsewhere.close()


def test_a_refused_token_is_not_tried_again(bench, tmp_path, service, pause):
    people(bench)
    service.before.append(("hello", status(401)))
    with pytest.raises(OutsideError, match="refuses the token"):
        audited(bench, tmp_path, http(service))
    assert not pause


def test_the_rate_is_held(bench, tmp_path, service, pause):
    people(bench)
    audited(bench, tmp_path, http(service, rate=0.5))
    assert len(pause) == sum(service.seen.values()) - 1
    assert all(1 < wait <= 2 for wait in pause)


def test_nobody_listening_is_said(bench, tmp_path, service, pause):
    people(bench)
    service.close()
    with pytest.raises(OutsideError, match="unreachable: the service failed"):
        audited(bench, tmp_path, http(service))
    assert pause == [0.5, 1.0, 2.0]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://example.org/v1", "https alone"),
        ("https://user:pass@example.org", "would carry secrets"),
        ("https://example.org/v1?key=abc", "would carry secrets"),
        ("ftp://example.org", "write an address such as"),
        ("https://", "write an address such as"),
        ("https://example.org/a b", "write an address such as"),
        ("https://example.org:99999", "no address"),
        ("http://localhost.example.org", "https alone"),
    ],
)
def test_an_address_that_would_give_something_away_is_refused(bench, url, said):
    people(bench)
    with pytest.raises(RequestError, match=said):
        checked_url(url, "matchers.x.url")


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://[::1]/v1", "http://localhost"])
def test_this_very_machine_needs_no_certificate(url):
    assert checked_url(url, "matchers.x.url").geturl() == url


def test_a_token_that_is_not_there_is_named(bench, tmp_path, service, monkeypatch):
    people(bench)
    monkeypatch.delenv("VENDOR_TOKEN")
    with pytest.raises(RequestError, match="variable VENDOR_TOKEN is not set"):
        audited(bench, tmp_path, http(service))
    monkeypatch.setenv("VENDOR_TOKEN", "tok\u00e9n")
    with pytest.raises(RequestError, match="no header can carry") as caught:
        audited(bench, tmp_path, http(service))
    assert "tok" not in str(caught.value).replace("token_env", "")


def test_an_answer_that_drips_ends_with_the_time_limit(service):
    service.before.append(("hello", drip))
    channel = HttpChannel(service.url, timeout=0.2)
    with pytest.raises(AnswerError) as caught:
        channel.ask({"op": "hello", "protocol": 1}, 65536)
    assert caught.value.reason == "timed_out"
    channel.close()
