"""Random sets that hold everything counting has to get right."""

import numpy as np
import pytest

from evenmatch.matching.matcher import ScoreKind, Templates
from evenmatch.scoring.plan import Plan, Roster


@pytest.fixture(scope="session")
def a_set():
    """Return a function that makes a random plan, its roster and its templates."""
    return random_set


def random_set(
    seed, *, symmetric=True, ties=False, kind=ScoreKind.INNER_PRODUCT, rows=120, dim=20, n_groups=7
):
    """Return a random plan with failures, one photograph on two rows, and lone members."""
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((rows, dim))
    vectors = np.round(vectors) if ties else vectors / np.linalg.norm(vectors, axis=1)[:, None]
    people = rng.integers(0, rows // 3, rows).astype(np.int32)
    photographs = np.arange(rows, dtype=np.int32)
    photographs[10], people[10] = photographs[11], people[11]
    groups = rng.integers(0, n_groups - 1, rows).astype(np.int32)
    groups[0] = n_groups - 1  # a group of one
    order = rng.permutation(rows).astype(np.int32)
    plan = Plan("bare", "bare", order, order, symmetric=True)
    if not symmetric:
        plan = Plan("bare", "bare", order[: rows // 2], order[rows // 3 :], symmetric=False)
    templates = Templates(vectors.astype(np.float32), {3: "no_face", 20: "refused"}, kind)
    return plan, Roster(people, photographs, groups, n_groups), templates
