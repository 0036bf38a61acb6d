"""dlib's descriptor: the numbers of dlib's own module, on real and on empty photographs."""

import numpy as np
import pytest

from evenmatch.data.dlib_models import load_dlib, model_path
from evenmatch.data.samples import Samples
from evenmatch.errors import RequestError
from evenmatch.matching.extraction import extract
from evenmatch.matching.faces import FaceChoice
from evenmatch.matching.matcher import FailureReason, ScoreKind
from evenmatch.matching.options import MatcherOptions
from evenmatch.matching.registry import build_matcher

pytest.importorskip("dlib", reason="needs the extra `dlib`")


def by_dlib_alone(photographs):
    """Describe each photograph's largest face as dlib's own examples do."""
    dlib = load_dlib()
    find = dlib.get_frontal_face_detector()
    predict = dlib.shape_predictor(str(model_path("landmarks_5")))
    model = dlib.face_recognition_model_v1(str(model_path("descriptor")))
    described = []
    for photograph in photographs:
        face = max(find(photograph, 0), key=lambda box: box.area())
        shape = predict(photograph, face)
        described.append(np.array(model.compute_face_descriptor(photograph, shape)))
    return np.array(described)


def distances(vectors):
    wide = vectors.astype(np.float64)
    return np.sqrt(((wide[:, None] - wide[None]) ** 2).sum(-1))


@pytest.mark.needs_shared
def test_scores_are_those_of_dlibs_own_module(dlib_matcher, london_photographs):
    ours = np.array(dlib_matcher.extract(london_photographs))
    theirs = by_dlib_alone(london_photographs)
    assert np.abs(distances(ours) - distances(theirs)).max() < 1e-6


@pytest.mark.needs_shared
def test_the_known_facts_of_the_london_photographs_hold(dlib_matcher, london):
    # Over the whole set of 102 people dlib 20.0.1 gives a largest mated distance of 0.408, a
    # smallest non-mated one of 0.455 and a false match rate of 0.9% at 0.6; ours are a part.
    table, root = london
    samples = Samples(table, root, {}, ("unmasked",))
    templates = extract(dlib_matcher, samples, None, None)
    assert templates.failures == {}
    first, second = np.triu_indices(len(samples), 1)
    mated = samples.people[first] == samples.people[second]
    between = distances(templates.vectors)[first, second]
    assert (mated.sum(), (~mated).sum()) == (49, 4704)
    assert between[mated].max() == pytest.approx(0.3265, abs=5e-4)
    assert between[~mated].min() == pytest.approx(0.4592, abs=5e-4)
    assert (between[~mated] <= 0.6).mean() == pytest.approx(0.0132, abs=5e-4)


@pytest.mark.needs_shared
def test_two_faces_follow_the_policy(dlib_matcher, london_photographs):
    both = np.concatenate(london_photographs[:2], axis=1)
    refusing = build_matcher("dlib", MatcherOptions("dlib", faces=FaceChoice("refuse")))
    assert refusing.extract([both]) == [FailureReason.SEVERAL_FACES]
    assert not isinstance(dlib_matcher.extract([both])[0], FailureReason)
    assert refusing.digest != dlib_matcher.digest


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 300, 3), (90, 90, 3)])
def test_a_photograph_without_a_face_is_a_failure(dlib_matcher, shape):
    assert dlib_matcher.extract([np.zeros(shape, np.uint8)]) == [FailureReason.NO_FACE]


def test_a_view_of_a_larger_array_is_a_photograph_too(dlib_matcher):
    view = np.zeros((200, 200, 4), np.uint8)[::2, :, :3]
    assert dlib_matcher.extract([view]) == [FailureReason.NO_FACE]


def test_the_report_is_told_how_the_scores_came_about(dlib_matcher):
    facts = dlib_matcher.facts
    assert dlib_matcher.score_kind is ScoreKind.EUCLIDEAN
    assert "no upsampling" in facts["detector"]
    assert facts["jitter"] == "none"
    assert "150 pixels, padding 0.25" in facts["alignment"]
    assert facts["licence"].startswith("public domain")
    assert facts["several faces"] == "largest"


@pytest.mark.needs_shared
def test_mtcnn_may_find_the_face_instead(london_photographs):
    pytest.importorskip("facenet_pytorch", reason="needs the extra `facenet`")
    matcher = build_matcher("dlib", MatcherOptions("dlib", detector="mtcnn", device="cpu"))
    assert "MTCNN" in matcher.facts["detector"]
    between = distances(np.array(matcher.extract(london_photographs[:4])))
    assert between[0, 1] < 0.45 < between[0, 2]  # rows 0 and 1 are one person, 2 another


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"detector": "haar"}, "matchers.detector.*dlib, mtcnn"),
        ({"weights": "vggface2"}, "matchers.weights.*Remove the key"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(wrong, named):
    with pytest.raises(RequestError, match=named):
        build_matcher("dlib", MatcherOptions("dlib", **wrong))
