"""One file from a server: resumed where it broke off, checked, and never half there."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError

from evenmatch.data.progress import Progress, silent
from evenmatch.errors import OutsideError, RequestError
from evenmatch.files import make_folder, settle, settle_file, write_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from evenmatch.data.progress import ProgressTask

CHUNK: Final = 1 << 20
REDIRECTS: Final = 10
TIMEOUT: Final = (20, 60)  # seconds to connect, and to the next byte
SPARE_BYTES: Final = 64 << 20  # left free on the disk
SETTLE_BYTES: Final = 64 << 20  # forced to the disk together
_LOOPBACK: Final = {"127.0.0.1", "::1", "localhost"}
_BUSY: Final = {408, 425, 429, 500, 502, 503, 504}


@dataclass(frozen=True)
class Wanted:
    """A file to fetch.

    Attributes:
        url: where it is published; `https`, or a server on this machine.
        path: where it goes.
        sha256: hex digest it must have; None where nobody confirmed one.
        size: bytes it must have; 0 where nobody said.
    """

    url: str
    path: Path
    sha256: str | None = None
    size: int = 0


@dataclass(frozen=True)
class Tries:
    """How often to ask again after a broken connection that brought nothing new.

    Attributes:
        limit: requests in a row without a further byte.
        pause: seconds before the second of them; doubled before each later one.
    """

    limit: int = 4
    pause: float = 2.0


class _BrokenError(Exception):
    """The connection broke or the server was busy: worth another request."""


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fetch(wanted: Wanted, progress: Progress = silent, tries: Tries = Tries()) -> None:
    """Bring a file; it appears at its path whole and checked, or not at all.

    What has come is kept beside the path as `.<name>.part`, and the next request, of this call or
    of a later one, asks for the rest. A rest is only joined to it where the server confirms that
    the file is the same one, or where a digest will tell. Where no digest will, only what had
    been forced to the disk counts as come: a power cut may leave zeros in the place of the rest.

    A note of its address stays beside the file until `forget_origin`, for whoever keeps a record.

    Raises:
        RequestError: the address is neither `https` nor on this machine.
        OutsideError: the server refuses, what came is another file, or the disk is full. What came
            of another file is removed.
    """
    _check_address(wanted.url, loopback=_is_loopback(wanted.url))
    part = _Part(wanted.path, wanted.url)
    try:
        make_folder(wanted.path.parent)
        with ExitStack() as ended:
            meter = _Meter(progress, ended)
            resumed = _bring(wanted, part, meter, tries)
            if resumed and wanted.sha256 not in {None, file_digest(part.path)}:
                # Two halves of different files: only a fetch from the start can tell more.
                part.remove()
                _bring(wanted, part, meter, tries)
        _check_content(wanted, part)
        settle_file(part.path)
        part.path.replace(wanted.path)
        settle(wanted.path.parent)
    except OSError as error:
        raise OutsideError(
            f"{wanted.path} cannot be written: {error.strerror or error}. Free some space or "
            "choose another folder (--root), then run the same command again; what has come is "
            "kept."
        ) from error


def origin(path: Path) -> str:
    """Return the address that a file was fetched from lately; blank where it was not."""
    url = _Part(path).noted("url")
    return url if isinstance(url, str) else ""


def forget_origin(path: Path) -> None:
    """Remove what a fetch leaves beside a file."""
    _Part(path).remove()


class _Meter:
    """Shows how far a fetch is; it starts when the length is known and never goes back."""

    def __init__(self, progress: Progress, ended: ExitStack) -> None:
        self._progress = progress
        self._ended = ended
        self._task: ProgressTask | None = None
        self._shown = 0

    def start(self, name: str, total: int | None) -> None:
        if self._task is None:
            task = self._progress(f"fetching {name} (bytes)", total)
            self._task = self._ended.enter_context(task)

    def reach(self, place: int) -> None:
        if self._task is not None and place > self._shown:
            self._task.advance(place - self._shown)
            self._shown = place


class _Part:
    """What has come of a file so far, and by which mark the server knows the file again."""

    def __init__(self, path: Path, url: str = "") -> None:
        self._url = url
        self.path = path.with_name(f".{path.name}.part")
        self._note = path.with_name(f".{path.name}.part.json")

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.is_file() else 0

    @property
    def mark(self) -> str | None:
        mark = self.noted("mark")
        return mark if isinstance(mark, str) else None

    def start(self, mark: str | None) -> None:
        self.remove()
        self.path.touch(mode=0o600)
        self._write_note(mark, 0)

    def settle(self, stream: IO[bytes]) -> None:
        """Force to the disk what came, and then note how much that is."""
        stream.flush()
        os.fsync(stream.fileno())
        self._write_note(self.mark, stream.tell())

    def keep_settled(self) -> None:
        """Keep no more than what is known to have been forced to the disk."""
        settled = self.noted("settled")
        kept = settled if isinstance(settled, int) and settled > 0 else 0
        if self.size > kept:
            os.truncate(self.path, kept)

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def noted(self, key: str) -> object:
        """Return something of the note; None where there is none."""
        with suppress(OSError, ValueError, AttributeError):
            return json.loads(self._note.read_text(encoding="utf-8")).get(key)
        return None

    def _write_note(self, mark: str | None, settled: int) -> None:
        note = {"url": self._url, "mark": mark, "settled": settled}
        write_file(self._note, json.dumps(note), private=True)


def _bring(wanted: Wanted, part: _Part, meter: _Meter, tries: Tries) -> bool:
    """Ask until all has come; return whether any of it was joined to an earlier piece."""
    if wanted.sha256 is None:
        part.keep_settled()
    furthest, failures, resumed = part.size, 0, False
    while True:
        if part.size and part.mark is None and wanted.sha256 is None:
            part.remove()  # nothing could tell whether the rest belongs to it
        try:
            resumed |= part.size > 0
            return _ask(wanted, part, meter) or resumed
        except (_BrokenError, requests.RequestException, HTTPError) as broken:
            if part.size > furthest:
                furthest, failures = part.size, 0
            failures += 1
            if failures >= tries.limit:
                raise _given_up(wanted, part, broken) from broken
            time.sleep(tries.pause * 2 ** (failures - 1))


def _given_up(wanted: Wanted, part: _Part, broken: Exception) -> OutsideError:
    if isinstance(broken, requests.ConnectionError) and not part.size:
        why = "the server cannot be reached; check the network"
    else:
        why = f"the connection broke again and again ({_reason(broken)})"
    return OutsideError(
        f"{wanted.url}: {why}. Run the same command again later, and it goes on after the "
        f"{part.size:,} bytes that came; or fetch the file on another machine and put it at "
        f"{wanted.path}."
    )


def _ask(wanted: Wanted, part: _Part, meter: _Meter) -> bool:
    """Make one request and write what it brings; return whether it brought a rest."""
    have = part.size
    headers = {"Accept-Encoding": "identity", "User-Agent": "evenmatch"}
    if have:
        headers["Range"] = f"bytes={have}-"
        if part.mark:
            headers["If-Range"] = part.mark
    with requests.Session() as session, closing(_opened(session, wanted.url, headers)) as response:
        if response.status_code == requests.codes.requested_range_not_satisfiable and have:
            if response.headers.get("Content-Range") == f"bytes */{have}":
                return True  # all of it had come
            part.remove()
            raise _BrokenError("the piece kept is longer than the file")
        _check_answer(response, wanted)
        rest = response.status_code == requests.codes.partial_content and have > 0
        if rest and not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            part.remove()
            raise _BrokenError("the server sent another part than asked for")
        if not rest:
            part.start(_mark(response))
        _write(response, wanted, part, meter)
        return rest


def _opened(session: requests.Session, url: str, headers: dict[str, str]) -> requests.Response:
    """Follow redirects one by one, so that each address is checked before it is asked."""
    loopback = _is_loopback(url)
    for _ in range(REDIRECTS + 1):
        response = session.get(
            url, headers=headers, stream=True, timeout=TIMEOUT, allow_redirects=False
        )
        if not response.is_redirect:
            return response
        response.close()
        url = urljoin(url, response.headers["Location"])
        _check_address(url, loopback=loopback)
    raise OutsideError(
        f"{url}: the server redirects in a circle ({REDIRECTS} times). Open the address in a "
        "browser, put the file in place yourself and run the same command again."
    )


def _check_address(url: str, *, loopback: bool) -> None:
    scheme = urlsplit(url).scheme
    if scheme != "https" and not (scheme == "http" and loopback and _is_loopback(url)):
        raise RequestError(
            f"{url}: files are fetched over https only. Correct the card's `url`, or fetch the "
            "file yourself and put it in place."
        )


def _is_loopback(url: str) -> bool:
    return urlsplit(url).hostname in _LOOPBACK


def _check_answer(response: requests.Response, wanted: Wanted) -> None:
    status = response.status_code
    if status in _BUSY:
        raise _BrokenError(f"the server answered {status} {response.reason}")
    by_hand = f"Get it another way, put it at {wanted.path} and run the same command again."
    if status not in {requests.codes.ok, requests.codes.partial_content}:
        raise OutsideError(
            f"{wanted.url}: the server answered {status} {response.reason}. {by_hand}"
        )
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind == "text/html" and wanted.path.suffix.lower() not in {".htm", ".html"}:
        raise OutsideError(
            f"{wanted.url}: a web page came instead of the file: the address asks to log in or to "
            f"confirm, or it has moved. {by_hand}"
        )


def _mark(response: requests.Response) -> str | None:
    """Return what names this very version of the file: a strong ETag, or when it was changed."""
    tag = response.headers.get("ETag")
    if tag and not tag.startswith("W/"):
        return tag
    return response.headers.get("Last-Modified")


def _write(response: requests.Response, wanted: Wanted, part: _Part, meter: _Meter) -> None:
    announced = response.headers.get("Content-Length", "")
    coming = int(announced) if announced.isdecimal() else None
    total = None if coming is None else part.size + coming
    if wanted.size and total not in {None, wanted.size}:
        part.remove()
        raise _other_file(wanted, f"{total:,} bytes are announced")
    _check_space(wanted.path, coming or 0)
    meter.start(wanted.path.name, total)
    with part.path.open("ab") as stream:
        settled = stream.tell()
        try:
            for chunk in _chunks(response):
                stream.write(chunk)
                meter.reach(stream.tell())
                _check_space(wanted.path, 0)  # a server may send without end
                if wanted.size and stream.tell() > wanted.size:
                    break
                if stream.tell() - settled >= SETTLE_BYTES:
                    part.settle(stream)
                    settled = stream.tell()
        finally:
            part.settle(stream)
    if total is not None and part.size < total:
        raise _BrokenError(f"{part.size:,} of {total:,} bytes came")


def _chunks(response: requests.Response) -> Iterator[bytes]:
    """The bytes as sent: a packed file must stay packed, whatever the server says of it."""
    while chunk := response.raw.read(CHUNK, decode_content=False):
        yield chunk


def _check_space(path: Path, coming: int) -> None:
    free = shutil.disk_usage(path.parent).free
    if coming + SPARE_BYTES > free:
        raise OutsideError(
            f"{path}: {coming:,} bytes are to come and {free:,} are free on that disk. Free some "
            "space or choose another folder (--root), then run the same command again."
        )


def _check_content(wanted: Wanted, part: _Part) -> None:
    if wanted.size and part.size != wanted.size:
        found = part.size
        part.remove()
        raise _other_file(wanted, f"it has {found:,} bytes")
    if wanted.sha256 and (digest := file_digest(part.path)) != wanted.sha256:
        part.remove()
        raise _other_file(wanted, f"its SHA-256 is {digest} and not {wanted.sha256}")


def _other_file(wanted: Wanted, found: str) -> OutsideError:
    said = f", and {wanted.size:,} bytes were expected" if wanted.size else ""
    return OutsideError(
        f"{wanted.url}: what came is another file than the card means ({found}{said}); it was "
        "removed. Run the same command again; if it happens again the publisher changed the file: "
        "compare it with the homepage before correcting the card."
    )


def _reason(error: Exception) -> str:
    return str(error).split("\n", maxsplit=1)[0][:160] or type(error).__name__
