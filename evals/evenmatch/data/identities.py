"""Who is in a training set and in a benchmark: names compared as people write them."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from evenmatch.errors import RequestError
from evenmatch.files import ordinary

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from evenmatch.data.card import Card

# Headings under which published lists of identities keep them.
_HEADINGS: Final = {"name", "names", "identity", "subject_id", "subject", "id", "class_id"}


@dataclass(frozen=True)
class Identities:
    """The identities of a training set, as names that compare.

    Attributes:
        names: every name and id, normalised.
        lines: how many identities the file lists.
        digest: hex SHA-256 of the file.
    """

    names: frozenset[str]
    lines: int
    digest: str


def normalised(name: str) -> str:
    """Return a name without accents, case and the signs that stand for spaces; order is kept."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return re.sub(r"[\s_.\-]+", " ", letters).strip()


def read_identities(path: Path) -> Identities:
    """Read the identities of a training set: one a line, or the columns of a CSV.

    A CSV whose heading names a column `name`, `identity`, `id`, `subject_id` or `class_id` is read
    by those columns, any other by its first. Blank lines and lines that begin with `#` are none.

    Raises:
        RequestError: the file cannot be read or lists nobody.
    """
    try:
        content = ordinary(path).read_bytes()
        text = content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is no UTF-8 text"
        raise RequestError(
            f"matchers.training_identities: {path} cannot be read ({reason}); correct it."
        ) from None
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    try:
        entries = _columns(lines) if path.suffix.lower() == ".csv" else [(line,) for line in lines]
    except csv.Error as error:
        raise RequestError(
            f"matchers.training_identities: {path} is no readable CSV ({error}); correct it."
        ) from None
    names = frozenset(found for entry in entries for name in entry if (found := normalised(name)))
    if not names:
        raise RequestError(
            f"matchers.training_identities: {path} lists nobody; write one name or id a line."
        )
    return Identities(names, len(entries), hashlib.sha256(content).hexdigest())


def _columns(lines: list[str]) -> list[tuple[str, ...]]:
    rows = [row for row in csv.reader(io.StringIO("\n".join(lines)), skipinitialspace=True) if row]
    heading = [cell.strip().lower() for cell in rows[0]] if rows else []
    named = [place for place, cell in enumerate(heading) if cell in _HEADINGS]
    body = rows[1:] if named else rows
    return [tuple(row[place] for place in named or [0] if place < len(row)) for row in body]


def in_both(subjects: Iterable[str], trained: Identities, *, names: bool) -> list[str]:
    """Return the subjects of a benchmark that a training set lists.

    Args:
        subjects: their ids.
        trained: the training set's.
        names: whether the ids are people's names; where they are codes, a bare number is nobody's
            in particular and is not compared.
    """
    return [
        subject
        for subject in subjects
        if normalised(subject) in trained.names
        and (names or not normalised(subject).replace(" ", "").isdecimal())
    ]


def trained_on(training_set: str, card: Card) -> str | None:
    """Return the collection that a matcher was trained on and a benchmark was taken from.

    Args:
        training_set: what is known of the training set, as free text.
        card: the benchmark; what it is derived from, its name and its title up to a comma are
            looked for.
    """
    words = re.findall(r"[^\W_]+", normalised(training_set))
    sayings = {
        "".join(words[start:end])
        for start in range(len(words))
        for end in range(start + 1, min(start + 6, len(words)) + 1)
    }
    for name in (*card.derived_from, card.title.split(",")[0], card.name):
        if "".join(re.findall(r"[^\W_]+", normalised(name))) in sayings:
            return name
    return None
