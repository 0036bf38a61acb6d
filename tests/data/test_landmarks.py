"""Landmarks: where they lie, which face, and why there are none."""

import sys

import numpy as np
import pytest

from evenmatch.data import landmarks as module
from evenmatch.data.landmarks import (
    FINDERS,
    LandmarkFailure,
    Landmarks,
    find_landmarks,
    landmark_finder,
)
from evenmatch.errors import RequestError

PACKAGES = {"dlib68": "dlib", "mtcnn5": "facenet_pytorch"}


@pytest.fixture(params=sorted(FINDERS))
def source(request):
    pytest.importorskip(PACKAGES[request.param], reason="needs its extra")
    return request.param


@pytest.fixture
def find(source):
    return landmark_finder(source)


def test_eyes_and_mouth_agree_between_five_points_and_68(face):
    many, few = face("dlib68", degrees=20), face("mtcnn5", degrees=20)
    assert many.eyes == pytest.approx(few.eyes)
    assert many.mouth == pytest.approx(few.mouth)


@pytest.mark.parametrize(("rows", "source"), [(5, "dlib68"), (68, "mtcnn5"), (4, "mtcnn5")])
def test_the_number_of_points_has_to_fit_their_source(rows, source):
    with pytest.raises(RequestError, match="Give all of them"):
        Landmarks(np.zeros((rows, 2)), source)


@pytest.mark.parametrize(
    ("points", "collapsed"),
    [
        ([(0, 0), (10, 0), (5, 5), (2, 10), (8, 10)], False),
        ([(0, 0), (0.5, 0), (5, 5), (2, 10), (8, 10)], True),  # eyes in one place
        ([(0, 0), (10, 0), (5, 0), (2, 0), (8, 0.5)], True),  # mouth between the eyes
        ([(0, 0), (10, 0), (5, 5), (2, np.nan), (8, 10)], True),
        ([(3, 3)] * 5, True),
    ],
)
def test_points_without_a_shape_have_collapsed(points, collapsed):
    assert Landmarks(np.array(points, dtype=float), "mtcnn5").collapsed is collapsed


def test_collapsed_points_are_a_failure_and_not_a_face(monkeypatch):
    flat = np.zeros((5, 2))

    class Cascade:
        settings = "given"

        def find(self, _photographs):
            return [(np.array([[0, 0, 9, 9, 1.0]]), flat[None])]

    monkeypatch.setattr(module, "MtcnnCascade", Cascade)
    assert module.Mtcnn5()(np.zeros((9, 9, 3), np.uint8)) is LandmarkFailure.COLLAPSED


def test_the_largest_face_is_taken(monkeypatch):
    shape = np.array([(0, 0), (10, 0), (5, 5), (2, 10), (8, 10)], dtype=float)

    class Cascade:
        settings = "given"

        def find(self, _photographs):
            boxes = np.array([[0, 0, 9, 9, 0.99], [20, 0, 40, 20, 0.8], [50, 0, 60, 9, 0.9]])
            return [(boxes, np.stack([shape, shape + 20, shape + 50]))]

    monkeypatch.setattr(module, "MtcnnCascade", Cascade)
    found = module.Mtcnn5()(np.zeros((99, 99, 3), np.uint8))
    assert found.points == pytest.approx(shape + 20)


@pytest.mark.parametrize("size", [(300, 200), (15, 300), (1, 1)])
def test_a_photograph_without_a_face_has_no_landmarks(find, size):
    assert find(np.full((*size, 3), 90, dtype=np.uint8)) is LandmarkFailure.NO_FACE


def test_a_finder_is_loaded_once(source):
    assert landmark_finder(source) is landmark_finder(source)


def test_facts_are_plain_strings_with_source_and_terms(source, find):
    assert find.facts["landmarks"].startswith(source)
    assert "non-commercial" in find.facts["landmark_terms"]
    assert all(isinstance(fact, str) for fact in find.facts.values())


def test_an_unknown_source_is_refused_with_those_there_are():
    with pytest.raises(RequestError, match="'dlib' finds none; choose one of dlib68, mtcnn5"):
        landmark_finder("dlib")


@pytest.mark.parametrize("source", sorted(FINDERS))
def test_an_absent_package_is_named_with_the_command(monkeypatch, source):
    monkeypatch.setitem(sys.modules, PACKAGES[source], None)
    with pytest.raises(RequestError, match="pip install 'evenmatch"):
        FINDERS[source]()


@pytest.mark.needs_shared
def test_landmarks_lie_on_the_faces_of_real_photographs(london_faces, source):
    for photograph in london_faces:
        found = find_landmarks(photograph, source)
        height, width, _ = photograph.shape
        assert found.source == source
        assert ((found.points >= 0) & (found.points < (width, height))).all()
        (left, right), mouth = found.eyes, found.mouth
        assert left[0] < mouth[0] < right[0]
        assert mouth[1] > max(left[1], right[1])


@pytest.mark.needs_shared
def test_both_sources_agree_on_the_eyes_of_real_photographs(london_faces):
    for package in PACKAGES.values():
        pytest.importorskip(package, reason="needs its extra")
    for photograph in london_faces:
        many, few = (find_landmarks(photograph, source).eyes for source in FINDERS)
        assert np.abs(many - few).max() < 0.1 * np.linalg.norm(many[1] - many[0])


@pytest.mark.needs_shared
def test_landmarks_of_a_tilted_photograph_are_tilted(london_faces, find):
    photograph = london_faces[0]
    turned = np.asarray(find(_tilted(photograph, 15)).eyes)
    across = turned[1] - turned[0]
    upright = np.asarray(find(photograph).eyes)
    before = upright[1] - upright[0]
    angle = np.degrees(np.arctan2(*across[::-1]) - np.arctan2(*before[::-1]))
    assert angle == pytest.approx(15, abs=3)


def _tilted(photograph, degrees):
    from PIL import Image  # noqa: PLC0415 - this helper alone needs it

    return np.asarray(Image.fromarray(photograph).rotate(-degrees))
