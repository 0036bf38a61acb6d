"""Names of people, compared as they are written in two places."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.data.card import load_card
from evenmatch.data.identities import in_both, normalised, read_identities, trained_on
from evenmatch.errors import RequestError


@pytest.fixture
def listed(tmp_path):
    def read(text, name="training.txt"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_identities(path)

    return read


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Aaron_Eckhart", "aaron eckhart"),
        ("José-María  Aznar", "Jose Maria_Aznar"),
        ("Fyodor.Stravinsky", " FYODOR STRAVINSKY "),
        ("Strauß", "STRAUSS"),
        ("\uff21\uff4e\uff4e\uff3fLee", "ann lee"),
    ],
)
def test_accents_case_and_signs_for_spaces_do_not_matter(one, other):
    assert normalised(one) == normalised(other)


def test_the_order_of_names_does_matter():
    assert normalised("Li_Na") != normalised("Na Li")


@given(st.text())
def test_a_normalised_name_stays_as_it_is(text):
    assert normalised(normalised(text)) == normalised(text)


def test_a_text_file_lists_one_identity_a_line(listed):
    trained = listed("\ufeff# VGGFace2\nn000001\n\nAnn Lee, Jr\n")
    assert trained.names == {"n000001", "ann lee, jr"}
    assert trained.lines == 2


def test_the_digest_is_that_of_the_file_as_it_lies(listed):
    text = b"\xef\xbb\xbfAnn Lee\r\nBo Fox\r\n"
    assert listed(text).digest == hashlib.sha256(text).hexdigest()


def test_a_table_is_read_by_its_columns_of_names_and_ids(listed):
    # The form of VGGFace2's identity_meta.csv: spaces after commas, names in quotes.
    text = 'Class_ID, Name, Sample_Num\nn000002, "Fyodor_Stravinsky", 315\nn000003, "Ann", 2\n'
    trained = listed(text, "identity_meta.csv")
    assert trained.names == {"n000002", "fyodor stravinsky", "n000003", "ann"}
    assert trained.lines == 2
    assert listed("who,how many\nx,3\n", "other.csv").names == {"who", "x"}


@pytest.mark.parametrize("text", ["", "\n\n", "# nobody\n", "--\n"])
def test_a_list_of_nobody_is_refused(listed, text):
    with pytest.raises(RequestError, match="lists nobody; write one name or id a line"):
        listed(text)


def test_what_is_no_text_or_no_file_is_refused(listed, tmp_path):
    with pytest.raises(RequestError, match="is no UTF-8 text"):
        listed(b"\xff\xfe\x00")
    with pytest.raises(RequestError, match="No such file"):
        read_identities(tmp_path / "none.txt")


def test_people_in_both_lists_are_found_under_the_benchmarks_spelling(listed):
    trained = listed("ann lee\nN000001\n12\n")
    people = ["Ann_Lee", "Bo", "n000001", "12"]
    assert in_both(people, trained, names=True) == ["Ann_Lee", "n000001", "12"]


def test_bare_numbers_are_nobodys_codes_in_particular(listed):
    assert in_both(["12", "0-12", "n12"], listed("12\n0.12\nn12\n"), names=False) == ["n12"]


@pytest.mark.parametrize(
    ("training_set", "card", "found"),
    [
        ("VGGFace2, the 8,631 people of its training part", "bfw", "vggface2"),
        ("VGG-Face 2", "bfw", "vggface2"),
        ("VGGFace2", "vggface2-test", "VGGFace2"),
        ("cleaned MS-Celeb-1M and others", "rfw", "ms-celeb-1m"),
        ("Labeled Faces in the Wild", "lfw", "Labeled Faces in the Wild"),
        ("LFW", "cplfw", "lfw"),
        ("MS-Celeb-1M", "bfw", None),
        ("not stated", "lfw", None),
        ("", "lfw", None),
    ],
)
def test_a_training_set_is_recognised_where_the_photographs_come_from(training_set, card, found):
    assert trained_on(training_set, load_card(card)) == found
