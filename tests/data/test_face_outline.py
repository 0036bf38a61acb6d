"""The outline of a face: seen with 68 points, estimated with five."""

import numpy as np
import pytest

from evenmatch.data.face_outline import face_outline

SOURCES = ["dlib68", "mtcnn5"]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("degrees", [-120, -30, 0, 45, 180])
def test_eyes_lie_level_in_the_faces_own_frame(face, source, degrees):
    landmarks = face(source, degrees=degrees, scale=0.7)
    outline = face_outline(landmarks)
    left, right = landmarks.eyes @ outline.axes.T
    assert left[1] == pytest.approx(right[1])
    assert right[0] - left[0] == pytest.approx(outline.eye_distance)
    assert outline.eye_distance == pytest.approx(60 * 0.7)
    assert outline.jaw[8, 1] > outline.nostrils[2, 1] > outline.bridge[0, 1] > outline.brows[0, 1]


def test_a_seen_outline_goes_back_to_its_own_points(face):
    landmarks = face(degrees=37)
    outline = face_outline(landmarks)
    assert outline.in_photograph(outline.jaw) == pytest.approx(landmarks.points[:17])
    assert outline.in_photograph(outline.nostrils) == pytest.approx(landmarks.points[31:36])


def test_an_estimated_outline_keeps_what_was_found(face):
    landmarks = face("mtcnn5", degrees=-20)
    outline = face_outline(landmarks)
    assert outline.in_photograph(outline.bridge)[-1] == pytest.approx(landmarks.points[2])


def test_an_estimated_outline_is_symmetric_on_a_symmetric_face(face):
    outline = face_outline(face("mtcnn5", at=(0, 0)))
    for part in (outline.jaw, outline.brows, outline.nostrils, outline.inner_eyes):
        assert part[::-1] * [-1, 1] == pytest.approx(part)
    assert [len(p) for p in (outline.jaw, outline.bridge, outline.nostrils)] == [17, 4, 5]


def test_an_estimated_nose_follows_its_tip(face):
    landmarks = face("mtcnn5", at=(0, 0))
    landmarks.points[2] += [12, 0]
    outline = face_outline(landmarks)
    assert outline.nostrils[2, 0] == pytest.approx(12)
    assert outline.jaw[8, 0] == pytest.approx(0)


@pytest.mark.parametrize("source", SOURCES)
def test_the_hull_holds_jaw_and_brows_and_bends_one_way(face, source):
    hull = face_outline(face(source)).hull
    steps = np.roll(hull, -1, axis=0) - hull
    onward = np.roll(steps, -1, axis=0)
    turns = steps[:, 0] * onward[:, 1] - steps[:, 1] * onward[:, 0]
    assert (turns > 0).all() or (turns < 0).all()
    outline = face_outline(face(source))
    assert hull[:, 1].max() == pytest.approx(outline.jaw[:, 1].max())
    assert hull[:, 1].min() == pytest.approx(outline.brows[:, 1].min())
