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
from evenmatch.matching.faces import checked_policy, choose_face
from evenmatch.matching.matcher import FailureReason, ScoreKind
from evenmatch.matching.mtcnn import MtcnnDetector
from evenmatch.matching.weights import settings_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from evenmatch.matching.options import MatcherOptions

CROP_PIXELS: Final = 160
# Faces go through the network in stacks of one size, short ones filled up: another size would
# take another path through the arithmetic, and a template must not depend on its neighbours.
STACK: Final = {"cpu": 1, "cuda": 32}


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
        self._faces = checked_policy(options.faces)
        self._torch = load_module("torch")
        self._device = torch_device(options.device)
        self._detector = MtcnnDetector(options.device)
        weights = options.weights or "vggface2"
        path = fetched(weights, options.progress) if weights in WEIGHTS else Path(weights)
        self._network = self._load(path)
        card = weight_card(weights, path)
        settings = {
            "detector": self._detector.settings,
            "several faces": self._faces,
            "crop": f"the detected box, whole pixels, no margin, bilinear to {CROP_PIXELS} pixels",
            "computed on": str(self._device.type),
            "facenet-pytorch": version("facenet-pytorch"),
        }
        self.facts = card.facts() | settings
        if weights in WEIGHTS:
            self.facts["published accuracy"] = WEIGHTS[weights].accuracy
        decisive = {"kind": "facenet", "weights": card.sha256, "stack": str(STACK)}
        self.digest = settings_digest(decisive | settings)

    def extract(
        self, photographs: Sequence[npt.NDArray[np.uint8]]
    ) -> list[npt.NDArray[np.float32] | FailureReason]:
        """Return one template, or one reason for having none, for each RGB photograph."""
        crops = [self._crop(photograph) for photograph in photographs]
        found = [crop for crop in crops if not isinstance(crop, FailureReason)]
        templates = iter(self._templates(found))
        return [crop if isinstance(crop, FailureReason) else next(templates) for crop in crops]

    def _crop(self, photograph: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32] | FailureReason:
        height, width = photograph.shape[:2]
        face = choose_face(self._detector.detect(photograph), self._faces, (height, width))
        if isinstance(face, FailureReason):
            return face
        left, top = int(max(face.left, 0)), int(max(face.top, 0))
        right, bottom = int(min(face.right, width)), int(min(face.bottom, height))
        if right <= left or bottom <= top:
            return FailureReason.NO_FACE
        crop = Image.fromarray(photograph).crop((left, top, right, bottom))
        square = crop.resize((CROP_PIXELS, CROP_PIXELS), Image.Resampling.BILINEAR)
        return (np.asarray(square, dtype=np.float32) - np.float32(127.5)) / np.float32(128.0)

    def _templates(self, crops: list[npt.NDArray[np.float32]]) -> list[npt.NDArray[np.float32]]:
        stack = STACK[self._device.type]
        made: list[npt.NDArray[np.float32]] = []
        for first in range(0, len(crops), stack):
            part = crops[first : first + stack]
            full = np.zeros((stack, CROP_PIXELS, CROP_PIXELS, 3), dtype=np.float32)
            full[: len(part)] = part
            made.extend(self._forward(full)[: len(part)])
        return made

    def _forward(self, crops: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        images = self._torch.from_numpy(crops).permute(0, 3, 1, 2).contiguous().to(self._device)
        with self._torch.inference_mode():
            vectors = self._network(images).cpu().numpy()
        return np.asarray(vectors, dtype=np.float32)

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
        return network.eval().to(self._device)
