"""Which of several faces is compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.errors import RequestError
from evenmatch.matching.faces import FaceBox, checked_policy, choose_face
from evenmatch.matching.matcher import FailureReason

LARGE = FaceBox(0, 0, 40, 40, 0.9)  # in the corner
CENTRAL = FaceBox(45, 45, 55, 55, 0.8)
SIZE = (100, 100)


def test_no_face_is_a_failure_under_every_policy():
    assert {choose_face([], p, SIZE) for p in ("largest", "central", "refuse")} == {
        FailureReason.NO_FACE
    }


@pytest.mark.parametrize(
    ("policy", "chosen"),
    [("largest", LARGE), ("central", CENTRAL), ("refuse", FailureReason.SEVERAL_FACES)],
)
def test_several_faces_follow_the_policy(policy, chosen):
    assert choose_face([CENTRAL, LARGE], policy, SIZE) == chosen


@pytest.mark.parametrize("policy", ["largest", "central", "refuse"])
def test_one_face_is_taken_under_every_policy(policy):
    assert choose_face([LARGE], policy, SIZE) == LARGE


def test_faces_of_one_size_go_by_score_then_from_the_left():
    left, right = FaceBox(0, 0, 9, 9, 0.5), FaceBox(50, 0, 59, 9, 0.5)
    sure = FaceBox(80, 0, 89, 9, 0.6)
    assert choose_face([right, left], "largest", SIZE) == left
    assert choose_face([right, sure, left], "largest", SIZE) == sure


boxes = st.builds(
    lambda x, y, w, h, s: FaceBox(x, y, x + w, y + h, s),
    *[st.integers(0, 50)] * 2,
    *[st.integers(1, 50)] * 2,
    st.integers(0, 3),
)


@given(st.lists(boxes, min_size=2, max_size=6, unique=True), st.randoms())
def test_the_choice_does_not_depend_on_the_detectors_order(faces, random):
    shuffled = random.sample(faces, len(faces))
    assert choose_face(faces, "largest", SIZE).area == choose_face(shuffled, "largest", SIZE).area
    centre = (SIZE[1] / 2, SIZE[0] / 2)
    assert choose_face(faces, "central", SIZE).distance_from(*centre) == min(
        face.distance_from(*centre) for face in shuffled
    )


def test_an_unknown_policy_is_refused_with_the_known_ones():
    with pytest.raises(RequestError, match="largest, central, refuse"):
        checked_policy("smallest")
