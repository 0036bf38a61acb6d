"""Which of several faces is compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.matching.faces import FaceBox, FaceChoice, choose_face
from evenmatch.matching.matcher import FailureReason

LARGE = FaceBox(0, 0, 40, 40, 0.9)  # in the corner
CENTRAL = FaceBox(45, 45, 55, 55, 0.8)
SIZE = (100, 100)


def test_no_face_is_a_failure_under_every_policy():
    assert {choose_face([], FaceChoice(p), SIZE) for p in ("largest", "central", "refuse")} == {
        FailureReason.NO_FACE
    }


@pytest.mark.parametrize(
    ("policy", "chosen"),
    [("largest", LARGE), ("central", CENTRAL), ("refuse", FailureReason.SEVERAL_FACES)],
)
def test_several_faces_follow_the_policy(policy, chosen):
    assert choose_face([CENTRAL, LARGE], FaceChoice(policy), SIZE) == chosen


@pytest.mark.parametrize("policy", ["largest", "central", "refuse"])
def test_one_face_is_taken_under_every_policy(policy):
    assert choose_face([LARGE], FaceChoice(policy), SIZE) == LARGE


def test_faces_of_one_size_go_by_score_then_from_the_left():
    left, right = FaceBox(0, 0, 9, 9, 0.5), FaceBox(50, 0, 59, 9, 0.5)
    sure = FaceBox(80, 0, 89, 9, 0.6)
    assert choose_face([right, left], FaceChoice(), SIZE) == left
    assert choose_face([right, sure, left], FaceChoice(), SIZE) == sure


boxes = st.builds(
    lambda x, y, w, h, s: FaceBox(x, y, x + w, y + h, s),
    *[st.integers(0, 50)] * 2,
    *[st.integers(1, 50)] * 2,
    st.integers(0, 3),
)


@given(st.lists(boxes, min_size=2, max_size=6, unique=True), st.randoms())
def test_the_choice_does_not_depend_on_the_detectors_order(faces, random):
    shuffled = random.sample(faces, len(faces))
    assert (
        choose_face(faces, FaceChoice(), SIZE).area
        == choose_face(shuffled, FaceChoice(), SIZE).area
    )
    centre = (SIZE[1] / 2, SIZE[0] / 2)
    assert choose_face(faces, FaceChoice("central"), SIZE).distance_from(*centre) == min(
        face.distance_from(*centre) for face in shuffled
    )


def test_faces_that_are_too_small_or_unsure_are_passed_over():
    small = FaceBox(0, 0, 90, 12, 0.95)
    choice = FaceChoice("largest", smallest=15, lowest_score=0.85)
    assert choose_face([small, LARGE, CENTRAL], choice, SIZE) == LARGE
    assert choose_face([CENTRAL], choice, SIZE) is FailureReason.LOW_SCORE
    assert choose_face([CENTRAL, small], choice, SIZE) is FailureReason.TOO_SMALL
    assert choose_face([], choice, SIZE) is FailureReason.NO_FACE
    # What is passed over makes no second face.
    assert choose_face([small, LARGE], FaceChoice("refuse", smallest=15), SIZE) == LARGE


def test_a_choice_says_itself():
    assert str(FaceChoice()) == "largest"
    assert str(FaceChoice("central", 20, 0.9)) == (
        "central, faces of at least 20 pixels, detector's score at least 0.9"
    )
