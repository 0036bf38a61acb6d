"""Memory is worked out before anything is counted, kept to, and refused where it does not fit."""

import resource
import threading
from pathlib import Path

import numpy as np
import pytest

from evenmatch.benchmarking import random_benchmark
from evenmatch.errors import RequestError
from evenmatch.matching.matcher import ScoreKind, Templates
from evenmatch.matching.vectors import Stacked
from evenmatch.scoring import exact, memory
from evenmatch.scoring.engine import Compute, count
from evenmatch.scoring.memory import available_memory, plan_memory, refuse_unless_it_fits
from evenmatch.scoring.plan import Plan, Roster

GIB = 1 << 30


def planned(rows, groups=64, dim=512, **options):
    everyone = np.arange(rows, dtype=np.int32)
    roster = Roster(everyone // 4, everyone, everyone % groups, groups)
    plan = Plan("bare", "bare", everyone, everyone, symmetric=True)
    return plan_memory(plan, roster, dim, Compute(threads=2, **options))


def test_a_million_templates_in_64_groups_need_less_than_a_gibibyte():
    sizes = [planned(rows).total for rows in (16_384, 131_072, 1_000_000)]
    assert sizes[-1] < GIB
    assert sizes[1] - sizes[0] < 64 << 20


def test_what_is_kept_is_what_memory_goes_into():
    assert planned(131_072, keep_tail=10**6).total < planned(131_072).total
    assert planned(131_072, keep_tail=10**9).kept > 40 * GIB


def test_the_plan_is_one_line_that_names_its_parts():
    line = str(planned(16_384))
    assert line.count("MiB") == 6
    assert "above the templates" in line
    assert "\n" not in line


def rise_of_memory(work):
    """Return how much more memory than at the start this process held while working, at most."""
    statm, done, held = Path("/proc/self/statm"), threading.Event(), []

    def look():
        while not done.wait(0.002):
            held.append(int(statm.read_text().split()[1]) * resource.getpagesize())

    watch = threading.Thread(target=look)
    watch.start()
    try:
        work()
    finally:
        done.set()
        watch.join()
    return max(held) - held[0]


@pytest.mark.skipif(not Path("/proc/self/statm").is_file(), reason="needs Linux's /proc")
def test_the_plan_is_kept_to():
    vectors, plan, roster = random_benchmark(4096, 64, 8)
    templates = Templates(vectors, {}, ScoreKind.INNER_PRODUCT)
    compute = Compute(keep_scores=0, keep_tail=100_000, tile=256, device="cpu")
    count(plan, roster, templates, compute=compute)  # libraries take their own memory once
    rise = rise_of_memory(lambda: count(plan, roster, templates, compute=compute))
    assert rise <= plan_memory(plan, roster, 64, compute).total + (16 << 20)


def test_what_does_not_fit_is_refused_before_it_is_begun(monkeypatch):
    vectors, plan, roster = random_benchmark(256, 8, 2)
    templates = Templates(vectors, {}, ScoreKind.INNER_PRODUCT)
    monkeypatch.setattr(memory, "available_memory", lambda: 1000)
    with pytest.raises(RequestError, match=r"lower compute\.keep_scores"):
        count(plan, roster, templates)


def test_where_the_system_says_nothing_nothing_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: None)
    refuse_unless_it_fits(10**18, "Everything")


def test_the_available_memory_is_what_this_process_could_take():
    available = available_memory()
    assert available is None or available > 1 << 20


class Watched:
    """Templates that remember how many rows were asked for at once."""

    dtype = np.dtype(np.float32)

    def __init__(self, vectors):
        self.vectors, self.shape, self.most = vectors, vectors.shape, 0

    def __len__(self):
        return len(self.vectors)

    def __getitem__(self, asked):
        """Return rows."""
        self.most = max(self.most, len(asked))
        return self.vectors[asked]


@pytest.mark.parametrize("threads", [1, 8])
@pytest.mark.parametrize("stacked", [False, True])
def test_what_is_read_to_score_pairs_does_not_grow_with_the_threads(monkeypatch, threads, stacked):
    monkeypatch.setattr(exact, "FETCHED", 64_000)
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((1000, 20)).astype(np.float32)
    probe, reference = rng.integers(0, 1000, (2, 3000)).astype(np.int32)
    lying = Watched(vectors)
    asked = Stacked(lying, vectors[:0]) if stacked else lying
    kind = ScoreKind.INNER_PRODUCT
    scores = exact.similarities(asked, kind, probe, reference, threads=threads)
    assert np.array_equal(scores, exact.similarities(vectors, kind, probe, reference))
    assert 0 < lying.most * 20 * 4 * threads <= 64_000
