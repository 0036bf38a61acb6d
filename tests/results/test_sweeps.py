"""Counts at the slider's stops are those of the scores themselves, wherever a stop lies."""

import numpy as np
import pandas as pd
import pytest

from evenmatch.run import evaluate

POINTS = ["fmr=0.1", "fmr=0.01", "threshold=0.5"]


def made(bench, keep_tail=20_000_000, **changes):
    """Audit templates of forty people in two groups, two photographs each."""
    rng = np.random.default_rng(5)
    rows = [(f"p{n}-{s}", f"p{n}", "fm"[n % 2], s) for n in range(120) for s in "ab"]
    bench.manifest(rows, ["sample_id", "subject_id", "sex", "shot"])
    bench.attribute("sex", "subject", ["f", "m"])
    bench.attribute("shot", "sample", ["a", "b"])
    person = rng.standard_normal((120, 8)).repeat(2, axis=0)
    templates = (person + 0.6 * rng.standard_normal((240, 8))).astype(np.float32)
    templates[7] = np.nan
    np.savez(bench.folder / "made.npz", ids=np.array([row[0] for row in rows]), templates=templates)
    matcher = {
        "name": "made",
        "kind": "templates",
        "path": str(bench.folder / "made.npz"),
        "score_kind": "cosine",
    }
    config = bench.config(
        matchers=[matcher],
        groups=[["sex"]],
        one_to_one={"operating_points": POINTS},
        compute={"keep_tail": keep_tail, "keep_scores": 1_000_000},
        **changes,
    )
    return evaluate(config, bench.folder / "reports")


def cell_rows(table, cell):
    """Return the comparisons of a cell, in either order."""
    if cell.group_by == "all":
        return table
    pairs = table[["probe_sex", "reference_sex"]].apply(sorted, axis=1).tolist()
    wanted = sorted((cell.probe_group, cell.reference_group))
    return table[[pair == wanted for pair in pairs]]


@pytest.mark.parametrize("keep_tail", [1000, 20_000_000])
def test_every_stop_counts_what_the_scores_hold(bench, keep_tail):
    audit = made(bench, keep_tail)
    whole = made(bench)
    table = pd.read_parquet(whole.folder / "scores" / "made.parquet")
    (sweep,) = audit.result.sweeps
    assert len(sweep.thresholds) > 40
    assert sweep.thresholds == sorted(set(sweep.thresholds))
    assert [(c.probe_group, c.reference_group) for c in sweep.cells] == [
        ("all", "all"), ("f", "f"), ("f", "m"), ("m", "m"),
    ]  # fmt: skip
    for cell in sweep.cells:
        rows = cell_rows(table, cell)
        others = np.sort(rows.loc[~rows["mated"] & (rows["status"] == "ok"), "score"])
        own = rows[rows["mated"]]
        scored = np.sort(own.loc[own["status"] == "ok", "score"])
        assert (cell.non_mated, cell.mated) == (len(others), len(own))
        assert cell.failed == len(own) - len(scored)
        stops = np.array(sweep.thresholds)
        assert cell.false_matches == (len(others) - np.searchsorted(others, stops)).tolist()
        assert cell.misses == np.searchsorted(scored, stops).tolist()


def test_operating_points_are_stops_and_agree_with_the_tables(bench):
    result = made(bench).result
    (sweep,) = result.sweeps
    places = {at: number for number, at in enumerate(sweep.thresholds)}
    cells = {(c.group_by, c.probe_group, c.reference_group): c for c in sweep.cells}
    rows = [row for row in result.error_rates if row.threshold is not None]
    assert {row.operating_point for row in rows} == set(POINTS)
    for row in rows:
        cell, at = cells[row.group_by, row.probe_group, row.reference_group], places[row.threshold]
        if row.metric == "fmr":
            assert (cell.false_matches[at], cell.non_mated) == (row.errors, row.trials)
        elif row.failures == "non-match":
            assert (cell.misses[at] + cell.failed, cell.mated) == (row.errors, row.trials)
        else:
            assert (cell.misses[at], cell.mated - cell.failed) == (row.errors, row.trials)


def test_searches_stop_where_comparisons_do_and_agree_with_the_tables(bench):
    result = made(
        bench,
        one_to_many={
            "gallery": {"where": {"shot": "a"}, "enrolled": 0.5},
            "searches": {"where": {"shot": "b"}},
            "operating_points": ["fpir=0.1"],
        },
    ).result
    (sweep,), (searches,) = result.sweeps, result.search_sweeps
    assert searches.thresholds == sweep.thresholds
    cells = {(cell.group_by, cell.group): cell for cell in searches.cells}
    rows = [
        row
        for row in result.identification
        if row.threshold is not None and row.rank is None and row.failures == "non-match"
        and row.gallery == searches.gallery
    ]  # fmt: skip
    assert {row.metric for row in rows} == {"fpir", "fnir"}
    for row in rows:
        cell, at = cells[row.group_by, row.group], searches.thresholds.index(row.threshold)
        found = (cell.alarms[at], cell.non_mated) if row.metric == "fpir" else (
            cell.misses[at], cell.mated,
        )  # fmt: skip
        assert found == (row.errors, row.searches)
