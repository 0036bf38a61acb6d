"""Pseudonyms: names for people and photographs that only the machine that made them can read."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from typing import TYPE_CHECKING

from evenmatch.data.cache_dir import cache_dir, private_folder

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_KEY_BYTES = 32


class Pseudonyms:
    """Turns real ids of one benchmark into keyed digests, the same in every audit of it here."""

    def __init__(self, benchmark: str) -> None:
        self._key = _benchmark_key(benchmark)

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


def _benchmark_key(benchmark: str) -> bytes:
    """Return the benchmark's key, made on first use and kept in the cache folder."""
    folder = private_folder(cache_dir() / "keys")
    path = folder / hashlib.sha256(benchmark.encode()).hexdigest()[:32]
    if not path.exists():
        _create(path)
    return path.read_bytes()


def _create(path: Path) -> None:
    # Written aside and linked into place: two audits that start at once get one key, whole.
    aside = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(_KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(aside, path)
    except FileExistsError:
        pass  # another process was first; its key counts
    finally:
        aside.unlink()
