"""Numbers kept of photographs by what they hold; the database's promises are the templates'."""

import sqlite3
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.data.cache_dir import cache_dir, holdings, purge
from evenmatch.data.content_cache import KeptNumbers, content_key
from evenmatch.errors import RequestError

KEY = content_key(b"photograph", "rules 1")


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EVENMATCH_CACHE", str(tmp_path / "cache"))


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=4))
def test_numbers_come_back_bit_for_bit(tmp_path_factory, numbers):
    folder = tmp_path_factory.mktemp("kept")
    with KeptNumbers("shares", folder) as kept:
        kept.put(KEY, tuple(numbers))
        assert kept.get(KEY) == tuple(numbers)


def test_a_reason_is_kept_like_numbers_and_what_was_never_put_is_not_there():
    with KeptNumbers("shares") as kept:
        kept.put(KEY, "no_face")
        assert kept.get(KEY) == "no_face"
        assert kept.get(content_key(b"photograph", "rules 2")) is None


def test_numbers_outlive_the_run_and_kinds_do_not_mix():
    with KeptNumbers("shares") as kept:
        kept.put(KEY, (0.5, 1.0))
    with KeptNumbers("shares") as again, KeptNumbers("angles") as other:
        assert again.get(KEY) == (0.5, 1.0)
        assert other.get(KEY) is None


def test_a_damaged_entry_is_measured_again():
    with KeptNumbers("shares") as kept:
        kept.put(KEY, (0.5,))
        with sqlite3.connect(cache_dir() / "measurements" / "shares.sqlite") as other:
            other.execute("UPDATE templates SET vector = ?", (b"\0" * 8,))
        other.close()
        assert kept.get(KEY) is None


def test_what_a_run_uses_is_not_purged_and_neither_is_the_rest():
    pytest.importorskip("fcntl", reason="needs a system that locks folders")
    (cache_dir() / "keys").mkdir()
    with KeptNumbers("shares") as kept:
        kept.put(KEY, (0.5,))
        with pytest.raises(RequestError, match=r"is in use by a run: stop it or wait for it, then"):
            purge()
        assert kept.get(KEY) == (0.5,)
        assert (cache_dir() / "keys").is_dir()
    purge()
    assert not holdings()


def test_measurements_are_private_and_are_purged_with_the_rest():
    with KeptNumbers("shares") as kept:
        kept.put(KEY, (0.5,))
    file = cache_dir() / "measurements" / "shares.sqlite"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [name for name, files, _ in holdings() if files] == ["measurements"]
    purge()
    assert not file.exists()
