"""The table of pairs that comes with Balanced Faces in the Wild (Robinson et al., CVPRW 2020).

One row a pair: `p1` and `p2` are the photographs' paths, `label` is 1 for one person and 0 for
two, and every further column such as `vgg16`, `resnet50` or `senet50` holds one network's scores.
The set is published as CSV; the pickled copies that circulate are not read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from evenmatch.errors import RequestError
from evenmatch.matching.score_file import Gathered, label_codes
from evenmatch.matching.tables import text_blocks

if TYPE_CHECKING:
    from pathlib import Path

    from evenmatch.data.samples import Samples
    from evenmatch.matching.score_file import FormatOptions, ScoreColumns
    from evenmatch.matching.tables import Column

LABEL: Final = "label"
STATUS: Final = "status"
SAID: Final = {"1": 1, "1.0": 1, "true": 1, "0": 0, "0.0": 0, "false": 0, "": -1}


def read(path: Path, samples: Samples, options: FormatOptions) -> ScoreColumns:
    """Return one network's scores of the table's pairs.

    Raises:
        RequestError: no score column is named, or a row is wrong.
    """
    score = options.column
    if score is None:
        raise RequestError(
            "`format: bfw` needs `column`, the network's column such as vgg16; add it."
        )
    rows = Gathered(path, label_codes(samples), failed_score=options.failed_score)
    for block in text_blocks(path, ("p1", "p2", score), (LABEL, STATUS)):
        words = block[STATUS] if STATUS in block.column_names else None
        probes, references = rows.coded(block["p1"]), rows.coded(block["p2"])
        mated = _mated(rows, block[LABEL]) if LABEL in block.column_names else None
        rows.add(probes, references, block[score], words, mated)
    return rows.columns()


def _mated(rows: Gathered, labels: Column) -> np.ndarray:
    said = [SAID.get(label.lower(), 2) for label in labels.to_pylist()]
    mated = np.array(said, dtype=np.int8)
    odd = np.flatnonzero(mated == 2)
    if odd.size:
        rows.refuse(odd, "`label` is 1 for one person or 0 for two; correct it")
    return mated
