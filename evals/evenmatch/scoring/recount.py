"""Answers that the kept tail cannot give, by going over the tiles again.

A pass holds one task's errors at a time: of each question only its sums by person remain, so that
loose thresholds on large sets need no more memory than tight ones.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from evenmatch.scoring.blocks import people_blocks
from evenmatch.scoring.parts import over_parts
from evenmatch.scoring.passes import run
from evenmatch.scoring.summing import Errors, drain, sum_errors, weigh
from evenmatch.scoring.tiled import OverWork, count_tiles, in_order
from evenmatch.scoring.touched import Erring, score_of_unit
from evenmatch.scoring.trials import AllPairs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy.typing as npt

    from evenmatch.matching.matcher import Templates
    from evenmatch.scoring.blocks import PeopleBlocks, PeopleTask
    from evenmatch.scoring.needs import Compute
    from evenmatch.scoring.parts import Part
    from evenmatch.scoring.passes import Tiles
    from evenmatch.scoring.plan import Rows
    from evenmatch.scoring.scored import Bins, ScoredPairs
    from evenmatch.scoring.tiled import Work
    from evenmatch.scoring.trials import Selection

    Question = tuple[Selection, float]

SUMS = 128 << 20  # bytes that the sums by person of one pass may take


class Recount:
    """Goes over a plan's comparisons again; selections come folded where the plan is symmetric."""

    def __init__(self, work: Work, bins: Bins) -> None:
        self.work, self.bins = work, bins
        self._errors: dict[tuple[bytes, float], Erring] = {}
        self._units: dict[tuple[bytes, int], float | None] = {}

    def prepare(self, questions: Sequence[Question]) -> None:
        """Answer questions together and remember the answers."""
        new = {(cells.tobytes(), at): (cells, at) for cells, at in questions}
        new = {key: question for key, question in new.items() if key not in self._errors}
        batch = max(1, SUMS // (8 * max(self.work.roster.n_people, 1)))
        keys = list(new)
        for start in range(0, len(keys), batch):
            part = keys[start : start + batch]
            answers = errors_at(self.work, self.bins, [new[key] for key in part])
            self._errors.update(zip(part, answers, strict=True))

    def errors(self, cells: Selection, threshold: float) -> Erring:
        """Return the false matches of a selection at a threshold."""
        self.prepare([(cells, threshold)])
        return self._errors[cells.tobytes(), threshold]

    def score_of_unit(
        self, cells: Selection, histogram: npt.NDArray[np.int64], cut: float, units: int
    ) -> float | None:
        """Return the score at which so many pairs of people err, looking below the cut.

        Where so many scores would have to be looked at that they do not fit, the edge of a bin at
        which more than enough pairs err.
        """
        key = cells.tobytes(), units
        if key not in self._units:
            self._units[key] = self._score_of_unit(cells, histogram, cut, units)
        return self._units[key]

    def _score_of_unit(
        self, cells: Selection, histogram: npt.NDArray[np.int64], cut: float, units: int
    ) -> float | None:
        tail = np.cumsum(histogram[::-1])[::-1]
        edges = self.bins.edges[:-1].copy()
        edges[0] = -np.inf
        people, wanted = self.work.roster.people, 2 * units
        for place in np.flatnonzero(edges < cut)[::-1]:
            if tail[place] < wanted and place > 0:
                continue
            if tail[place] > self.work.compute.keep_tail:
                enough = self.errors(cells, float(edges[place])).units >= units
                return float(edges[place]) if enough else None
            pairs = pairs_from(self.work, self.bins, cells, float(edges[place]))
            found = score_of_unit(
                pairs.score.astype(np.float64),
                people[pairs.probe],
                people[pairs.reference],
                self.work.roster.n_people,
                units,
            )
            if found is not None:
                return found
            wanted = 4 * int(tail[place])
        return None


def pairs_from(work: Work, bins: Bins, chosen: Selection, low: float) -> ScoredPairs:
    """Return the non-mated pairs of a selection that score at least so much."""
    todo = _PairsPass(work, bins, chosen, np.array([low]))
    found = list(todo.everywhere())
    probe = np.concatenate([np.zeros(0, np.int32), *(each[0] for each in found)])
    reference = np.concatenate([np.zeros(0, np.int32), *(each[1] for each in found)])
    return in_order(work.plan, probe, reference, work.scores(probe, reference))


def values_between(
    work: Work, bins: Bins, chosen: Selection, low: float, high: float
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Return the distinct non-mated scores of a selection in [low, high), and how many of each."""
    seen: dict[float, int] = {}
    for part in _ValuesPass(work, bins, chosen, np.array([low, high])).everywhere():
        for value, count in part.items():
            seen[value] = seen.get(value, 0) + count
    return np.array(list(seen), np.float32), np.array(list(seen.values()), np.int64)


def histogram(work: Work, bins: Bins, chosen: Selection) -> npt.NDArray[np.int64]:
    """Return the non-mated scores of a selection by other bins."""
    cells = count_tiles(work, bins, np.inf, quota=0).cells
    return np.asarray(cells[np.triu(chosen) if work.plan.symmetric else chosen].sum(axis=0))


@dataclass(frozen=True)
class _Pairs:
    """Pairs of one task that reach the lowest cut, those of one person left out."""

    probe: Rows
    reference: Rows
    level: npt.NDArray[np.int32]
    groups: tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]

    def where(self, chosen: npt.NDArray[np.bool_]) -> _Pairs:
        groups = self.groups[0][chosen], self.groups[1][chosen]
        return _Pairs(self.probe[chosen], self.reference[chosen], self.level[chosen], groups)


def _blocks(work: Work, chosen: Selection) -> PeopleBlocks:
    """Lay out the rows that any chosen cell needs."""
    groups = work.roster.groups
    probes = work.probes[np.any(chosen, axis=1)[groups[work.probes]]]
    references = work.references[np.any(chosen, axis=0)[groups[work.references]]]
    return people_blocks(work, probes, references)


class _PeoplePass(OverWork):
    """Goes over a part's pairs that reach the lowest cut, two blocks of people at a time."""

    def __init__(
        self, work: Work, bins: Bins, chosen: Selection, cuts: npt.NDArray[np.float64]
    ) -> None:
        super().__init__(work)
        self._asked = bins, chosen, cuts
        self._blocks: PeopleBlocks | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_blocks": None}

    def answer_bytes(self, share: float) -> int:
        """Return what a part's pairs or sums may take."""
        del share  # all pairs may lie in one part, and they are bounded together
        return 8 * self.work.compute.keep_tail

    @property
    def blocks(self) -> PeopleBlocks:
        """The rows that any chosen cell needs, laid out."""
        if self._blocks is None:
            self._blocks = _blocks(self.work, self._asked[1])
        return self._blocks

    def over(self, part: Part, visitor: Callable[[], Callable[[PeopleTask, _Pairs], None]]) -> None:
        """Give every task's pairs that reach the lowest cut to a visitor, one a thread."""
        work, blocks, (bins, _, cuts) = self.work, self.blocks, self._asked
        if not len(blocks.rows) or not len(blocks.columns):
            return
        blocks = blocks.near(part)
        with work.tiles(blocks.rows, blocks.columns, bins, blocks.largest) as make:

            def start(number: int) -> Callable[[PeopleTask], None]:
                del number
                tiles, visit = make(), visitor()
                return lambda task: visit(task, _reaching(work, blocks, tiles, task, cuts))

            tasks = blocks.tasks(part, symmetric=work.plan.symmetric)
            run(tasks, start, work.workers, work.compute.report)


class _PairsPass(_PeoplePass):
    """Finds the pairs of a selection that reach a score."""

    def everywhere(self) -> Iterator[tuple[Rows, Rows]]:
        """Give what each part holds."""
        return over_parts(self.work.templates, self, self.blocks.blocks, self.work.compute)

    def __call__(self, templates: Templates, compute: Compute, part: Part) -> tuple[Rows, Rows]:
        """Return probes and references."""
        self.on(templates, compute)
        lock, chosen = threading.Lock(), self._asked[1]
        found: list[tuple[Rows, Rows]] = [(np.zeros(0, np.int32), np.zeros(0, np.int32))]

        def keep(task: PeopleTask, pairs: _Pairs) -> None:
            del task
            pairs = pairs.where(chosen[pairs.groups])
            with lock:
                found.append((pairs.probe, pairs.reference))

        self.over(part, lambda: keep)
        probe, reference = (np.concatenate(side) for side in zip(*found, strict=True))
        return probe, reference


class _ValuesPass(_PeoplePass):
    """Finds the scores of a selection between two cuts, and how often each occurs."""

    def everywhere(self) -> Iterator[dict[float, int]]:
        """Give what each part holds."""
        return over_parts(self.work.templates, self, self.blocks.blocks, self.work.compute)

    def __call__(self, templates: Templates, compute: Compute, part: Part) -> dict[float, int]:
        """Return how often each score occurs."""
        work = self.on(templates, compute)
        lock, chosen = threading.Lock(), self._asked[1]
        seen: dict[float, int] = {}

        def keep(task: PeopleTask, pairs: _Pairs) -> None:
            del task
            pairs = pairs.where(chosen[pairs.groups] & (pairs.level == 1))
            scores = work.scores(pairs.probe, pairs.reference, threads=1)
            values, counts = np.unique(scores, return_counts=True)
            with lock:
                for value, count in zip(values.tolist(), counts.tolist(), strict=True):
                    seen[value] = seen.get(value, 0) + count

        self.over(part, lambda: keep)
        return seen


def _reaching(
    work: Work,
    blocks: PeopleBlocks,
    tiles: Tiles,
    task: PeopleTask,
    cuts: npt.NDArray[np.float64],
) -> _Pairs:
    """Return a task's pairs that reach the lowest cut."""
    none = np.zeros(0, np.int32)
    parts = [(none, none, none)]
    for tile in task.tiles:
        tiles.load(tile)
        row, column, level = tiles.levels(cuts)
        parts.append((blocks.rows.rows[row], blocks.columns.rows[column], level))
    probe, reference, level = (np.concatenate(part) for part in zip(*parts, strict=True))
    people, groups = work.roster.people, work.roster.groups
    pairs = _Pairs(probe, reference, level, (groups[probe], groups[reference]))
    return pairs.where(people[probe] != people[reference])


def errors_at(work: Work, bins: Bins, questions: Sequence[Question]) -> list[Erring]:
    """Return false matches at thresholds, by person, in one pass."""
    cells = [selection for selection, _ in questions]
    cuts = np.unique([threshold for _, threshold in questions])
    levels = [int(np.searchsorted(cuts, threshold)) + 1 for _, threshold in questions]
    todo = _ErrorsPass(work, bins, np.any(cells, axis=0), cuts, cells, levels)
    totals = np.zeros((len(cells), 4), np.int64)
    by_person = np.zeros((len(cells), work.roster.n_people), np.int64)
    for found in todo.everywhere():
        totals += found.totals
        by_person[:, found.people] += found.by_person
    return [
        Erring(int(total), each, int(units), int(ee), int(em))
        for (total, units, ee, em), each in zip(totals, by_person, strict=True)
    ]


class _PartErrors(NamedTuple):
    """One part's errors: sums of every question, and by the people the part has."""

    totals: npt.NDArray[np.int64]
    people: npt.NDArray[np.int32]
    by_person: npt.NDArray[np.int64]


class _ErrorsPass(_PeoplePass):
    """Sums errors of all questions; two people's trials are of one part, so that sums add up."""

    def __init__(
        self,
        work: Work,
        bins: Bins,
        chosen: Selection,
        cuts: npt.NDArray[np.float64],
        cells: list[Selection],
        levels: list[int],
    ) -> None:
        super().__init__(work, bins, chosen, cuts)
        self._questions = cells, levels

    def answer_bytes(self, share: float) -> int:
        """Return what a part's sums by person may take."""
        people = min(1.0, 2 * share**0.5) * self.work.roster.n_people
        return int(8 * people * len(self._questions[0])) + 4 * int(people)

    def everywhere(self) -> Iterator[_PartErrors]:
        """Give what each part holds."""
        return over_parts(self.work.templates, self, self.blocks.blocks, self.work.compute)

    def __call__(self, templates: Templates, compute: Compute, part: Part) -> _PartErrors:
        """Return a part's sums."""
        work = self.on(templates, compute)
        sums = _Sums(work, self.blocks, *self._questions)
        self.over(part, sums.visitor)
        people = self.blocks.people_of(part)
        everyone = people.size == work.roster.n_people
        by_person = sums.by_person if everyone else sums.by_person[:, people]
        return _PartErrors(sums.totals, people, by_person)


class _Sums:
    """Sums of all questions of a pass, added to task by task."""

    def __init__(
        self, work: Work, blocks: PeopleBlocks, cells: list[Selection], levels: list[int]
    ) -> None:
        self._work, self._blocks, self._cells, self._levels = work, blocks, cells, levels
        self._trials = AllPairs(work.plan, work.roster, work.usable)
        self.by_person = np.zeros((len(cells), work.roster.n_people), np.int64)
        self.totals = np.zeros((len(cells), 4), np.int64)
        self._rank = np.zeros(work.roster.n_people, np.int32)
        self._rank[blocks.people] = np.arange(blocks.people.size)
        self._lock = threading.Lock()

    def visitor(self) -> Callable[[PeopleTask, _Pairs], None]:
        """Return one thread's function that adds a task's pairs to every question."""
        table = np.zeros((self._blocks.widest, self._blocks.widest), np.int32)
        room = np.empty(table.size, np.int32)

        def add(task: PeopleTask, pairs: _Pairs) -> None:
            errors = self._errors(task, pairs)
            for number, cells in enumerate(self._cells):
                count = sum_errors(errors, cells, self._levels[number], table, room)
                if count:
                    self._add(task, number, table, room[:count])

        return add

    def _errors(self, task: PeopleTask, pairs: _Pairs) -> Errors:
        people, starts = self._work.roster.people, self._blocks.starts
        one, other = self._rank[people[pairs.probe]], self._rank[people[pairs.reference]]
        low = np.minimum(one, other) - np.int32(starts[task.low])
        high = np.maximum(one, other) - np.int32(starts[task.high])
        return Errors(low, high, *pairs.groups, pairs.level)

    def _add(
        self,
        task: PeopleTask,
        number: int,
        table: npt.NDArray[np.int32],
        touched: npt.NDArray[np.int32],
    ) -> None:
        starts, people = self._blocks.starts, self._blocks.people
        low, high = people[starts[task.low] :], people[starts[task.high] :]
        i, j = np.divmod(touched, table.shape[1])
        trials = self._trials.between(self._cells[number], low[i], high[j])
        with self._lock:
            total, squares = drain(table, touched, low, high, self.by_person[number])
            em = weigh(table, touched, trials)
            self.totals[number] += (total, touched.size, squares, em)
