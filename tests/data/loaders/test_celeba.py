"""CelebA: identities, forty attributes of a photograph, sex by vote, the partition."""

import pytest

from evenmatch.errors import RequestError

PEOPLE = {"000001.jpg": 2880, "000002.jpg": 2880, "000003.jpg": 2880, "000004.jpg": 7}
NAMES = ["5_o_Clock_Shadow", "Bald", "Male", "Young", *(f"Other_{k}" for k in range(36))]


def identities(people=PEOPLE):
    return "".join(f"{name} {person}\n" for name, person in people.items())


def attributes(male=(1, 1, -1, -1), names=NAMES, photographs=tuple(PEOPLE)):
    """Return the published list: the count, the names, a row of 1 and -1 a photograph."""
    lines = [str(len(photographs)), " ".join(names) + " "]
    for name, sex in zip(photographs, male, strict=True):
        values = [sex if each == "Male" else (1 if each == "Young" else -1) for each in names]
        lines.append(f"{name} " + " ".join(f"{value:2d}" for value in values))
    return "\n".join(lines) + "\n"


@pytest.fixture
def celeba(published):
    made = published("celeba")
    made.bench.attribute("sex", "subject", ["female", "male"])
    made.write("identity_CelebA.txt", identities())
    made.write("list_attr_celeba.txt", attributes())
    made.write("list_eval_partition.txt", "000001.jpg 0\n000002.jpg 1\n000004.jpg 2\n")
    return made


def test_photographs_have_people_attributes_and_a_partition(celeba):
    assert celeba.rows("partition", "young", "bald", "5_o_clock_shadow") == [
        ["000001.jpg", "2880", "train", "yes", "no", "no"],
        ["000002.jpg", "2880", "validation", "yes", "no", "no"],
        ["000003.jpg", "2880", "unknown", "yes", "no", "no"],
        ["000004.jpg", "7", "test", "yes", "no", "no"],
    ]
    assert celeba.samples().root == celeba.folder / "img_align_celeba"
    assert len(celeba.samples().attributes) == 41  # the forty, Male as sex, and the partition


def test_a_person_has_the_sex_of_most_of_their_photographs(celeba):
    assert [sex for *_, sex in celeba.rows("sex")] == ["male", "male", "male", "female"]
    (notice,) = celeba.samples().notices
    assert "1 people are labelled Male on some photographs and not on others" in notice


def test_a_tie_leaves_the_sex_unknown(celeba):
    people = {name: person for name, person in PEOPLE.items() if name != "000003.jpg"}
    celeba.write("identity_CelebA.txt", identities(people))
    celeba.write("list_attr_celeba.txt", attributes(male=(1, -1, 1, -1)))
    assert [sex for *_, sex in celeba.rows("sex")] == ["unknown", "unknown", "female"]


def test_identities_alone_are_enough(published):
    made = published("celeba", files={"identities": "Anno/identity_CelebA.txt"})
    made.write("Anno/identity_CelebA.txt", identities())
    assert made.rows()[3] == ["000004.jpg", "7"]
    assert made.samples().attributes == {}


def test_photographs_without_attributes_are_unknown_and_counted(celeba):
    celeba.write("list_attr_celeba.txt", attributes(male=(1,), photographs=("000001.jpg",)))
    assert [young for *_, young in celeba.rows("young")] == ["yes", *["unknown"] * 3]
    assert "3 of 4 photographs have no row" in celeba.samples().notices[0]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("identity_CelebA.txt", "", "is empty; fetch"),
        ("identity_CelebA.txt", "000001.jpg\n", "row 1 is '000001.jpg', and should name"),
        ("identity_CelebA.txt", "000001.jpg 1 2\n", "row 1 is"),
        ("identity_CelebA.txt", "1.jpg 1\n1.jpg 2\n", "row 2 gives 1.jpg an identity that an"),
        ("identity_CelebA.txt", b"1.jpg \xff\n", "row 1 is no UTF-8 text"),
        ("list_attr_celeba.txt", "Male Young\n1.jpg 1 1\n", "begins with 'Male Young'"),
        ("list_attr_celeba.txt", "1\nMale Young\n1.jpg 1\n", "row 3 does not give 1.jpg 2 values"),
        ("list_attr_celeba.txt", "1\nMale Young\n1.jpg 1 0\n", "row 3 does not give 1.jpg 2"),
        ("list_attr_celeba.txt", "2\nMale\n1.jpg 1\n", "announces 2 photographs and has 1"),
        ("list_attr_celeba.txt", "1\nMale\n1.jpg 1\n1.jpg -1\n", "row 4 gives 1.jpg other"),
        ("list_attr_celeba.txt", "1\nMale Male\n1.jpg 1 -1\n", "names 'Male' twice"),
        ("list_eval_partition.txt", "000001.jpg 5\n", "'5' is no partition"),
    ],
)
def test_a_broken_list_is_refused(celeba, name, content, reason):
    celeba.write(name, content)
    with pytest.raises(RequestError, match=reason):
        celeba.samples()


def test_a_missing_list_of_identities_is_refused(published):
    with pytest.raises(RequestError, match=r"identity_CelebA\.txt: there is no such file"):
        published("celeba").samples()
