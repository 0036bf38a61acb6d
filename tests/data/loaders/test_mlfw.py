"""MLFW: drawn masks on CALFW's photographs, pairs by file name."""

import pytest

from evenmatch.errors import RequestError

ONE, TWO, OTHER = "Aaron_Eckhart_0001_0000.jpg", "Aaron_Eckhart_0002_0001.jpg", "Bo_0001_0000.jpg"


@pytest.fixture
def mlfw(published):
    made = published("mlfw")
    made.photographs(*(f"aligned/{name}" for name in (ONE, TWO, OTHER)))
    made.write("pairs.txt", f"{ONE}\t{TWO}\t1\n{ONE}\t{OTHER}\t0\n")
    return made


def test_file_names_say_who_and_nothing_says_which_face_is_bare(mlfw):
    assert mlfw.rows() == [[ONE, "Aaron_Eckhart"], [TWO, "Aaron_Eckhart"], [OTHER, "Bo"]]
    samples = mlfw.samples()
    assert samples.mask_values == ("unknown",)
    assert "does not say which of its photographs carry a mask" in samples.notices[0]


def test_a_list_of_masks_beside_the_set_is_taken(mlfw):
    mlfw.write("masks.csv", f"sample_id,mask\n{ONE},masked\n{TWO},unmasked\n")
    assert [mask for *_, mask in mlfw.rows("mask")] == ["masked", "unmasked", "unknown"]
    assert mlfw.samples().notices == ()


def test_two_masks_of_one_photograph_are_refused(mlfw):
    mlfw.write("masks.csv", f"sample_id,mask\n{ONE},masked\n{ONE},unmasked\n")
    with pytest.raises(RequestError, match=f"gives {ONE} two masks; remove one"):
        mlfw.samples()


def test_pairs_are_trials(mlfw):
    assert mlfw.trials("pairs.txt") == [(ONE, TWO), (ONE, OTHER)]


def test_names_of_another_form_are_left_out_and_counted(mlfw):
    mlfw.photographs("aligned/readme.jpg")
    assert len(mlfw.rows()) == 3
    assert "1 photographs are left out" in mlfw.samples().notices[0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "is empty; fetch"),
        (f"{ONE} {TWO}\n", "row 1 is .*, and a comparison reads"),
        (f"{ONE} {TWO} yes\n", "row 1 is"),
        (f"{ONE}\t{TWO}\t0\n", "row 1: mated is '0', but the subjects say the opposite"),
        (f"{ONE}\tAnn_0001_0000.jpg\t0\n", "row 1: reference_id is no sample"),
    ],
)
def test_a_broken_list_is_refused(mlfw, content, reason):
    mlfw.write("pairs.txt", content)
    with pytest.raises(RequestError, match=reason):
        mlfw.trials("pairs.txt")


def test_a_missing_folder_is_refused(published):
    with pytest.raises(RequestError, match="there is no such folder"):
        published("mlfw").samples()
