"""Pickles as data: what lists of bytes need is read, and nothing a pickle asks for is run."""

import io
import os
import pickle
import struct
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.data.loaders.safe_pickle import as_bytes, as_truth, items, read_pickle
from evenmatch.errors import RequestError

BYTES = [b"", b"\xff\xd8\x00\x0a'\"\\", b"x" * 300, b"\xe9" * 70_000]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_bytes_and_truth_values_of_every_protocol_read_as_they_were(protocol):
    content = (BYTES, [True, False, np.True_, np.False_])
    photographs, mated = read_pickle(pickle.dumps(content, protocol=protocol), "set.bin")
    assert photographs == BYTES
    assert [as_truth(each) for each in mated] == [True, False, True, False]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_numpy_arrays_are_read_as_data(protocol):
    coded = [np.frombuffer(each, dtype=np.uint8) for each in BYTES[1:]]
    content = [coded, np.array([True, False, True])]
    photographs, mated = read_pickle(pickle.dumps(content, protocol=protocol), "set.bin")
    assert [as_bytes(each) for each in photographs] == BYTES[1:]
    assert items(mated) == [True, False, True]


@given(
    st.tuples(st.lists(st.binary(max_size=400)), st.lists(st.booleans())),
    st.integers(0, pickle.HIGHEST_PROTOCOL),
)
def test_reading_gives_what_was_written(content, protocol):
    assert read_pickle(pickle.dumps(content, protocol=protocol), "set.bin") == content


def python_2(photographs, mated, *, protocol):
    """Write what Python 2 wrote: plain strings where today there are bytes."""
    if protocol == 0:
        texts = b"".join(b"S" + repr(each)[1:].encode() + b"\na" for each in photographs)
        truths = b"".join(b"I0%d\na" % each for each in mated)
        return b"((lp0\n" + texts + b"(lp1\n" + truths + b"tp2\n."
    short = [b"U" + bytes([len(each)]) + each for each in photographs if len(each) < 256]
    long = [b"T" + struct.pack("<i", len(each)) + each for each in photographs if len(each) > 255]
    truths = b"".join(b"\x88" if each else b"\x89" for each in mated)
    lists = b"]q\x00(" + b"".join(short + long) + b"e]q\x01(" + truths + b"e"
    return b"\x80\x02" + lists + b"\x86q\x02."


@pytest.mark.parametrize("protocol", [0, 2])
def test_pickles_of_python_2_hold_bytes(protocol):
    data = python_2(BYTES, [True, False], protocol=protocol)
    assert pickle.loads(data, encoding="bytes") == (BYTES, [True, False])  # noqa: S301 - made here
    assert read_pickle(data, "set.bin") == (BYTES, [True, False])


class Runs:
    """What a hostile pickle is made of: reading it calls a function."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (os.system, ("touch {}",)),
        (eval, ("open('{}', 'w')",)),
        (exec, ("open('{}', 'w')",)),
        (io.open, ("{}", "w")),
        (getattr, (os, "system")),
        (np.load, ("{}",)),
        (np.fromfile, ("{}",)),
        (bytes, (10**12,)),
        (bytearray, (10**12,)),
    ],
)
def test_a_pickle_that_calls_anything_is_refused_and_nothing_runs(
    tmp_path, protocol, function, arguments
):
    made = tmp_path / "made"
    arguments = tuple(a.format(made) if isinstance(a, str) else "os" for a in arguments)
    if function is bytes or function is bytearray:
        arguments = (10**12,)
    data = pickle.dumps(([Runs(function, *arguments)], [True]), protocol=protocol)
    with pytest.raises(RequestError, match="do not open this file with another program"):
        read_pickle(data, "set.bin")
    assert not made.exists()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it is cut off or no pickle"),
        (b"not a pickle at all", "no instruction that lists of bytes need"),
        (b"\xff\xd8\xff\xe0 a photograph", "byte 0 is .* no instruction"),
        (b"PK\x03\x04", "byte 0 is"),
        (b"\x80\x04", "it is cut off"),
        (b".", "a value is missing"),
        (b"(.", "a value is missing"),
        (b"e.", "a mark is missing"),
        (b"(e.", "makes no sense"),
        (b"K\x01(K\x02e.", "something is added to no list"),
        (b"h\x05.", "makes no sense"),
        (b"Ixyz\n.", "makes no sense"),
        (b"I" + b"9" * 5000 + b"\n\x85b.", "a value is missing|makes no sense|given a state"),
        (b"S'open\n.", "makes no sense"),
        (b"Vno end", "a line does not end"),
        (b"X\x02\x00\x00\x00\xff\xff.", "makes no sense"),
        (b"T\xff\xff\xff\xff.", "a length below zero"),
        (b"cos\nsystem\n.", "asks for `os.system`, which could do anything"),
        (b"\x8c\x02os\x8c\x06system\x93.", "asks for `os.system`"),
        (b"cnumpy\nndarray\n)R.", "makes a `ndarray` in a way"),
        (b"K\x01)R.", "calls what is no allowed name"),
        (b"cnumpy\ndtype\nK\x01R.", "calls what is no allowed name"),
        (b"]}b.", "no instruction"),
        (b"]K\x01b.", "something but a numpy value is given a state"),
        (b"\x82\x01.", "no instruction"),  # a copyreg extension
        (b"Pid\n.", "no instruction"),  # a persistent id
        (b"}.", "no instruction"),  # a dictionary
        (b"c_codecs\nencode\n(V\\u20ac\nVlatin1\ntR.", "makes no sense"),
        (b"c_codecs\nencode\n(Vx\nVrot13\ntR.", "a text is encoded in another way"),
    ],
)
def test_what_is_no_such_pickle_is_refused(data, said):
    with pytest.raises(RequestError, match=said):
        read_pickle(data, "set.bin")


def test_announced_lengths_beyond_the_file_take_no_memory():
    huge = struct.pack("<Q", 1 << 60)
    for code in (b"\x8e", b"\x96", b"\x8d"):
        with pytest.raises(RequestError, match="it is cut off"):
            read_pickle(b"\x80\x05" + code + huge + b"x.", "set.bin")
    far = b"\x80\x04K\x01r\xff\xff\xff\xff."  # Python's own reader makes room for 8 billion here
    assert read_pickle(far, "set.bin") == 1


def test_more_instructions_than_any_set_has_are_refused():
    with pytest.raises(RequestError, match="takes more than 2000000 instructions"):
        read_pickle(b"]" * 2_000_001, "set.bin")


def test_texts_encoded_again_and_again_are_refused():
    text = b"X" + struct.pack("<I", 1_000_000) + b"x" * 1_000_000
    again = b"c_codecs\nencode\nh\x00X\x06\x00\x00\x00latin1\x86R"
    with pytest.raises(RequestError, match="far more bytes than it holds"):
        read_pickle(text + b"q\x00" + again * 3 + b".", "set.bin")


def test_lists_within_lists_and_within_themselves_end():
    deep = read_pickle(b"]" * 500_000 + b"a" * 499_999 + b".", "set.bin")
    assert len(deep) == 1
    inside = read_pickle(b"]q\x00h\x00a.", "set.bin")
    assert inside[0] is inside
    # Each list twice in the next: 2**60 values to whoever walks them.
    doubled = read_pickle(b"]" + b"q\x00]h\x00ah\x00a" * 60 + b".", "set.bin")
    assert as_bytes(doubled) is None
    assert len(items(doubled)) == 2


@given(st.integers(0, 400), st.integers(0, 255))
def test_a_damaged_pickle_is_read_or_refused_but_never_worse(place, byte):
    data = bytearray(pickle.dumps((BYTES[:3], [True, np.False_]), protocol=4))
    data[place % len(data)] = byte
    with suppress(RequestError):
        read_pickle(bytes(data), "set.bin")


@given(st.integers(0, 2))
def test_a_pickle_cut_anywhere_is_refused(protocol):
    data = pickle.dumps(([b"abc"], [True, np.True_]), protocol=protocol + 2)
    for end in range(len(data)):
        with pytest.raises(RequestError):
            read_pickle(data[:end], "set.bin")


def test_values_of_other_kinds_are_neither_bytes_nor_truth():
    assert as_truth(2) is None
    assert as_truth("True") is None
    assert as_bytes("text") is None
    assert items(b"bytes") is None
    floats = read_pickle(pickle.dumps([np.float64(1.0), np.zeros(3)], protocol=2), "set.bin")
    assert as_truth(floats[0]) is None
    assert items(floats[1]) is None
    assert as_bytes(floats[1]) is None
