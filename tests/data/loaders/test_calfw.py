"""Cross-Age and Cross-Pose LFW: two lines of a list a comparison."""

import pytest

from evenmatch.errors import RequestError

FILES = ["AJ_Cook_0001.jpg", "AJ_Cook_0002.jpg", "Bo_0001.jpg", "Bo_0004.jpg"]
PAIRS = (
    "AJ_Cook_0001.jpg 1\nAJ_Cook_0002.jpg 1\nBo_0001.jpg 10\nBo_0004.jpg 10\n"
    "AJ_Cook_0001.jpg 0\nBo_0004.jpg 0\n"
)


@pytest.fixture
def calfw(published):
    made = published("calfw")
    made.photographs(*(f"aligned images/{name}" for name in FILES))
    return made


def test_a_person_is_the_name_before_the_number(calfw):
    assert calfw.rows() == [[name, name[:-9]] for name in FILES]


def test_two_lines_are_a_comparison_and_any_number_but_zero_is_mated(calfw):
    calfw.write("pairs_CALFW.txt", PAIRS)
    assert calfw.trials("pairs_CALFW.txt") == [
        (FILES[0], FILES[1]),
        (FILES[2], FILES[3]),
        (FILES[0], FILES[3]),
    ]


def test_cross_pose_photographs_have_short_numbers_and_a_folder_of_their_own(published):
    made = published("calfw", files={"images": "images"})
    made.photographs("images/AJ_Cook_1.jpg", "images/AJ_Cook_2.jpg", "images/Leni_B-2.jpg")
    made.write("pairs_CPLFW.txt", "AJ_Cook_1.jpg 1\nAJ_Cook_2.jpg 1\n")
    assert made.trials("pairs_CPLFW.txt") == [("AJ_Cook_1.jpg", "AJ_Cook_2.jpg")]
    # CPLFW itself holds a few files named with a dash; none of its comparisons asks for them.
    assert made.samples().notices == (
        "1 photographs are left out, since their names are not a name and a number.",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty; fetch the list again"),
        ("Bo_0001.jpg 1\n", "has 1 rows, and a comparison takes two; fetch"),
        ("Bo_0001.jpg 1\nBo_0004.jpg 0\n", "rows 1 and 2 are one comparison and carry 1 and 0"),
        ("Bo_0001.jpg\nBo_0004.jpg 1\n", "row 1 is 'Bo_0001.jpg' where a file name and a number"),
        ("Bo_0001.jpg 1\nBo_0004.jpg -1\n", "row 2 is 'Bo_0004.jpg -1' where"),
        ("Bo_0001.jpg 1\nBo_0009.jpg 1\n", "row 1: reference_id is no sample of"),
        ("Bo_0001.jpg 0\nBo_0004.jpg 0\n", "row 1: mated is '0', but the subjects say"),
        ("Bo_0001.jpg 1\nAJ_Cook_0001.jpg 1\n", "row 1: mated is '1', but the subjects say"),
        ("Bo_0001.jpg 1\nBo_0001.jpg 1\n", "row 1: compares a photograph with itself"),
        ("a/../Bo_0001.jpg 1\nBo_0004.jpg 1\n", "is no sample of"),
        (b"\xff\xfeB\0\n", "row 1 is no UTF-8 text"),
    ],
)
def test_a_list_that_is_not_as_published_is_refused_with_the_row(calfw, text, said):
    calfw.write("pairs_CALFW.txt", text)
    with pytest.raises(RequestError, match=said):
        calfw.trials("pairs_CALFW.txt")
