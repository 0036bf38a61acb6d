"""What of an audit still has to go to MLflow: the file `tracking.json` in the audit's folder.

It is written before the first request and removed after the last, so an audit that has one waits
to be sent, whatever stopped the sending. It names the files that have arrived, so that what is
sent later is the rest. No address and no secret is in it.
"""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import IO, TYPE_CHECKING, Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

from evenmatch.errors import OutsideError
from evenmatch.files import ordinary, settle, write_file
from evenmatch.results.reading import RESULTS

if TYPE_CHECKING:
    from collections.abc import Iterator

WAITING = "tracking.json"
_PAUSE: Final = 0.1
_MADE: Final = 3  # <store>/<run>/artifacts, whose names are in the folders above


class Waiting:
    """The record of one audit's sending."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / WAITING
        self._run, self._arrived = _read(self._path)
        self._write()

    def begin(self, run: str) -> None:
        """Go on with an MLflow run; what another run got does not count for this one."""
        if run != self._run:
            self._run, self._arrived = run, {}
            self._write()

    def has(self, name: str, digest: str) -> bool:
        """Whether this very file has arrived."""
        return self._arrived.get(name) == digest

    def arrived(self, name: str, digest: str) -> None:
        """Remember that a file has arrived."""
        self._arrived[name] = digest
        self._write()

    def done(self) -> None:
        """Forget everything: nothing waits any more."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _write(self) -> None:
        content = {"schema": 1, "mlflow_run": self._run, "files": self._arrived}
        # An audit on a disk that takes nothing can still be sent, only without this memory.
        with suppress(OutsideError):
            write_file(self._path, json.dumps(content, indent=1) + "\n")


def _read(path: Path) -> tuple[str, dict[str, str]]:
    """Return the MLflow run and what it has; nothing where the file is absent or damaged."""
    try:
        content = json.loads(ordinary(path).read_text(encoding="utf-8"))
        return str(content["mlflow_run"]), dict(content["files"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return "", {}


def settle_copy(store: str, name: str) -> None:
    """Have a file's copy written to the disk, before it counts as arrived.

    MLflow itself does not where it copies to a folder; a server is believed.

    Args:
        store: where MLflow keeps the files of the run.
        name: the file's path there.
    """
    address = urlsplit(store)
    if address.scheme != "file":
        return
    folder = Path(url2pathname(address.path))
    copy = folder / name
    # MLflow has made the run's folder and those on the way to it, too.
    for each in (copy, *copy.parents[: len(Path(name).parts) + _MADE]):
        settle(each)


def waiting_audits(out: Path) -> list[Path]:
    """Return the audits under a folder of audits that still have to be sent."""
    return sorted(path.parent for path in out.glob(f"*/*/{WAITING}"))


def _locked(handle: IO[bytes]) -> bool:
    """Try to lock a file."""
    import fcntl  # noqa: PLC0415 - as below

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def sending(folder: Path, patience: float = 0.0) -> Iterator[None]:
    """Hold an audit while it is sent, so that two programs do not send it at once.

    Args:
        folder: the audit.
        patience: seconds to wait for a program that is sending it.

    Raises:
        OutsideError: another program is still sending it.
    """
    try:
        import fcntl  # noqa: PLC0415 - Windows has none, and goes without
    except ImportError:
        yield
        return
    with (folder / RESULTS).open("rb") as handle:
        try:
            end = monotonic() + patience
            while not _locked(handle) and monotonic() < end:
                sleep(_PAUSE)
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutsideError(
                f"{folder} is being sent to MLflow already; wait until that has ended, then run "
                f"`evenmatch track {folder}` if anything is missing."
            ) from None
        except OSError:
            pass  # a file system without locks
        yield
