"""Templates of several gibibytes that nobody holds: what the processes of a run take at most.

    python tests/bench/lying.py [--gib 6] [--folder DIR] [--write]

Shards are written into a folder, read there by Ray's processes on two cores, and removed. A small
probe set is counted against all of them and a small set of searches is made, exactly; what each
process held at most is the kernel's own mark. `--write` puts the table into docs/scaling.md.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from time import perf_counter

import numpy as np

PAGE = Path(__file__).parents[2] / "docs" / "scaling.md"
START, END = "<!-- lying -->", "<!-- end of lying -->"
DIMENSION, SHARD, PROBES, SEARCHES, LENGTH = 512, 1 << 17, 256, 128, 20
GIB = 1 << 30
ENGINES = {"ray": "Ray, 2 workers", "local": "one process"}


def write(folder, shards):
    """Write shards of random templates and the ids of their rows."""
    array = np.random.default_rng(1).standard_normal((SHARD, DIMENSION), dtype=np.float32)
    for number in range(shards):
        np.save(folder / "arrays" / f"{number:03}.npy", np.roll(array, 7 * number, axis=1))
        print(f"shard {number + 1} of {shards} written", flush=True)
    with (folder / "ids.txt").open("w") as file:
        file.writelines(f"{row:08}\n" for row in range(shards * SHARD))


class Marks(threading.Thread):
    """Notes the most that each process of Ray's has held, while it is there."""

    def __init__(self):
        super().__init__(daemon=True)
        self.most, self.done = {}, threading.Event()

    def run(self):
        """Look until told to stop."""
        while not self.done.wait(0.2):
            self.look()

    @staticmethod
    def ours(process):
        """Whether this process started it, or what started it."""
        while process > 1:
            if process == os.getpid():
                return True
            text = Path(f"/proc/{process}/stat").read_text()
            process = int(text.rpartition(")")[2].split()[1])
        return False

    def look(self):
        """Look once at every process that works for this one's Ray."""
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                command = (entry / "cmdline").read_bytes()
                status = dict(
                    line.split(":", 1) for line in (entry / "status").read_text().splitlines()
                )
                if not self.ours(int(entry.name)):
                    continue
            except OSError:
                continue
            if command.startswith(b"ray::do_part") and "VmHWM" in status:
                size = int(status["VmHWM"].split()[0]) * 1024
                self.most[entry.name] = max(size, self.most.get(entry.name, 0))


def measure(folder, engine):
    """Count and search, and print what was seen."""
    import pandas as pd

    from evenmatch.data.samples import Samples
    from evenmatch.distributed.spread import RaySpread
    from evenmatch.matching.vendor_templates import TemplateFile
    from evenmatch.scoring.engine import Compute, count
    from evenmatch.scoring.memory import peak_memory
    from evenmatch.scoring.plan import Plan, Roster
    from evenmatch.scoring.search import search

    marks = Marks()
    marks.start()
    seen = {}

    def timed(what, work):
        start = perf_counter()
        outcome = work()
        seen[what] = perf_counter() - start
        print(f"{what}: {seen[what]:.1f} s, {peak_memory() / GIB:.2f} GiB at most", flush=True)
        return outcome

    ids = (folder / "ids.txt").read_text().split()
    table = pd.DataFrame({"sample_id": ids, "subject_id": ids, "path": "", "mask": "unmasked"})
    samples = Samples(table, folder, {}, ("unmasked",))
    rows = np.arange(len(ids), dtype=np.int32)
    del ids, table
    seen["before"] = peak_memory()
    file = timed(
        "digest", lambda: TemplateFile.find(folder / "arrays", folder / "ids.txt", "cosine")
    )
    templates = timed("check", lambda: file.read(samples, apart=engine == "ray"))
    roster = Roster(rows, rows, rows % 8, 8)
    plan = Plan("unmasked", "unmasked", rows[:PROBES], rows[PROBES:], symmetric=False)
    spread = RaySpread("local", "cpu") if engine == "ray" else None
    compute = Compute(device="cpu", keep_scores=0, keep_tail=100_000, spread=spread)
    counted = timed("count", lambda: count(plan, roster, templates, compute=compute))
    assert int(counted.cells.sum()) == PROBES * (rows.size - PROBES)
    searches, gallery = rows[:SEARCHES], rows[SEARCHES:]
    asked = (templates, roster, searches, gallery)
    found = timed("search", lambda: search(*asked, length=LENGTH, compute=compute))
    assert found.candidates.shape == (SEARCHES, LENGTH)
    marks.look()
    marks.done.set()
    seen |= {"driver": peak_memory(), "workers": sorted(marks.most.values()), "rows": rows.size}
    print(json.dumps(seen), flush=True)


def measured(folder, engine):
    """Measure in a process of its own, so that its mark is its own."""
    with subprocess.Popen(
        [sys.executable, __file__, "--measure", engine, "--folder", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "EVENMATCH_CACHE": str(folder / "cache")},
    ) as process:
        for line in process.stdout:
            print(engine, line, end="", flush=True)
    assert process.returncode == 0
    return json.loads(line)


def as_table(gib, found):
    """Return the measured table."""
    lines = [
        (
            f"| {next(iter(found.values()))['rows']:,} templates of {DIMENSION} numbers, {gib:.1f} "
            f"GiB in files, two cores | {' | '.join(ENGINES[engine] for engine in found)} |"
        ),
        "|---|" + "---|" * len(found),
    ]

    def row(what, value):
        cells = " | ".join(value(found[engine]) for engine in found)
        lines.append(f"| {what} | {cells} |")

    row("digest, s", lambda one: f"{one['digest']:.0f}")
    row("check every row, s", lambda one: f"{one['check']:.0f}")
    row(f"count {PROBES:,} probes against all, s", lambda one: f"{one['count']:.0f}")
    row(f"search {SEARCHES} in all, exactly, s", lambda one: f"{one['search']:.0f}")
    row(
        "the process that asks, GiB at most (before any template was read)",
        lambda one: f"{one['driver'] / GIB:.2f} ({one['before'] / GIB:.2f})",
    )
    row(
        "any worker, GiB at most",
        lambda one: f"{max(one['workers']) / GIB:.2f}" if one["workers"] else "",
    )
    return "\n".join(lines)


def main():
    """Write shards, measure, print, remove."""
    from timing import write_table

    reading = argparse.ArgumentParser()
    reading.add_argument("--gib", type=float, default=6)
    reading.add_argument("--folder", type=Path)
    reading.add_argument("--engines", nargs="+", default=list(ENGINES), choices=list(ENGINES))
    reading.add_argument("--write", action="store_true")
    reading.add_argument("--measure", choices=list(ENGINES), help=argparse.SUPPRESS)
    asked = reading.parse_args()
    if asked.measure:
        measure(asked.folder, asked.measure)
        return
    folder = Path(tempfile.mkdtemp(prefix="lying", dir=asked.folder))
    try:
        (folder / "arrays").mkdir()
        shards = max(1, round(asked.gib * GIB / (4 * DIMENSION * SHARD)))
        write(folder, shards)
        found = {engine: measured(folder, engine) for engine in asked.engines}
    finally:
        shutil.rmtree(folder)
    table = as_table(shards * SHARD * DIMENSION * 4 / GIB, found)
    print(table)
    if asked.write:
        write_table(PAGE, START, END, table)


if __name__ == "__main__":
    main()
