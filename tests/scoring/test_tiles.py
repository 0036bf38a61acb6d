"""The tile engine, on the CPU's kernels and in PyTorch, against the scores one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenmatch.errors import RequestError
from evenmatch.matching.matcher import ScoreKind, Templates
from evenmatch.scoring.counts import top_non_mated
from evenmatch.scoring.engine import Compute, count
from evenmatch.scoring.exact import similarities
from evenmatch.scoring.plan import Plan, Roster

DEVICES = ("cpu", "torch")


def both(case, **options):
    """Return the counts that keep everything and those of the tiles."""
    tiles = Compute(keep_scores=0, **{"tile": 17, "keep_tail": 60, "threads": 2, **options})
    return count(*case), count(*case, compute=tiles)


def same(one, other):
    fields = ("errors", "trials", "erring_units", "units", "pair_moments")
    assert [getattr(one, name) for name in fields] == [getattr(other, name) for name in fields]
    for name in ("errors", "trials"):
        by_person = f"{name}_by_person"
        assert getattr(one, by_person).tolist() == getattr(other, by_person).tolist()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("kind", list(ScoreKind))
@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("ties", [True, False])
def test_tiles_count_what_every_score_by_itself_counts(a_set, device, kind, symmetric, ties):
    if device == "torch":
        pytest.importorskip("torch", reason="torch is not installed")
    whole, tiled = both(a_set(1, symmetric=symmetric, ties=ties, kind=kind), device=device)
    assert np.array_equal(whole.cells, tiled.cells)
    assert tiled.failed_comparisons == whole.failed_comparisons > 0
    cut = tiled.cuts[tuple(whole.roster.groups[side] for side in whole_pairs(whole))]
    complete = whole.kept[whole.kept.score >= cut]
    assert complete.score.tolist() == tiled.kept.score.tolist()
    assert complete.probe.tolist() == tiled.kept.probe.tolist()
    assert complete.reference.tolist() == tiled.kept.reference.tolist()


def whole_pairs(counts):
    return counts.kept.probe, counts.kept.reference


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    symmetric=st.booleans(),
    ties=st.booleans(),
    kind=st.sampled_from(list(ScoreKind)),
    share=st.floats(0, 1, exclude_max=True),
)
def test_questions_below_the_kept_tail_are_answered_all_the_same(
    a_set, seed, symmetric, ties, kind, share
):
    whole, tiled = both(a_set(seed, symmetric=symmetric, ties=ties, kind=kind, rows=60, dim=5))
    rng = np.random.default_rng(seed)
    selection = rng.random((7, 7)) < 0.6
    trials = whole.non_mated_trials(selection)
    if not trials:
        return
    allowed = int(share * trials)
    around = top_non_mated([(whole, selection)], allowed)
    assert top_non_mated([(tiled, selection)], allowed) == around
    tiled.prepare([(selection, around[0])])
    same(whole.false_matches(selection, around[0]), tiled.false_matches(selection, around[0]))
    assert whole.histogram(selection).tolist() == tiled.histogram(selection).tolist()


def test_two_conditions_set_one_threshold_together(a_set):
    whole, tiled = zip(*(both(a_set(seed)) for seed in (4, 5)), strict=True)
    everyone = np.ones((7, 7), dtype=bool)
    for allowed in (3, 700, 5000):
        pools = [[(counts, everyone) for counts in each] for each in (whole, tiled)]
        assert top_non_mated(pools[0], allowed) == top_non_mated(pools[1], allowed)


def test_scores_that_are_all_the_same_neither_fill_the_tail_nor_get_lost():
    rows = np.arange(80, dtype=np.int32)
    roster = Roster(rows, rows, np.zeros(80, np.int32), 1)
    templates = Templates(np.ones((80, 4), np.float32), {}, ScoreKind.INNER_PRODUCT)
    counts = count(
        Plan("bare", "bare", rows, rows, symmetric=True),
        roster,
        templates,
        compute=Compute(keep_scores=0, keep_tail=50, tile=16),
    )
    everyone = np.ones((1, 1), dtype=bool)
    assert len(counts.kept) <= 50
    assert top_non_mated([(counts, everyone)], 1000) == (4.0, None)
    assert counts.false_matches(everyone, 4.0).errors == 80 * 79 // 2
    assert counts.false_matches(everyone, np.nextafter(4.0, 5)).errors == 0


def test_the_looser_threshold_has_as_many_erring_pairs_as_asked(a_set):
    whole, tiled = both(a_set(7, rows=100), keep_tail=1000)
    everyone = np.ones((7, 7), dtype=bool)
    strict = float(whole.kept.score[2])
    for units in (3, 30, 200):
        looser, touched = whole.false_matches_looser(everyone, strict, units=units)
        assert touched.erring_units >= units
        tighter = np.nextafter(looser, np.inf)
        assert looser == strict or whole.false_matches(everyone, tighter).erring_units < units
        assert tiled.false_matches_looser(everyone, strict, units=units)[0] == looser
    assert whole.false_matches_looser(everyone, strict, units=10**6) is None
    assert tiled.false_matches_looser(everyone, strict, units=10**6) is None


def test_without_room_the_looser_threshold_is_an_edge_at_which_more_than_enough_err(a_set):
    whole, tiled = both(a_set(7, rows=100), keep_tail=20)
    everyone = np.ones((7, 7), dtype=bool)
    exact, _ = whole.false_matches_looser(everyone, 9.0, units=200)
    looser, touched = tiled.false_matches_looser(everyone, 9.0, units=200)
    assert looser in tiled.bins.edges
    assert looser <= exact
    assert touched.erring_units >= 200


def test_curves_agree_where_both_know_the_score(a_set):
    whole, tiled = both(a_set(8))
    everyone = np.ones((7, 7), dtype=bool)
    thresholds, above = tiled.curve(everyone)
    assert np.all(np.diff(thresholds) < 0)
    assert np.all(np.diff(above) >= 0)
    exact = [whole.false_matches(everyone, at).errors for at in thresholds]
    assert above.tolist() == exact


def test_a_memory_mapped_set_counts_like_one_in_memory(a_set, tmp_path):
    plan, roster, templates = a_set(9)
    np.save(tmp_path / "templates.npy", templates.vectors)
    mapped = np.load(tmp_path / "templates.npy", mmap_mode="r")
    compute = Compute(keep_scores=0, tile=32)
    there = Templates(mapped, templates.failures, templates.score_kind)
    one = count(plan, roster, templates, compute=compute)
    other = count(plan, roster, there, compute=compute)
    assert np.array_equal(one.cells, other.cells)
    assert one.kept.score.tolist() == other.kept.score.tolist()


def test_a_template_that_is_not_a_number_is_refused(a_set):
    plan, roster, templates = a_set(10)
    templates.vectors[7, 3] = np.nan
    with pytest.raises(RequestError, match="row 7 is not finite"):
        count(plan, roster, templates, compute=Compute(keep_scores=0))


def test_an_unknown_device_is_refused_by_name(a_set):
    with pytest.raises(RequestError, match="write auto, cpu or cuda"):
        count(*a_set(11), compute=Compute(keep_scores=0, device="abacus"))


def test_a_device_that_is_not_here_is_refused_with_what_to_do(a_set):
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    with pytest.raises(RequestError, match=r"compute\.device: cuda was asked for.*`auto` or `cpu`"):
        count(*a_set(11), compute=Compute(keep_scores=0, device="cuda"))


@pytest.mark.parametrize("dim", [1, 2, 15, 16, 17, 31, 33, 64, 100, 513])
@pytest.mark.parametrize("kind", list(ScoreKind))
def test_a_score_is_the_double_precision_value_rounded_once(dim, kind):
    rng = np.random.default_rng(dim)
    vectors = rng.standard_normal((40, dim)).astype(np.float32)
    first, second = (rng.integers(0, 40, 200).astype(np.int32) for _ in range(2))
    x, y = vectors[first].astype(np.float64), vectors[second].astype(np.float64)
    right = np.einsum("ij,ij->i", x, y)
    if kind is ScoreKind.EUCLIDEAN:
        right = -np.sqrt(np.einsum("ij,ij->i", x - y, x - y))
    scores = similarities(vectors, kind, first, second)
    assert scores.dtype == np.float32
    assert np.allclose(scores, right.astype(np.float32), rtol=2e-7, atol=1e-12)
    assert np.array_equal(scores, similarities(vectors, kind, second, first))
