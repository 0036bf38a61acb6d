"""The torch path, on the CPU device here, gives the counts of the compiled one to the unit."""

import numpy as np
import pytest

from evenmatch.matching.matcher import ScoreKind, Templates
from evenmatch.scoring.engine import Compute, count
from evenmatch.scoring.plan import Plan, Roster

torch = pytest.importorskip("torch", reason="torch is not installed")


def a_benchmark(kind, *, symmetric):
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((240, 24)).astype(np.float32)
    if kind is ScoreKind.INNER_PRODUCT:
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[7] = vectors[11]  # the same photograph filed under two people
    groups = np.sort(rng.integers(0, 4, 240)).astype(np.int32)
    rows = np.arange(240, dtype=np.int32)
    roster = Roster((rows // 3).astype(np.int32), rows, groups, 4)
    probes, references = (rows, rows) if symmetric else (rows[:150], rows[90:])
    plan = Plan("unmasked", "unmasked", probes, references, symmetric=symmetric)
    return plan, roster, Templates(vectors, {5: "no_face"}, kind)


@pytest.mark.parametrize("kind", list(ScoreKind))
@pytest.mark.parametrize("symmetric", [True, False])
def test_torch_counts_what_the_compiled_kernels_count(kind, symmetric):
    benchmark = a_benchmark(kind, symmetric=symmetric)
    whole = count(*benchmark)
    tiled = count(*benchmark, compute=Compute(device="torch", keep_scores=0, tile=64))
    assert np.array_equal(whole.cells, tiled.cells)
    selection = np.ones((4, 4), dtype=bool)
    top = whole.kept.score[[10, 500, 3000]].astype(float)
    for threshold in top:
        one, other = (each.false_matches(selection, threshold) for each in (whole, tiled))
        assert (one.errors, one.erring_units) == (other.errors, other.erring_units)
        assert one.errors_by_person.tolist() == other.errors_by_person.tolist()
