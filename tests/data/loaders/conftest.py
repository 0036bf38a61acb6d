"""Benchmarks in a published format, made file by file and read through a card."""

from __future__ import annotations

import pytest

from evenmatch.data.benchmark import benchmark_files, load_samples
from evenmatch.data.card import load_card
from evenmatch.data.protocols import load_trials


class Published:
    """A folder in a published format and the card that reads it."""

    def __init__(self, bench, loader, **samples):
        self.bench, self.folder = bench, bench.folder
        bench.card["samples"] = {"loader": loader, **samples}

    def write(self, name, content):
        """Write a file below the benchmark's folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def photographs(self, *names):
        """Write files that no two are equal."""
        for name in names:
            self.write(name, f"photograph {name}")

    def card(self):
        """Return the benchmark's card, read from its file."""
        return load_card(self.bench.raw()["benchmark"]["card"])

    def samples(self, groups=(), classes=None):
        """Read the photographs as an audit does."""
        return load_samples(self.card(), self.folder, groups, classes or {})

    def rows(self, *columns):
        """Return the photographs' ids, people and some labels."""
        return self.samples().table[["sample_id", "subject_id", *columns]].to_numpy().tolist()

    def trials(self, *files):
        """Return the comparisons of lists as pairs of sample ids."""
        samples = self.samples()
        loader, places = benchmark_files(self.card(), self.folder)
        found = load_trials(
            [self.folder / file for file in files],
            samples,
            lambda path: loader.trials(path, places),
        )
        ids = samples.table["sample_id"].tolist()
        return [(ids[p], ids[r]) for p, r in zip(found.probes, found.references, strict=True)]


@pytest.fixture
def published(bench):
    """Return a function that makes a benchmark of a loader's format."""
    return lambda loader, **samples: Published(bench, loader, **samples)


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EVENMATCH_CACHE", str(tmp_path / "cache"))
