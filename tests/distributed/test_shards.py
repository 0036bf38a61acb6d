"""Templates in shards: what is read is what was written, from a folder or a URL."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evenmatch.distributed.shards import write_shards
from evenmatch.errors import OutsideError, RequestError

fsspec = pytest.importorskip("fsspec", reason="needs the extra `ray`")


def made_up(rows=300, dimension=5):
    return np.random.default_rng(1).standard_normal((rows, dimension)).astype(np.float32)


@pytest.mark.parametrize("where", ["folder", "memory://some/where"])
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.lists(st.integers(0, 299), max_size=40))
def test_rows_come_in_the_order_in_which_they_are_asked_for(tmp_path, where, asked):
    vectors = made_up()
    shards = write_shards(vectors, str(tmp_path) if where == "folder" else where, rows=64)
    rows = np.array(asked, dtype=np.int32)
    assert np.array_equal(shards[rows], vectors[rows])
    assert np.array_equal(shards[30:200], vectors[30:200])
    assert (shards.shape, len(shards), shards.dtype) == (vectors.shape, 300, np.float32)


def test_what_lies_there_already_is_left_alone(tmp_path):
    first = write_shards(made_up(), str(tmp_path), rows=64)
    before = [path.stat().st_mtime_ns for path in sorted(tmp_path.iterdir())]
    assert write_shards(made_up(), str(tmp_path), rows=64) == first
    assert [path.stat().st_mtime_ns for path in sorted(tmp_path.iterdir())] == before
    assert len(before) == len(first.pieces) == 5


def test_distant_rows_are_read_by_ranges_and_no_more(monkeypatch):
    vectors = made_up(rows=20_000)
    shards = write_shards(vectors, "memory://ranges", rows=20_000)
    asked, system = [], fsspec.filesystem("memory")
    read = system.cat_ranges

    def watched(paths, starts, ends, **options):
        asked.extend(zip(starts, ends, strict=True))
        return read(paths, starts, ends, **options)

    monkeypatch.setattr(system, "cat_ranges", watched)
    rows = np.array([0, 3, 19_000])
    assert np.array_equal(shards[rows], vectors[rows])
    assert asked == [(0, 4 * 20), (19_000 * 20, 19_001 * 20)]


def test_a_place_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("here")
    with pytest.raises(OutsideError, match=r"compute\.shards"):
        write_shards(made_up(), str(tmp_path / "file" / "below"))
    with pytest.raises(RequestError, match=r"compute\.shards.*cannot be reached"):
        write_shards(made_up(), "nowhere://bucket")
