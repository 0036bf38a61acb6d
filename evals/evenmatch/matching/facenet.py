"""FaceNet as facenet-pytorch has it: MTCNN, then InceptionResnetV1, 512 numbers a face.

Schroff, F., Kalenichenko, D., & Philbin, J. (2015). FaceNet: a unified embedding for face
recognition and clustering. CVPR 2015, for the idea; the weights are David Sandberg's, converted.
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image

from evenmatch.data.torch_device import load_module, torch_device
from evenmatch.errors import RequestError
from evenmatch.matching.facenet_weights import WEIGHTS, fetched, weight_card
from evenmatch.matching.faces import choose_face
from evenmatch.matching.forward import Forward
from evenmatch.matching.matcher import FailureReason, ScoreKind
from evenmatch.matching.mtcnn import MtcnnDetector
from evenmatch.matching.weights import settings_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from evenmatch.matching.faces import FaceBox
    from evenmatch.matching.options import MatcherOptions

CROP_PIXELS: Final = 160


class FacenetMatcher:
    """The face MTCNN finds, cropped to 160 pixels, as a unit vector of 512 numbers."""

    dimension = 512
    score_kind = ScoreKind.INNER_PRODUCT

    def __init__(self, options: MatcherOptions) -> None:
        if options.detector not in (None, "mtcnn"):
            raise RequestError(
                f"matchers.detector: {options.detector!r}; the matcher kind `facenet` crops what "
                "MTCNN finds. Remove the key or set it to mtcnn."
            )
        self.name = options.name
        self._faces = options.faces
        self._torch = load_module("torch")
        self._device = torch_device(options.device)
        self._detector = MtcnnDetector(options.device)
        weights = options.weights or "vggface2"
        path = fetched(weights, options.progress) if weights in WEIGHTS else Path(weights)
        self._describe = Forward(self._load(path).eval(), self._device, options.arithmetic)
        card = weight_card(weights, path)
        settings = {
            "detector": self._detector.settings,
            "several faces": str(self._faces),
            "crop": f"the detected box, whole pixels, no margin, bilinear to {CROP_PIXELS} pixels",
            "computed on": str(self._device.type),
            "arithmetic": self._describe.settings,
            "facenet-pytorch": version("facenet-pytorch"),
        }
        self.facts = (
            card.facts() | settings | self._describe.effect((CROP_PIXELS, CROP_PIXELS), _scaled)
        )
        if weights in WEIGHTS:
            self.facts["published accuracy"] = WEIGHTS[weights].accuracy
        self.digest = settings_digest({"kind": "facenet", "weights": card.sha256} | settings)

    def extract(
        self, photographs: Sequence[npt.NDArray[np.uint8]]
    ) -> list[npt.NDArray[np.float32] | FailureReason]:
        """Return one template, or one reason for having none, for each RGB photograph."""
        faces = self._detector.detect(photographs)
        crops = [self._crop(*each) for each in zip(photographs, faces, strict=True)]
        found = [crop for crop in crops if not isinstance(crop, FailureReason)]
        templates = iter(self._describe(np.stack(found)) if found else ())
        return [crop if isinstance(crop, FailureReason) else next(templates) for crop in crops]

    def _crop(
        self, photograph: npt.NDArray[np.uint8], faces: list[FaceBox]
    ) -> npt.NDArray[np.float32] | FailureReason:
        height, width = photograph.shape[:2]
        face = choose_face(faces, self._faces, (height, width))
        if isinstance(face, FailureReason):
            return face
        left, top = int(max(face.left, 0)), int(max(face.top, 0))
        right, bottom = int(min(face.right, width)), int(min(face.bottom, height))
        if right <= left or bottom <= top:
            return FailureReason.NO_FACE
        crop = Image.fromarray(photograph).crop((left, top, right, bottom))
        square = crop.resize((CROP_PIXELS, CROP_PIXELS), Image.Resampling.BILINEAR)
        return _scaled(np.asarray(square))

    def _load(self, path: Path) -> Any:  # noqa: ANN401 - a torch module
        network = load_module("facenet_pytorch").InceptionResnetV1(pretrained=None, classify=False)
        try:
            state = self._torch.load(path, map_location="cpu", weights_only=True)
            kept = {key: value for key, value in state.items() if not key.startswith("logits.")}
            network.load_state_dict(kept)
        except FileNotFoundError as missing:
            raise RequestError(
                f"matchers.weights: there is no file {path}. Give the path of a .pt file, "
                f"or one of {', '.join(WEIGHTS)}."
            ) from missing
        except Exception as wrong:
            raise RequestError(
                f"matchers.weights: {path} does not hold the weights of facenet-pytorch's "
                f"InceptionResnetV1 ({type(wrong).__name__}). Give a state dictionary of that "
                f"network, saved by torch.save, or one of {', '.join(WEIGHTS)}."
            ) from wrong
        return network


def _scaled(faces: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    return (np.asarray(faces, dtype=np.float32) - np.float32(127.5)) / np.float32(128.0)
