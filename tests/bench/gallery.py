"""Searching a gallery of a million templates, whole and in shards; what 170 million would take.

    python tests/bench/gallery.py [--templates 1000000] [--dim 128] [--write]

Random unit vectors: exact search takes as long whatever they show. `--write` puts the lines into
docs/scaling.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from time import perf_counter

import numpy as np
from timing import write_table

from evenmatch.benchmarking import random_benchmark
from evenmatch.matching.matcher import ScoreKind, Templates
from evenmatch.scoring.memory import peak_memory
from evenmatch.scoring.plan import Roster
from evenmatch.scoring.search import search

PAGE = Path(__file__).parents[2] / "docs" / "scaling.md"
START, END = "<!-- gallery -->", "<!-- end of gallery -->"
SEARCHES, LENGTH, SHARDS, RUNS, GOAL = 512, 50, 10, 3, 170e6


def in_shards(made, roster, searches, gallery):
    """Search shard by shard and keep the best of all lists, as any number of machines would."""
    lists = []
    for shard in np.array_split(gallery, SHARDS):
        found = search(made, roster, searches, shard, length=LENGTH)
        lists.append((found.candidates, found.candidate_rows))
    scores = np.concatenate([one for one, _ in lists], axis=1)
    rows = np.concatenate([other for _, other in lists], axis=1)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :LENGTH]
    return np.take_along_axis(rows, order, axis=1)


def seconds(work):
    start = perf_counter()
    outcome = work()
    return perf_counter() - start, outcome


def main() -> None:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--templates", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    vectors, _, _ = random_benchmark(asked.templates + SEARCHES, asked.dim, 1)
    people = np.arange(len(vectors), dtype=np.int32)
    roster = Roster(people, people, np.zeros(len(vectors), dtype=np.int32), 1)
    made = Templates(vectors, {}, ScoreKind.INNER_PRODUCT)
    gallery, searches = people[SEARCHES:], people[:SEARCHES]
    search(made, roster, searches[:8], gallery[:4096], length=LENGTH)  # compiles
    took, whole = zip(
        *(
            seconds(lambda: search(made, roster, searches, gallery, length=LENGTH))
            for _ in range(RUNS)
        ),
        strict=True,
    )
    parts, merged = zip(
        *(seconds(lambda: in_shards(made, roster, searches, gallery)) for _ in range(RUNS)),
        strict=True,
    )
    assert np.array_equal(np.sort(merged[0], axis=1), np.sort(whole[0].candidate_rows, axis=1))
    rate = SEARCHES * asked.templates / float(np.median(took))
    hours = GOAL * 1e6 / rate / 3600
    lines = [
        "| what | measured |",
        "|---|---|",
        (
            f"| exact search of {SEARCHES} in {asked.templates:,} templates of {asked.dim} "
            f"numbers, two cores | {float(np.median(took)):.2f} s, {rate:.3g} comparisons a "
            "second |"
        ),
        (
            f"| the same in {SHARDS} shards, their lists merged: the same candidates | "
            f"{float(np.median(parts)) / float(np.median(took)):.2f} times as long |"
        ),
        (
            f"| peak memory, the templates' {vectors.nbytes / 2**30:.2f} GiB included | "
            f"{peak_memory() / 2**30:.2f} GiB |"
        ),
        (
            f"| extrapolated, not measured: a million searches in {GOAL:,.0f}, {GOAL / 1e7:.0f} "
            f"shards of 10 million | {hours:,.0f} hours of this machine's two cores, shared by as "
            "many |"
        ),
    ]
    print("\n".join(lines))
    if asked.write:
        write_table(PAGE, START, END, "\n".join(lines))


if __name__ == "__main__":
    main()
