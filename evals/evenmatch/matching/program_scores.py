"""Scores that a vendor's program gives when it is asked: each comparison once, kept by content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from evenmatch.data.cache_dir import cache_dir, private_folder
from evenmatch.data.content_cache import ContentCache, Entry, content_key
from evenmatch.data.progress import Progress, silent
from evenmatch.errors import OutsideError, RequestError
from evenmatch.matching.candidates import CandidateLists, EnrolledPhotographs
from evenmatch.matching.program_enrolment import Enrolled, enrol
from evenmatch.matching.scores import ScoreTable
from evenmatch.matching.vendor_messages import COMPARISON
from evenmatch.matching.vendor_program import parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from evenmatch.data.samples import Samples
    from evenmatch.matching.extraction import MaskDrawer
    from evenmatch.matching.vendor_program import VendorProgram

    Rows = npt.NDArray[np.integer]
    Codes = npt.NDArray[np.int64]
    Scores = npt.NDArray[np.float64]

REFERENCES: Final = 256  # of one probe, asked for together
CHECKED: Final = 4  # comparisons asked for in both orders where a program says it is symmetric


@dataclass(frozen=True)
class ProgramScores:
    """The comparisons of a vendor's program, found by rows of the benchmark.

    Attributes:
        answers: what the program said so far; it is asked for what is not there.
        slots: for each row its template's place; -1 without one.
        failures: row to reason, for the rows without a template.
    """

    answers: Answers
    slots: Codes
    failures: dict[int, str]

    def lookup(self, probe: Rows, reference: Rows) -> tuple[Scores, npt.NDArray[np.str_]]:
        """Return the similarity and the status of each comparison.

        Args:
            probe: rows of the probes.
            reference: rows of the references.

        Returns:
            Similarities, NaN without a score; and `""` for a score, the failure of the probe's or
            the reference's photograph, or `comparison_` and the failure of the comparison.
        """
        one, other = self.slots[probe], self.slots[reference]
        there = (one >= 0) & (other >= 0)
        scores = np.full(one.size, np.nan)
        status = np.zeros(one.size, dtype=object)
        status[there] = ""
        scores[there], status[there] = self.answers.of(one[there], other[there])
        for place in np.flatnonzero(~there):
            row = probe[place] if one[place] < 0 else reference[place]
            status[place] = self.failures[int(row)]
        return scores, status.astype(np.str_)

    def searched(self, searches: Rows, gallery: Rows, photographs: Rows) -> CandidateLists:
        """Return what the program's own searches of a gallery list: everybody, where it can.

        Args:
            searches: probe rows, each of another photograph.
            gallery: enrolled rows.
            photographs: photograph code of every row.
        """
        return self.answers.lists(self, searches, gallery, photographs)

    def keep(self, rows: npt.NDArray[np.bool_]) -> ProgramScores:
        """Return the rows that are left, numbered anew; nothing is asked again."""
        position = np.cumsum(rows) - 1
        failures = {int(position[row]): why for row, why in self.failures.items() if rows[row]}
        return replace(self, slots=self.slots[rows], failures=failures)

    def can_search(self, searches: Rows, gallery: Rows) -> bool:
        """Whether the program searches galleries itself, and there is something to search."""
        there = bool((self.slots[searches] >= 0).any() and (self.slots[gallery] >= 0).any())
        return self.answers.program.hello.searches and there

    @property
    def cut(self) -> bool:
        """Whether one of its searches listed fewer than were enrolled."""
        return self.answers.cut


def ask_program(
    program: VendorProgram,
    digest: str,
    samples: Samples,
    draw: MaskDrawer | None,
    progress: Progress = silent,
) -> ProgramScores:
    """Enrol a benchmark with a vendor's program; comparisons are asked for when they are looked up.

    Raises:
        RequestError: a photograph is missing.
        OutsideError: the program does not answer any more; what it answered is kept.
    """
    folder = private_folder(cache_dir() / "templates")
    cache = ContentCache(folder / f"{digest}.sqlite", "cache of a vendor's answers")
    try:
        enrolled = enrol(program, samples, draw, cache, progress=progress)
    except BaseException:
        cache.close()
        raise
    answers = Answers(program, enrolled, cache, progress)
    return ProgramScores(answers, enrolled.slots, enrolled.failures)


def row_scores(
    scored: ScoreTable | ProgramScores, photographs: Rows, probe: Rows, reference: Rows
) -> tuple[Scores, npt.NDArray[np.str_]]:
    """Return the similarity and the status of comparisons of rows, whoever gives the scores.

    Args:
        scored: a score file, which goes by photographs, or a program, which sees each row.
        photographs: photograph code of every row.
        probe: rows of the probes.
        reference: rows of the references.
    """
    if isinstance(scored, ScoreTable):
        return scored.lookup(photographs[probe], photographs[reference])
    return scored.lookup(probe, reference)


class Answers:
    """What a program said of templates, in memory and on disk.

    Attributes:
        program: who is asked.
        cut: whether a search listed fewer than were enrolled.
    """

    def __init__(
        self, program: VendorProgram, enrolled: Enrolled, cache: ContentCache, progress: Progress
    ) -> None:
        self.program = program
        self.cut = False
        self._enrolled = enrolled
        self._cache = cache
        self._progress = progress
        self._pairs = np.empty(0, dtype=np.int64)
        self._scores = np.empty(0)
        self._words = np.empty(0, dtype=object)
        self._checked = not program.hello.symmetric

    def close(self) -> None:
        """Close the cache; everything in it is on disk already."""
        self._cache.close()

    def of(self, probes: Codes, references: Codes) -> tuple[Scores, npt.NDArray[np.object_]]:
        """Return similarities and words of templates' comparisons, asking for what is not known."""
        if self.program.hello.symmetric:
            probes, references = np.minimum(probes, references), np.maximum(probes, references)
        wanted = probes * len(self._enrolled.templates) + references
        self._learn(np.setdiff1d(wanted, self._pairs))
        at = np.searchsorted(self._pairs, wanted)
        return self._scores[at], self._words[at]

    def lists(
        self, scored: ProgramScores, searches: Rows, gallery: Rows, photographs: Rows
    ) -> CandidateLists:
        """Return the candidate lists of searches of a gallery."""
        enrolled = gallery[scored.slots[gallery] >= 0]
        entries = scored.slots[enrolled]
        name = hashlib.sha256(b"".join(self._enrolled.keys[slot] for slot in entries)).hexdigest()
        order = searches[np.argsort(photographs[searches], kind="stable")]
        found: list[tuple[Codes, Scores, str]] = []
        with self._progress(f"searches: {self.program.name}", order.size) as task:
            for row in order.tolist():
                if scored.slots[row] < 0:
                    found.append((np.empty(0, np.int64), np.empty(0), scored.failures[row]))
                else:
                    found.append(self._search(int(scored.slots[row]), name, entries))
                task.advance(1)
        sizes = [places.size for places, _, _ in found]
        if not any(sizes) and not all(word for _, _, word in found):
            raise OutsideError(
                f"matchers.{self.program.name}: none of {len(found):,} searches returned a "
                "candidate; correct the program, or leave `search` out of its `operations`, and "
                "comparisons are made instead."
            )
        return CandidateLists(
            searches=photographs[order].astype(np.int64),
            starts=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            candidates=photographs[enrolled[np.concatenate([each[0] for each in found])]].astype(
                np.int64
            ),
            scores=self._similarity(np.concatenate([each[1] for each in found])),
            statuses=np.array([word for _, _, word in found], dtype=np.str_),
            gallery=EnrolledPhotographs(
                photographs[gallery].astype(np.int64), scored.slots[gallery] < 0, "split-1"
            ),
            facts={"searches": "by the program's own search"},
        )

    def _learn(self, unknown: Codes) -> None:
        """Ask for pairs of templates that nothing is known of, one probe after the other."""
        if not unknown.size:
            return
        probes, references = np.divmod(unknown, len(self._enrolled.templates))
        scores, words = np.empty(unknown.size), np.empty(unknown.size, dtype=object)
        starts = np.flatnonzero(np.diff(probes, prepend=-1))
        with self._progress(f"comparisons: {self.program.name}", unknown.size) as task:
            for start, end in zip(starts, [*starts[1:], unknown.size], strict=True):
                templates = [self._enrolled.templates[slot] for slot in references[start:end]]
                first = int(start)
                for part in parts(templates, REFERENCES):
                    last = first + len(part)
                    chosen = references[first:last].tolist()
                    asked = self._compare(int(probes[start]), chosen, part)
                    scores[first:last], words[first:last] = asked
                    task.advance(len(part))
                    first = last
        if not self._checked:
            self._check_symmetry(probes[:CHECKED], references[:CHECKED], scores)
        order = np.argsort(pairs := np.concatenate([self._pairs, unknown]), kind="stable")
        self._pairs = pairs[order]
        self._scores = np.concatenate([self._scores, self._similarity(scores)])[order]
        self._words = np.concatenate([self._words, words])[order]

    def _compare(
        self, probe: int, references: Sequence[int], templates: Sequence[str]
    ) -> tuple[Scores, npt.NDArray[np.object_]]:
        """Return the program's own numbers for one probe, from the cache where they are there."""
        keys, count = self._enrolled.keys, len(references)
        compared = hashlib.sha256(b"".join(keys[slot] for slot in references)).hexdigest()
        key = content_key(keys[probe], "compare 1", compared)
        if (kept := self._cache.get(key)) is not None:
            scores = np.frombuffer(kept.vector[: 8 * count], dtype="<f8")
            words = kept.vector[8 * count :].decode().split("\n")
        else:
            said, why, whole = self.program.compare(self._enrolled.templates[probe], templates)
            scores, words = np.array(said), [f"{COMPARISON}{word}" if word else "" for word in why]
            if whole:
                packed = scores.astype("<f8").tobytes() + "\n".join(words).encode()
                self._cache.put({key: Entry("", packed)})
        return scores, np.array(words, dtype=object)

    def _search(self, probe: int, gallery: str, entries: Codes) -> tuple[Codes, Scores, str]:
        """Return the places in the gallery, the scores and the word of one search."""
        size = len(entries)
        key = content_key(self._enrolled.keys[probe], "search 1", gallery)
        if (kept := self._cache.get(key)) is not None:
            half = len(kept.vector) // 2
            places = np.frombuffer(kept.vector[:half], dtype="<i8")
            scores, word = np.frombuffer(kept.vector[half:], dtype="<f8"), kept.reason
        else:
            templates = [self._enrolled.templates[slot] for slot in entries]
            asked = self._enrolled.templates[probe]
            listed, numbers, word, said = self.program.search(gallery, templates, asked, size)
            places, scores = np.array(listed, dtype=np.int64), np.array(numbers, dtype=np.float64)
            if said:
                packed = places.astype("<i8").tobytes() + scores.astype("<f8").tobytes()
                self._cache.put({key: Entry(word, packed)})
        self.cut |= not word and places.size < size
        return places, scores, word

    def _similarity(self, scores: Scores) -> Scores:
        sign = -1.0 if self.program.hello.score_kind == "distance" else 1.0
        return sign * scores + 0.0  # no negative zero

    def _check_symmetry(self, probes: Codes, references: Codes, scores: Scores) -> None:
        """Refuse a program that says its scores know no order and gives others in the other one."""
        self._checked = True
        for probe, reference, score in zip(
            probes.tolist(), references.tolist(), scores[: probes.size].tolist(), strict=True
        ):
            other, _ = self._compare(reference, [probe], [self._enrolled.templates[probe]])
            if not np.isnan(score) and not np.isnan(other[0]) and other[0] != score:
                raise RequestError(
                    f"matchers.{self.program.name}: the program says `symmetric: true`, and two "
                    f"photographs score {score!r} in one order and {float(other[0])!r} in the "
                    "other; have it say `symmetric: false`."
                )
