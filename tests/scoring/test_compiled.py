"""Compiled kernels are kept on disk, and what a power cut or a kill leaves there does no harm."""

import os
import subprocess
import sys

import pytest

SOURCE = """
from evenmatch.scoring.compiled import compiled

@compiled
def added(number):
    return number + {what}

print(added(40), added.stats.cache_hits.__len__() and "kept" or "made")
"""


@pytest.fixture
def kernel(tmp_path):
    """Write a kernel, run it in a process of its own, and give what it said."""
    (tmp_path / "kept").mkdir()

    def run(what=2, kept=tmp_path / "kept"):
        module = tmp_path / "kernel.py"
        if not module.exists() or module.read_text() != SOURCE.format(what=what):
            module.write_text(SOURCE.format(what=what))
        asked = subprocess.run(
            [sys.executable, str(module)],
            env=os.environ | {"NUMBA_CACHE_DIR": str(kept), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert asked.returncode == 0, asked.stderr
        return asked.stdout.strip()

    return run


def files(folder, kind):
    return sorted((folder / "kept").rglob(f"*{kind}"))


@pytest.mark.parametrize("kind", [".nbi", ".nbc"])
def test_a_torn_cache_is_made_anew(kernel, tmp_path, kind):
    assert kernel() == "42 made"
    assert kernel() == "42 kept"
    (path,) = files(tmp_path, kind)
    whole = path.read_bytes()
    middle = len(whole) // 2
    for left in (b"", bytes(len(whole)), whole[:middle] + bytes(64) + whole[middle + 64 :]):
        path.write_bytes(left)
        assert kernel() == "42 made"
    assert kernel() == "42 kept"


def test_code_of_another_version_is_not_taken_for_this_one(kernel, tmp_path):
    """As after a kill between noting a kernel and writing its code, over an older one's."""
    assert kernel(what=1) == "41 made"
    (path,) = files(tmp_path, ".nbc")
    older = path.read_bytes()
    assert kernel(what=2) == "42 made"
    path.write_bytes(older)
    assert kernel(what=2) == "42 made"


def test_where_nothing_can_be_kept_kernels_are_compiled_all_the_same():
    """As in a folder that nobody may write to; here because the source is in no file."""
    asked = subprocess.check_output([sys.executable, "-c", SOURCE.format(what=2)], text=True)
    assert asked.strip() == "42 made"
