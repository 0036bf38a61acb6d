"""Which comparisons a person should look at: the worst of all matchers, in no telling order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evenmatch.data.conditions import SYNTHETIC
from evenmatch.errors import RequestError
from evenmatch.results.comparisons import OK

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_COLUMNS = (
    "probe_id", "reference_id", "mated", "score", "status", "probe_mask", "reference_mask",
)  # fmt: skip


@dataclass(frozen=True)
class Pair:
    """Two photographs by their sample ids, in the order of these."""

    left: str
    right: str


def choose_pairs(
    audit: Path,
    matchers: Sequence[str],
    samples: Mapping[str, str],
    *,
    top: int,
    rng: np.random.Generator,
) -> list[Pair]:
    """Return the most similar non-mated and the least similar mated pairs of all matchers.

    Every matcher gives the same number of each, so that no one's errors are cleaned more than
    another's (methods 7). A pair of photographs comes once, whoever chose it, and in random order.

    Args:
        audit: the audit's folder.
        matchers: the names of its matchers.
        samples: pseudonym to sample id.
        top: how many of each kind every matcher gives.
        rng: decides the order.

    Raises:
        RequestError: a score file is missing, or was made with another key.
    """
    worst = pd.concat(
        [_worst(audit / "scores" / f"{name}.parquet", top) for name in matchers], ignore_index=True
    )
    worst = worst[~worst[["low", "high"]].duplicated()]
    if worst.empty:
        raise RequestError(
            f"{audit}: no comparison without a drawn mask has a score, so there is nothing to look "
            "at; run its config again with photographs as they are."
        )
    strange = set(worst["probe_id"]) | set(worst["reference_id"])
    if strange - set(samples):
        raise RequestError(
            f"{audit}: its photographs are not this benchmark's, or another machine's key named "
            "them; review it on the machine that made it, with the files it was made from."
        )
    one, other = worst["probe_id"].map(samples), worst["reference_id"].map(samples)
    # From an order that no key and no matcher's name decides to one that only the seed does.
    pairs = [Pair(*sorted(each)) for each in zip(one, other, strict=True)]
    pairs.sort(key=lambda pair: (pair.left, pair.right))
    return [pairs[place] for place in rng.permutation(len(pairs))]


def _worst(path: Path, top: int) -> pd.DataFrame:
    if not path.is_file():
        raise RequestError(
            f"there is no file {path}, which holds the audit's scores; run its config again."
        )
    table = pd.read_parquet(path, columns=list(_COLUMNS))
    drawn = table["probe_mask"].str.startswith(SYNTHETIC)
    drawn |= table["reference_mask"].str.startswith(SYNTHETIC)
    table = table[~drawn & (table["status"] == OK)]
    one, other = table["probe_id"].to_numpy(str), table["reference_id"].to_numpy(str)
    table = table.assign(
        low=np.where(one < other, one, other), high=np.where(one < other, other, one)
    )
    table = table.sort_values(["score", "low", "high"], kind="stable")
    mated, non_mated = table[table["mated"]], table[~table["mated"]]
    pair = ["low", "high"]
    return pd.concat(
        [
            mated.drop_duplicates(pair).head(top),
            non_mated.drop_duplicates(pair, keep="last").tail(top),
        ]
    )
