"""What a YAML file may hold, and what is said about one that holds something else."""

import pytest
from pydantic import BaseModel

from evenmatch.documents import parse_document, parse_yaml, read_yaml
from evenmatch.errors import RequestError


class Inner(BaseModel):
    """A part with one key."""

    model_config = {"extra": "forbid"}

    depth: int = 1


class Outer(BaseModel):
    """A document that holds parts."""

    model_config = {"extra": "forbid"}

    name: str
    inner: Inner = Inner()
    several: tuple[Inner, ...] = ()


def refused(raw):
    with pytest.raises(RequestError) as caught:
        parse_document(Outer, raw, "a.yaml")
    return str(caught.value)


def written(tmp_path, content):
    path = tmp_path / "a.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_mapping_is_read_whatever_byte_order_mark_it_begins_with(tmp_path):
    assert read_yaml(written(tmp_path, "\ufeffname: x\n")) == {"name": "x"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("- a\n- b\n", "must hold keys and values; start with `schema: 1`"),
        ("", "must hold keys and values"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "is not UTF-8 text; save it as UTF-8"),
        (b"a: \x00\x01", "correct the YAML there"),
        ("a: 1\nb: [\n", "line 3: .*correct the YAML there"),
        ("a: 1\na: 2\n", "line 2: key 'a' is written twice"),
        ("[a, b]: 1\n", "a key must be plain text"),
        ("a: 1\n---\nb: 2\n", "found another document"),
        ("a: !!python/object/apply:os.getcwd []\n", "could not determine a constructor"),
    ],
)
def test_what_is_no_mapping_is_refused_with_the_place(tmp_path, content, said):
    with pytest.raises(RequestError, match=said) as caught:
        read_yaml(written(tmp_path, content))
    assert str(tmp_path / "a.yaml") in str(caught.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(RequestError, match=r"cannot be read \(No such file.*check the path"):
        read_yaml(tmp_path / "none.yaml")
    with pytest.raises(RequestError, match="cannot be read"):
        read_yaml(tmp_path)


def test_deep_nesting_is_refused_and_not_a_crash():
    with pytest.raises(RequestError, match="correct the YAML"):
        parse_yaml("[" * 5000, "deep")


def test_an_unknown_key_is_named_with_the_nearest_known_one():
    assert refused({"name": "x", "innr": {}}) == (
        "a.yaml: innr: unknown key; did you mean 'inner'? "
        "allowed here: ['inner', 'name', 'several']."
    )


def test_an_unknown_key_inside_a_list_names_its_place_and_its_own_neighbours():
    assert refused({"name": "x", "several": [{}, {"dept": 2}]}) == (
        "a.yaml: several.1.dept: unknown key; did you mean 'depth'? allowed here: ['depth']."
    )


def test_every_mistake_is_told_at_once():
    said = refused({"inner": {"depth": "deep"}, "more": 1}).splitlines()
    assert [line.split(":")[1].strip() for line in said] == ["name", "inner.depth", "more"]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({}, "name: this key is required; add it."),
        ({"name": "x", "inner": 3}, "inner: found 3; write keys and values there"),
        ({"name": "x", "several": "ab"}, "several: found 'ab'; write a list, such as"),
        ({"name": 7}, "name: found 7; write text, in quotes where"),
        ({True: 1, "name": "x"}, "found True; a key is text, so put it in quotes"),
    ],
)
def test_a_mistake_says_what_was_found_and_what_to_write(raw, said):
    assert said in refused(raw)


def test_a_long_value_is_shown_in_part():
    assert len(refused({"name": ["x" * 10_000]})) < 200
