"""A fuzzer over every file the program reads: an answer or a clear error, and nothing else.

    python tests/bench/fuzz.py --each 10000 --kind card
    python tests/bench/fuzz.py --kind card --only 4711 --keep /tmp/found

Inputs are read in a child process, each under limits of time and memory and with an eye on every
write, program and module. A child that dies is started again behind the input that killed it.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

sys.path.insert(0, str(Path(__file__).parent))

PATIENCE = 60.0  # seconds without a word after which a child is taken for hung
SECONDS = 10.0  # that one input may take


def kinds() -> dict[str, Any]:
    """Return every kind of file: its name and what makes a valid one."""
    from fuzzing import audits, benchmarks, models, others, vendors

    return {
        **benchmarks.KINDS, **vendors.KINDS, **others.KINDS, **audits.KINDS, **models.KINDS
    }  # fmt: skip


def work(asked: argparse.Namespace, names: list[str]) -> None:
    """Read inputs of some kinds and say on standard output what came of each."""
    from fuzzing.watch import Reader, Watch

    table, watch, root, begin = kinds(), Watch(), asked.work, asked.begin
    fewer = json.loads(asked.fewer)
    watch.install()
    say = os.fdopen(os.dup(1), "w", buffering=1)
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)  # pages and warnings of what is read
    for name in names:
        folder = root / "files" / name
        folder.mkdir(parents=True)
        try:
            made = table[name](folder)
            made.read()
        except ImportError as absent:
            say.write(json.dumps({"kind": name, "absent": str(absent)}) + "\n")
            continue
        except Exception:  # noqa: BLE001 - the kind itself is broken, which is to be told
            detail = traceback.format_exc()[-3000:]
            broken = {"kind": name, "seed": -1, "what": "its valid files are refused"}
            told = {"kind": name, "outcome": "broken", "found": [{**broken, "detail": detail}]}
            say.write(json.dumps(told) + "\n")
            continue
        reader = Reader(name, made, root, watch, asked.seconds)
        for seed in range(begin, asked.first + fewer.get(name, asked.each)):
            say.write(json.dumps({"kind": name, "seed": seed}) + "\n")
            outcome, found = reader.check(seed)
            told = {"kind": name, "outcome": outcome, "found": [*map(dataclasses.asdict, found)]}
            say.write(json.dumps(told) + "\n")
        begin = asked.first
        shutil.rmtree(folder)


@dataclasses.dataclass
class Tally:
    """What came of the inputs of all kinds."""

    outcomes: dict[str, Counter[str]] = dataclasses.field(default_factory=dict)
    findings: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    absent: dict[str, str] = dataclasses.field(default_factory=dict)

    def note(self, said: dict[str, Any]) -> None:
        """Take in a line that a child wrote."""
        if "outcome" in said:
            self.outcomes.setdefault(said["kind"], Counter())[said["outcome"]] += 1
            self.findings += said["found"]
        if "absent" in said:
            self.absent[said["kind"]] = said["absent"]


def surroundings(root: Path) -> dict[str, str]:
    """Return the environment of a child: everything it may write lies below one folder."""
    for name in ("home", "cwd", "cache", "tmp", "canary"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "canary" / "file").write_text("untouched")
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return os.environ | one | {
        "HOME": str(root / "home"),
        "TMPDIR": str(root / "tmp"),
        "EVENMATCH_CACHE": str(root / "cache"),
        "MPLCONFIGDIR": str(root / "tmp"),
        "NUMBA_CACHE_DIR": str(root / "tmp"),
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "MALLOC_ARENA_MAX": "2",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "COLUMNS": "100",
    }  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Amount:
    """How many inputs a kind are read.

    Attributes:
        each: how many of every kind.
        first: the seed of the first.
        seconds: that one may take.
        fewer: how many of kinds that are slow.
    """

    each: int
    first: int = 0
    seconds: float = SECONDS
    fewer: Mapping[str, int] = dataclasses.field(default_factory=dict)

    def stop(self, kind: str) -> int:
        """Return the seed behind the last."""
        return self.first + self.fewer.get(kind, self.each)


def fuzz(names: list[str], amount: Amount) -> Tally:
    """Read so many hostile inputs of every kind, in children that are watched."""
    tally = Tally()
    left, at = list(names), amount.first
    while left:
        with tempfile.TemporaryDirectory(prefix="evenmatch-fuzz-") as folder:
            died, seed, how = _child(left, amount, at, Path(folder), tally)
        if died is None:
            break
        tally.findings.append({"kind": died, "seed": seed, "what": how, "detail": how})
        tally.outcomes.setdefault(died, Counter())["died"] += 1
        left = left[left.index(died) :]
        at = seed + 1
        if at >= amount.stop(died):
            left, at = left[1:], amount.first
    return tally


def _child(
    names: list[str], amount: Amount, begin: int, root: Path, tally: Tally
) -> tuple[str | None, int, str]:
    """Run a child to its end; return which input killed it, if one did, and how."""
    command = [sys.executable, __file__, "--work", str(root), "--begin", str(begin)]
    command += ["--first", str(amount.first), "--each", str(amount.each)]
    command += ["--seconds", str(amount.seconds), "--fewer", json.dumps(amount.fewer)]
    command += ["--kind", ",".join(names)]
    kind, seed = names[0], begin
    words = tempfile.TemporaryFile()  # noqa: SIM115 - closed below, with the child
    with words, subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=words, text=True, cwd=_made(root / "cwd"),
        env=surroundings(root),
    ) as child:  # fmt: skip
        import threading

        last = time.monotonic()
        ended = threading.Event()
        hung = threading.Event()

        def guard() -> None:
            while not ended.wait(1):
                if time.monotonic() - last > PATIENCE + 3 * amount.seconds:
                    hung.set()
                    child.kill()
                    return

        threading.Thread(target=guard, daemon=True).start()
        for line in child.stdout or ():
            last = time.monotonic()
            said = json.loads(line)
            if "seed" in said:
                kind, seed = said["kind"], said["seed"]
            tally.note(said)
        code = child.wait()
        ended.set()
        words.seek(0)
        tail = words.read()[-2000:].decode(errors="replace")
    if code == 0:
        return None, 0, ""
    return kind, seed, "hung" if hung.is_set() else f"died with {code}\n{tail}"


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def show(name: str, seed: int, keep: Path) -> None:
    """Keep one hostile input and read it here, so that whatever it raises is seen whole."""
    from fuzzing.watch import Reader, Watch

    shutil.rmtree(keep, ignore_errors=True)
    os.environ.update(surroundings(keep))
    folder = _made(keep / "files" / name)
    made = kinds()[name](folder)
    reader = Reader(name, made, keep, Watch(), SECONDS)
    path, content = reader.hostile(seed)
    path.write_bytes(content)
    if made.ready:
        made.ready(path)
    print(f"{path}: {content[:300]!r} ({len(content):,} bytes)")
    print(f"read: {made.read()!r}"[:2000])


def main() -> None:
    """Fuzz, or show one input."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", help="one or several, with commas; all without it")
    parser.add_argument("--each", type=int, default=1000, help="inputs a kind")
    parser.add_argument("--first", type=int, default=0, help="seed of the first input")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="that an input may take")
    parser.add_argument("--only", type=int, help="read one input here, by its seed")
    parser.add_argument(
        "--keep", type=Path, default=Path(tempfile.gettempdir()) / "evenmatch-found"
    )
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--fewer", default="{}", help=argparse.SUPPRESS)
    parser.add_argument("--begin", type=int, default=0, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    names = asked.kind.split(",") if asked.kind else list(kinds())
    if asked.work:
        work(asked, names)
    elif asked.only is not None:
        show(names[0], asked.only, asked.keep)
    else:
        amount = Amount(asked.each, asked.first, asked.seconds)
        sys.exit(_told(names, fuzz(names, amount)))


def _told(names: list[str], tally: Tally) -> int:
    for name in names:
        outcomes = tally.outcomes.get(name, Counter())
        said = ", ".join(f"{count:,} {what}" for what, count in sorted(outcomes.items()))
        print(f"{name:<16} {said or tally.absent.get(name, 'nothing ran')}")
    grouped: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for each in tally.findings:
        grouped.setdefault((each["kind"], each["what"][:60]), []).append(each)
    for (kind, what), found in grouped.items():
        print(f"\n{kind}: {what} ({len(found)} inputs, such as seed {found[0]['seed']})")
        print(found[0]["detail"][-1800:])
    return int(bool(tally.findings))


if __name__ == "__main__":
    main()
