"""Counting by one process and by a cluster of one and of two workers with one core each.

    python tests/bench/ray_scaling.py [--rows 32768] [--runs 3] [--write]

The nodes are separate processes on the loopback, as in the tests. Runs of all sides are interleaved
and the median is taken; the first pass of each, which compiles kernels and sends the templates, is
not counted. `--write` puts the table into docs/scaling.md.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import pickle
import statistics
import subprocess
import sys
from pathlib import Path
from time import perf_counter

from timing import write_table

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "scaling.md"
START, END = "<!-- table -->", "<!-- end of table -->"
DIMENSION, GROUPS = 512, 8


def a_set(rows):
    """Return a symmetric plan of unit templates, two a person."""
    from evenmatch.benchmarking import random_benchmark
    from evenmatch.matching.matcher import ScoreKind, Templates

    vectors, plan, roster = random_benchmark(rows, DIMENSION, GROUPS)
    return plan, roster, Templates(vectors, {}, ScoreKind.INNER_PRODUCT)


class Watched:
    """A cluster that notes how long the driver takes over each answer, and how large it is."""

    def __init__(self, spread):
        self._spread = spread
        self.slots, self.default_tile = spread.slots, spread.default_tile
        self.reset()

    def reset(self):
        """Begin another pass."""
        self.parts, self.merging, self.bytes = 0, 0.0, 0

    def run(self, *asked):
        """Give what each part holds; what the caller does with it is timed."""
        for found in self._spread.run(*asked):
            if not self.parts:
                self.bytes = len(pickle.dumps(found))
            self.parts += 1
            start = perf_counter()
            yield found
            self.merging += perf_counter() - start


def measure(rows, address):
    """Answer each line on standard input with one pass; `local` takes one thread."""
    from evenmatch.distributed.spread import RaySpread
    from evenmatch.scoring.engine import Compute, count

    case = a_set(rows)
    watched = None
    if address == "one-process":
        compute = Compute(device="cpu", threads=1, keep_scores=0)
    else:
        watched = Watched(RaySpread(address, "cpu"))
        compute = Compute(device="cpu", keep_scores=0, spread=watched)
    for _ in sys.stdin:
        if watched is not None:
            watched.reset()
        start = perf_counter()
        counted = count(*case, compute=compute)
        answer = {"seconds": perf_counter() - start, "cells": int(counted.cells.sum())}
        if watched is not None:
            merged = watched.merging / watched.parts
            answer |= {"parts": watched.parts, "merge": merged, "bytes": watched.bytes}
        print(json.dumps(answer), flush=True)


def nodes_of(workers):
    """Start a head without cores and some workers with one."""
    place = ROOT / "tests" / "distributed" / "conftest.py"
    spec = importlib.util.spec_from_file_location("nodes", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = module.Nodes(store=1 << 29)
    made.start_head()
    for _ in range(workers):
        made.start(f"--address={made.address}", cores=1)
    return made


def main():
    reading = argparse.ArgumentParser()
    reading.add_argument("--rows", type=int, default=32768)
    reading.add_argument("--runs", type=int, default=3)
    reading.add_argument("--write", action="store_true")
    reading.add_argument("--measure", help=argparse.SUPPRESS)
    asked = reading.parse_args()
    if asked.measure:
        measure(asked.rows, asked.measure)
        return
    clusters, sides = [], {}
    try:
        for workers in (0, 1, 2):
            address, env = "one-process", {**os.environ, "OMP_NUM_THREADS": "1"}  # as Ray does
            if workers:
                clusters.append(nodes_of(workers))
                address, env = clusters[-1].address, clusters[-1].env
            command = [sys.executable, __file__, "--rows", str(asked.rows), "--measure", address]
            sides[workers] = subprocess.Popen(
                command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        runs = {workers: [] for workers in sides}
        for number in range(asked.runs + 1):
            for workers, side in sides.items():
                print(file=side.stdin, flush=True)
                answer = json.loads(side.stdout.readline())
                if number:
                    runs[workers].append(answer)
                print(workers, answer, flush=True)
    finally:
        for side in sides.values():
            side.stdin.close()
            side.wait(timeout=30)
        for each in clusters:
            each.stop()
    table = as_table(asked.rows, runs)
    print(table)
    if asked.write:
        write_table(PAGE, START, END, table)


def as_table(rows, runs):
    """Return the measured table."""

    def median(workers, key):
        return statistics.median(run[key] for run in runs[workers])

    pairs = rows * (rows - 1) / 2
    alone = median(0, "seconds")
    lines = [
        (
            f"| {rows:,} templates of {DIMENSION} numbers, {GROUPS} groups | comparisons a second "
            "| of one process | parts | an answer, KiB | merging it, ms |"
        ),
        "|---|---|---|---|---|---|",
        f"| one process, one thread | {pairs / alone:,.0f} | 1 | 1 | | |",
    ]
    for workers in (1, 2):
        took = median(workers, "seconds")
        parts, size = median(workers, "parts"), median(workers, "bytes") / 1024
        merge = 1000 * median(workers, "merge")
        lines.append(
            f"| Ray, {workers} worker{'s' * (workers > 1)} of one core | {pairs / took:,.0f} | "
            f"{alone / took:.2f} | {parts:.0f} | {size:,.0f} | {merge:.1f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
