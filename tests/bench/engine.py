"""The counting engine against what people use today, in one run: ratios, never absolute times.

    python tests/bench/engine.py [--only NAME] [--runs 5] [--write]

Each row is the median of interleaved pairs. `--write` puts the table into tests/bench/README.md.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from timing import pairs, seconds, write_table

from evenmatch.benchmarking import bare_product, random_benchmark
from evenmatch.matching.matcher import ScoreKind, Templates
from evenmatch.results.one_to_one import person_counts
from evenmatch.scoring.engine import Compute, Need, count
from evenmatch.scoring.plan import Plan, Roster
from evenmatch.scoring.search import search
from evenmatch.stats.bootstrap import PairErrors, vertex_fmr
from evenmatch.stats.intervals import plug_in_variance

README = Path(__file__).parent / "README.md"
START, END = "<!-- table -->", "<!-- end of table -->"


def counting(vectors, plan, roster):
    """Return a call that counts every pair, tail kept."""
    everyone = np.ones((roster.n_groups, roster.n_groups), dtype=bool)
    made = Templates(vectors, {}, ScoreKind.INNER_PRODUCT)
    needs = [Need(everyone, fmr=1e-4)]
    return lambda: count(plan, roster, made, needs=needs, compute=Compute(keep_scores=0))


def against_product(templates, dim, groups, *, uneven=False):
    def measure(runs):
        vectors, plan, roster = random_benchmark(templates, dim, groups, uneven=uneven)
        matrix = torch.from_numpy(vectors)
        return pairs(counting(vectors, plan, roster), lambda: bare_product(torch, matrix), runs)

    return measure


def against_sorting(runs):
    """Every score in one array, sorted, and scikit-learn's DET curve of it."""
    from sklearn.metrics import det_curve

    vectors, plan, roster = random_benchmark(4096, 512, 8)
    first, second = np.triu_indices(len(vectors), 1)
    mated = roster.people[first] == roster.people[second]

    def sort_everything():
        scores = (vectors @ vectors.T)[first, second]
        det_curve(mated, np.sort(scores))

    return pairs(counting(vectors, plan, roster), sort_everything, runs)


def against_histogram(histogram):
    """The same tiles, each put into one histogram by a library's own function."""

    def measure(runs):
        vectors, plan, roster = random_benchmark(8192, 512, 8)
        matrix = torch.from_numpy(vectors)

        def tiles():
            total = 0
            for top in range(0, len(vectors), 2048):
                for left in range(top, len(vectors), 2048):
                    product = matrix[top : top + 2048] @ matrix[left : left + 2048].T
                    total = total + histogram(product)
            return total

        return pairs(counting(vectors, plan, roster), tiles, runs)

    return measure


def against_faiss(runs):
    import faiss

    vectors, _, roster = random_benchmark(20_000, 512, 8)
    people = np.arange(len(vectors), dtype=np.int32)  # nobody is enrolled twice
    roster = Roster(people, people, roster.groups, 8)
    gallery, searches = people[:16_384], people[16_384:]
    index = faiss.IndexFlatIP(512)
    index.add(vectors[gallery])
    made = Templates(vectors, {}, ScoreKind.INNER_PRODUCT)
    return pairs(
        lambda: search(made, roster, searches, gallery, length=50),
        lambda: index.search(vectors[searches], 50),
        runs,
    )


def against_cimat(runs):
    """Clustered variances of 160 people with 3 photographs, from scores, against cimat's."""
    cimat = pytest.importorskip("cimat", reason="pip install cimat")
    rng = np.random.default_rng(4)
    centres = rng.standard_normal((160, 1, 16))
    photographs = centres + rng.standard_normal((160, 3, 16))
    threshold = 0.6
    nested = {i: {k: photographs[i, k].tolist() for k in range(3)} for i in range(160)}
    data = cimat.MTData(nested)
    data.generate_similarity_scores()
    theirs = cimat.UncertaintyEstimator(scores=data.similarity_scores)
    vectors = photographs.reshape(480, 16).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = np.arange(480, dtype=np.int32)
    roster = Roster(rows // 3, rows, np.zeros(480, dtype=np.int32), 1)
    plan = Plan("unmasked", "unmasked", rows, rows, symmetric=True)
    counts = count(plan, roster, Templates(vectors, {}, ScoreKind.INNER_PRODUCT))
    everyone = np.ones((1, 1), dtype=bool)

    def ours():
        non_mated = person_counts(counts.false_matches(everyone, threshold))
        mated = person_counts(counts.false_non_matches(everyone, threshold))
        return plug_in_variance(non_mated), plug_in_variance(mated)

    fmr, fnmr = ours()
    their_fnmr, their_fmr = theirs.compute_variance(threshold=threshold, estimator="plugin")
    assert np.allclose((fmr, fnmr), (their_fmr, their_fnmr), rtol=1e-6)
    return pairs(ours, lambda: theirs.compute_variance(threshold, "plugin"), min(runs, 2))


def bootstrap_against_counting(runs):
    """2,000 replicates over a million exceedances, as a multiple of counting 1e9 comparisons."""
    vectors, plan, roster = random_benchmark(44_722, 512, 8)
    rng = np.random.default_rng(5)
    n_people, size = roster.n_people, 1_000_000
    first = rng.integers(0, n_people, size)
    second = (first + rng.integers(1, n_people, size)) % n_people
    errors = PairErrors(first, second, np.ones(size, np.int64), None, np.full(n_people, 2))
    once = counting(vectors, plan, roster)
    once()
    return statistics.median(
        seconds(lambda: vertex_fmr(errors, 2000, rng)) / seconds(once)
        for _ in range(max(1, runs // 2))
    )


def growth(runs):
    """Time a comparison at 131,072 templates over that at 16,384."""
    small, large = (counting(*random_benchmark(size, 512, 8)) for size in (16_384, 131_072))
    small()
    each = [
        (seconds(large) / 131_072**2) / (seconds(small) / 16_384**2)
        for _ in range(max(1, runs // 2))
    ]
    return statistics.median(each)


def peak_memory(templates, dim, groups):
    """Return peak memory above the templates, in GiB, of counting in a process of its own."""
    program = (
        "from evenmatch.benchmarking import random_benchmark\n"
        "from evenmatch.scoring.memory import peak_memory\n"
        "from evenmatch.scoring.engine import Compute, Need, count\n"
        "from evenmatch.matching.matcher import ScoreKind, Templates\n"
        "import numpy as np\n"
        "import torch\n"  # libraries are no part of what counting takes
        "count(*(lambda v, p, r: (p, r, Templates(v, {}, ScoreKind.INNER_PRODUCT)))"
        "(*random_benchmark(64, 8, 2)), compute=Compute(keep_scores=0))\n"
        f"v, p, r = random_benchmark({templates}, {dim}, {groups})\n"
        "open('/proc/self/clear_refs', 'w').write('5')\n"  # the mark starts again from here
        "before = peak_memory()\n"
        f"e = np.ones(({groups}, {groups}), bool)\n"
        "count(p, r, Templates(v, {}, ScoreKind.INNER_PRODUCT), needs=[Need(e, fmr=1e-4)],"
        " compute=Compute(keep_scores=0))\n"
        "print(peak_memory() - before)\n"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    return int(answer.stdout) / 2**30


ROWS = {
    "product-8": (
        "counting / torch's product, d=512, 16,384 templates, 8 groups",
        ">= 0.85",
        against_product(16_384, 512, 8),
    ),
    "product-64": (
        "the same, 64 groups of uneven size",
        ">= 0.75",
        against_product(16_384, 512, 64, uneven=True),
    ),
    "product-128": ("the same, d=128, 8 groups", ">= 0.60", against_product(16_384, 128, 8)),
    "sorting": (
        "against sorting every score and det_curve, 4,096 templates",
        ">= 7",
        against_sorting,
    ),
    "np-histogram": (
        "against np.histogram on tiles",
        ">= 2",
        against_histogram(lambda t: np.histogram(t.numpy(), 120, (-1, 1))[0]),
    ),
    "torch-histc": (
        "against torch.histc on tiles",
        "",
        against_histogram(lambda t: torch.histc(t, 120, -1, 1).numpy()),
    ),
    "faiss": ("search, against faiss.IndexFlatIP top 50, d=512", ">= 0.95", against_faiss),
    "cimat": (
        "clustered variance, against cimat, 160 people x 3 photographs",
        ">= 100",
        against_cimat,
    ),
    "bootstrap": (
        "2,000 bootstrap replicates over 1e6 exceedances, in counting passes of 1e9",
        "< 10",
        bootstrap_against_counting,
    ),
    "growth": ("time a comparison at 131,072 templates over 16,384", "<= 1.10", growth),
    "memory-16k": (
        "peak memory above 16,384 templates, 64 groups, GiB",
        "< 1",
        lambda _: peak_memory(16_384, 512, 64),
    ),
    "memory-131k": (
        "peak memory above 131,072 templates, 64 groups, GiB",
        "< 1",
        lambda _: peak_memory(131_072, 512, 64),
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=list(ROWS))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    lines = ["| what | wanted | measured |", "|---|---|---|"]
    for name, (what, wanted, measure) in ROWS.items():
        if options.only in (None, name):
            lines.append(f"| {what} | {wanted} | {measure(options.runs):.2f} |")
            print(lines[-1], flush=True)
    if options.write:
        write_table(README, START, END, "\n".join(lines))


if __name__ == "__main__":
    main()
