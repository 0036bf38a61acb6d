"""The weights facenet-pytorch publishes: where from, what they are, and fetching them once."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pooch

from evenmatch.data.cache_dir import cache_dir, private_folder
from evenmatch.data.progress import Progress, ProgressTask, silent
from evenmatch.errors import OutsideError
from evenmatch.files import write_file
from evenmatch.matching.weights import WeightCard, file_sha256

if TYPE_CHECKING:
    from pathlib import Path

_PAGE: Final = "https://github.com/timesler/facenet-pytorch/releases/"


@dataclass(frozen=True)
class PublishedWeights:
    """One file of the release.

    Attributes:
        file: its name.
        sha256: hex digest, where independent projects agree on one; the release states none.
        training_set: the photographs it was trained on.
        accuracy: what is published about it, and whose figure that is.
    """

    file: str
    sha256: str | None
    training_set: str
    accuracy: str

    @property
    def url(self) -> str:
        """Where the file is fetched from."""
        return f"{_PAGE}download/v2.2.9/{self.file}"


WEIGHTS: Final = {
    "vggface2": PublishedWeights(
        file="20180402-114759-vggface2.pt",
        sha256="281cebca8662831adb987a874bdcb36e73f5b1c6dc5ee5878f305e985625d99b",
        training_set=(
            "VGGFace2, the 8,631 people of its training part, of 3.31 million photographs of "
            "9,131 people collected from the web; no consent is recorded"
        ),
        accuracy=(
            "LFW 0.9965 in the package's README is quoted from another project "
            "(davidsandberg/facenet); the package's own notebook reaches 0.9937"
        ),
    ),
    "casia-webface": PublishedWeights(
        file="20180408-102900-casia-webface.pt",
        sha256=None,
        training_set=(
            "CASIA-WebFace, 494,414 photographs of 10,575 people collected from the web; no "
            "consent is recorded"
        ),
        accuracy=(
            "LFW 0.9905 in the package's README is quoted from another project "
            "(davidsandberg/facenet)"
        ),
    ),
}


def fetched(name: str, progress: Progress = silent) -> Path:
    """Return the published weights' file, fetched into the cache on first use.

    The digest is checked every time: against the known one or, where none is known, against the
    one written down beside the file when it was fetched.

    Raises:
        OutsideError: the file is not there and cannot be fetched, or it is not what it was.
    """
    weights = WEIGHTS[name]
    folder = private_folder(cache_dir() / "weights")
    path = folder / weights.file
    if not path.is_file():
        _fetch(weights, folder, progress)
    noted = folder / f"{weights.file}.sha256"
    found = file_sha256(path)
    expected = weights.sha256 or _noted(noted) or found
    if found != expected:
        raise OutsideError(
            f"{path} has the SHA-256 {found}, and {expected} was expected: it is damaged or "
            "another file. Delete it and run again to fetch it anew."
        )
    if not _noted(noted):
        write_file(noted, f"{found}\n", private=True)
    return path


def _noted(path: Path) -> str:
    """Return the digest written down; blank where there is none, or only a part of one."""
    digest = path.read_text(errors="replace").strip() if path.is_file() else ""
    return digest if re.fullmatch(r"[0-9a-f]{64}", digest) else ""


def weight_card(weights: str, path: Path) -> WeightCard:
    """Return what is known of a weights file, published or the user's own."""
    digest = file_sha256(path)
    known = WEIGHTS.get(weights)
    if known is None:
        return WeightCard(
            name=path.name,
            origin="a file given by the run",
            licence="not stated",
            training_set="not stated",
            sha256=digest,
            expected=None,
        )
    return WeightCard(
        name=f"InceptionResnetV1 {weights} ({known.file})",
        origin=f"Tim Esler, {_PAGE}tag/v2.2.9, converted from David Sandberg's facenet",
        licence="MIT (facenet-pytorch); the training photographs have terms of their own",
        training_set=known.training_set,
        sha256=digest,
        expected=known.sha256,
    )


def _fetch(weights: PublishedWeights, folder: Path, progress: Progress) -> None:
    pooch.get_logger().setLevel(logging.WARNING)
    downloader = pooch.HTTPDownloader(progressbar=_Bar(progress, weights.file), timeout=30)
    try:
        pooch.retrieve(
            weights.url,
            known_hash=weights.sha256 and f"sha256:{weights.sha256}",
            fname=weights.file,
            path=folder,
            downloader=downloader,
        )
    except (OSError, ValueError) as failed:
        why = "what came is another file" if isinstance(failed, ValueError) else "no connection"
        raise OutsideError(
            f"the weights {weights.file} could not be fetched ({why}). Download "
            f"{weights.url} on a machine with a network and put it at {folder / weights.file}, or "
            "set `weights` of the matcher to the path of the file."
        ) from failed
    (folder / weights.file).chmod(0o600)


class _Bar:
    """What pooch tells about a download, passed on."""

    def __init__(self, progress: Progress, file: str) -> None:
        self.total: int | None = None
        self._progress = progress
        self._file = file
        self._task: ProgressTask | None = None
        self._done = False

    def update(self, amount: int) -> None:
        """Count bytes; the first ones start the step, when the total is known."""
        if self._done:
            return
        if self._task is None:
            self._task = self._progress(f"fetching {self._file} (bytes)", self.total)
            self._task.__enter__()
        self._task.advance(amount)

    def reset(self) -> None:
        """Stop counting: pooch rewinds a bar at the end to fill it at once."""
        self._done = True

    def close(self) -> None:
        """End the step."""
        if self._task is not None:
            self._task.__exit__(None, None, None)
