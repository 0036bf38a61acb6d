"""Benchmarks made in a temporary folder: a card, a manifest, score files and a config."""

from __future__ import annotations

import itertools
import sys

import numpy as np
import pandas as pd
import pytest
import yaml

from evenmatch import cli
from evenmatch.config import RunConfig, load_config
from evenmatch.run import evaluate

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


@pytest.fixture
def command(monkeypatch, capfd):
    """Run the command in this process; give its exit code and both outputs."""

    def ran(*arguments):
        monkeypatch.setattr(sys, "argv", ["evenmatch", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        out, err = capfd.readouterr()
        return int(left.value.code or 0), out, err

    return ran


# ---------------------------------------------------------------- two matchers, all that is stored


def photographs(people, rng):
    """Give three photographs a person, the last masked."""
    for person in range(people):
        sex, city = ("female", "male")[person % 2], ("north", "south")[person % 3 == 0]
        for shot in range(3):
            yield {
                "sample_id": f"p{person:02}-{shot}",
                "subject_id": f"p{person:02}",
                "sex": sex if person else "",
                "city": city,
                "mask": "masked" if shot == 2 else "unmasked",
                "skill": rng.normal(0, 0.05),
            }


def score_rows(rows, seed, *, shift):
    """Give a score for every pair; a few fail."""
    rng = np.random.default_rng(seed)
    for one, other in itertools.combinations(rows, 2):
        same = one["subject_id"] == other["subject_id"]
        score = rng.normal((0.62 + shift) if same else 0.35, 0.1) + one["skill"] + other["skill"]
        status = "no_face" if rng.random() < 0.01 else "ok"
        yield {
            "probe_id": one["sample_id"],
            "reference_id": other["sample_id"],
            "score": round(float(score), 4) if status == "ok" else None,
            "status": status,
        }


SETTINGS = {
    "groups": [["sex"], ["sex", "city"]],
    "one_to_one": {"operating_points": ["fmr=0.05", "fmr=0.01", "threshold=0.5"]},
    "one_to_many": {
        "gallery": {"enrolled": 0.5},
        "operating_points": ["fpir=0.2", "threshold=0.55"],
        "ranks": [1, 5],
        "splits": 3,
    },
    "statistics": {"replicates": 100},
    "scenario": {
        "gates": {"travellers": 5000, "attacks": 10,
                  "travellers_by_group": {"sex": {"female": 0.4, "male": 0.6}}},
        "searches": {"travellers": 1000, "enrolled": {"wanted": 18, "missing": 9},
                     "travellers_by_group": {"sex": {"female": 0.4, "male": 0.6}}},
    },
    "claims": [
        {"id": "a", "matcher": "old", "metric": "fnmr", "at": "fmr=0.05", "bound": "<= 0.9"},
        {"id": "b", "matcher": "old", "metric": "fnmr", "at": "threshold=0.5", "bound": "<= 0.05",
         "scope": ["sex"]},
        {"id": "c", "matcher": "new", "metric": "fmr", "at": "threshold=0.5", "bound": "<= 0.5"},
    ],
    "report": {"formats": ["csv"]},
}  # fmt: skip


def filled(bench, people):
    """Fill a benchmark and two score files; give the config's entries."""
    rows = list(photographs(people, np.random.default_rng(3)))
    bench.manifest(pd.DataFrame(rows).drop(columns="skill"))
    bench.attribute("sex", "subject", ["female", "male"])
    bench.attribute("city", "subject", ["north", "south"])
    bench.attribute("mask", "sample", ["masked", "unmasked"])
    bench.scores(list(score_rows(rows, 1, shift=0.0)), name="old")
    bench.scores(list(score_rows(rows, 2, shift=0.12)), name="new")
    return [bench.vendor("old"), bench.vendor("new")]


@pytest.fixture(scope="session")
def two_matchers(tmp_path_factory):
    """Return a function that makes a benchmark of so many people with two score files."""

    def make(people):
        bench = Bench(tmp_path_factory.mktemp("bench"))
        return bench, filled(bench, people)

    return make


@pytest.fixture(scope="session")
def audit_of(tmp_path_factory):
    """Return a function that audits both score files with `SETTINGS` and gives the folder."""

    def run(bench, entries):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("EVENMATCH_CACHE", str(tmp_path_factory.getbasetemp() / "private"))
            config = bench.config(**SETTINGS, matchers=entries)
            return evaluate(config, tmp_path_factory.mktemp("out")).folder

    return run
