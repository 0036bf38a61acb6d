"""Benchmarks made in a temporary folder: a card, a manifest, score files and a config."""

from __future__ import annotations

import pandas as pd
import pytest
import yaml

from evenmatch.config import RunConfig, load_config

CARD = {
    "schema": 1,
    "name": "made-up",
    "title": "A made-up benchmark",
    "source": {"homepage": "https://example.org", "citation": "Nobody, 2026.", "version": "1"},
    "licence": {"id": "CC0-1.0", "use": "any"},
    "consent": {"basis": "synthetic"},
    "status": {"state": "active"},
    "access": {"how": "local"},
    "samples": {"loader": "manifest"},
    "attributes": {},
    "protocols": {"all-pairs": {"kind": "all-pairs"}},
}


def attribute(of, values=(), labelled_by="construction"):
    return {"of": of, "values": list(values), "labelled_by": labelled_by}


class Bench:
    """A benchmark folder that a test fills file by file."""

    def __init__(self, folder):
        self.folder = folder
        self.card = {**CARD, "attributes": {}, "protocols": dict(CARD["protocols"])}

    def manifest(self, rows, columns=None):
        """Write the manifest from dicts or tuples; a missing `path` is blank."""
        table = pd.DataFrame(rows, columns=columns, dtype=object)
        if "path" not in table:
            table["path"] = ""
        table.to_csv(self.folder / "samples.csv", index=False)

    def attribute(self, name, of, values=()):
        """Declare a column on the card."""
        self.card["attributes"] = {**self.card["attributes"], name: attribute(of, values)}

    def listed(self, pairs, name="pairs"):
        """Write a listed protocol and put it first on the card."""
        pd.DataFrame(pairs).to_csv(self.folder / f"{name}.csv", index=False)
        listed = {name: {"kind": "listed", "file": f"{name}.csv"}}
        self.card["protocols"] = {**listed, **self.card["protocols"]}

    def scores(self, rows, name="vendor", suffix=".csv"):
        """Write a score file from dicts or `(probe, reference, score[, status])`."""
        table = pd.DataFrame(rows)
        if table.columns[0] == 0:
            names = ["probe_id", "reference_id", "score", "status"]
            table = table.set_axis(names[: table.shape[1]], axis=1)
        path = self.folder / f"{name}{suffix}"
        table.to_parquet(path) if suffix == ".parquet" else table.to_csv(path, index=False)
        return path

    def vendor(self, name="vendor", suffix=".csv", **more):
        """Return the config's entry for a score file."""
        path = str(self.folder / f"{name}{suffix}")
        return {"name": name, "kind": "scores", "path": path} | more

    def raw(self, **changes):
        """Write the card and return a config as plain data; `changes` replace its keys."""
        card = self.folder / "card.yaml"
        card.write_text(yaml.safe_dump(self.card, sort_keys=False))
        config = {
            "schema": 1,
            "name": "made-up",
            "benchmark": {"card": str(card), "root": str(self.folder)},
            "matchers": [self.vendor()],
            "one_to_one": {"operating_points": ["threshold=0.5"]},
            "tracking": None,
            "report": {"formats": ["csv"]},
        }
        return config | changes

    def file(self, **changes):
        """Write the config as a YAML file and return its path."""
        path = self.folder / "run.yaml"
        path.write_text(yaml.safe_dump(self.raw(**changes), sort_keys=False))
        return path

    def config(self, **changes) -> RunConfig:
        """Return the config, read through its file."""
        return load_config(self.file(**changes))


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch, request):
    """Keep keys and templates of a test out of the developer's own cache folder."""
    if "tests/data/" in request.node.nodeid or "tests/matching/" in request.node.nodeid:
        return  # these say themselves where their cache lies
    monkeypatch.setenv("EVENMATCH_CACHE", str(tmp_path_factory.getbasetemp() / "private"))


@pytest.fixture(scope="session")
def bench_in():
    """Make a benchmark in a folder that outlives one test."""
    return Bench


@pytest.fixture
def bench(tmp_path):
    folder = tmp_path / "bench"
    folder.mkdir()
    return Bench(folder)


@pytest.fixture
def small(bench):
    """Three people with two photographs each, and a score for every pair."""
    ids = [(f"s{person}{shot}", f"s{person}") for person in "abc" for shot in "12"]
    bench.manifest([{"sample_id": one, "subject_id": who} for one, who in ids])
    bench.scores(
        [
            (one, other, 0.9 if who == whom else 0.1)
            for place, (one, who) in enumerate(ids)
            for other, whom in ids[:place]
        ]
    )
    return bench
