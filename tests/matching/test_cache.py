"""The template cache: by content, private, and none the worse for a kill or a bad disk."""

import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.errors import OutsideError
from evenmatch.matching.cache import TemplateCache, template_key
from evenmatch.matching.matcher import FailureReason

KEY = template_key(b"photograph", "matcher")
VECTOR = np.array([1.5, -2.0, 3.25e-9], dtype=np.float32)


@pytest.fixture
def cache(tmp_path):
    with TemplateCache.for_matcher("0" * 64, tmp_path) as opened:
        yield opened


def test_a_template_comes_back_bit_for_bit(cache):
    cache.put({KEY: VECTOR})
    assert cache.get(KEY).tobytes() == VECTOR.tobytes()
    assert len(cache) == 1


def test_a_failure_is_kept_like_a_template(cache):
    cache.put({KEY: FailureReason.SEVERAL_FACES})
    assert cache.get(KEY) is FailureReason.SEVERAL_FACES


def test_what_was_never_put_is_not_there(cache):
    assert cache.get(KEY) is None


def test_templates_survive_the_run(tmp_path):
    with TemplateCache.for_matcher("a" * 64, tmp_path) as first:
        first.put({KEY: VECTOR})
    with TemplateCache.for_matcher("a" * 64, tmp_path) as second:
        assert second.get(KEY) is not None


def test_matchers_do_not_share_templates(tmp_path, cache):
    cache.put({KEY: VECTOR})
    with TemplateCache.for_matcher("1" * 64, tmp_path) as other:
        assert other.get(KEY) is None


def test_only_the_owner_can_read(cache):
    assert stat.S_IMODE(cache.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(cache.path.parent.stat().st_mode) == 0o700


@given(
    st.lists(
        st.tuples(st.binary(max_size=4), st.lists(st.text(max_size=3), max_size=3)), max_size=9
    )
)
def test_keys_differ_where_photograph_or_settings_do(inputs):
    distinct = {(data, tuple(settings)) for data, settings in inputs}
    assert len({template_key(data, *settings) for data, settings in distinct}) == len(distinct)


def test_a_damaged_entry_is_noticed_and_removed(cache):
    cache.put({KEY: VECTOR})
    with sqlite3.connect(cache.path) as other:
        other.execute("UPDATE templates SET vector = ?", (b"\0" * 12,))
    other.close()
    assert cache.get(KEY) is None
    assert cache.damaged == 1
    assert len(cache) == 0


@pytest.mark.parametrize("garbage", [b"this is no database, not at all" * 40, b"SQLite format 3\0"])
def test_a_damaged_database_starts_anew(tmp_path, garbage):
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "d.sqlite").write_bytes(garbage)
    with TemplateCache.for_matcher("d", tmp_path) as cache:
        cache.put({KEY: VECTOR})
        assert cache.get(KEY) is not None
        assert cache.damaged == 1


def test_a_database_damaged_within_starts_anew(tmp_path):
    keys = [template_key(bytes([i])) for i in range(200)]
    with TemplateCache.for_matcher("e", tmp_path) as cache:
        cache.put({key: np.ones(128, np.float32) for key in keys})
        path = cache.path
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)  # every page but the first
    path.write_bytes(data)
    with TemplateCache.for_matcher("e", tmp_path) as cache:
        assert cache.get(keys[0]) is None
        assert cache.damaged == 1
        cache.put({KEY: VECTOR})
        assert cache.get(KEY) is not None


def test_a_folder_in_the_databases_place_is_an_outside_failure(tmp_path):
    (tmp_path / "templates" / "f.sqlite").mkdir(parents=True)
    with pytest.raises(OutsideError, match="run again"):
        TemplateCache.for_matcher("f", tmp_path)


def test_several_threads_share_a_cache(cache):
    def work(number):
        for i in range(20):
            key = template_key(bytes([number, i]))
            cache.put({key: VECTOR})
            assert cache.get(key) is not None

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(cache) == 80


WRITER = """
import sys
from pathlib import Path
import numpy as np
from evenmatch.matching.cache import TemplateCache, template_key
with TemplateCache.for_matcher("k", Path(sys.argv[1])) as cache:
    for batch in range(int(sys.argv[3])):
        keys = [template_key(f"{sys.argv[2]} {batch} {i}".encode()) for i in range(50)]
        cache.put({key: np.full(64, batch, np.float32) for key in keys})
        print(batch, flush=True)
"""


def test_a_killed_run_leaves_whole_batches(tmp_path):
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path), "a", "100000"], stdout=subprocess.PIPE
    )
    with writer:
        for _ in range(5):
            written = int(writer.stdout.readline())
        time.sleep(0.01)  # into the middle of some transaction
        writer.send_signal(signal.SIGKILL)
    with TemplateCache.for_matcher("k", tmp_path) as cache:
        assert len(cache) % 50 == 0
        assert len(cache) >= 50 * (written + 1)
        for batch in range(written + 1):
            assert cache.get(template_key(f"a {batch} 49".encode()))[0] == batch
        assert cache.damaged == 0


def test_two_runs_write_one_cache(tmp_path):
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), name, "8"], stdout=subprocess.DEVNULL
        )
        for name in "ab"
    ]
    assert [writer.wait() for writer in writers] == [0, 0]
    with TemplateCache.for_matcher("k", tmp_path) as cache:
        assert len(cache) == 2 * 8 * 50
