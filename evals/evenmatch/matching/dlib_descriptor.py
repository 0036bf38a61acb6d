"""dlib's published face descriptor: 128 numbers a face, compared by Euclidean distance.

King, D. E. (2009). Dlib-ml: a machine learning toolkit. JMLR 10:1755-1758; the models are
described at https://github.com/davisking/dlib-models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from evenmatch.data.dlib_models import load_dlib, model_path
from evenmatch.errors import RequestError
from evenmatch.matching.faces import Detector, FaceBox, checked_policy, choose_face
from evenmatch.matching.matcher import FailureReason, ScoreKind
from evenmatch.matching.mtcnn import MtcnnDetector
from evenmatch.matching.weights import WeightCard, file_sha256, settings_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from evenmatch.matching.options import MatcherOptions

CHIP_PIXELS: Final = 150
CHIP_PADDING: Final = 0.25
# The descriptor in face_recognition_models 0.3.0; another works, and the report says it is one.
PUBLISHED: Final = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"


class HogDetector:
    """dlib's frontal face detector: histograms of oriented gradients, no upsampling."""

    settings = "dlib frontal face detector (HOG), no upsampling, score above 0"

    def __init__(self) -> None:
        self._find = load_dlib().get_frontal_face_detector()

    def detect(self, photograph: npt.NDArray[np.uint8]) -> list[FaceBox]:
        """Return every face found in an RGB photograph, in any order."""
        boxes, scores, _ = self._find.run(photograph, 0, 0.0)
        return [
            FaceBox(box.left(), box.top(), box.right(), box.bottom(), score)
            for box, score in zip(boxes, scores, strict=True)
        ]


class DlibMatcher:
    """A face found, turned upright by five points, described by dlib's residual network."""

    dimension = 128
    score_kind = ScoreKind.EUCLIDEAN

    def __init__(self, options: MatcherOptions) -> None:
        dlib = load_dlib()
        self.name = options.name
        self._faces = checked_policy(options.faces)
        self._detector = _detector(options)
        self._dlib = dlib
        self._landmarks = dlib.shape_predictor(str(model_path("landmarks_5")))
        self._describe = dlib.face_recognition_model_v1(str(model_path("descriptor")))
        card = _weight_card()
        settings = {
            "detector": self._detector.settings,
            "several faces": self._faces,
            "alignment": (
                f"five points (dlib shape predictor {file_sha256(model_path('landmarks_5'))}), "
                f"box edges rounded to pixels, chip of {CHIP_PIXELS} pixels, padding {CHIP_PADDING}"
            ),
            "jitter": "none",
            "dlib": str(dlib.__version__),
        }
        self.facts = card.facts() | settings
        self.digest = settings_digest({"kind": "dlib", "weights": card.sha256} | settings)

    def extract(
        self, photographs: Sequence[npt.NDArray[np.uint8]]
    ) -> list[npt.NDArray[np.float32] | FailureReason]:
        """Return one template, or one reason for having none, for each RGB photograph."""
        return [self._template(photograph) for photograph in photographs]

    def _template(
        self, photograph: npt.NDArray[np.uint8]
    ) -> npt.NDArray[np.float32] | FailureReason:
        photograph = np.ascontiguousarray(photograph)
        height, width = photograph.shape[:2]
        face = choose_face(self._detector.detect(photograph), self._faces, (height, width))
        if isinstance(face, FailureReason):
            return face
        shape = self._landmarks(photograph, self._rectangle(face))
        chip = self._dlib.get_face_chip(photograph, shape, CHIP_PIXELS, CHIP_PADDING)
        return np.array(self._describe.compute_face_descriptor(chip), dtype=np.float32)

    def _rectangle(self, face: FaceBox) -> Any:  # noqa: ANN401 - dlib carries no types
        edges = (face.left, face.top, face.right, face.bottom)
        return self._dlib.rectangle(*(round(edge) for edge in edges))


def _detector(options: MatcherOptions) -> Detector:
    if options.weights is not None:
        raise RequestError(
            "matchers.weights: the matcher kind `dlib` has one published file of weights. "
            "Remove the key."
        )
    if options.detector in (None, "dlib"):
        return HogDetector()
    if options.detector == "mtcnn":
        return MtcnnDetector(options.device)
    raise RequestError(
        f"matchers.detector: {options.detector!r} is no detector; choose one of dlib, mtcnn."
    )


def _weight_card() -> WeightCard:
    return WeightCard(
        name="dlib_face_recognition_resnet_model_v1",
        origin="Davis King, https://github.com/davisking/dlib-models",
        licence="public domain, by its author's statement",
        training_set=(
            "about 3 million photographs of 7,485 people: FaceScrub, the Oxford VGG face set and "
            "others collected from the web; no consent is recorded"
        ),
        sha256=file_sha256(model_path("descriptor")),
        expected=PUBLISHED,
    )
