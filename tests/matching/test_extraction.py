"""From a benchmark's rows to templates: in order, once, and never twice for one photograph."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from contextlib import closing

import numpy as np
import pytest

from evenmatch.errors import RequestError
from evenmatch.matching.cache import TemplateCache
from evenmatch.matching.extraction import Drawing, Pace, extract
from evenmatch.matching.matcher import FailureReason, ScoreKind

RED, GREEN, BLUE, BLACK = (200, 0, 0), (0, 100, 0), (0, 0, 50), (0, 0, 0)


@pytest.fixture
def cache(tmp_path, grey):
    with TemplateCache.for_matcher(grey.digest, tmp_path / "cache") as opened:
        yield opened


def test_templates_stand_in_the_rows_order(benchmark, grey):
    templates = extract(grey, benchmark([RED, GREEN, BLUE]), None, None, pace=Pace(2, 2))
    assert templates.vectors.tolist() == [[200, 0, 0], [0, 100, 0], [0, 0, 50]]
    assert templates.vectors.dtype == np.float32
    assert templates.score_kind is ScoreKind.EUCLIDEAN
    assert templates.failures == {}


def test_a_failure_is_a_row_of_zeros_with_its_reason(benchmark, grey):
    samples = benchmark([RED, BLACK, GREEN, BLUE])
    (samples.root / "2.png").write_bytes(b"damaged")
    templates = extract(grey, samples, None, None)
    assert templates.failures == {1: "no_face", 2: "unreadable"}
    assert not templates.vectors[[1, 2]].any()
    assert templates.vectors[3].tolist() == [0, 0, 50]


def test_batches_have_the_size_asked_for(benchmark, grey):
    extract(grey, benchmark([RED] * 7), None, None, pace=Pace(batch_size=3, workers=2))
    assert grey.batches == [3, 3, 1]


def test_a_batch_closes_early_when_its_pixels_are_many(benchmark, grey, monkeypatch):
    monkeypatch.setattr("evenmatch.matching.extraction.BATCH_BYTES", 2 * 6 * 4 * 3)
    extract(grey, benchmark([RED] * 5), None, None)
    assert grey.batches == [2, 2, 1]


def test_a_second_run_gives_the_matcher_nothing_to_do(benchmark, grey, cache):
    samples = benchmark([RED, BLACK, GREEN])
    first = extract(grey, samples, None, cache)
    second = extract(grey, samples, None, cache)
    assert grey.seen == 3
    assert second.vectors.tobytes() == first.vectors.tobytes()
    assert second.failures == first.failures == {1: "no_face"}


def test_an_unreadable_photograph_is_remembered_too(benchmark, grey, cache):
    samples = benchmark([RED])
    (samples.root / "0.png").write_bytes(b"damaged")
    assert extract(grey, samples, None, cache).failures == {0: "unreadable"}
    assert len(cache) == 1
    assert extract(grey, samples, None, cache).failures == {0: "unreadable"}


def test_a_changed_photograph_is_worked_on_again(benchmark, grey, cache):
    extract(grey, benchmark([RED, GREEN]), None, cache)
    templates = extract(grey, benchmark([RED, BLUE]), None, cache)
    assert grey.seen == 3
    assert templates.vectors[1].tolist() == [0, 0, 50]


def test_a_damaged_cache_entry_is_made_again(benchmark, grey, cache):
    samples = benchmark([RED, GREEN])
    before = extract(grey, samples, None, cache)
    with closing(sqlite3.connect(cache.path)) as damaged, damaged:
        damaged.execute("UPDATE templates SET reason = 'no_face'")
    after = extract(grey, samples, None, cache)
    assert after.vectors.tobytes() == before.vectors.tobytes()
    assert cache.damaged == 2


WIDE = "synthetic-wide-high-blue"


def paint(photograph, mask):
    """Turn the photograph blue; refuse green ones."""
    if photograph[0, 0, 1]:
        return None
    assert mask == WIDE
    return np.full_like(photograph, (0, 0, 255))


@pytest.fixture
def masked(benchmark):
    return benchmark([RED, RED, GREEN], masks=["unmasked", WIDE, WIDE])


def test_only_those_rows_are_drawn_on(masked, grey):
    templates = extract(grey, masked, Drawing("1", paint), None)
    assert templates.vectors[:2].tolist() == [[200, 0, 0], [0, 0, 255]]


def test_a_mask_that_cannot_be_drawn_is_a_failure_by_name(masked, grey):
    templates = extract(grey, masked, Drawing("1", paint), None)
    assert templates.failures == {2: "mask_not_drawn"}


def test_a_drawer_may_give_its_own_reason(masked, grey):
    drawing = Drawing("1", lambda _photograph, _mask: FailureReason.NO_FACE)
    assert extract(grey, masked, drawing, None).failures == {1: "no_face", 2: "no_face"}


def test_a_masked_and_a_bare_photograph_are_kept_apart(masked, grey, cache):
    first = extract(grey, masked, Drawing("1", paint), cache)
    second = extract(grey, masked, Drawing("1", paint), cache)
    assert first.vectors.tobytes() == second.vectors.tobytes()
    assert grey.seen == 2


def test_another_way_of_drawing_is_drawn_again(masked, grey, cache):
    extract(grey, masked, Drawing("1", paint), cache)
    extract(grey, masked, Drawing("2", paint), cache)
    assert grey.seen == 3  # the bare one once, the masked one twice


def test_masks_without_a_drawer_are_refused(masked, grey):
    with pytest.raises(RequestError, match=r"Set `masks\.synthetic`"):
        extract(grey, masked, None, None)


def test_a_missing_photograph_stops_the_run_before_it_starts(benchmark, grey):
    samples = benchmark([RED, GREEN])
    (samples.root / "1.png").unlink()
    with pytest.raises(RequestError, match=r"1 of 2 photographs"):
        extract(grey, samples, None, None)
    assert grey.seen == 0


@pytest.mark.parametrize("wrong", [np.zeros(4), np.array([1, np.nan, 0]), "text"])
def test_a_matcher_that_returns_no_template_is_named(benchmark, grey, wrong):
    grey.extract = lambda photographs: [wrong] * len(photographs)
    with pytest.raises(RequestError, match="'grey' returned something that is not a template"):
        extract(grey, benchmark([RED]), None, None)


def test_progress_counts_every_row_and_ends(benchmark, grey):
    told = []

    class Told:
        def __init__(self, description, total):
            told.append((description, total))

        def advance(self, amount):
            told.append(amount)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            told.append("end")

    extract(grey, benchmark([RED] * 3), None, None, progress=Told)
    assert told == [("templates: grey", 3), 1, 1, 1, "end"]


SLOW_RUN = textwrap.dedent(
    """
    import signal, sys, time
    from pathlib import Path
    import numpy as np, pandas as pd
    from evenmatch.data.samples import Samples
    from evenmatch.matching.cache import TemplateCache
    from evenmatch.matching.extraction import Pace, extract
    from evenmatch.matching.matcher import ScoreKind

    # Whoever runs the tests in the background has made Ctrl-C mean nothing to its children.
    signal.signal(signal.SIGINT, signal.default_int_handler)

    class Slow:
        name, digest, dimension, score_kind, facts = "slow", "5" * 64, 3, ScoreKind.EUCLIDEAN, {}
        def extract(self, photographs):
            time.sleep(0.02)
            print(len(photographs), flush=True)
            return [p.reshape(-1, 3).mean(0).astype(np.float32) for p in photographs]

    root = Path(sys.argv[1])
    paths = [f"{i}.png" for i in range(60)]
    table = pd.DataFrame({"sample_id": paths, "subject_id": paths, "path": paths})
    samples = Samples(table.assign(mask="unmasked"), root, {}, ("unmasked",))
    with TemplateCache.for_matcher("5" * 64, Path(sys.argv[2])) as cache:
        extract(Slow(), samples, None, cache, pace=Pace(batch_size=4, workers=2))
    """
)


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT], ids=["kill", "Ctrl-C"])
def test_a_stopped_run_goes_on_where_it_was(benchmark, tmp_path, sent):
    samples = benchmark([(1 + i, 0, 0) for i in range(60)])
    command = [sys.executable, "-c", SLOW_RUN, str(samples.root), str(tmp_path / "cache")]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    with run:
        for _ in range(4):
            run.stdout.readline()
        started = time.monotonic()
        os.kill(run.pid, sent)
        run.wait()
    assert time.monotonic() - started < 5
    with TemplateCache.for_matcher("5" * 64, tmp_path / "cache") as cache:
        kept = len(cache)
        assert 12 <= kept < 60
        assert kept % 4 == 0
    again = subprocess.run(command, capture_output=True, text=True, check=True)
    assert sum(map(int, again.stdout.split())) == 60 - kept
