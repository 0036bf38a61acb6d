"""Pseudonyms: names for people and photographs that only the machine that made them can read."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from evenmatch.data.cache_dir import cache_dir, private_folder
from evenmatch.errors import OutsideError, RequestError
from evenmatch.files import settle

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_KEY_BYTES = 32


class Pseudonyms:
    """Turns real ids of one benchmark into keyed digests, the same in every audit of it here."""

    def __init__(self, benchmark: str, *, anew: bool = True) -> None:
        """Take the benchmark's key.

        Args:
            benchmark: its name.
            anew: whether a key is made where there is none yet.

        Raises:
            RequestError: there is none, and it is needed to read names that were made before.
            OutsideError: it is damaged or cannot be kept.
        """
        self._key = _benchmark_key(benchmark, anew=anew)

    def of_samples(self, ids: Iterable[str]) -> list[str]:
        """Return the pseudonym of each sample id."""
        return [self._name("s", name) for name in ids]

    def of_subjects(self, ids: Iterable[str]) -> list[str]:
        """Return the pseudonym of each subject id."""
        return [self._name("p", name) for name in ids]

    def _name(self, kind: str, name: str) -> str:
        digest = hmac.new(self._key, f"{kind}\0{name}".encode(), hashlib.sha256)
        # 80 bits: a collision among ten million names has a chance below 1 in 10^10.
        return f"{kind}{digest.hexdigest()[:20]}"


def _benchmark_key(benchmark: str, *, anew: bool) -> bytes:
    """Return the benchmark's key, made on first use and kept in the cache folder."""
    folder = private_folder(cache_dir() / "keys")
    path = folder / hashlib.sha256(benchmark.encode()).hexdigest()[:32]
    try:
        if not path.exists():
            if not anew:
                raise RequestError(
                    f"the private folder {folder.parent} has no key for pseudonyms of "
                    f"{benchmark!r}; do this on the machine that made the audit, or name its "
                    "private folder in EVENMATCH_CACHE. A key that was purged is gone for good."
                )
            _create(path)
        key = path.read_bytes()
    except OSError as error:
        raise OutsideError(
            f"the key of the pseudonyms, {path}, cannot be kept: {error.strerror}. Free some space "
            "or correct the folder's permissions, then run the same command again."
        ) from error
    half = _KEY_BYTES // 2  # a power cut may leave zeros from there on
    if len(key) != _KEY_BYTES or not any(key[:half]) or not any(key[half:]):
        raise OutsideError(
            f"the key of the pseudonyms, {path}, is damaged ({len(key)} bytes), and another key "
            "would give everybody another name. Bring it back from a copy, or delete it: audits "
            f"of {benchmark} made so far can be neither paired with new ones nor revealed."
        )
    return key


def _create(path: Path) -> None:
    # Written aside and linked into place: two audits that start at once get one key, whole.
    aside = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process was first; its key counts
            os.link(aside, path)
        settle(path.parent)
    finally:
        aside.unlink(missing_ok=True)
