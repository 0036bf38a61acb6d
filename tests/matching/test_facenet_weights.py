"""Fetching published weights once, and knowing them again."""

import hashlib
import http.server
import stat
import threading
from functools import partial

import pytest

from evenmatch.errors import OutsideError
from evenmatch.matching import facenet_weights
from evenmatch.matching.facenet_weights import WEIGHTS, fetched, weight_card

CONTENT = b"weights" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A file server that counts what it is asked for."""

    asked: list[str] = []  # noqa: RUF012 - shared on purpose, and emptied by the fixture

    def log_message(self, *_):
        """Say nothing; keep the path."""
        Quiet.asked.append(self.path)


@pytest.fixture
def page(tmp_path, monkeypatch):
    """Serve the release from this machine, and keep the cache here."""
    served = tmp_path / "served" / "download" / "v2.2.9"
    served.mkdir(parents=True)
    for weights in WEIGHTS.values():
        (served / weights.file).write_bytes(CONTENT)
    Quiet.asked.clear()
    handler = partial(Quiet, directory=tmp_path / "served")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("EVENMATCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(facenet_weights, "_PAGE", f"http://127.0.0.1:{server.server_port}/")
    yield served
    server.shutdown()
    server.server_close()


def test_weights_are_fetched_once_and_kept_private(page):
    first = fetched("casia-webface")
    assert fetched("casia-webface") == first
    assert first.read_bytes() == CONTENT
    assert len(Quiet.asked) == 1
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert page.is_dir()


def test_progress_counts_the_bytes_once(page):
    told = []

    class Told:
        def __init__(self, description, total):
            told.append((description, total))

        def advance(self, amount):
            told.append(amount)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            told.append("end")

    path = fetched("casia-webface", Told)
    assert told[0] == (f"fetching {path.name} (bytes)", len(CONTENT))
    assert told[-1] == "end"
    assert len(CONTENT) <= sum(told[1:-1]) < len(CONTENT) + 1024  # pooch counts whole pieces
    assert page.is_dir()


def test_weights_that_are_not_the_published_ones_are_not_kept(page, tmp_path):
    with pytest.raises(OutsideError, match=r"what came is another file.*set `weights`"):
        fetched("vggface2")
    assert not list((tmp_path / "cache").rglob("*.pt"))
    assert page.is_dir()


def test_a_file_that_changed_since_it_was_fetched_is_refused(page):
    path = fetched("casia-webface")
    path.write_bytes(b"something else")
    with pytest.raises(OutsideError, match="Delete it and run again"):
        fetched("casia-webface")
    assert page.is_dir()


def test_a_file_put_there_by_hand_is_used(page, tmp_path):
    folder = tmp_path / "cache" / "weights"
    folder.mkdir(parents=True)
    (folder / WEIGHTS["casia-webface"].file).write_bytes(b"by hand")
    assert fetched("casia-webface").read_bytes() == b"by hand"
    assert Quiet.asked == []
    assert page.is_dir()


def test_without_a_network_the_error_says_what_from_where_and_whereto(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("EVENMATCH_CACHE", str(tmp_path))
    monkeypatch.setattr(facenet_weights, "_PAGE", "http://127.0.0.1:9/")  # nobody listens
    with pytest.raises(OutsideError) as error:
        fetched("vggface2")
    said = str(error.value)
    assert "20180402-114759-vggface2.pt could not be fetched" in said
    assert "Download http://127.0.0.1:9/download/v2.2.9/20180402-114759-vggface2.pt" in said
    assert f"put it at {tmp_path / 'weights'}" in said
    assert "set `weights`" in said
    assert error.value.exit_code == 3


def test_the_addresses_are_the_packages_own_release():
    # facenet-pytorch 2.5.3, models/inception_resnet_v1.py, load_weights
    release = "https://github.com/timesler/facenet-pytorch/releases/download/v2.2.9/"
    assert [weights.url.removeprefix(release) for weights in WEIGHTS.values()] == [
        "20180402-114759-vggface2.pt",
        "20180408-102900-casia-webface.pt",
    ]


def test_the_card_says_whose_the_published_accuracy_is(tmp_path):
    path = tmp_path / WEIGHTS["vggface2"].file
    path.write_bytes(CONTENT)
    facts = weight_card("vggface2", path).facts()
    assert "consent" in facts["training set"]
    assert facts["weights sha256"] == f"{SHA256} (not the published file)"
    assert "quoted from another project" in WEIGHTS["vggface2"].accuracy
    assert "0.9937" in WEIGHTS["vggface2"].accuracy
