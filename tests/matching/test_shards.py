"""Templates read where they lie: any rows, of files of any length and type, to the bit."""

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evenmatch.errors import OutsideError
from evenmatch.matching import shards as module
from evenmatch.matching.shards import Piece, Shards, in_single
from evenmatch.matching.template_arrays import open_shards

TYPES = ("<f4", ">f4", "<f8", "<f2", "<i2", "|i1", "<u8")
LENGTHS = (5, 1, 0, 40, 14)


def numbers(number, rows=60, dimension=5, seed=1):
    made = 50 * np.random.default_rng(seed).standard_normal((rows, dimension))
    return (abs(made) if number[1] == "u" else made).astype(number)


def saved(folder, made, lengths=LENGTHS):
    """Write an array into files of uneven lengths; return their paths."""
    edges = np.cumsum([0, *lengths])
    paths = [folder / f"part-{place:02}.npy" for place in range(len(lengths))]
    for path, (first, last) in zip(paths, itertools.pairwise(edges), strict=True):
        np.save(path, made[first:last])
    return paths


@pytest.mark.parametrize("unit", [False, True])
@pytest.mark.parametrize("number", TYPES)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.lists(st.integers(0, 59), max_size=40), span=st.tuples(*[st.integers(0, 60)] * 2))
def test_some_rows_are_those_of_the_whole_to_the_bit(tmp_path, number, unit, asked, span):
    made = numbers(number)
    shards = open_shards(saved(tmp_path, made), unit=unit)
    whole = in_single(made.astype(np.float64), unit=unit)
    rows = np.array(asked, dtype=np.int32)
    assert shards[rows].tobytes() == whole[rows].tobytes()
    assert shards[slice(*span)].tobytes() == whole[slice(*span)].tobytes()
    assert (shards.shape, shards.dtype, shards[rows].dtype) == ((60, 5), np.float32, np.float32)
    assert np.array_equal(shards.numbers(*span), made[slice(*span)].astype(np.float64))


def test_a_template_of_length_1_does_not_depend_on_its_neighbours():
    many = numbers("<f8", rows=3000, dimension=129)
    many[7] *= 1e-250  # so that no scale suits all rows
    whole = in_single(many, unit=True)
    for rows in ([7], [7, 8, 2999], range(100)):
        assert in_single(many[list(rows)], unit=True).tobytes() == whole[list(rows)].tobytes()
    assert in_single(np.asfortranarray(many), unit=True).tobytes() == whole.tobytes()


def test_much_is_read_a_batch_at_a_time_and_gaps_are_left_out(tmp_path, monkeypatch):
    """Rows of 20 bytes: batches of 200 bytes, gaps of up to 60 bytes are read over."""
    monkeypatch.setattr(module, "BATCH", 200)
    monkeypatch.setattr(module, "SPARE_HERE", 60)
    made, asked = numbers("<f4", rows=500), []
    shards = open_shards(saved(tmp_path, made, (500,)), unit=False)
    read = module.read_spans

    def watched(place, spans):
        asked.append(spans)
        return read(place, spans)

    monkeypatch.setattr(module, "read_spans", watched)
    rows = np.array([499, 0, 4, 9, *range(100, 130), 0])
    assert np.array_equal(shards[rows], made[rows])
    at = shards.pieces[0].offset
    lengths = [(last - first) // 20 for spans in asked for first, last in spans]
    assert lengths == [5, 1, 10, 10, 10, 1]
    assert asked[0][0] == (at, at + 100)
    assert all(sum(last - first for first, last in spans) <= 400 for spans in asked)


def test_a_file_that_became_shorter_or_is_gone_is_named(tmp_path):
    (path,) = saved(tmp_path, numbers("<f4"), (60,))
    shards = open_shards([path], unit=False)
    path.write_bytes(path.read_bytes()[:-30])
    assert len(shards[:50]) == 50
    with pytest.raises(OutsideError, match=r"part-00\.npy ends before byte 1,328, so it was chan"):
        _ = shards[:]
    path.unlink()
    with pytest.raises(OutsideError, match=r"cannot be read on this machine.*compute\.shards\."):
        _ = shards[:1]


def test_only_what_lies_at_urls_is_everywhere():
    assert Shards((Piece("s3://b/a", 1), Piece("memory://b", 1)), 2).everywhere
    assert not Shards((Piece("s3://b/a", 1), Piece("/b", 1)), 2).everywhere
