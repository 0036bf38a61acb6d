"""Kills, fills and tears a small audit, and looks whether the next run makes the same bytes.

    python tests/bench/faults.py boundaries|moments|full|memory|torn|together|all [--number 50]

The audit compares templates from a file and a program that is asked (photographs, answers kept in
the cache), one to one and one to many, masked and not, with figures and a report where asked, and
sends itself to an embedded MLflow where asked. Each trial runs in a process of its own, forked
from one that has imported everything, and ends with what the next, undisturbed run has made.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(threads, "1")  # before numpy reads them

import numpy as np  # noqa: E402 - threads are set first
import pandas as pd  # noqa: E402 - threads are set first
import yaml  # noqa: E402 - threads are set first
from PIL import Image  # noqa: E402 - threads are set first

PROGRAM = Path(__file__).parents[1] / "matching" / "vendor_program.py"
EVENTS = {"open", "os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "sqlite3.connect"}
# Files that hold pseudonyms, which a new key changes.
KEYED = ("scores/", "searches/", "gallery.csv", "digests.json")
CARD = {
    "schema": 1,
    "name": "faults",
    "title": "A benchmark to be killed on",
    "source": {"homepage": "https://example.org", "citation": "Nobody, 2026.", "version": "1"},
    "licence": {"id": "CC0-1.0", "use": "any"},
    "consent": {"basis": "synthetic"},
    "status": {"state": "active"},
    "access": {"how": "local"},
    "samples": {"loader": "manifest"},
    "attributes": {
        "sex": {"of": "subject", "values": ["female", "male"], "labelled_by": "construction"},
        "mask": {"of": "sample", "values": ["unmasked", "masked"], "labelled_by": "construction"},
        "session": {"of": "sample", "values": ["s0", "s1", "s2"], "labelled_by": "construction"},
    },
    "protocols": {"all-pairs": {"kind": "all-pairs"}},
}


class Failed(Exception):  # noqa: N818 - what a trial found
    """The promise was broken."""


@dataclasses.dataclass
class Place:
    """A small audit's benchmark, and the folders that a trial works in."""

    root: Path
    config: dict

    @property
    def out(self) -> Path:
        """Where audits go."""
        return self.root / "reports"

    @property
    def cache(self) -> Path:
        """Where private things go."""
        return self.root / "cache"

    def write(self, file="run.yaml", /, **changes) -> Path:
        """Write a config of the audit, some keys changed."""
        path = self.root / file
        path.write_text(yaml.safe_dump(self.config | changes, sort_keys=False))
        return path

    def forget(self, *, key=True) -> None:
        """Remove what runs have left, but for the key of the pseudonyms."""
        shutil.rmtree(self.out, ignore_errors=True)
        kept = {"keys"} if key else set()
        for part in self.cache.iterdir() if self.cache.exists() else ():
            if part.name not in kept:
                shutil.rmtree(part)
        for path in self.root.glob(".mlflow.db*"):
            path.unlink()
        (self.root / "mlflow.db").unlink(missing_ok=True)
        shutil.rmtree(self.root / "mlartifacts", ignore_errors=True)


def make_place(root: Path, *, formats=("csv",), tracking=False, program=True) -> Place:
    """Write a benchmark of 12 people with 3 photographs, and the config of its audit."""
    rng = np.random.default_rng(5)
    rows, vectors = [], []
    root.mkdir(parents=True, exist_ok=True)
    for person in range(12):
        face, centre = rng.integers(30, 225, (8, 8, 3)), rng.standard_normal(16)
        for shot in range(3):
            name = f"p{person:02}-{shot}"
            shown = np.clip(face + rng.integers(-60, 60, face.shape), 1, 255).astype(np.uint8)
            Image.fromarray(shown).save(root / f"{name}.png")
            sex, mask = ("female", "male")[person % 2], ("unmasked", "masked")[shot == 2]
            rows.append((name, f"p{person:02}", f"{name}.png", sex, mask, f"s{shot}"))
            vectors.append(centre + 0.7 * rng.standard_normal(16))
    columns = ["sample_id", "subject_id", "path", "sex", "mask", "session"]
    table = pd.DataFrame(rows, columns=columns)
    table.to_csv(root / "samples.csv", index=False)
    (root / "card.yaml").write_text(yaml.safe_dump(CARD, sort_keys=False))
    ids = table["sample_id"].to_numpy(str)
    np.savez(root / "made.npz", ids=ids, templates=np.array(vectors, np.float32))
    asked = {"name": "asked", "kind": "command", "command": [sys.executable, str(PROGRAM)]}
    made = {"name": "made", "kind": "templates", "path": str(root / "made.npz")}
    config = {
        "schema": 1,
        "name": "faults",
        "benchmark": {"card": str(root / "card.yaml"), "root": str(root)},
        "matchers": [made | {"score_kind": "cosine"}, *([asked] if program else [])],
        "groups": [["sex"]],
        "one_to_one": {"operating_points": ["fmr=0.1", "threshold=0.5"]},
        "one_to_many": {
            "gallery": {"where": {"session": "s0"}},
            "searches": {"where": {"session": "s1"}},
            "operating_points": ["fpir=0.2"],
            "ranks": [1, 3],
        },
        "statistics": {"replicates": 200},
        "tracking": {"uri": f"sqlite:///{root}/mlflow.db"} if tracking else None,
        "report": {"formats": list(formats)},
    }
    place = Place(root, config)
    place.write()
    return place


# ---------------------------------------------------------------- one run, in a process of its own


def start(place: Place, *, before=None, config="run.yaml", out: Path | None = None) -> int:
    """Fork a run that says what it says to `said.<pid>`; return its process id."""
    pid = os.fork()
    if pid:
        return pid
    status = 70
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        os.setsid()
        said = os.open(place.root / f"said.{os.getpid()}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(said, 1)
        os.dup2(said, 2)
        os.chdir(place.root)
        os.environ["EVENMATCH_CACHE"] = str(place.cache)
        sys.argv = ["evenmatch", "run", config, "--quiet", "--out", str(out or place.out)]
        if before is not None:
            before()
        from evenmatch.cli import main

        main()
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(bool(ended.code))
    except BaseException:  # noqa: BLE001 - a traceback is what is looked for
        with contextlib.suppress(BaseException):
            os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(status)


def finish(place: Place, pid: int) -> tuple[int, str]:
    """Wait for a run and return its status, negative for a signal, and what it said."""
    _, status = os.waitpid(pid, 0)
    path = place.root / f"said.{pid}"
    said = path.read_text(errors="replace") if path.exists() else ""
    path.unlink(missing_ok=True)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)  # the vendor's program of a run that was killed
    return os.waitstatus_to_exitcode(status), said


def run(place: Place, **more) -> tuple[int, str]:
    return finish(place, start(place, **more))


def contents(place: Place, *, keyed=True, out: Path | None = None) -> dict[str, str]:
    """Return the digest of every file of the audits, hidden and waiting ones apart."""
    folder = out or place.out
    found = {}
    for path in sorted(folder.rglob("*")):
        name = "/".join(path.relative_to(folder).parts[2:])
        hidden = any(part.startswith(".") for part in path.parts)
        if path.is_file() and name and not hidden and (keyed or not name.startswith(KEYED)):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def check_same(place: Place, whole: dict[str, str], what: str, *, keyed=True) -> None:
    """Run once more and compare, byte for byte; also what MLflow has of it."""
    status, said = run(place)
    if status:
        raise Failed(f"{what}: the next run ended with {status}: {said[-1500:]}")
    expected = {k: v for k, v in whole.items() if keyed or not k.startswith(KEYED)}
    found = contents(place, keyed=keyed)
    if found != expected:
        differ = {k for k in expected.keys() | found.keys() if expected.get(k) != found.get(k)}
        raise Failed(f"{what}: other files: {sorted(differ)}")
    if place.config["tracking"]:
        check_tracked(place, what)


def check_tracked(place: Place, what: str) -> None:
    """Look for one finished MLflow run an audit, with one child a matcher, all metrics once."""
    with contextlib.closing(sqlite3.connect(place.root / "mlflow.db")) as database:
        rows = database.execute(
            "select run_uuid, status from runs where lifecycle_stage='active'"
        ).fetchall()
        repeated = database.execute(
            "select count(*) - count(distinct run_uuid || key) from metrics"
        ).fetchone()[0]
    states = [state for _, state in rows]
    if states != ["FINISHED"] * (1 + len(place.config["matchers"])) or repeated:
        raise Failed(f"{what}: MLflow has {states}, {repeated} metrics more than once")


def undisturbed(place: Place) -> dict[str, str]:
    status, said = run(place)
    if status:
        raise Failed(f"the undisturbed run ended with {status}: {said}")
    return contents(place)


# ---------------------------------------------------------------- faults


def at_event(place: Place, number: int | None, act) -> None:
    """Have `act` called before the so-many-th thing done to a file of the place, or before all."""
    seen = [0]
    root = str(place.root)

    def hook(event, arguments):
        if event not in EVENTS or not arguments:
            return
        path = arguments[0]
        path = os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else ""
        if not path.startswith(root) or "/said." in path:
            return
        if event == "open" and not (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR):
            return
        seen[0] += 1
        if number in (None, seen[0]):
            act(event, path)

    sys.addaudithook(hook)


def killed(*_) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def refused(_, path) -> None:
    raise OSError(28, "No space left on device", path)


def boundaries(place: Place, numbers=None) -> int:
    """Kill a run before each thing that it does to a file, and run again."""
    whole, count = undisturbed(place), 0
    for number in numbers or range(1, 10_000):
        place.forget()
        status, said = run(place, before=lambda n=number: at_event(place, n, killed))
        if status == 0 and numbers is None:
            break
        if status != -signal.SIGKILL:
            raise Failed(f"event {number}: {status}: {said[-1500:]}")
        check_same(place, whole, f"killed before event {number}")
        count += 1
    return count


def moments(place: Place, number: int, seed: int) -> int:
    """Kill a run at moments spread at random over its time, some twice, and run again."""
    whole, chance = undisturbed(place), random.Random(seed)  # noqa: S311 - moments, no secrets
    place.forget()
    began = time.monotonic()
    run(place)
    lasts, early = time.monotonic() - began, 0
    for trial in range(number):
        keyed = chance.random() < 0.8  # otherwise the key is made anew too
        place.forget(key=keyed)
        for _ in range(chance.choice([1, 1, 2])):
            pid = start(place)
            time.sleep(chance.random() * lasts)
            os.kill(pid, signal.SIGKILL)
            early += finish(place, pid)[0] == -signal.SIGKILL
        check_same(place, whole, f"killed at moment {trial} of seed {seed}", keyed=keyed)
        if not keyed:
            whole = contents(place)
    return early


def full(place: Place, numbers=None, sizes=(1000, 3000, 9000, 40_000)) -> int:
    """Refuse each thing done to a file, then let no file grow past a size, and run again."""
    whole, count = undisturbed(place), 0
    for number in numbers or range(1, last_event(place) + 1):
        place.forget()
        status, said = run(place, before=lambda n=number: at_event(place, n, refused))
        check_sentence(status, said, f"no space at event {number}", also=(0,))
        check_same(place, whole, f"no space at event {number}")
        count += 1
    for size in sizes:
        place.forget()
        limit = (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1])
        status, said = run(
            place, before=lambda n=limit: resource.setrlimit(resource.RLIMIT_FSIZE, n)
        )
        check_sentence(status, said, f"files of at most {size} bytes", also=(0,))
        check_same(place, whole, f"files of at most {size} bytes")
        count += 1
    return count


def last_event(place: Place) -> int:
    """Return how many things an undisturbed run does to files."""
    place.forget()
    note = place.root / "events"
    note.write_text("")
    handle = os.open(note, os.O_WRONLY | os.O_APPEND)

    run(place, before=lambda: at_event(place, None, lambda *_: os.write(handle, b".")))
    os.close(handle)
    size = note.stat().st_size
    note.unlink()
    return size


def check_sentence(status: int, said: str, what: str, also=()) -> None:
    """Refuse a traceback, silence, and any ending but 'something outside failed'."""
    if status in also and "Traceback" not in said:
        return
    if status != 3 or "Traceback" in said or "evenmatch: " not in said:
        raise Failed(f"{what}: ended with {status}: {said[-2500:]}")


def memory(place: Place, limits=(200, 300, 400, 500, 600, 700, 800, 900, 1000, 1200)) -> dict:
    """Give a whole run, from its start, so many MiB of address space, and run again."""
    whole, ended = undisturbed(place), {}
    environment = os.environ | {"EVENMATCH_CACHE": str(place.cache)}
    for limit in limits:
        place.forget()
        asked = subprocess.run(
            [
                *("bash", "-c", f'ulimit -v {limit << 10}; exec "$@"', "bash"),
                *(sys.executable, "-c", "from evenmatch.cli import main; main()"),
                *("run", "run.yaml", "--quiet"),
                *("--out", str(place.out)),
            ],
            capture_output=True,
            text=True,
            cwd=place.root,
            env=environment,
            timeout=120,
            check=False,
        )
        # A library that ends the process itself can only be believed.
        words = asked.stderr.lower()
        aborted = "traceback" not in words and ("alloc" in words and "memory" in words)
        aborted |= asked.returncode == -signal.SIGABRT and "bad_alloc" in words
        if not aborted:
            check_sentence(asked.returncode, asked.stderr, f"{limit} MiB", also=(0,))
        check_same(place, whole, f"after {limit} MiB")
        ended[limit] = asked.returncode
    return ended


def torn(place: Place, names=None) -> dict[str, str]:
    """Cut each file of a finished audit and of the cache short, one at a time, and run again."""
    whole, said_of = undisturbed(place), {}
    run(place)
    bench = {"samples.csv", "card.yaml", "made.npz", "run.yaml"}
    files = [
        path
        for folder in (place.out, place.cache)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in bench
    ]
    copy = place.root.with_name(f"{place.root.name}-copy")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(place.root, copy)
    for path in files:
        for length in (0, 0.5):
            name = f"{path.relative_to(place.root)} cut to {length:g}"
            if names is not None and not any(each in name for each in names):
                continue
            for part in (place.out, place.cache):
                shutil.rmtree(part, ignore_errors=True)
                shutil.copytree(copy / part.name, part)
            os.truncate(path, int(path.stat().st_size * length))
            if path.is_relative_to(place.cache):
                shutil.rmtree(place.out)  # a finished audit needs nothing of the cache
            said_of[name] = _after_tearing(place, whole, name)
    return said_of


def _after_tearing(place: Place, whole: dict[str, str], name: str) -> str:
    status, said = run(place)
    if status == 0:
        check_same(place, whole, name)
        page = place.out / "index.html"
        if "</html>" not in page.read_text() or not json.loads(
            (place.out / "index.json").read_text()
        ):
            raise Failed(f"{name}: the overview stays torn")
        return "repaired" + (f": {said.strip()}" if said.strip() else "")
    check_sentence(status, said, name)
    if "damaged" not in said:
        raise Failed(f"{name}: {said}")
    return said.strip()


def together(place: Place, rounds=3, many=3) -> int:
    """Start the same audit, and another that shares cache and MLflow, all at once."""
    other = place.write("other.yaml", name="other", seed=7)
    whole = undisturbed(place)
    place.forget()
    if finish(place, start(place, config=other.name))[0]:
        raise Failed("the other audit failed")
    whole_other = contents(place)
    for number in range(rounds):
        place.forget()
        pids = [start(place) for _ in range(many)] + [start(place, config=other.name)]
        for pid in pids:
            status, said = finish(place, pid)
            if status:
                raise Failed(f"round {number}: one ended with {status}: {said[-1500:]}")
        for name, expected in (("faults", whole), ("other", whole_other)):
            found = _of(place, name)
            if found != expected:
                names = expected.keys() | found.keys()
                differ = sorted(k for k in names if expected.get(k) != found.get(k))
                raise Failed(f"round {number}: {name} has other bytes: {differ}")
        entries = json.loads((place.out / "index.json").read_text())["audits"]
        if {each["name"] for each in entries} != {"faults", "other"}:
            raise Failed(f"round {number}: the overview lacks an audit")
    return rounds


def _of(place: Place, name: str) -> dict[str, str]:
    found = {}
    for path in sorted((place.out / name).glob("*/**/*")):
        inside = "/".join(path.relative_to(place.out / name).parts[1:])
        if path.is_file() and not path.name.startswith("."):
            found[inside] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def synced(place: Place) -> int:
    """Look that no file is moved into place before its content was forced to the disk."""
    place.forget()
    note = place.root / "unsynced"
    note.write_text("")

    def watch() -> None:
        known, sync = set(), os.fsync

        def fsync(handle):
            known.add(os.fstat(handle).st_ino)
            sync(handle)

        def hook(event, arguments):
            if event not in {"os.rename", "os.link"}:
                return
            path = Path(os.fsdecode(arguments[0]))
            ours = str(path).startswith(str(place.root)) and "mlartifacts" not in str(path)
            if ours and path.stat().st_ino not in known and not path.name.endswith(".db.new"):
                os.write(handle, f"{path}\n".encode())

        handle = os.open(note, os.O_WRONLY | os.O_APPEND)
        os.fsync = fsync
        sys.addaudithook(hook)

    status, said = run(place, before=watch)
    unsynced = note.read_text()
    note.unlink()
    if status or unsynced:
        raise Failed(f"moved before it was on the disk: {unsynced or said}")
    return len(contents(place))


def warm_up(place: Place) -> None:
    """Make the audit once in this process, so that what is forked from it starts quickly."""
    os.environ["EVENMATCH_CACHE"] = str(place.cache)
    evaluate = sys.modules["evenmatch.run"].evaluate
    evaluate(place.write("warm.yaml", tracking=None), place.out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what")
    parser.add_argument("--number", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--formats", default="csv")
    parser.add_argument("--tracking", action="store_true")
    parser.add_argument("--no-program", action="store_true")
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--events", nargs="*", type=int)
    options = parser.parse_args()
    # Everything is imported and compiled once, here, without a thread that forking would lose.
    import evenmatch.reporting.html
    import evenmatch.reporting.plots
    import evenmatch.run  # noqa: F401 - the package's every room

    if options.tracking:
        import mlflow.tracking  # noqa: F401
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        place = make_place(
            Path(folder) / "place",
            formats=options.formats.split(","),
            tracking=options.tracking,
            program=not options.no_program,
        )
        warm_up(place)
        kinds = {
            "boundaries": lambda: boundaries(place, options.events),
            "moments": lambda: moments(place, options.number, options.seed),
            "full": lambda: full(place, options.events),
            "memory": lambda: memory(place),
            "torn": lambda: torn(place, options.only),
            "together": lambda: together(place),
            "synced": lambda: synced(place),
        }
        for name in kinds if options.what == "all" else options.what.split(","):
            place.forget(key=False)
            began = time.monotonic()
            try:
                found = kinds[name]()
            except Failed as failed:
                print(json.dumps({"what": name, "failed": str(failed)}))
                sys.exit(1)
            seconds = round(time.monotonic() - began, 1)
            print(json.dumps({"what": name, "found": found, "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
