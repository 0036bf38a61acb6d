"""A fuzzer over every file the program reads: an answer or a clear error, and nothing else.

    python tests/bench/fuzz.py --each 10000 --kind card
    python tests/bench/fuzz.py --kind card --only 4711 --keep /tmp/found

Inputs are read in a child process, each under limits of time and memory and with an eye on every
write, program and module. A child that dies is started again behind the input that killed it.
Seeds below zero put a pipe, a device, a folder or nothing at all where the file should be.
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
import threading
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

sys.path.insert(0, str(Path(__file__).parent))

FROM_THE_START = -(1 << 20)  # below every seed
PATIENCE = 60.0  # seconds without a word after which a child is taken for hung
SLOWEST = 75  # times longer than others may work, the slowest may take by the clock
OURS = ("evenmatch", "fuzzing")  # whose absence is a mistake, and no extra that is not installed
SECONDS = 10.0  # of work that one input may take


def kinds() -> dict[str, Any]:
    """Return every kind of file: its name and what makes a valid one."""
    from fuzzing import audits, benchmarks, commands, models, others, vendors

    return {
        **benchmarks.KINDS, **vendors.KINDS, **others.KINDS, **commands.KINDS, **audits.KINDS,
        **models.KINDS,
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
            if made.lay:
                made.lay()
            made.read()
        except Exception as wrong:  # noqa: BLE001 - the kind itself is broken, which is to be told
            if isinstance(wrong, ImportError) and (wrong.name or "").split(".")[0] not in OURS:
                say.write(json.dumps({"kind": name, "absent": str(wrong)}) + "\n")
                continue
            detail = traceback.format_exc()[-3000:]
            broken = {"kind": name, "seed": -1, "what": "its valid files are refused"}
            told = {"kind": name, "outcome": "broken", "found": [{**broken, "detail": detail}]}
            say.write(json.dumps(told | {"ended": True}) + "\n")
            continue
        reader = Reader(name, made, root, watch, asked.seconds)
        start = asked.first or reader.first
        for seed in range(max(start, begin), asked.first + fewer.get(name, asked.each)):
            say.write(json.dumps({"kind": name, "seed": seed}) + "\n")
            outcome, found = reader.check(seed)
            told = {"kind": name, "outcome": outcome, "found": [*map(dataclasses.asdict, found)]}
            say.write(json.dumps(told | {"of": seed}) + "\n")
        begin = FROM_THE_START
        say.write(json.dumps({"kind": name, "ended": True}) + "\n")
        shutil.rmtree(folder, ignore_errors=True)


@dataclasses.dataclass
class Tally:
    """What came of the inputs of all kinds.

    Attributes:
        outcomes: of files that were changed, by kind.
        replaced: of what is no file, by kind.
        findings: what went wrong.
        absent: kinds that need what is not installed.
        aloud: whether each kind is told when it has ended.
    """

    aloud: bool = False
    outcomes: dict[str, Counter[str]] = dataclasses.field(default_factory=dict)
    replaced: dict[str, Counter[str]] = dataclasses.field(default_factory=dict)
    findings: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    absent: dict[str, str] = dataclasses.field(default_factory=dict)

    began: float = dataclasses.field(default_factory=time.monotonic)

    def note(self, said: dict[str, Any]) -> None:
        """Take in a line that a child wrote."""
        if "outcome" in said:
            self.count(said["kind"], said.get("of", 0), said["outcome"])
            self.findings += said["found"]
        if "absent" in said:
            self.absent[said["kind"]] = said["absent"]
        if self.aloud and {"ended", "absent"} & said.keys():
            self.tell(said["kind"])

    def count(self, kind: str, seed: int, outcome: str) -> None:
        """Count what came of an input."""
        counted = self.outcomes if seed >= 0 else self.replaced
        counted.setdefault(kind, Counter())[outcome] += 1

    def tell(self, kind: str) -> None:
        """Print what came of a kind, and what is wrong with it."""
        took, self.began = time.monotonic() - self.began, time.monotonic()
        said = [
            f"{count:,} {what}" + (" without a file" if of is self.replaced else "")
            for of in (self.outcomes, self.replaced)
            for what, count in sorted(of.get(kind, Counter()).items())
        ]
        outcomes = ", ".join(said) or self.absent.get(kind, "nothing ran")
        print(f"{kind:<16} {outcomes} ({took:,.0f} s)", flush=True)
        grouped: dict[str, list[dict[str, Any]]] = {}
        for each in self.findings:
            if each["kind"] == kind:
                grouped.setdefault(each["what"][:60], []).append(each)
        for what, found in grouped.items():
            print(f"\n{kind}: {what} ({len(found)} inputs, such as seed {found[0]['seed']})")
            print(found[0]["detail"][-1800:], flush=True)


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


def fuzz(names: list[str], amount: Amount, *, aloud: bool = False) -> Tally:
    """Read so many hostile inputs of every kind, in children that are watched."""
    tally = Tally(aloud)
    left, at = list(names), FROM_THE_START
    while left:
        with tempfile.TemporaryDirectory(prefix="evenmatch-fuzz-") as folder:
            died, seed, how = _child(left, amount, at, Path(folder), tally)
        if died is None:
            break
        what = how.rstrip().rpartition("\n")[2]
        tally.findings.append({"kind": died, "seed": seed, "what": what, "detail": how})
        tally.count(died, seed, "died")
        left = left[left.index(died) :]
        at = seed + 1
        if at >= amount.stop(died):
            left, at = left[1:], FROM_THE_START
            tally.note({"kind": died, "ended": True})
    return tally


def _child(
    names: list[str], amount: Amount, begin: int, root: Path, tally: Tally
) -> tuple[str | None, int, str]:
    """Run a child to its end; return which input killed it, if one did, and how."""
    command = [sys.executable, __file__, "--work", str(root), "--begin", str(begin)]
    command += ["--first", str(amount.first), "--each", str(amount.each)]
    command += ["--seconds", str(amount.seconds), "--fewer", json.dumps(amount.fewer)]
    command += ["--kind", ",".join(names)]
    kind, seed = names[0], amount.stop(names[0])  # should it die before its first input
    words = tempfile.TemporaryFile()  # noqa: SIM115 - closed below, with the child
    with words, subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=words, text=True, cwd=_made(root / "cwd"),
        env=surroundings(root),
    ) as child:  # fmt: skip
        last = time.monotonic()
        ended = threading.Event()
        hung = threading.Event()

        def guard() -> None:
            while not ended.wait(1):
                if time.monotonic() - last > PATIENCE + SLOWEST * amount.seconds:
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
    from fuzzing.stand_ins import STAND_INS
    from fuzzing.watch import Reader, Watch

    shutil.rmtree(keep, ignore_errors=True)
    os.environ.update(surroundings(keep))
    folder = _made(keep / "files" / name)
    made = kinds()[name](folder)
    reader = Reader(name, made, keep, Watch(), SECONDS)
    path = reader.place(seed)
    if path.is_file() and not path.is_symlink():
        print(f"{path}: {path.read_bytes()[:300]!r} ({path.stat().st_size:,} bytes)")
    else:
        print(f"{path}: {list(STAND_INS)[(-1 - seed) % len(STAND_INS)]}")
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
    parser.add_argument("--fewer", default="{}", help="of slow kinds, such as '{\"run\": 500}'")
    parser.add_argument("--begin", type=int, default=FROM_THE_START, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    names = asked.kind.split(",") if asked.kind else list(kinds())
    if asked.work:
        work(asked, names)
    elif asked.only is not None:
        show(names[0], asked.only, asked.keep)
    else:
        amount = Amount(asked.each, asked.first, asked.seconds, json.loads(asked.fewer))
        sys.exit(int(bool(fuzz(names, amount, aloud=True).findings)))


if __name__ == "__main__":
    main()
