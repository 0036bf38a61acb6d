"""NIST Biometric Scores Set, Release 1: who was enrolled and who searched.

The set has scores and no photographs. `users.xml` lists the samples that were searched with and
`enrollees.xml` those enrolled, each as elements `signature` with the attributes `name` and
`subject_id`. A sample here is called `user/<name>` or `enrollee/<name>`, since the set does not
promise that one name is never in both lists, and has its list in the column `role`.

The elements' names are those that published readers of the set use; NIST's text names the two
files and says that scores stand in their order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.parsers import expat

import pandas as pd

from evenmatch.data.loaders.format import Loaded, Loader
from evenmatch.data.loaders.manifest import read_list
from evenmatch.errors import RequestError
from evenmatch.files import ordinary

if TYPE_CHECKING:
    from pathlib import Path

    from evenmatch.data.loaders.format import Places

ROLES: Final = {"users": "user", "enrollees": "enrollee"}
MOST_BYTES: Final = 64 << 20


def read_signatures(path: Path) -> list[tuple[str, str]]:
    """Return the name and the subject of every signature of a list, in its order.

    Nothing outside the file is ever fetched, and a file that declares entities is refused.

    Raises:
        RequestError: the file is missing, too large, no XML, or a signature lacks an attribute.
    """
    content = bounded_bytes(path)
    found: list[tuple[str, str]] = []

    def entity(*_: object) -> None:
        raise RequestError(f"{path} declares XML entities, which no list needs; remove them.")

    def element(name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(":")[2] != "signature":
            return
        try:
            found.append((attributes["name"], attributes["subject_id"]))
        except KeyError as missing:
            raise RequestError(
                f"{path}, line {parser.CurrentLineNumber}: a signature lacks {missing}; each needs "
                "`name` and `subject_id`."
            ) from None

    parser = expat.ParserCreate()
    parser.EntityDeclHandler = entity
    parser.StartElementHandler = element
    try:
        parser.Parse(content, True)
    except expat.ExpatError as wrong:
        raise RequestError(f"{path} is no XML ({wrong}); take it from the set again.") from None
    if not found:
        raise RequestError(f"{path} lists no signature; check that it is a list of this set.")
    return found


def bounded_bytes(path: Path) -> bytes:
    """Return a file of the set whole, unless it is larger than any such file can be.

    Raises:
        RequestError: the file is missing or too large.
    """
    try:
        if ordinary(path).stat().st_size > MOST_BYTES:
            raise RequestError(
                f"{path} is larger than {MOST_BYTES:,} bytes; it is none of the set."
            )
        return path.read_bytes()
    except OSError as error:
        raise RequestError(
            f"{path}: cannot be read ({error.strerror}); check where the set lies."
        ) from None


def _load(places: Places) -> Loaded:
    rows = [
        (f"{role}/{name}", subject, "", role)
        for file, role in ROLES.items()
        for name, subject in read_signatures(places[file])
    ]
    table = pd.DataFrame(rows, columns=["sample_id", "subject_id", "path", "role"], dtype=object)
    return Loaded(table, places["users"].parent)


LOADER = Loader(
    files={"users": "sets/dos/users.xml", "enrollees": "sets/dos/enrollees.xml"},
    load=_load,
    trials=read_list,
    about="NIST BSSR1: the lists of who was enrolled and who searched; scores and no photographs",
)
