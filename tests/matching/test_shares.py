"""Extraction by several processes: the same templates, whoever made them."""

import logging

import pandas as pd
import pytest

from evenmatch.data.card import DEMO_ROOT
from evenmatch.data.progress import silent
from evenmatch.data.samples import Samples
from evenmatch.matching.cache import TemplateCache
from evenmatch.matching.extraction import Pace, extract
from evenmatch.matching.options import MatcherOptions
from evenmatch.matching.registry import build_matcher
from evenmatch.matching.shares import Work, fill_cache

pytest.importorskip("dlib", reason="needs the extra `dlib`")


@pytest.fixture
def work(tmp_path, monkeypatch):
    """Return six generated faces to make templates of, and a cache of their own."""
    monkeypatch.setenv("EVENMATCH_CACHE", str(tmp_path / "cache"))
    table = pd.read_csv(DEMO_ROOT / "samples.csv", dtype=str, nrows=6).assign(mask="unmasked")
    samples = Samples(table, DEMO_ROOT, {}, ("unmasked",), resize_to=256)
    return Work("dlib", MatcherOptions("dlib"), samples, "dlib68", (), Pace())


def test_two_processes_fill_the_cache_with_what_one_would_make(work):
    matcher = build_matcher(work.kind, work.options)
    fill_cache(work, ["cpu", "cpu"], silent)
    with TemplateCache.for_matcher(matcher.digest) as cache:
        assert len(cache) == 6
        shared = extract(matcher, work.samples, None, cache)
        assert len(cache) == 6
    alone = extract(matcher, work.samples, None, None)
    assert shared.vectors.tobytes() == alone.vectors.tobytes()
    assert shared.failures == alone.failures


def test_a_share_that_fails_is_said_and_leaves_its_rows_to_the_caller(work, caplog, capfd):
    unknown = Work("no-such-kind", work.options, work.samples, "dlib68", (), work.pace)
    with caplog.at_level(logging.WARNING):
        fill_cache(unknown, ["cpu"], silent)
    assert "the process that extracted on cpu ended early (exit code 1)" in caplog.text
    assert "no-such-kind" not in capfd.readouterr().err  # an error's words could name somebody
