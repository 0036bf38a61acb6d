"""Killed, filled, torn or run twice at once, an audit comes to the same bytes or says why not."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from evenmatch.data.pseudonyms import Pseudonyms
from evenmatch.ending import as_failure
from evenmatch.errors import OutsideError
from evenmatch.holding import held
from evenmatch.reporting.overview import write_overview
from evenmatch.run import evaluate

HARNESS = Path(__file__).parent / "bench" / "faults.py"
PACKAGE = Path(__file__).parents[1] / "evals" / "evenmatch"
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that forks")

# Where the clock or chance may be asked for, and why no number depends on it.
ALLOWED = {
    ("data/fetching.py", "time.sleep"): "waits before asking a server again",
    ("data/pseudonyms.py", "secrets.token_bytes"): "the key, made once and kept",
    ("data/pseudonyms.py", "secrets.token_hex"): "a name beside the key, gone at once",
    ("distributed/cluster.py", "secrets.token_hex"): "a cluster's own password",
    ("matching/shares.py", "time.sleep"): "waits for other processes",
    ("scoring/product.py", "time.perf_counter"): "which of two equal products is faster",
    ("matching/vendor_http.py", "time.monotonic"): "pauses between requests",
    ("matching/vendor_http.py", "time.sleep"): "pauses between requests",
    ("matching/vendor_process.py", "time.monotonic"): "a program's time limit",
    ("benchmarking.py", "time.perf_counter"): "`evenmatch bench` measures speed",
    ("reporting/tracking.py", "time.time"): "dates a changed metric in MLflow",
    ("reporting/waiting.py", "time.monotonic"): "patience with another sender",
    ("reporting/waiting.py", "time.sleep"): "patience with another sender",
}
CLOCKS = {"time", "datetime", "random", "secrets", "uuid"}
SEEDED = {"default_rng", "Generator", "SeedSequence"}


def faults(what, *options):
    """Run the harness and return what it found, of several kinds a list."""
    asked = subprocess.run(
        [sys.executable, str(HARNESS), what, *map(str, options)],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert asked.returncode == 0, asked.stdout + asked.stderr
    found = [json.loads(line)["found"] for line in asked.stdout.splitlines()]
    return found if "," in what else found[0]


@needs_fork
def test_killed_at_stage_boundaries_an_audit_resumes_to_the_same_bytes():
    # Before the evidence, in it (half a file stays until the next run), between results and
    # digests, in the tables, in the overview.
    assert faults("boundaries", "--no-program", "--events", 4, 11, 24, 32, 70) == 5


@needs_fork
def test_killed_at_any_moment_an_audit_resumes_to_the_same_bytes():
    assert faults("moments", "--no-program", "--number", 8, "--seed", 3) >= 4


@needs_fork
@pytest.mark.slow
def test_a_disk_that_takes_nothing_more_is_said_and_nothing_is_lost():
    assert faults("full", "--no-program", "--events", 3, 20, 60) == 7


@needs_fork
@pytest.mark.slow
def test_a_file_cut_short_is_made_again_or_said_to_be_damaged():
    names = ("results.json", "digests.json", ".parquet", "index.", "keys/")
    said = faults("torn", "--no-program", "--only", *names)
    assert len(said) == 4 * 7  # cut to nothing or half, or zeros in the place of all or half
    assert all("damaged" in said[name] for name in said if ".parquet" in name or "keys/" in name)


@needs_fork
def test_files_are_on_the_disk_before_they_are_in_place_or_spoken_of():
    """Their names too; with what an embedded MLflow copies."""
    assert faults("synced", "--no-program", "--tracking") > 20


@needs_fork
def test_after_a_power_cut_an_audit_resumes_to_the_same_bytes():
    """What was not forced to the disk is gone, empty or zeros."""
    assert faults("cut", "--no-program", "--events", 5, 11, 19, 27, 40) == 5


@needs_fork
@pytest.mark.slow
def test_a_benchmark_is_fetched_and_unpacked_to_the_same_bytes_whatever_happens():
    """Killed before and in the fetch, while unpacking, while moving, before it is recorded."""
    events = (3, 8, 20, 48, 90, 110, 130)
    whole, killed, cut, moments = faults(
        "synced,boundaries,cut,moments", "--of", "prepare", "--number", 5, "--events", *events
    )
    assert whole > 25
    assert killed == cut == len(events)
    assert moments > 0


@needs_fork
@pytest.mark.slow
def test_a_report_is_rendered_to_the_same_bytes_whatever_happens():
    assert faults("boundaries,cut", "--of", "report", "--events", 40) == [1, 1]


@needs_fork
def test_runs_of_one_audit_and_of_another_at_once_leave_both_whole():
    """The same audit three times, once more into another folder, and another audit."""
    assert faults("together", "--no-program") == 3


@needs_fork
@pytest.mark.slow
def test_purging_the_private_folder_in_the_middle_ends_no_run():
    """It is refused while templates or answers are kept there, and else does no harm."""
    faults("purged", "--number", 3)


@needs_fork
@pytest.mark.slow
def test_audits_of_photographs_killed_at_any_moment_resume_to_the_same_bytes():
    """Templates by dlib, of faces bare and under a drawn mask."""
    pytest.importorskip("dlib", reason="needs the extra `dlib`")
    assert faults("moments", "--of", "photographs", "--number", 3) > 0


@needs_fork
@pytest.mark.slow
def test_processes_that_fill_one_cache_are_killed_with_the_run_that_started_them():
    pytest.importorskip("dlib", reason="needs the extra `dlib`")
    assert faults("moments", "--of", "processes", "--number", 1) > 0


def test_a_damaged_key_is_said_and_no_other_key_is_used(tmp_path, monkeypatch):
    monkeypatch.setenv("EVENMATCH_CACHE", str(tmp_path / "cache"))
    Pseudonyms("a")
    (key,) = (tmp_path / "cache" / "keys").iterdir()
    for content in (b"", b"\0" * 32, key.read_bytes()[:16], key.read_bytes()[:16] + bytes(16)):
        key.write_bytes(content)
        with pytest.raises(OutsideError, match="is damaged"):
            Pseudonyms("a")


def test_evidence_that_was_cut_is_counted_again_and_said(small, tmp_path, caplog):
    audit = evaluate(small.config(), tmp_path)
    scores = audit.folder / "scores" / "vendor.parquet"
    whole = scores.read_bytes()
    scores.write_bytes(whole[:100])
    evaluate(small.config(), tmp_path)
    assert scores.read_bytes() == whole
    assert "counted again" in caplog.text


def test_an_overview_torn_by_a_power_cut_is_written_anew_and_a_strangers_is_not(small, tmp_path):
    evaluate(small.config(), tmp_path)
    write_overview(tmp_path)
    page, document = tmp_path / "index.html", tmp_path / "index.json"
    whole = document.read_bytes()
    for left in (b"", whole[:30], whole[:200]):
        document.write_bytes(left)
        assert write_overview(tmp_path) == page
        assert document.read_bytes() == whole
    page.unlink()
    document.write_text("notes of my own")
    assert write_overview(tmp_path) is None


def test_a_folder_held_for_nothing_is_gone_again(tmp_path):
    with held(tmp_path / "a" / "b"):
        assert (tmp_path / "a" / "b").is_dir()
    assert not (tmp_path / "a").exists()


def test_where_no_folder_can_be_locked_it_is_used_all_the_same(tmp_path, monkeypatch):
    """As on Windows, which opens no folder either."""
    opened = os.open

    def refuse(path, *arguments, **options):
        if Path(path).is_dir():
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments, **options)

    monkeypatch.setattr("evenmatch.holding.fcntl", None)
    monkeypatch.setattr(os, "open", refuse)
    with held(tmp_path / "a"):
        (tmp_path / "a" / "file").touch()
    assert (tmp_path / "a" / "file").exists()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "memory"),
        (OSError(28, "No space left on device", "/x/y"), "/x/y: No space left"),
    ],
)
def test_no_memory_and_no_disk_are_sentences(error, said):
    failure = as_failure(error)
    assert failure is not None
    assert failure.exit_code == 3
    assert said in str(failure)
    assert "run the same command again" in str(failure)
    assert as_failure(KeyError("a mistake of the program")) is None


def test_the_seed_changes_only_what_chance_decides(small, tmp_path):
    one, other = (evaluate(small.config(seed=seed), tmp_path).result for seed in (1, 2))
    for name in ("groups", "thresholds", "error_rates", "failures", "distributions", "curves"):
        assert getattr(one, name) == getattr(other, name)


def calls(path):
    """Yield each clock and source of chance that a module uses, by its full name."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    whole, parts = {}, {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            whole |= {each.asname or each.name: each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module in CLOCKS:
            parts |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
    yield from parts.values()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            name = ast.unparse(node)
            first, _, rest = name.partition(".")
            if whole.get(first) in CLOCKS and "." not in rest:
                yield f"{whole[first]}.{rest}"
            legacy = name.startswith(("np.random.", "numpy.random.")) and node.attr not in SEEDED
            if legacy or name in ("os.urandom", "torch.rand", "torch.randn", "torch.manual_seed"):
                yield name


def unseeded(path):
    """Yield each generator made without a seed."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        named = isinstance(node, ast.Call) and ast.unparse(node.func).endswith("default_rng")
        if named and not node.args and not node.keywords:
            yield node.lineno


def test_the_seed_is_the_only_source_of_chance_and_no_clock_is_read():
    found = {
        (path.relative_to(PACKAGE).as_posix(), name)
        for path in PACKAGE.rglob("*.py")
        for name in calls(path)
    }
    assert {each for each in found if each not in ALLOWED} == set()
    assert {each for each in ALLOWED if each not in found} == set()
    assert {(path.name, line) for path in PACKAGE.rglob("*.py") for line in unseeded(path)} == set()
