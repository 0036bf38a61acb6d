"""How often two people meet in a selection of cells, from their photographs in each group."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from evenmatch.scoring.compiled import compiled

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from evenmatch.scoring.tile import Int64


class Held(NamedTuple):
    """Photographs of people by group as compressed rows: a person's groups and how many in each."""

    starts: Int64
    groups: Int64
    photographs: Int64


@compiled
def meetings(
    probes: Held,
    references: Held,
    selection: npt.NDArray[np.bool_],
    first: Int64,
    second: Int64,
    count: Int64,
) -> None:
    """Add the trials of each first person as probe with each second person as reference."""
    for pair in range(first.size):
        i, j = first[pair], second[pair]
        for a in range(probes.starts[i], probes.starts[i + 1]):
            row = selection[probes.groups[a]]
            met = 0
            for b in range(references.starts[j], references.starts[j + 1]):
                if row[references.groups[b]]:
                    met += references.photographs[b]
            count[pair] += probes.photographs[a] * met
