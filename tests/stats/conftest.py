"""Data that several tests of the statistics share."""

import json
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from evenmatch.stats.people import PersonCounts

settings.register_profile("evenmatch", deadline=None)  # a busy machine is no failure
settings.load_profile("evenmatch")

ORACLES = Path(__file__).parents[2].parent / "shared" / "oracles"


@pytest.fixture
def oracle():
    """Return a reader of published numbers that lie beside the checkout."""

    def read(name):
        path = ORACLES / name
        if not path.is_file():
            pytest.skip(f"{name} is not beside the checkout")
        return json.loads(path.read_text())

    return read


@dataclass(frozen=True)
class Dyads:
    """Twelve people with 3 to 5 photographs each, every pair compared by cosine."""

    photographs: np.ndarray
    mated: dict
    non_mated: dict

    def fmr_counts(self, threshold):
        """Count errors and trials of the non-mated comparisons by person."""
        first, second = np.array(list(self.non_mated)).T
        errors = [int(np.sum(s >= threshold)) for s in self.non_mated.values()]
        trials = [s.size for s in self.non_mated.values()]
        return PersonCounts.of_pairs(first, second, errors, trials, people=12)

    def fnmr_counts(self, threshold):
        """Count errors and trials of the mated comparisons by person."""
        errors = [int(np.sum(s < threshold)) for s in self.mated.values()]
        return PersonCounts.of_people(errors, [s.size for s in self.mated.values()])


@pytest.fixture(scope="session")
def dyads():
    """Rebuild oracle O-6: templates in closed form, no random numbers."""
    counts = [3 + i % 3 for i in range(12)]
    j = np.arange(1, 17)
    templates = [
        np.array(
            [
                np.round(
                    np.sin(12.9898 * (i + 1) + 78.233 * j)
                    + 0.85 * np.sin(39.3467 * (i + 1) + 11.135 * j + 27.719 * (k + 1)),
                    6,
                )
                for k in range(n)
            ]
        )
        for i, n in enumerate(counts)
    ]
    unit = [t / np.linalg.norm(t, axis=1, keepdims=True) for t in templates]
    mated = {i: (u @ u.T)[np.triu_indices(len(u), 1)] for i, u in enumerate(unit)}
    non_mated = {(i, k): (unit[i] @ unit[k].T).ravel() for i, k in combinations(range(12), 2)}
    return Dyads(np.array(counts), mated, non_mated)
