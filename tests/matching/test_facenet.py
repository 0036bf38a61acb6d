"""facenet-pytorch's way from photograph to unit vector.

The published weights cannot be fetched in a test, so the network here has random ones saved to a
file: its templates tell nobody apart, and every step around them is the real one.
"""

import numpy as np
import pytest
from PIL import Image

from evenmatch.errors import RequestError
from evenmatch.matching.faces import FaceChoice
from evenmatch.matching.matcher import FailureReason, ScoreKind
from evenmatch.matching.options import MatcherOptions
from evenmatch.matching.registry import build_matcher

torch = pytest.importorskip("torch", reason="needs the extra `facenet`")
facenet_pytorch = pytest.importorskip("facenet_pytorch", reason="needs the extra `facenet`")


@pytest.mark.needs_shared
def test_templates_are_those_of_the_package_itself(
    facenet_matcher, random_network, london_photographs
):
    detector = facenet_pytorch.MTCNN()
    ours = facenet_matcher.extract(london_photographs[:3])
    for photograph, template in zip(london_photographs, ours, strict=False):
        with torch.no_grad():
            theirs = random_network(detector(Image.fromarray(photograph))[None]).numpy()[0]
        assert np.abs(theirs - template).max() < 1e-6


@pytest.mark.needs_shared
def test_a_template_is_a_unit_vector(facenet_matcher, london_photographs):
    templates = facenet_matcher.extract(london_photographs[:2])
    assert np.linalg.norm(templates, axis=1) == pytest.approx(1, abs=1e-6)


@pytest.mark.needs_shared
def test_failures_keep_their_places(random_weights, london_photographs):
    both = np.concatenate(london_photographs[:2], axis=1)
    options = MatcherOptions(
        "f", weights=str(random_weights), faces=FaceChoice("refuse"), device="cpu"
    )
    refusing = build_matcher("facenet", options)
    empty = np.zeros((64, 64, 3), np.uint8)
    outcomes = refusing.extract([empty, london_photographs[0], both])
    assert outcomes[0] is FailureReason.NO_FACE
    assert isinstance(outcomes[1], np.ndarray)
    assert outcomes[2] is FailureReason.SEVERAL_FACES


@pytest.mark.parametrize("shape", [(1, 1, 3), (19, 400, 3), (21, 21, 3), (64, 64, 3)])
@pytest.mark.parametrize("filled", [0, None], ids=["black", "noise"])
def test_a_photograph_without_a_face_is_a_failure(facenet_matcher, shape, filled):
    photograph = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    if filled is not None:
        photograph[:] = filled
    assert facenet_matcher.extract([photograph]) == [FailureReason.NO_FACE]


def test_the_report_is_told_how_the_scores_came_about(facenet_matcher):
    assert facenet_matcher.score_kind is ScoreKind.INNER_PRODUCT
    assert "MTCNN of facenet-pytorch" in facenet_matcher.facts["detector"]
    assert "thresholds (0.6, 0.7, 0.7)" in facenet_matcher.facts["detector"]
    assert facenet_matcher.facts["weights"] == "random.pt"
    assert "unconfirmed" in facenet_matcher.facts["weights sha256"]


def test_the_digest_follows_the_weights_and_not_their_files_name(
    facenet_matcher, random_weights, tmp_path
):
    renamed, other = tmp_path / "renamed.pt", tmp_path / "other.pt"
    renamed.write_bytes(random_weights.read_bytes())
    state = torch.load(random_weights, weights_only=True)
    torch.save(state | {"last_bn.bias": state["last_bn.bias"] + 1}, other)
    built = [
        build_matcher("facenet", MatcherOptions("f", weights=str(path), device="cpu"))
        for path in (renamed, other)
    ]
    assert built[0].digest == facenet_matcher.digest
    assert built[1].digest != facenet_matcher.digest


def test_a_missing_weights_file_is_named_with_the_published_ones(tmp_path):
    with pytest.raises(RequestError, match=r"there is no file .*vggface2, casia-webface"):
        build_matcher("facenet", MatcherOptions("f", weights=str(tmp_path / "none.pt")))


class Harmful:
    """What a pickle may do when it is opened carelessly."""

    def __reduce__(self):
        return (pytest.fail, ("the weights file was run as a program",))


@pytest.mark.parametrize("content", [{"a": 1}, "no dictionary", Harmful()])
def test_a_file_of_something_else_is_refused_and_never_run(tmp_path, content):
    path = tmp_path / "other.pt"
    torch.save(content, path)
    with pytest.raises(RequestError, match="does not hold the weights"):
        build_matcher("facenet", MatcherOptions("f", weights=str(path), device="cpu"))


@pytest.mark.parametrize(
    ("wrong", "named"),
    [({"detector": "dlib"}, r"matchers\.detector"), ({"device": "tpu"}, r"compute\.device")],
)
def test_a_setting_that_cannot_be_is_refused(wrong, named):
    with pytest.raises(RequestError, match=named):
        build_matcher("facenet", MatcherOptions("f", **wrong))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_cuda_without_a_device_is_refused(random_weights):
    with pytest.raises(RequestError, match="PyTorch finds none"):
        build_matcher("facenet", MatcherOptions("f", weights=str(random_weights), device="cuda"))
