"""A benchmark onto this machine: fetched, unpacked, recorded, and taken up again."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

import pytest
import yaml
from typer.testing import CliRunner

from evenmatch.cli import app, main
from evenmatch.data.benchmark import benchmark_root
from evenmatch.data.card import DEMO_ROOT, load_card
from evenmatch.data.preparing import CONFIRMED, RECORDED, prepare
from evenmatch.data.receipts import RECORD, default_root, prepared_root
from evenmatch.errors import OutsideError, RequestError
from evenmatch.inputs import read_inputs

MANIFEST = "sample_id,subject_id,path\na1,a,\na2,a,\nb1,b,\n"


def zipped(files):
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return content.getvalue()


ARCHIVE = zipped({"samples.csv": MANIFEST, "more/notes.txt": "n" * 100})


class Quiet(SimpleHTTPRequestHandler):
    """A folder over HTTP; it knows no ranges."""

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def shop(tmp_path):
    """A folder that is served on this machine, and its address."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "set.zip").write_bytes(ARCHIVE)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EVENMATCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def card(bench):
    """Make a card with an `access` of its own and return it; `card.path` is its file."""

    def made(**access):
        bench.card["access"] = {"how": "download", **access}
        path = bench.folder / "card.yaml"
        path.write_text(yaml.safe_dump(bench.card, sort_keys=False))
        return load_card(str(path))

    return made


def file(url, name="set.zip", **more):
    return {"url": f"{url}/{name}", "path": name, **more}


def digest(data):
    return hashlib.sha256(data).hexdigest()


def test_a_card_becomes_a_benchmark_that_a_run_finds_by_itself(card, shop):
    made = card(files=[file(shop[1], sha256=digest(ARCHIVE), bytes=len(ARCHIVE), unpack=".")])
    with pytest.raises(RequestError, match=r"datasets prepare made-up$"):
        benchmark_root(made, None)
    done = prepare(made)
    assert done.root == default_root(made)
    assert not done.lacking
    assert [(each.state, each.digest) for each in done.files] == [("unpacked", CONFIRMED)]
    assert (done.root / "samples.csv").read_text() == MANIFEST
    assert benchmark_root(made, None) == done.root
    assert done.root.parent.stat().st_mode & 0o077 == 0


def test_a_run_finds_it_without_a_root_and_says_which_labels_the_files_lack(card, bench, shop):
    bench.attribute("sex", "subject", ["female", "male"])
    prepare(card(files=[file(shop[1], unpack=".")]))
    bench.scores([("a1", "a2", 0.9), ("a1", "b1", 0.1), ("a2", "b1", 0.2)])
    inputs = read_inputs(bench.config(benchmark={"card": str(bench.folder / "card.yaml")}))
    assert len(inputs.given) == 3
    assert inputs.grouping_names == ()
    assert "The files hold no labels of sex, which the card declares" in " ".join(inputs.notices)


def test_a_second_call_fetches_nothing(card, shop):
    made = card(files=[file(shop[1], unpack="."), file(shop[1], "list.txt")])
    (shop[0] / "list.txt").write_text("x")
    prepare(made)
    for each in shop[0].iterdir():
        each.unlink()
    again = prepare(made)
    assert [each.state for each in again.files] == ["unpacked", "there"]
    (again.root / "set.zip").unlink()  # an archive may be removed once it is unpacked
    assert prepare(made).files[0].state == "unpacked"


def test_unpacked_files_that_went_lost_come_again(card, shop):
    made = card(files=[file(shop[1], unpack="in")])
    root = prepare(made).root
    (root / "in" / "more" / "notes.txt").write_text("cut")
    (root / "in" / "samples.csv").unlink()
    with pytest.raises(RequestError, match="is there already and differs"):
        prepare(made)
    (root / "in" / "more" / "notes.txt").unlink()
    prepare(made)
    assert (root / "in" / "more" / "notes.txt").read_text() == "n" * 100


def test_an_unconfirmed_digest_is_recorded_and_held_from_then_on(card, shop):
    made = card(files=[file(shop[1], unpack=".")])
    done = prepare(made)
    assert done.files[0].digest == RECORDED
    record = json.loads((done.root / RECORD).read_text())
    assert record["files"]["set.zip"]["sha256"] == digest(ARCHIVE)
    assert record["files"]["set.zip"]["bytes"] == len(ARCHIVE)
    assert record["ready"] is True
    (done.root / "set.zip").unlink()
    (done.root / "samples.csv").unlink()
    (shop[0] / "set.zip").write_bytes(ARCHIVE[:-1] + b"!")
    with pytest.raises(OutsideError, match="another file than the card means"):
        prepare(made)


def test_a_file_that_somebody_changed_is_refused_and_left(card, shop, tmp_path):
    made = card(files=[file(shop[1], "samples.csv", sha256=digest(MANIFEST.encode()))])
    root = tmp_path / "mine"
    root.mkdir()
    (root / "samples.csv").write_text("changed")
    with pytest.raises(OutsideError, match=r"the card says .* Remove it and run"):
        prepare(made, root)
    assert (root / "samples.csv").read_text() == "changed"


def test_a_request_tells_where_to_put_each_file_and_goes_on_when_they_are_there(card):
    made = card(
        how="request",
        steps="Write to the makers.",
        files=[file("https://example.org", unpack=".", sha256=digest(ARCHIVE))],
    )
    before = prepare(made)
    assert [each.state for each in before.files] == ["missing"]
    assert "there is no such file" in before.lacking
    assert (before.root / "samples.csv", False) in before.places
    assert prepared_root(made) is None
    before.files[0].path.write_bytes(ARCHIVE)
    assert not prepare(made).lacking
    assert prepared_root(made) == before.root


def test_photographs_and_lists_that_are_not_there_are_lacking(card, bench, tmp_path):
    bench.card["protocols"]["pairs"] = {"kind": "listed", "file": "pairs.csv"}
    made = card(how="local")
    root = tmp_path / "mine"
    root.mkdir()
    (root / "samples.csv").write_text(MANIFEST.replace("a2,a,", "a2,a,a2.jpg"))
    assert prepare(made, root).lacking.startswith("1 of its photographs are not there, such as a2")
    (root / "a2.jpg").write_bytes(b"x")
    assert "pairs.csv: this list of comparisons is not there" in prepare(made, root).lacking
    (root / "pairs.csv").write_text("probe_id,reference_id\n")
    done = prepare(made, root)
    assert not done.lacking
    assert done.named
    assert {each.name for each in root.iterdir()} == {"samples.csv", "a2.jpg", "pairs.csv"}


def test_generated_faces_need_nothing():
    assert prepare(load_card("demo-faces")).root == DEMO_ROOT


def test_a_withdrawn_set_is_refused_with_what_to_use_instead(card, bench, shop):
    bench.card["status"] = {"state": "withdrawn", "note": "No consent.", "instead": ["demo-faces"]}
    made = card(files=[file(shop[1])])
    with pytest.raises(RequestError, match=r"withdrawn .*: No consent\. .* use demo-faces instead"):
        prepare(made)
    assert not default_root(made).exists()


@pytest.mark.parametrize("change", [{"path": "../out.zip"}, {"unpack": "../out"}, {"path": "/o"}])
def test_a_card_cannot_place_files_outside(card, shop, change):
    made = card(files=[file(shop[1]) | change])
    with pytest.raises(RequestError, match="leads outside the benchmark's folder"):
        prepare(made)


def test_a_broken_record_says_what_to_remove(card, shop):
    made = card(files=[file(shop[1], unpack=".")])
    root = prepare(made).root
    (root / RECORD).write_text("{")
    with pytest.raises(RequestError, match=r"is no record of this program .* Remove it"):
        prepare(made)


def test_two_at_once_are_one_too_many(card, shop):
    fcntl = pytest.importorskip("fcntl")
    made = card(files=[file(shop[1], unpack=".")])
    root = prepare(made).root
    handle = os.open(root, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(RequestError, match="is at work there; wait"):
        prepare(made)
    os.close(handle)
    prepare(made)


def test_killed_in_the_middle_it_goes_on(card, shop, tmp_path):
    """The server of this test hangs after half the archive; the process is killed there."""
    made = card(files=[file(shop[1], sha256=digest(ARCHIVE), unpack=".")])
    root = default_root(made)
    code = """
        import sys, time
        from evenmatch.data import fetching, unpacking
        from evenmatch.data.card import load_card
        from evenmatch.data.preparing import prepare
        def hang(*_):
            print("now", flush=True)
            time.sleep(60)
        setattr({"fetch": fetching, "unpack": unpacking}[sys.argv[2]], sys.argv[3], hang)
        prepare(load_card(sys.argv[1]))
    """
    path = tmp_path / "bench" / "card.yaml"
    for module, step in [("fetch", "_check_content"), ("unpack", "_move_in")]:
        with subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code), str(path), module, step],
            stdout=subprocess.PIPE,
        ) as running:
            assert running.stdout.readline() == b"now\n"
            running.send_signal(signal.SIGKILL)
        assert not (root / "samples.csv").exists()
        assert prepared_root(made) is None
    assert not prepare(made).lacking
    assert sorted(each.name for each in root.iterdir() if not each.name.startswith(".")) == [
        "more",
        "samples.csv",
        "set.zip",
    ]


def command(*arguments):
    return CliRunner().invoke(app, ["datasets", "prepare", *arguments])


def test_the_command_says_what_came_and_what_to_run(card, shop, tmp_path):
    card(files=[file(shop[1], unpack=".")])
    path = str(tmp_path / "bench" / "card.yaml")
    said = command(path)
    assert said.exit_code == 0
    assert "recorded, not confirmed" in said.stdout
    assert f"evenmatch datasets check {path}" in said.stdout
    assert f"  folder   {tmp_path}/cache/benchmarks/made-up\n" in said.stdout  # not broken
    said = command(path, "--root", str(tmp_path / "other"))
    assert f"root: {tmp_path / 'other'}" in said.stdout


def test_the_command_prints_what_to_request_and_ends_with_one(card, tmp_path):
    card(how="request", steps="Write to the makers.", files=[file("https://example.org")])
    said = command(str(tmp_path / "bench" / "card.yaml"))
    assert said.exit_code == 1
    for part in [
        "on request",
        "Write to the makers.",
        "CC0-1.0",
        "https://example.org/set.zip",
        "set.zip: missing",
        "Then run: evenmatch datasets prepare",
    ]:
        assert part in said.stdout


def test_wrong_requests_end_with_two(card, bench, monkeypatch, capsys):
    bench.card["status"] = {"state": "withdrawn"}
    card()
    monkeypatch.setattr(
        sys, "argv", ["evenmatch", "datasets", "prepare", str(bench.folder / "card.yaml")]
    )
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "was withdrawn and is neither fetched nor asked for" in capsys.readouterr().err
