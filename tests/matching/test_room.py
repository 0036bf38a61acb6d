"""Room for templates: memory, or a file that no crash leaves behind."""

import errno
import os
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from evenmatch.errors import OutsideError
from evenmatch.matching import room as module
from evenmatch.matching.room import fits, memory, room
from evenmatch.matching.vectors import at_hand


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EVENMATCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def crowded(monkeypatch):
    """Let nothing be a modest share of memory."""
    monkeypatch.setattr(module, "SHARE", 1 << 60)


def test_a_modest_share_of_memory_is_memory():
    assert fits(1000, 512)
    assert not fits(memory(), 1)
    made = room(1000, 4)
    assert at_hand(made)
    assert made.shape == (1000, 4)
    assert not made.any()


@pytest.mark.usefixtures("crowded")
def test_what_is_more_lies_in_a_file_without_a_name(cache):
    made = room(1000, 4)
    assert not at_hand(made)
    assert (made.shape, made.dtype) == ((1000, 4), np.float32)
    assert not made.any()
    made[np.array([3, 5])] = 7
    assert made.sum() == 56
    assert [path for path in cache.rglob("*") if path.is_file()] == []
    assert (cache / "templates").stat().st_mode & 0o777 == 0o700
    assert re.search(rf"{cache}/templates/.*\(deleted\)", Path("/proc/self/maps").read_text())
    assert room(0, 4).shape == (0, 4)


@pytest.mark.usefixtures("crowded")
def test_the_disk_is_taken_before_anything_is_written(monkeypatch):
    """A file with holes would be a signal that kills, once they are filled on a full disk."""

    def full(handle, start, size):
        assert (os.fstat(handle).st_nlink, start, size) == (0, 0, 16_000)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    with pytest.raises(OutsideError, match=r"it refuses \(No space left on device\); free some"):
        room(1000, 4)


@pytest.mark.usefixtures("crowded")
def test_a_full_disk_is_known_before_anything_is_written():
    with pytest.raises(OutsideError, match=r"need 3\.6 GiB on the disk of .*free some space"):
        limited(lambda: room(1_000_000, 976))


def limited(work):
    """Do work where no file may be larger than a mebibyte."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))
    try:
        return work()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


KILLED = """
import os, signal
from evenmatch.matching import room
room.SHARE = 1 << 60
made = room.room(100_000, 64)
made[:] = 1
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_leaves_nothing(cache):
    done = subprocess.run([sys.executable, "-c", KILLED], check=False)
    assert done.returncode == -9
    assert (cache / "templates").is_dir()
    assert [path for path in cache.rglob("*") if path.is_file()] == []
