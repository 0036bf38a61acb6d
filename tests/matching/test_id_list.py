"""Ids in a file of their own: in order, each once, wrong ones named by where they stand."""

import pytest

from evenmatch.errors import RequestError
from evenmatch.matching.id_list import read_ids


def written(folder, text, name="ids.txt"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("name", ["ids.txt", "ids.csv"])
@pytest.mark.parametrize("text", ["sample_id\na\nb\n", "\ufeffsample_id\r\na\r\nb\r\n"])
def test_ids_come_in_their_order_without_the_heading(tmp_path, name, text):
    assert read_ids(written(tmp_path, text, name), "ids") == ["a", "b"]


@pytest.mark.parametrize("name", ["ids.txt", "ids.csv"])
def test_a_repeated_id_is_named_by_its_rows_the_heading_counted(tmp_path, name):
    path = written(tmp_path, "sample_id\na\nb\na\n", name)
    with pytest.raises(RequestError, match="rows 2 and 4: one id is there twice; keep one"):
        read_ids(path, "ids")


def test_without_a_heading_the_first_line_is_row_1(tmp_path):
    with pytest.raises(RequestError, match="rows 1 and 3: one id is there twice"):
        read_ids(written(tmp_path, "a\nb\na\n"), "ids")
    with pytest.raises(RequestError, match="row 2: the id is blank; fill it in"):
        read_ids(written(tmp_path, "a\n\nb\n"), "ids")


@pytest.mark.parametrize("as_url", [False, True])
def test_what_is_no_text_is_refused_alike_wherever_it_lies(tmp_path, as_url):
    pytest.importorskip("fsspec", reason="needs the extra `ray` or `s3`")
    path = written(tmp_path, b"a\n\xff\xfe\n")
    place = f"file://{path}" if as_url else path
    with pytest.raises(RequestError, match=r"cannot be read as text .*; correct it"):
        read_ids(place, "ids")
