"""What every matcher owes its callers, whoever wrote it."""

import numpy as np
import pytest

from evenmatch.matching.matcher import FailureReason, ScoreKind


@pytest.fixture(params=["grey", "dlib_matcher", "facenet_matcher", "onnx_matcher", "torch_matcher"])
def matcher(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def photographs(london_photographs):
    """Return a mixed batch: faces of two people, one of them on a larger picture, and no face."""
    wide = np.pad(london_photographs[2], ((0, 40), (0, 120), (0, 0)))
    return [london_photographs[0], np.zeros((90, 70, 3), np.uint8), wide, london_photographs[1]]


@pytest.mark.needs_shared
def test_there_is_one_outcome_a_photograph_in_order(matcher, photographs):
    outcomes = matcher.extract(photographs)
    assert len(outcomes) == 4
    assert outcomes[1] is FailureReason.NO_FACE
    for outcome in (outcomes[0], outcomes[2], outcomes[3]):
        assert (outcome.shape, outcome.dtype) == ((matcher.dimension,), np.float32)
        assert np.isfinite(outcome).all()


@pytest.mark.needs_shared
def test_a_template_is_the_same_alone_and_in_any_batch(matcher, photographs):
    together = matcher.extract(photographs)
    alone = [matcher.extract([photograph])[0] for photograph in photographs]
    backwards = matcher.extract(photographs[::-1])[::-1]
    for one, two, three in zip(together, alone, backwards, strict=True):
        assert np.array_equal(one, two)
        assert np.array_equal(one, three)


@pytest.mark.needs_shared
def test_photographs_are_left_as_they_were(matcher, photographs):
    before = [photograph.copy() for photograph in photographs]
    matcher.extract(photographs)
    assert all(np.array_equal(a, b) for a, b in zip(before, photographs, strict=True))


def test_no_photographs_give_no_templates(matcher):
    assert matcher.extract([]) == []


def test_it_says_what_it_is(matcher):
    assert matcher.name
    assert len(bytes.fromhex(matcher.digest)) == 32
    assert matcher.score_kind in ScoreKind
    assert all(isinstance(text, str) for fact in matcher.facts.items() for text in fact)
