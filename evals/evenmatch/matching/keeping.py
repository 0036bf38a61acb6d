"""A matcher's templates or scores with some photographs left out, nothing made again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from evenmatch.matching.matcher import Templates
from evenmatch.matching.program_scores import ProgramScores
from evenmatch.matching.vectors import kept

if TYPE_CHECKING:
    import numpy.typing as npt

    from evenmatch.matching.scores import ScoreTable


def keep_rows(
    scored: Templates | ScoreTable | ProgramScores,
    rows: npt.NDArray[np.bool_],
    photographs: npt.NDArray[np.int32],
) -> Templates | ScoreTable | ProgramScores:
    """Return what is left, numbered as a benchmark with those rows alone would number it.

    Args:
        scored: templates by row, or scores by photograph code.
        rows: which rows of the benchmark stay; a photograph's rows stay or go together.
        photographs: the photograph code of every row.
    """
    if isinstance(scored, ProgramScores):
        return scored.keep(rows)
    if not isinstance(scored, Templates):
        return _keep_scores(scored, rows, photographs)
    if rows.all():
        return scored
    position = np.cumsum(rows) - 1
    failures = {int(position[row]): why for row, why in scored.failures.items() if rows[row]}
    vectors = kept(scored.vectors, np.flatnonzero(rows))
    return replace(scored, vectors=vectors, failures=failures, longest=None)


def _keep_scores(
    table: ScoreTable, rows: npt.NDArray[np.bool_], photographs: npt.NDArray[np.int32]
) -> ScoreTable:
    # Codes number photographs by first appearance, so leaving some out keeps the others' order.
    stays = np.zeros(table.photographs, dtype=bool)
    stays[photographs[rows]] = True
    code = np.cumsum(stays) - 1
    probes, references = np.divmod(table.keys, table.photographs)
    both = stays[probes] & stays[references]
    left = int(stays.sum())
    return replace(
        table,
        keys=code[probes[both]] * left + code[references[both]],
        scores=table.scores[both],
        statuses=table.statuses[both],
        photographs=left,
    )
