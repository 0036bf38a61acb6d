"""Counting by one process and by a cluster of one and of two workers with one core each.

    python tests/bench/ray_scaling.py [--rows 131072] [--runs 3] [--write]

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
EMPTY = 2000  # parts without work
# Label, threads of the process that asks, workers of one core each.
SIDES = (
    ("one process, one thread", 1, 0),
    ("one process, two threads", 2, 0),
    ("Ray, 1 worker of one core", 1, 1),
    ("Ray, 2 workers of one core", 1, 2),
)


def a_set(rows):
    """Return a symmetric plan of unit templates, two a person."""
    from evenmatch.benchmarking import random_benchmark
    from evenmatch.matching.matcher import ScoreKind, Templates

    vectors, plan, roster = random_benchmark(rows, DIMENSION, GROUPS)
    return plan, roster, Templates(vectors, {}, ScoreKind.INNER_PRODUCT)


class Watched:
    """A cluster that notes how long parts are under way, and what the driver does with answers."""

    def __init__(self, spread):
        self._spread = spread
        self.slots, self.default_tile = spread.slots, spread.default_tile
        self.reset()

    def reset(self):
        """Begin another pass."""
        self.parts, self.merging, self.spread_out, self.bytes = 0, 0.0, 0.0, 0

    def run(self, *asked):
        """Give what each part holds; what the caller does with it is timed."""
        began = perf_counter()
        for found in self._spread.run(*asked):
            if not self.parts:
                self.bytes = len(pickle.dumps(found))
            self.parts += 1
            start = perf_counter()
            yield found
            self.merging += perf_counter() - start
        self.spread_out += perf_counter() - began

    def hand_out(self, templates, compute):
        """Return how many parts without work are handed out and answered in a second."""
        from evenmatch.scoring.parts import Part

        parts = [Part(number, number, 0, 0) for number in range(EMPTY)]
        begin = perf_counter()
        for _ in self._spread.run(templates, nothing, parts, compute, 0):
            pass
        return EMPTY / (perf_counter() - begin)


def nothing(templates, compute, part):
    """A part without work, to time the handing out alone."""


def measure(rows, address):
    """Answer each line on standard input with one pass; a number is threads of one process."""
    from evenmatch.distributed.spread import RaySpread
    from evenmatch.scoring.engine import Compute, count

    case = a_set(rows)
    watched = None
    if address.isdigit():
        compute = Compute(device="cpu", threads=int(address), keep_scores=0)
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
            answer["alone"] = answer["seconds"] - watched.spread_out
            answer["handed"] = watched.hand_out(case[2], compute)
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
    reading.add_argument("--rows", type=int, default=131072)
    reading.add_argument("--runs", type=int, default=3)
    reading.add_argument("--write", action="store_true")
    reading.add_argument("--measure", help=argparse.SUPPRESS)
    asked = reading.parse_args()
    if asked.measure:
        measure(asked.rows, asked.measure)
        return
    clusters, sides = [], {}
    try:
        for label, threads, workers in SIDES:
            # As many threads for what torch multiplies as Ray gives a worker's cores.
            address, env = str(threads), {**os.environ, "OMP_NUM_THREADS": str(threads)}
            if workers:
                clusters.append(nodes_of(workers))
                address, env = clusters[-1].address, clusters[-1].env
            command = [sys.executable, __file__, "--rows", str(asked.rows), "--measure", address]
            sides[label] = subprocess.Popen(
                command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        runs = {label: [] for label in sides}
        for number in range(asked.runs + 1):
            for label, side in sides.items():
                print(file=side.stdin, flush=True)
                answer = json.loads(side.stdout.readline())
                if number:
                    runs[label].append(answer)
                print(label, answer, flush=True)
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

    def median(label, key):
        return statistics.median(run[key] for run in runs[label])

    pairs = rows * (rows - 1) / 2
    alone = median(SIDES[0][0], "seconds")
    lines = [
        (
            f"| {rows:,} templates of {DIMENSION} numbers, {GROUPS} groups | comparisons a second "
            "| of one thread | asking process alone, s | parts | an answer, KiB | merging it, ms "
            "| empty parts handed out a second |"
        ),
        "|---|---|---|---|---|---|---|---|",
    ]
    for label, _, workers in SIDES:
        took = median(label, "seconds")
        line = f"| {label} | {pairs / took:,.0f} | {alone / took:.2f} |"
        if workers:
            line += (
                f" {median(label, 'alone'):.1f} | {median(label, 'parts'):.0f} | "
                f"{median(label, 'bytes') / 1024:,.0f} | {1000 * median(label, 'merge'):.1f} | "
                f"{median(label, 'handed'):,.0f} |"
            )
        else:
            line += " | | | | |"
        lines.append(line)
    return "\n".join(lines)


if __name__ == "__main__":
    main()
