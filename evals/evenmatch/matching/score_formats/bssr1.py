"""The similarity files of NIST's Biometric Scores Set, Release 1 (2004).

NIST's text says: one similarity file for each entry of `users.xml`, with the scores of that
user's sample against every enrolled one, in the order of `enrollees.xml` and not sorted. The lists
are XML and the similarity files are plain text. Published readers of the set agree on the
latter's form: a heading that begins with `biometricscores.nist.gov`, the number of scores, one
score a line, and a closing line that is not read; and on the file being named by the entry's
`name`. `path` is the folder that those names are relative to, for example
`face_x_face/sims/dos/face/C`.

What the set writes where a comparison failed could not be confirmed from NIST's text; users of the
set report -1 among the face scores. Write `failed_score: -1` where that is meant: nothing is
taken for a failure without being told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from evenmatch.data.loaders.bssr1 import bounded_bytes, read_signatures
from evenmatch.errors import RequestError
from evenmatch.files import leads_inside
from evenmatch.matching.score_file import Gathered, sample_codes

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from evenmatch.data.samples import Samples
    from evenmatch.matching.score_file import FormatOptions, ScoreColumns

HEADING: Final = "biometricscores.nist.gov"
LISTS: Final = ("users.xml", "enrollees.xml")


def read(path: Path, samples: Samples, options: FormatOptions) -> ScoreColumns:
    """Return the scores of every similarity file below a folder.

    Raises:
        RequestError: the lists or a similarity file are missing, damaged or contradict each other.
    """
    sets = options.sets or find_sets(path)
    users, enrollees = (read_signatures(sets / name) for name in LISTS)
    rows = Gathered(
        path,
        sample_codes(samples),
        failed_score=options.failed_score,
        place=lambda cell: f"{users[cell // len(enrollees)][0]}, score {cell % len(enrollees) + 1}",
    )
    references = rows.coded([f"enrollee/{name}" for name, _ in enrollees])
    people = np.array([subject for _, subject in enrollees])
    for name, subject in users:
        probe = rows.coded([f"user/{name}"])
        scores = similarity_file(_inside(path, name), len(enrollees))
        mated = (people == subject).astype(np.int8)
        rows.add(np.repeat(probe, len(enrollees)), references, scores, mated=mated)
    return rows.columns()


def find_sets(path: Path) -> Path:
    """Return the folder with the two lists that belongs to a folder of similarity files.

    The set keeps them in trees of one form: `sims/dos/face/C` belongs to `sets/dos`.

    Raises:
        RequestError: there is no such folder; `sets` has to name it.
    """
    parts = path.resolve().parts
    if "sims" in parts:
        at = len(parts) - 1 - parts[::-1].index("sims")
        folder = type(path)(*parts[:at], "sets", *parts[at + 1 :])
        while folder.name != "sets":
            if all((folder / name).is_file() for name in LISTS):
                return folder
            folder = folder.parent
    raise RequestError(
        f"there are no {' and '.join(LISTS)} beside {path}; name their folder with `sets`."
    )


def similarity_file(path: Path, expected: int) -> npt.NDArray[np.float64]:
    """Return the scores of one similarity file.

    Raises:
        RequestError: it is missing or damaged, or has another number of scores than expected.
    """
    try:
        lines = bounded_bytes(path).decode("ascii").splitlines()
    except UnicodeDecodeError:
        raise RequestError(f"{path} is no plain text; take it from the set again.") from None
    if len(lines) < 2 or not lines[0].startswith(HEADING):
        raise RequestError(
            f"{path} does not begin with {HEADING!r} and a number, so it is no similarity file; "
            "take it from the set again."
        )
    scores, rest = lines[2 : 2 + expected], lines[2 + expected :]
    if lines[1].strip() != str(expected) or len(scores) != expected or len(rest) > 1:
        raise RequestError(
            f"{path} says {lines[1].strip()[:20]!r} and holds {len(lines) - 2} lines after that, "
            f"and {LISTS[1]} lists {expected}; name the list it belongs to with `sets`."
        )
    try:
        return np.array(scores, dtype=np.float64)
    except ValueError:
        raise RequestError(f"{path}: a score is no number; take it from the set again.") from None


def _inside(folder: Path, name: str) -> Path:
    if not leads_inside(folder, name):
        raise RequestError(
            f"{LISTS[0]}: the name {name!r} leads outside {folder}; take the list from the set."
        )
    return folder / name
