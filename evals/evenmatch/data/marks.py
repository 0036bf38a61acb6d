"""Marks: what a person found wrong with photographs and identities, as a file that a run applies.

Marks correct the benchmark and not a matcher, so they hold for every matcher alike (methods 7).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from evenmatch.data.loaders.manifest import read_table
from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from evenmatch.data.samples import Samples

COLUMNS: Final = ("probe_id", "reference_id", "answer")
RIGHT, SAME = "looks-right", "same-person"
ANSWERS: Final = (
    RIGHT,
    "wrong-left",
    "wrong-right",
    SAME,
    "unusable-left",
    "unusable-right",
    "unusable-both",
    "cannot-say",
)
_MIRRORED = {
    "wrong-left": "wrong-right",
    "wrong-right": "wrong-left",
    "unusable-left": "unusable-right",
    "unusable-right": "unusable-left",
}


@dataclass(frozen=True)
class Marks:
    """What a review changes.

    Attributes:
        removed: samples that show somebody else than their identity, or nothing usable.
        merged: subject to the subject it is counted under, where two identities are one person.
        answers: how many pairs got each answer, in the order of `ANSWERS`.
    """

    removed: frozenset[str]
    merged: dict[str, str]
    answers: dict[str, int]


@dataclass(frozen=True)
class _Mark:
    """One row: two photographs, whose they are said to be, and what a person said."""

    row: int
    samples: tuple[str, str]
    subjects: tuple[str, str]
    answer: str

    @property
    def mated(self) -> bool:
        return self.subjects[0] == self.subjects[1]

    @property
    def faulty(self) -> tuple[str, ...]:
        """The photographs that the answer takes out."""
        left, right = self.samples
        kind, _, side = self.answer.partition("-")
        if kind not in ("wrong", "unusable"):
            return ()
        return {"left": (left,), "right": (right,), "both": (left, right)}[side]

    @property
    def sorted_answer(self) -> str:
        """The answer as it reads with the two photographs in order of their ids."""
        return self.answer if self.samples[0] <= self.samples[1] else _mirrored(self.answer)


def read_marks(path: Path, samples: Samples) -> Marks:
    """Read and check a file of marks: `probe_id, reference_id, answer`, other columns ignored.

    Args:
        path: the CSV file; the ids are the benchmark's.
        samples: the benchmark.

    Raises:
        RequestError: an unknown id or answer, answers that contradict each other, or no row.
    """
    marks = _rows(path, samples)
    _refuse_two_answers(path, marks)
    # Of a photograph called both, "unusable" leaves no room for what "wrong" still allows.
    firmest = sorted(marks, key=lambda mark: mark.answer.startswith("unusable"))
    faulty = {sample: mark for mark in firmest for sample in mark.faulty}
    _refuse_faulty_and_good(path, marks, faulty)
    merged = _merged(path, marks, samples.table["subject_id"].drop_duplicates().tolist())
    counted = Counter(mark.answer for mark in marks)
    return Marks(
        removed=frozenset(faulty),
        merged=merged,
        answers={answer: counted[answer] for answer in ANSWERS if counted[answer]},
    )


def _rows(path: Path, samples: Samples) -> list[_Mark]:
    table = read_table(path, COLUMNS)
    if table.empty:
        raise RequestError(f"{path}: holds no answer; add rows or remove `benchmark.marks`.")
    subject_of = dict(zip(samples.table["sample_id"], samples.table["subject_id"], strict=True))
    marks = []
    for row, (left, right, answer) in enumerate(
        table[list(COLUMNS)].itertuples(index=False, name=None), start=2
    ):
        if answer not in ANSWERS:
            raise RequestError(
                f"{path}: row {row}: answer is {answer!r}; choose one of {', '.join(ANSWERS)}."
            )
        for sample in (left, right):
            if sample not in subject_of:
                raise RequestError(
                    f"{path}: row {row}: names no sample of this benchmark; marks carry the "
                    "benchmark's own sample ids, so check that they belong to this one."
                )
        mark = _Mark(row, (left, right), (subject_of[left], subject_of[right]), answer)
        if left == right:
            raise RequestError(
                f"{path}: row {row}: marks a photograph beside itself; remove the row."
            )
        if answer == SAME and mark.mated:
            raise RequestError(
                f"{path}: row {row}: {SAME} joins two identities, and these photographs have one "
                f"already; write {RIGHT}."
            )
        marks.append(mark)
    return marks


def _refuse_two_answers(path: Path, marks: Sequence[_Mark]) -> None:
    first: dict[tuple[str, ...], _Mark] = {}
    for mark in marks:
        earlier = first.setdefault(tuple(sorted(mark.samples)), mark)
        if earlier.sorted_answer != mark.sorted_answer:
            raise _contradiction(path, earlier, mark, "answer differently for one pair")


def _refuse_faulty_and_good(path: Path, marks: Sequence[_Mark], faulty: dict[str, _Mark]) -> None:
    """Refuse a photograph that one row takes out and another relies on."""
    for mark in marks:
        for sample in mark.samples:
            against = faulty.get(sample)
            if against is None or mark.answer not in (RIGHT, SAME):
                continue
            # Somebody else's photograph still shows another person than a third photograph does.
            if mark.answer == RIGHT and not mark.mated and against.answer.startswith("wrong"):
                continue
            said = f"call one photograph both {against.answer} and {mark.answer}"
            raise _contradiction(path, against, mark, said)


def _merged(path: Path, marks: Sequence[_Mark], subjects: Iterable[str]) -> dict[str, str]:
    """Return the identities that are counted under another, the one that comes first."""
    place = {subject: number for number, subject in enumerate(subjects)}
    root = {subject: subject for mark in marks for subject in mark.subjects}

    def find(subject: str) -> str:
        while root[subject] != subject:
            subject = root[subject]
        return subject

    joined: dict[str, _Mark] = {}
    for mark in marks:
        if mark.answer == SAME:
            first, second = sorted(map(find, mark.subjects), key=place.__getitem__)
            root[second] = first
            joined |= dict.fromkeys(mark.subjects, mark)
    for mark in marks:
        left, right = mark.subjects
        if mark.answer == RIGHT and not mark.mated and find(left) == find(right):
            said = "call two identities both one person and two people"
            raise _contradiction(path, joined[left], mark, said)
    return {subject: find(subject) for subject in root if find(subject) != subject}


def _contradiction(path: Path, one: _Mark, other: _Mark, said: str) -> RequestError:
    first, second = sorted((one.row, other.row))
    return RequestError(
        f"{path}: rows {first} and {second} {said}; look again and correct one of them."
    )


def _mirrored(answer: str) -> str:
    return _MIRRORED.get(answer, answer)
