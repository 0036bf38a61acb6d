"""What a vendor handed over instead of a matcher: scores, templates, or its own searches."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from evenmatch.entries.matcher import FILE_KEYS
from evenmatch.errors import RequestError
from evenmatch.matching.candidates import read_candidates, read_enrolled
from evenmatch.matching.matcher import ScoreKind
from evenmatch.matching.places import name_of
from evenmatch.matching.score_file import FormatOptions
from evenmatch.matching.score_formats.bssr1 import find_sets
from evenmatch.matching.scores import read_scores
from evenmatch.matching.vendor_files import files_sha256
from evenmatch.matching.vendor_templates import TemplateFile

if TYPE_CHECKING:
    from evenmatch.data.samples import Samples
    from evenmatch.entries.matcher import MatcherEntry
    from evenmatch.matching.candidates import CandidateLists
    from evenmatch.matching.matcher import Templates
    from evenmatch.matching.scores import FileScoreKind, ScoreTable
    from evenmatch.matching.vendor_templates import Comparison

FOLDERS = ("sets",)


@dataclass(frozen=True)
class VendorFiles:
    """The files of one matcher's entry, found and digested.

    Attributes:
        entry: the matcher as the run names it.
        templates: its templates; None where it gives scores or searches.
        digest: hex SHA-256 that stands for the files.
        facts: plain strings for the report.
    """

    entry: MatcherEntry
    templates: TemplateFile | None
    digest: str
    facts: dict[str, str]

    @classmethod
    def find(cls, entry: MatcherEntry) -> VendorFiles:
        """Return an entry's files.

        Raises:
            RequestError: one is missing.
        """
        facts = {"photographs": "none read by this program"}
        if entry.kind == "templates" and entry.path is not None:
            file = TemplateFile.find(entry.path, entry.ids, cast("Comparison", entry.score_kind))
            facts |= {"template file": name_of(entry.path), "compared by": entry.score_kind}
            return cls(entry, file, file.digest, facts)
        for key in FILE_KEYS:
            _refuse_missing(entry, key)
        for key, said in (("path", "score file"), ("candidates", "candidate lists")):
            if file_named := getattr(entry, key):
                facts[said] = file_named.name
        facts |= {"format": entry.format} if entry.format else {}
        return cls(entry, None, _digest(entry), facts)

    @property
    def distance(self) -> bool:
        """Whether the vendor's own numbers are distances."""
        if self.templates is not None:
            return self.templates.score_kind is ScoreKind.EUCLIDEAN
        return self.entry.score_kind == "distance"

    def scored(
        self, samples: Samples, *, ordered: bool, apart: bool = False
    ) -> Templates | ScoreTable | None:
        """Read the templates or scores; None where there are none but candidate lists.

        Args:
            samples: the benchmark's rows; drawn masks are among them for templates alone.
            ordered: whether the two orders of a pair may differ.
            apart: whether other processes compare templates.
        """
        if self.templates is not None:
            return self.templates.read(samples, apart=apart)
        if self.entry.path is None:
            return None
        entry = self.entry
        options = FormatOptions(
            column=entry.column,
            failed_score=entry.failed_score,
            ids=Path(entry.ids) if entry.ids is not None else None,
            column_ids=entry.column_ids,
            sets=entry.sets,
        )
        return read_scores(
            Path(self.entry.path),
            samples,
            score_kind=self._score_kind,
            ordered=ordered,
            form=entry.format,
            options=options,
        )

    def lists(self, samples: Samples) -> CandidateLists | None:
        """Read the candidate lists, where there are any."""
        entry = self.entry
        if entry.candidates is None:
            return None
        gallery = None
        if entry.gallery is not None:
            gallery = read_enrolled(entry.gallery, samples, f"given:{entry.name}")
        return read_candidates(
            entry.candidates, samples, score_kind=self._score_kind, gallery=gallery
        )

    @property
    def _score_kind(self) -> FileScoreKind:
        return "distance" if self.entry.score_kind == "distance" else "similarity"


def _digest(entry: MatcherEntry) -> str:
    """Digest every file that decides the entry's numbers, each with the key that names it."""
    files: dict[str, Path] = {
        key: file for key in FILE_KEYS if (file := getattr(entry, key)) is not None
    }
    if entry.format == "bssr1-xml" and entry.path is not None:
        files.setdefault("sets", find_sets(Path(entry.path)))
    if set(files) == {"path"}:
        return files_sha256([files["path"]])
    lines = [f"{key} {files_sha256([file])}\n" for key, file in files.items()]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _refuse_missing(entry: MatcherEntry, key: str) -> None:
    file: Path | None = getattr(entry, key)
    folder = key in FOLDERS or (key == "path" and entry.format == "bssr1-xml")
    if file is None or (file.is_dir() if folder else file.is_file()):
        return
    what = "folder" if folder else "file"
    raise RequestError(f"matchers.{entry.name}.{key}: there is no {what} {file}; correct it.")
