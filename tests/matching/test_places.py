"""What a path or a URL names, and what no URL may."""

import numpy as np
import pytest

from evenmatch.errors import OutsideError, RequestError
from evenmatch.matching.places import (
    ending_of,
    exists,
    file_system,
    files_in,
    is_url,
    name_of,
    opened,
    read_spans,
    refusal_of,
    size_of,
)

fsspec = pytest.importorskip("fsspec", reason="needs the extra `ray` or `s3`")


@pytest.fixture(params=["path", "file", "memory"])
def place(request, tmp_path):
    """Return a folder as a path or a URL, and a function that writes a file into it."""
    if request.param == "memory":
        root = f"memory://{tmp_path.name}"
        return root, lambda name, data: fsspec.filesystem("memory").pipe_file(
            f"/{tmp_path.name}/{name}", data
        )
    where = tmp_path if request.param == "path" else f"file://{tmp_path}"
    return where, lambda name, data: (tmp_path / name).write_bytes(data)


def inside(where, name):
    return f"{where}/{name}" if is_url(where) else where / name


def test_a_file_is_read_alike_wherever_it_lies(place):
    where, write = place
    write("b.npy", b"0123456789")
    write("a.npy", b"x")
    write("ids.txt", b"y")
    file = inside(where, "b.npy")
    assert (name_of(file), ending_of(file), size_of(file)) == ("b.npy", ".npy", 10)
    assert exists(file)
    assert not exists(inside(where, "c.npy"))
    assert [name_of(each) for each in files_in(where, ".npy")] == ["a.npy", "b.npy"]
    assert files_in(file, ".npy") is None
    with opened(file) as stream:
        assert stream.read() == b"0123456789"
    assert read_spans(str(file), [(0, 2), (7, 10), (3, 3)]) == [b"01", b"789", b""]
    with pytest.raises(OutsideError, match=r"b\.npy ends before byte 11, so it was changed"):
        read_spans(str(file), [(8, 11)])


def test_a_url_that_names_nothing_says_so(tmp_path):
    with pytest.raises((RequestError, OutsideError), match=r"nothing/here"):
        read_spans("memory://nothing/here", [(0, 1)])
    missing = pytest.raises(RequestError, match="there is no memory://nothing/here; check the add")
    with missing, opened("memory://nothing/here"):
        pass
    assert files_in(tmp_path / "none", ".npy") is None


@pytest.mark.parametrize(
    "url",
    [
        "reference://x",
        "simplecache::s3://bucket/x",
        "s3://bucket::file://x",
        "filecache://x",
        "zip://x::file://y.zip",
        "ssh://host/x",
        "github://org:repo@/x",
        "S3://bucket/x",
        "s3:// bucket/x",
        "s3://bucket/x#y",
        "nowhere://bucket",
        "://x",
        "s3://",
    ],
)
def test_only_stores_of_files_are_asked(url):
    assert "correct it" in refusal_of(url)
    with pytest.raises(RequestError, match="begins with one of file://"):
        file_system(url)


@pytest.mark.parametrize(
    "url", ["s3://bucket/a b/x".replace(" ", "%20"), "https://host:8080/x?y=1", "abfs://c@a.net/x"]
)
def test_plain_addresses_are_taken(url):
    assert refusal_of(url) is None


def test_a_store_whose_package_is_not_installed_says_which(monkeypatch):
    with pytest.raises(RequestError, match=r"cannot be reached \(.*gcsfs.*install"):
        file_system("gs://bucket/x")
    monkeypatch.setattr("evenmatch.matching.places.find_spec", lambda _: None)
    with pytest.raises(RequestError, match=r"needs fsspec; run `pip install 'evenmatch\[s3\]'`"):
        file_system("az://other/x")


def test_many_small_spans_cost_no_more_than_their_bytes(place):
    where, write = place
    write("b.npy", np.arange(1000, dtype="<u2").tobytes())
    spans = [(2 * k, 2 * k + 2) for k in range(0, 1000, 7)]
    read = read_spans(str(inside(where, "b.npy")), spans)
    assert [int.from_bytes(each, "little") for each in read] == list(range(0, 1000, 7))
