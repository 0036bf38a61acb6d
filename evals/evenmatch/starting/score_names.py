"""Which photographs a vendor's score file names, and whose it says they are."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from evenmatch.errors import RequestError
from evenmatch.files import ordinary
from evenmatch.matching.id_list import read_ids
from evenmatch.matching.score_formats.bob import FIVE, FOUR
from evenmatch.matching.score_formats.contract import HINTS
from evenmatch.matching.tables import PARQUET, text_blocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# A guess needs this many people, none of them on more than this share of the photographs.
FEWEST_PEOPLE: Final = 10
LARGEST_SHARE: Final = 0.25
_WAYS: Final = (
    ("the text before the last slash", re.compile(r"^(?P<who>.+)/[^/]+$")),
    ("the text before the last underscore", re.compile(r"^(?P<who>.+)_\d+(?:\.\w+)?$")),
    ("the text before the last dash", re.compile(r"^(?P<who>.+)-\d+(?:\.\w+)?$")),
)


@dataclass(frozen=True)
class VendorScores:
    """A vendor's score file, and what is needed to read it.

    Attributes:
        path: the file.
        form: one of the formats of a score file that name photographs.
        ids: the ids of a matrix's rows.
        column_ids: those of its columns, where they are others.
    """

    path: Path
    form: str
    ids: Path | None = None
    column_ids: Path | None = None

    @property
    def square(self) -> bool:
        """Whether it is a matrix of photographs against themselves, every pair in it."""
        return self.form == "matrix" and self.column_ids is None


@dataclass
class Named:
    """What a score file names.

    Attributes:
        ids: photographs, in the order the file names them.
        people: photograph to person, where the file says so.
        comparisons: how many it has; a photograph against itself is none.
        selves: how many rows compare a photograph with itself.
    """

    ids: dict[str, None] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)
    comparisons: int = 0
    selves: int = 0


@dataclass(frozen=True)
class Guess:
    """People guessed from the ids of their photographs.

    Attributes:
        people: photograph to person.
        how: which part of the id is the person.
    """

    people: dict[str, str]
    how: str


def names_in(scores: VendorScores) -> Named:
    """Return what a score file names, every row of it read once.

    Raises:
        RequestError: the file cannot be read, or names nobody.
    """
    named = Named()
    for probe, reference in pairs_in(scores, named.people):
        named.ids[probe] = named.ids[reference] = None
        named.selves += probe == reference
        named.comparisons += probe != reference
    if scores.square and scores.ids is not None:
        named.ids = dict.fromkeys(read_ids(scores.ids, "ids"))  # a row's own order
    if "" in named.ids:
        raise RequestError(
            f"{scores.path}: a row names no photograph; fill in its probe and its reference."
        )
    if not named.comparisons:
        raise RequestError(
            f"{scores.path}: compares no two photographs; give one row a comparison."
        )
    return named


def pairs_in(scores: VendorScores, people: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield probe and reference of every row; what the file says of people goes into `people`."""
    path, form = scores.path, scores.form
    if form == "matrix":
        return _matrix(scores)
    if form.startswith("bob"):
        return _bob(path, FOUR if form == "bob-4col" else FIVE, people)
    return _table(path, ("p1", "p2") if form == "bfw" else ("probe_id", "reference_id"))


def guessed(ids: Iterable[str]) -> Guess | None:
    """Return people where every id obviously carries one, and nothing otherwise.

    Obviously: every id has the same form, a person and then a number or a file; there are at least
    ten people; none is on more than a quarter of the photographs, and most are on several.
    """
    every = list(ids)
    for how, form in _WAYS:
        found = [match["who"] for match in map(form.match, every) if match]
        people = Counter(found)
        if (
            len(found) == len(every)
            and len(people) >= FEWEST_PEOPLE
            and max(people.values()) <= LARGEST_SHARE * len(every)
            and 2 * sum(number > 1 for number in people.values()) > len(people)
        ):
            return Guess(dict(zip(every, found, strict=True)), how)
    return None


def looks_like(path: Path) -> str:
    """Return the format that a file's ending and heading suggest; the contract's own otherwise."""
    if path.suffix == ".npy":
        return "matrix"
    if path.suffix == PARQUET:
        return "parquet"
    try:
        with ordinary(path).open(encoding="utf-8-sig") as file:
            heading = {cell.strip().strip('"') for cell in file.readline().split(",")}
    except (OSError, UnicodeDecodeError):
        return "csv"  # the reader says what is wrong
    return next((form for column, form in HINTS if column in heading), "csv")


def _table(path: Path, columns: tuple[str, str]) -> Iterator[tuple[str, str]]:
    for block in text_blocks(path, columns, key=""):
        yield from zip(*(block[name].to_pylist() for name in columns), strict=True)


def _matrix(scores: VendorScores) -> Iterator[tuple[str, str]]:
    if scores.ids is None:
        raise RequestError(
            "a matrix names no photograph; give its rows' ids with --ids, one id a line."
        )
    if not scores.path.is_file():
        raise RequestError(f"there is no file {scores.path}; check the path.")
    rows = read_ids(scores.ids, "ids")
    if scores.column_ids is None:
        return itertools.combinations(rows, 2)
    return itertools.product(rows, read_ids(scores.column_ids, "column_ids"))


def _bob(path: Path, columns: tuple[str, ...], people: dict[str, str]) -> Iterator[tuple[str, str]]:
    place = {name: columns.index(name) for name in columns}
    reference = place.get("model_label", place["claimed_id"])
    for number, cells in _lines(path):
        if len(cells) != len(columns):
            raise RequestError(
                f"{path}, line {number}: {len(cells)} columns; this format has {len(columns)}: "
                f"{' '.join(columns)}. Correct the line or --format."
            )
        said = (
            (cells[place["test_label"]], cells[place["real_id"]]),
            (cells[reference], cells[place["claimed_id"]]),
        )
        for sample, person in said:
            if people.setdefault(sample, person) != person:
                raise RequestError(
                    f"{path}, line {number}: {sample!r} is {person!r} here and "
                    f"{people[sample]!r} above; correct one of them."
                )
        yield said[0][0], said[1][0]


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        with ordinary(path).open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip() and not line.startswith("#"):
                    yield number, line.split()
    except FileNotFoundError as missing:
        raise RequestError(f"there is no file {path}; check the path.") from missing
    except (OSError, UnicodeDecodeError) as wrong:
        raise RequestError(f"{path} cannot be read as text ({wrong}); correct it.") from wrong
