"""The score files of the toolbox bob: four or five columns of text with blanks between them.

As the toolbox's reader documents them, a line is

    claimed_id real_id test_label score                (four columns)
    claimed_id model_label real_id test_label score    (five columns)

`claimed_id` and `real_id` are people: the comparison is mated where they are equal. `test_label`
names the probe, usually by its path without ending, and `model_label` the reference. Four columns
name no reference photograph: the claimed person's model stands for it, so the manifest has to
have a row whose sample id is that person. A score that is NaN is a comparison that failed. Blank
lines and lines that begin with `#` are skipped.
"""

from __future__ import annotations

from array import array
from itertools import islice
from typing import TYPE_CHECKING, Final

import numpy as np

from evenmatch.errors import RequestError
from evenmatch.files import ordinary
from evenmatch.matching.score_file import Gathered, label_codes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from evenmatch.data.samples import Samples
    from evenmatch.matching.score_file import FormatOptions, ScoreColumns

FOUR: Final = ("claimed_id", "real_id", "test_label", "score")
FIVE: Final = ("claimed_id", "model_label", "real_id", "test_label", "score")
LINES: Final = 200_000


def read_four(path: Path, samples: Samples, options: FormatOptions) -> ScoreColumns:
    """Return the rows of a four-column file; the claimed person's model is the reference."""
    try:
        return _read(path, samples, options, FOUR)
    except RequestError as wrong:
        if "are not in the benchmark" not in str(wrong):
            raise
        raise RequestError(
            f"{wrong} In four columns the reference is the claimed person's model: give the "
            "manifest a row whose `sample_id` is the claimed id, or write five columns."
        ) from None


def read_five(path: Path, samples: Samples, options: FormatOptions) -> ScoreColumns:
    """Return the rows of a five-column file."""
    return _read(path, samples, options, FIVE)


def _read(
    path: Path, samples: Samples, options: FormatOptions, names: tuple[str, ...]
) -> ScoreColumns:
    numbers = array("q")  # of the lines that hold rows
    rows = Gathered(
        path,
        label_codes(samples),
        failed_score=options.failed_score,
        place=lambda row: f"line {numbers[row]}",
    )
    reference = names.index("model_label" if "model_label" in names else "claimed_id")
    real, probe = names.index("real_id"), names.index("test_label")
    for lines in _blocks(path):
        parts = _split(path, lines, names)
        numbers.extend(number for number, _ in lines)
        said = [cells[0] == cells[real] for cells in parts]
        rows.add(
            rows.coded([cells[probe] for cells in parts]),
            rows.coded([cells[reference] for cells in parts]),
            _scores(path, lines, parts),
            mated=np.array(said, dtype=np.int8),
        )
    return rows.columns()


def _blocks(path: Path) -> Iterator[list[tuple[int, str]]]:
    """Yield the lines that hold something, with their numbers, so many at a time."""
    try:
        with ordinary(path).open(encoding="utf-8") as file:
            filled = (
                (number, line)
                for number, line in enumerate(file, 1)
                if line.strip() and not line.startswith("#")
            )
            while lines := list(islice(filled, LINES)):
                yield lines
    except FileNotFoundError as missing:
        raise RequestError(f"there is no file {path}. Check `path` of the matcher.") from missing
    except (OSError, UnicodeDecodeError) as wrong:
        raise RequestError(f"{path} cannot be read as text ({wrong}); correct it.") from wrong


def _split(path: Path, lines: list[tuple[int, str]], names: tuple[str, ...]) -> list[list[str]]:
    parts = [line.split() for _, line in lines]
    for (number, _), cells in zip(lines, parts, strict=True):
        if len(cells) != len(names):
            raise RequestError(
                f"{path}, line {number}: {len(cells)} columns; this format has {len(names)}: "
                f"{' '.join(names)}. Correct the line or `format`."
            )
    return parts


def _scores(path: Path, lines: list[tuple[int, str]], parts: list[list[str]]) -> np.ndarray:
    try:
        return np.array([cells[-1] for cells in parts], dtype=np.float64)
    except ValueError:
        for (number, _), cells in zip(lines, parts, strict=True):
            try:
                float(cells[-1])
            except ValueError:
                raise RequestError(
                    f"{path}, line {number}: the score {cells[-1]!r} is no number; write NaN for "
                    "a comparison that failed."
                ) from None
        raise
