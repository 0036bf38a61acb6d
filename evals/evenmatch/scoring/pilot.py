"""Where the tail should begin: an estimate from a sample, made before anything is counted.

Only memory and time hang on it. A tail that turns out too short is made up for by another pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evenmatch.scoring.exact import similarities
from evenmatch.scoring.trials import folded

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from evenmatch.matching.matcher import Templates
    from evenmatch.scoring.needs import Need
    from evenmatch.scoring.plan import Plan, Roster, Rows
    from evenmatch.scoring.trials import Selection

SAMPLE = 1 << 16
SEED = 20261122
FILL = 0.8  # share of the bound that the sample may promise to fill


def floor_for(
    needs: Sequence[Need], plan: Plan, roster: Roster, templates: Templates, keep: int
) -> float:
    """Return the score from which every comparison should be kept.

    Args:
        needs: the loosest operating points that will be asked.
        plan: which rows are compared.
        roster: who the rows are.
        templates: one a row.
        keep: how many scores may be kept.
    """
    sides = [_by_group(rows, roster, templates) for rows in (plan.probes, plan.references)]
    everyone = np.ones((roster.n_groups, roster.n_groups), np.bool_)
    share = FILL * keep / max(plan.size(roster), 1)
    samples: dict[bytes, npt.NDArray[np.float32]] = {}

    def sample(cells: Selection) -> npt.NDArray[np.float32]:
        key = cells.tobytes()
        if key not in samples:
            rng = np.random.default_rng(SEED)
            samples[key] = _sample(cells, sides, roster, templates, rng)
        return samples[key]

    floors = [np.inf]
    for need in needs:
        if need.threshold is not None:
            floors.append(need.threshold)
        if need.fmr is not None:
            cells = folded(need.selection, symmetric=plan.symmetric)
            floors.append(_from_top(sample(cells), float(need.fmr)))
    everything = sample(everyone)
    if share >= 1 or not everything.size:
        return float(min(floors))
    return float(max(min(floors), everything[-1 - int(share * everything.size)]))


def _from_top(sample: npt.NDArray[np.float32], rate: float) -> float:
    """Return a score that more than the given share of all scores surely reaches."""
    rank = rate * sample.size
    place = int(1.1 * rank + 4 * np.sqrt(rank) + 16)
    return float(sample[-1 - place]) if place < sample.size else -np.inf


def _by_group(
    rows: Rows, roster: Roster, templates: Templates
) -> tuple[Rows, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return usable rows sorted by group, where each group begins, and its size."""
    usable = np.ones(roster.people.size, np.bool_)
    usable[list(templates.failures)] = False
    rows = rows[usable[rows]]
    rows = rows[np.argsort(roster.groups[rows], kind="stable")]
    size = np.bincount(roster.groups[rows], minlength=roster.n_groups)
    return rows, np.cumsum(size) - size, size


def _sample(
    cells: Selection,
    sides: Sequence[tuple[Rows, npt.NDArray[np.int64], npt.NDArray[np.int64]]],
    roster: Roster,
    templates: Templates,
    rng: np.random.Generator,
) -> npt.NDArray[np.float32]:
    """Return scores of random non-mated comparisons of the cells, ascending."""
    (probes, probe_start, probe_size), (references, reference_start, reference_size) = sides
    weight = (cells * np.outer(probe_size, reference_size)).ravel().astype(np.float64)
    if not weight.any():
        return np.zeros(0, np.float32)
    cell = rng.choice(weight.size, SAMPLE, p=weight / weight.sum())
    g, h = np.divmod(cell, roster.n_groups)
    probe = probes[probe_start[g] + (rng.random(SAMPLE) * probe_size[g]).astype(np.int64)]
    place = reference_start[h] + (rng.random(SAMPLE) * reference_size[h]).astype(np.int64)
    reference = references[place]
    other = roster.people[probe] != roster.people[reference]
    probe, reference = probe[other], reference[other]
    return np.sort(similarities(templates.vectors, templates.score_kind, probe, reference))
