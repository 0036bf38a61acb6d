"""One file over HTTP, from a real server on this machine that behaves well, badly and worse."""

import hashlib
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from evenmatch.data import fetching
from evenmatch.data.fetching import Tries, Wanted, fetch, forget_origin
from evenmatch.errors import OutsideError, RequestError

BODY = bytes(range(256)) * 8192  # 2 MiB
DIGEST = hashlib.sha256(BODY).hexdigest()
QUICK = Tries(limit=3, pause=0.01)


class Server(ThreadingHTTPServer):
    """Serves one body; a test says how."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.body = BODY
        self.tag = '"one"'
        self.ranges = True  # whether Range is understood
        self.cuts = []  # bytes after which the next answers break off
        self.status = []  # answers instead of the body, one a request
        self.headers = {}
        self.asked = []

    def handle_error(self, *_):
        """Say nothing of clients that hang up."""

    @property
    def url(self):
        """Where the body is."""
        return f"http://127.0.0.1:{self.server_port}/file.bin"


class Handler(BaseHTTPRequestHandler):
    """Answers as the server's fields say."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Say nothing."""

    def do_GET(self):
        """Answer by the path asked for."""
        server = self.server
        server.asked.append(dict(self.headers))
        if self.path.startswith("/round"):
            self.answer(302, {"Location": "/round"})
        elif self.path == "/away":
            self.answer(302, {"Location": "http://example.org/file.bin"})
        elif self.path == "/moved":
            self.answer(301, {"Location": server.url})
        elif server.status:
            self.answer(server.status.pop(0), {})
        else:
            self.send_body()

    def answer(self, status, headers):
        """Answer without a body."""
        self.send_response(status)
        for name, value in (headers | {"Content-Length": "0"}).items():
            self.send_header(name, value)
        self.end_headers()

    def send_body(self):
        """Send the body, from where it is asked for, up to where it is to break off."""
        server = self.server
        start, asked = 0, self.headers.get("Range")
        if asked and server.ranges and self.headers.get("If-Range") in {None, server.tag}:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
        if start and start >= len(server.body):
            self.answer(416, {"Content-Range": f"bytes */{len(server.body)}"})
            return
        body = server.body[start:]
        self.send_response(206 if start else 200)
        if start:
            last = len(server.body) - 1
            self.send_header("Content-Range", f"bytes {start}-{last}/{len(server.body)}")
        if server.tag:
            self.send_header("ETag", server.tag)
        for name, value in ({"Content-Length": str(len(body))} | server.headers).items():
            self.send_header(name, value)
        self.end_headers()
        cut = server.cuts.pop(0) if server.cuts else None
        self.wfile.write(body if cut is None else body[:cut])
        if cut is not None:
            self.wfile.flush()
            self.close_connection = True


@pytest.fixture
def server():
    running = Server()
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def place(tmp_path):
    return tmp_path / "got" / "file.bin"


def only(path):
    """Whether nothing but the finished file lies there, once its origin is of no more use."""
    forget_origin(path)
    return [each.name for each in path.parent.iterdir()] == [path.name]


def ranges(server):
    return [each.get("Range") for each in server.asked]


def test_a_file_comes_whole_and_nothing_else_stays(server, place):
    fetch(Wanted(server.url, place, DIGEST, len(BODY)))
    assert place.read_bytes() == BODY
    assert only(place)


def test_redirects_are_followed(server, place):
    fetch(Wanted(server.url.replace("file.bin", "moved"), place, DIGEST))
    assert place.read_bytes() == BODY


def test_progress_counts_the_bytes(server, place):
    seen = []

    class Task:
        """Notes what it is told."""

        def advance(self, amount):
            seen.append(amount)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    totals = []

    def progress(_description, total):
        totals.append(total)
        return Task()

    server.ranges, server.cuts = False, [500_000]  # what comes again is counted once
    fetch(Wanted(server.url, place), progress, QUICK)
    assert sum(seen) == len(BODY)
    assert totals == [len(BODY)]


@pytest.mark.parametrize("digest", [DIGEST, None])
def test_a_dropped_connection_goes_on_where_it_broke(server, place, digest):
    server.cuts = [500_000, 300_000]
    fetch(Wanted(server.url, place, digest), tries=QUICK)
    assert place.read_bytes() == BODY
    assert ranges(server) == [None, "bytes=500000-", "bytes=800000-"]
    assert only(place)


def test_a_stopped_fetch_goes_on_at_the_next_call(server, place):
    server.cuts = [100, 0, 0, 0]
    with pytest.raises(
        OutsideError, match=r"Run the same command again later, .* after the 100 bytes"
    ):
        fetch(Wanted(server.url, place), tries=QUICK)
    assert not place.exists()
    server.cuts = []
    fetch(Wanted(server.url, place), tries=QUICK)
    assert ranges(server)[-1] == "bytes=100-"
    assert place.read_bytes() == BODY


@pytest.mark.parametrize(("digest", "asked"), [(None, "bytes=60-"), (DIGEST, "bytes=100-")])
def test_only_a_digest_tells_whether_more_came_than_was_forced_to_the_disk(
    server, place, digest, asked
):
    """As after a power cut that left zeros where the last bytes should be."""
    server.cuts = [60, 0, 0, 0]
    with pytest.raises(OutsideError):
        fetch(Wanted(server.url, place, digest), tries=QUICK)
    with (place.parent / ".file.bin.part").open("ab") as part:
        part.write(bytes(40))
    server.cuts = []
    fetch(Wanted(server.url, place, digest), tries=QUICK)
    assert asked in ranges(server)
    assert place.read_bytes() == BODY


def test_it_is_forced_to_the_disk_before_it_is_in_place(server, place, monkeypatch):
    forced, force = set(), os.fsync

    def noted(handle):
        force(handle)
        forced.add(os.fstat(handle).st_ino)

    def moved(path, target):
        assert path.stat().st_ino in forced
        os.replace(path, target)  # noqa: PTH105 - what is replaced here

    monkeypatch.setattr(os, "fsync", noted)
    monkeypatch.setattr("pathlib.Path.replace", moved)
    place.parent.mkdir()
    (place.parent / ".file.bin.part").write_bytes(BODY)  # all of it had come before
    fetch(Wanted(server.url, place, DIGEST), tries=QUICK)
    assert place.stat().st_ino in forced
    assert place.parent.stat().st_ino in forced


def test_a_file_that_changed_meanwhile_is_fetched_from_the_start(server, place):
    server.cuts = [100, 0, 0, 0]
    with pytest.raises(OutsideError):
        fetch(Wanted(server.url, place), tries=QUICK)
    server.cuts, server.body, server.tag = [], BODY[::-1], '"two"'
    fetch(Wanted(server.url, place), tries=QUICK)
    assert place.read_bytes() == BODY[::-1]


def test_without_a_mark_and_a_digest_nothing_is_joined(server, place):
    server.tag, server.cuts = None, [100]
    fetch(Wanted(server.url, place), tries=QUICK)
    assert ranges(server) == [None, None]
    assert place.read_bytes() == BODY


def test_two_halves_of_different_files_are_told_by_the_digest(server, place):
    place.parent.mkdir()
    (place.parent / ".file.bin.part").write_bytes(b"x" * 1000)
    fetch(Wanted(server.url, place, DIGEST), tries=QUICK)
    assert ranges(server) == ["bytes=1000-", None]
    assert place.read_bytes() == BODY


def test_a_server_that_knows_no_ranges_sends_it_again(server, place):
    server.ranges, server.cuts = False, [500_000]
    fetch(Wanted(server.url, place, DIGEST), tries=QUICK)
    assert place.read_bytes() == BODY


def test_a_server_that_breaks_at_the_same_place_again_and_again_is_given_up(server, place):
    server.ranges, server.cuts = False, [500_000] * 9
    with pytest.raises(OutsideError, match="broke again and again"):
        fetch(Wanted(server.url, place, DIGEST), tries=QUICK)
    assert len(server.asked) == 3


def test_a_piece_that_was_whole_already_is_taken(server, place):
    place.parent.mkdir()
    (place.parent / ".file.bin.part").write_bytes(BODY)
    fetch(Wanted(server.url, place, DIGEST), tries=QUICK)
    assert place.read_bytes() == BODY
    assert only(place)


def test_a_piece_longer_than_the_file_is_thrown_away(server, place):
    place.parent.mkdir()
    (place.parent / ".file.bin.part").write_bytes(BODY + b"more")
    fetch(Wanted(server.url, place, DIGEST), tries=QUICK)
    assert place.read_bytes() == BODY


def test_a_busy_server_is_asked_again_and_a_missing_file_is_not(server, place):
    server.status = [503, 429]
    fetch(Wanted(server.url, place, DIGEST), tries=QUICK)
    assert len(server.asked) == 3
    server.status = [404]
    other = place.with_name("other.bin")
    with pytest.raises(OutsideError, match=r"answered 404 .* put it at .*other\.bin and run the"):
        fetch(Wanted(server.url, other), tries=QUICK)
    assert len(server.asked) == 4


def test_a_wrong_digest_removes_what_came_and_says_both(server, place):
    with pytest.raises(OutsideError, match=rf"SHA-256 is {DIGEST} and not {'0' * 64}.*removed"):
        fetch(Wanted(server.url, place, "0" * 64), tries=QUICK)
    assert list(place.parent.iterdir()) == []


@pytest.mark.parametrize("wrong", [len(BODY) - 1, len(BODY) + 1])
def test_a_wrong_length_is_refused_before_it_comes(server, place, wrong):
    with pytest.raises(OutsideError, match=f"{len(BODY):,} bytes are announced"):
        fetch(Wanted(server.url, place, None, wrong), tries=QUICK)
    assert list(place.parent.iterdir()) == []


def test_a_length_nobody_announced_is_held_all_the_same(server, place):
    server.headers = {"Transfer-Encoding": "identity", "Content-Length": "x", "Connection": "close"}
    server.cuts = [2000]
    with pytest.raises(OutsideError, match="it has 2,000 bytes"):
        fetch(Wanted(server.url, place, None, 1000), tries=QUICK)


def test_a_login_page_is_no_file(server, place):
    server.headers = {"Content-Type": "text/html; charset=utf-8"}
    with pytest.raises(OutsideError, match="a web page came instead"):
        fetch(Wanted(server.url, place), tries=QUICK)
    assert list(place.parent.iterdir()) == []


def test_a_packed_file_stays_packed_whatever_the_server_says_of_it(server, place):
    server.headers = {"Content-Encoding": "gzip"}
    fetch(Wanted(server.url, place, DIGEST), tries=QUICK)
    assert place.read_bytes() == BODY


def test_a_ring_of_redirects_ends(server, place):
    with pytest.raises(OutsideError, match="redirects in a circle"):
        fetch(Wanted(server.url.replace("file.bin", "round"), place), tries=QUICK)


@pytest.mark.parametrize(
    "url", ["http://example.org/a", "ftp://example.org/a", "file:///etc/passwd", "a.zip"]
)
def test_only_https_is_asked(url, place):
    with pytest.raises(RequestError, match="over https only"):
        fetch(Wanted(url, place))


def test_a_redirect_away_from_this_machine_needs_https_too(server, place):
    with pytest.raises(RequestError, match=r"http://example\.org/file\.bin: .* over https only"):
        fetch(Wanted(server.url.replace("file.bin", "away"), place), tries=QUICK)


def test_a_server_that_is_not_there_is_an_outside_failure(server, place):
    url = server.url.replace(str(server.server_port), "1")
    with pytest.raises(OutsideError, match=r"cannot be reached; .* put it at"):
        fetch(Wanted(url, place), tries=QUICK)


def test_too_little_space_is_said_before_the_first_byte(server, place, monkeypatch):
    monkeypatch.setattr(fetching, "SPARE_BYTES", 1 << 60)
    with pytest.raises(OutsideError, match=r"are free on that disk\. Free some space"):
        fetch(Wanted(server.url, place), tries=QUICK)
    assert not place.exists()


def test_a_folder_that_cannot_be_written_is_said(server, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutsideError, match=r"cannot be written: .* choose another folder"):
        fetch(Wanted(server.url, tmp_path / "file" / "file.bin"), tries=QUICK)
