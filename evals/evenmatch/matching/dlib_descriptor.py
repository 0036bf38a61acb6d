"""dlib's published face descriptor: 128 numbers a face, compared by Euclidean distance.

King, D. E. (2009). Dlib-ml: a machine learning toolkit. JMLR 10:1755-1758; the models are
described at https://github.com/davisking/dlib-models.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from evenmatch.data.dlib_models import load_dlib, model_path
from evenmatch.data.torch_device import torch_device
from evenmatch.errors import RequestError
from evenmatch.matching.dlib_network import build_network
from evenmatch.matching.faces import Detector, FaceBox, choose_face
from evenmatch.matching.forward import Forward
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

    def detect(self, photographs: Sequence[npt.NDArray[np.uint8]]) -> list[list[FaceBox]]:
        """Return every face found in each RGB photograph, in any order."""
        return [self._in(photograph) for photograph in photographs]

    def _in(self, photograph: npt.NDArray[np.uint8]) -> list[FaceBox]:
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
        self._faces = options.faces
        self._detector = _detector(options)
        self._dlib = dlib
        self._landmarks = dlib.shape_predictor(str(model_path("landmarks_5")))
        self._network = _network(options)
        card = _weight_card()
        settings = {
            "detector": self._detector.settings,
            "several faces": str(self._faces),
            "alignment": (
                f"five points (dlib shape predictor {file_sha256(model_path('landmarks_5'))}), "
                f"box edges rounded to pixels, chip of {CHIP_PIXELS} pixels, padding {CHIP_PADDING}"
            ),
            "jitter": "none",
            "network": self._network.settings,
            "dlib": str(dlib.__version__),
        }
        self.facts = card.facts() | settings | self._network.effect()
        self.digest = settings_digest({"kind": "dlib", "weights": card.sha256} | settings)

    def extract(
        self, photographs: Sequence[npt.NDArray[np.uint8]]
    ) -> list[npt.NDArray[np.float32] | FailureReason]:
        """Return one template, or one reason for having none, for each RGB photograph."""
        whole = [np.ascontiguousarray(photograph) for photograph in photographs]
        faces = self._detector.detect(whole)
        chips = [self._chip(*each) for each in zip(whole, faces, strict=True)]
        found = [chip for chip in chips if not isinstance(chip, FailureReason)]
        templates = iter(self._network(np.stack(found)) if found else ())
        return [chip if isinstance(chip, FailureReason) else next(templates) for chip in chips]

    def _chip(
        self, photograph: npt.NDArray[np.uint8], faces: list[FaceBox]
    ) -> npt.NDArray[np.uint8] | FailureReason:
        height, width = photograph.shape[:2]
        face = choose_face(faces, self._faces, (height, width))
        if isinstance(face, FailureReason):
            return face
        shape = self._landmarks(photograph, self._rectangle(face))
        chip = self._dlib.get_face_chip(photograph, shape, CHIP_PIXELS, CHIP_PADDING)
        return np.asarray(chip, dtype=np.uint8)

    def _rectangle(self, face: FaceBox) -> Any:  # noqa: ANN401 - dlib carries no types
        edges = (face.left, face.top, face.right, face.bottom)
        return self._dlib.rectangle(*(round(edge) for edge in edges))


class OwnNetwork:
    """The network as dlib computes it, for machines without PyTorch."""

    settings = "dlib's own module, one face at a time"

    def __init__(self) -> None:
        self._describe = load_dlib().face_recognition_model_v1(str(model_path("descriptor")))

    def __call__(self, chips: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return float32 (n, 128) of RGB faces (n, 150, 150, 3)."""
        described = [self._describe.compute_face_descriptor(chip) for chip in chips]
        return np.array(described, dtype=np.float32)

    def effect(self) -> dict[str, str]:
        """Say nothing: this is the network as published."""
        return {}


class TorchNetwork:
    """The same network and weights in PyTorch: in batches, on any device."""

    def __init__(self, options: MatcherOptions) -> None:
        network = build_network(model_path("descriptor")).eval()
        device = torch_device(options.device)
        self._forward = Forward(network, device, options.arithmetic)
        self.settings = f"PyTorch on {device.type}, {self._forward.settings}"

    def __call__(self, chips: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return float32 (n, 128) of RGB faces (n, 150, 150, 3)."""
        return self._forward(chips)

    def effect(self) -> dict[str, str]:
        """Say what the asked precision does to scores."""
        return self._forward.effect((CHIP_PIXELS, CHIP_PIXELS), np.asarray)


def _network(options: MatcherOptions) -> OwnNetwork | TorchNetwork:
    """Return the network on PyTorch where that is installed: some twenty times as fast.

    Raises:
        RequestError: the run asks for what only PyTorch can do, and it is not installed.
    """
    if find_spec("torch") is not None:
        return TorchNetwork(options)
    if options.device.startswith("cuda") or not options.arithmetic.plain:
        raise RequestError(
            "matchers: dlib's own module computes on the CPU in float32 alone, and PyTorch is not "
            "installed. Remove `device`, `precision` and `compile` from `compute`, or install it: "
            "pip install 'evenmatch[torch]'"
        )
    return OwnNetwork()


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
