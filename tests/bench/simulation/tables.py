"""Coverage as tables of Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulation.tallies import two_standard_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from simulation.tallies import Tally

OFFERED = "clustered_exact"
RATE_HEAD = (
    "scenario",
    "errors",
    "design effect",
    "replicates",
    "clustered_exact covers",
    "low end too high",
    "high end too low",
    "wrongly refuted",
    "wrongly supported",
    "clustered_wilson covers",
    "naive Wilson covers",
)
SEARCH_HEAD = (*RATE_HEAD, "by searcher alone covers")
RATIO_HEAD = (
    "scenario",
    "errors",
    "true ratio",
    "replicates",
    "rate_ratio covers",
    "low end too high",
    "high end too low",
    "naive score interval covers",
    "target",
)


def rate_table(tallies: Sequence[Tally]) -> str:
    """Return the table of intervals of FMR or FNMR."""
    return _table((*RATE_HEAD, "target"), [(*rate_cells(t), t.standing(OFFERED)) for t in tallies])


def search_table(tallies: Sequence[Tally]) -> str:
    """Return the table of intervals of FPIR."""
    rows = [(*rate_cells(t), _covered(t, "searchers_alone"), t.standing(OFFERED)) for t in tallies]
    return _table((*SEARCH_HEAD, "target"), rows)


def ratio_table(tallies: Sequence[Tally]) -> str:
    """Return the table of intervals of ratios."""
    return _table(RATIO_HEAD, [_ratio_cells(t) for t in tallies])


def rate_cells(tally: Tally) -> tuple[str, ...]:
    """Return what the tables of all rates have in common."""
    return (
        tally.scenario,
        tally.expected,
        f"{tally.design_effect:.1f}",
        str(tally.replicates),
        _covered(tally, OFFERED),
        *_tails(tally, OFFERED),
        *_tails(tally, "verdicts"),
        _covered(tally, "clustered_wilson"),
        _covered(tally, "naive"),
    )


def summary(tallies: Sequence[Tally], offered: str) -> str:
    """Say the worst figures of an interval over all rows, and which rows miss the targets."""
    least = min(tallies, key=lambda t: t.coverage(offered))
    lines = [f"{len(tallies)} rows. Least coverage: {_covered(least, offered)} ({_row(least)})."]
    lines.append(_worst(tallies, "Largest tail", lambda t: t.tails(offered)))
    if "verdicts" in least.intervals:
        lines.append(_worst(tallies, "Most wrong verdicts", lambda t: t.tails("verdicts")))
    for standing in ("near", "missed"):
        rows = [_row(t) for t in tallies if t.standing(offered) == standing]
        lines.append(f"{standing.capitalize()}: {'; '.join(rows) if rows else 'none'}.")
    return "\n".join(f"- {line}" for line in lines)


def _worst(
    tallies: Sequence[Tally], label: str, tails: Callable[[Tally], tuple[float, float]]
) -> str:
    worst = max(tallies, key=lambda t: max(tails(t)))
    return f"{label}: {_percent(max(tails(worst)), worst.replicates)} ({_row(worst)})."


def _row(tally: Tally) -> str:
    return f"{tally.scenario}, {tally.expected} errors"


def _ratio_cells(tally: Tally) -> tuple[str, ...]:
    return (
        tally.scenario,
        tally.expected,
        f"{tally.truth:.2f}",
        str(tally.replicates),
        _covered(tally, "rate_ratio"),
        *_tails(tally, "rate_ratio"),
        _covered(tally, "naive"),
        tally.standing("rate_ratio"),
    )


def _covered(tally: Tally, name: str) -> str:
    return _percent(tally.coverage(name), tally.replicates)


def _tails(tally: Tally, name: str) -> tuple[str, str]:
    above, below = tally.tails(name)
    return _percent(above, tally.replicates), _percent(below, tally.replicates)


def _percent(share: float, replicates: int) -> str:
    return f"{100 * share:.1f} ±{100 * two_standard_errors(share, replicates):.1f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
