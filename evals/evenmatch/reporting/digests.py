"""`digests.json`: the SHA-256 of every file of an audit, so that an edited one is noticed."""

from __future__ import annotations

import json
import platform
import zlib
from contextlib import suppress
from importlib.metadata import version
from typing import TYPE_CHECKING

from evenmatch.errors import RequestError
from evenmatch.files import write_file
from evenmatch.matching.weights import file_sha256
from evenmatch.reporting.waiting import WAITING

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

DIGESTS = "digests.json"
# Written while counting; whatever else there is can be rendered again from the results.
EVIDENCE = ("scores/", "searches/", "gallery.csv", "training_overlap.csv", "results.json")


def audit_files(folder: Path) -> list[str]:
    """Return an audit's files, by their paths in its folder; hidden ones are none of it.

    Nor is the note that an audit waits to be sent, which comes and goes.
    """
    names = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(
        name.as_posix()
        for name in names
        if name.as_posix() not in {DIGESTS, WAITING}
        and not any(part.startswith(".") for part in name.parts)
    )


def read_digests(folder: Path) -> dict[str, str] | None:
    """Return the digests noted of an audit's files; None where none were noted.

    Raises:
        RequestError: the file is damaged.
    """
    return _read(folder, "sha256")


def note_digests(folder: Path, *, renewed: Collection[str] = ()) -> Path:
    """Note the digests of an audit's files.

    Rendering a page again must not vouch for evidence that was changed in the meantime: the
    digests of scores, searches and results stay as they were noted first.

    Args:
        folder: the audit.
        renewed: evidence that was just written.
    """
    known: dict[str, str] = {}
    with suppress(RequestError):
        known = read_digests(folder) or {}
    kept = {
        name: digest
        for name, digest in known.items()
        if name.startswith(EVIDENCE) and name not in renewed
    }
    found = {name: file_sha256(folder / name) for name in audit_files(folder) if name not in kept}
    content = {
        "schema": 1,
        "rendered_with": rendered_with(),
        "sha256": dict(sorted((found | kept).items())),
    }
    return write_file(folder / DIGESTS, json.dumps(content, indent=1) + "\n")


def rendered_with() -> dict[str, str]:
    """Say what a page's words and a figure's bytes depend on besides the results."""
    packages = {name: version(name) for name in ("evenmatch", "matplotlib", "numpy", "pillow")}
    return packages | {
        "python": platform.python_version(),
        "zlib": zlib.ZLIB_RUNTIME_VERSION,
        "machine": platform.machine(),
    }


def read_rendered_with(folder: Path) -> dict[str, str]:
    """Return what an audit's pages say they were rendered with; empty where nothing says it."""
    with suppress(RequestError):
        return _read(folder, "rendered_with") or {}
    return {}


def _read(folder: Path, key: str) -> dict[str, str] | None:
    """Return what stands under a key; None where there is no file.

    Raises:
        RequestError: the file is damaged, or lacks the key.
    """
    path = folder / DIGESTS
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): str(value) for name, value in content[key].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise RequestError(
            f"{path}: is damaged; run the audit's config again with --fresh to make it anew."
        ) from None


def is_whole(folder: Path) -> bool:
    """Whether the evidence and results of an audit are, to the byte, what was noted of them."""
    try:
        noted = read_digests(folder)
        return noted is not None and all(
            (folder / name).is_file() and file_sha256(folder / name) == digest
            for name, digest in noted.items()
            if name.startswith(EVIDENCE)
        )
    except (OSError, RequestError):
        return False


def forget_digests(folder: Path) -> None:
    """Forget every digest noted: the evidence is about to be written anew."""
    (folder / DIGESTS).unlink(missing_ok=True)
