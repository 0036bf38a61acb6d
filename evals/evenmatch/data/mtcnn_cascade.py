"""The three networks of MTCNN with the weights that facenet-pytorch carries: boxes and points.

Zhang, K., Zhang, Z., Li, Z., & Qiao, Y. (2016). Joint face detection and alignment using
multitask cascaded convolutional networks. IEEE Signal Processing Letters 23(10):1499-1503.
"""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from evenmatch.data.torch_device import load_module, torch_device

if TYPE_CHECKING:
    import numpy.typing as npt

SMALLEST_FACE: Final = 20
THRESHOLDS: Final = (0.6, 0.7, 0.7)
PYRAMID_FACTOR: Final = 0.709
NETWORKS: Final = ("PNet", "RNet", "ONet")


class MtcnnCascade:
    """Face boxes and five points each: three networks, each throwing out most of the one before.

    Attributes:
        settings: everything that decides what it finds, in words for the report.
    """

    def __init__(self, device: str = "cpu") -> None:
        self._torch = load_module("torch")
        self._device = torch_device(device)
        package = load_module("facenet_pytorch")
        folder = Path(str(package.__file__)).parent / "data"
        files = {name: folder / f"{name.lower()}.pt" for name in NETWORKS}
        self._networks = tuple(self._network(package, name, files[name]) for name in NETWORKS)
        self._cascade = load_module("facenet_pytorch.models.utils.detect_face").detect_face
        digests = "/".join(hashlib.sha256(f.read_bytes()).hexdigest()[:12] for f in files.values())
        self.settings = (
            f"MTCNN of facenet-pytorch {version('facenet-pytorch')} (weights {digests}), faces "
            f"from {SMALLEST_FACE} pixels, thresholds {THRESHOLDS}, pyramid {PYRAMID_FACTOR}, "
            f"computed on {self._device.type} by PyTorch {self._torch.__version__}"
        )

    def find(
        self, photograph: npt.NDArray[np.uint8]
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return boxes `(faces, left top right bottom score)` and points `(faces, 5, 2)`."""
        nothing = np.empty((0, 5)), np.empty((0, 5, 2))
        if min(photograph.shape[:2]) < SMALLEST_FACE:
            return nothing
        try:
            with self._torch.inference_mode():
                boxes, points = self._cascade(
                    photograph,
                    SMALLEST_FACE,
                    *self._networks,
                    THRESHOLDS,
                    PYRAMID_FACTOR,
                    self._device,
                )
        except RuntimeError as error:
            # The cascade stacks the crops of its proposals without asking whether there are any.
            if "non-empty" in str(error):
                return nothing
            raise
        if len(boxes[0]) == 0:
            return nothing
        return np.asarray(boxes[0], float)[:, :5], np.asarray(points[0], float)

    def _network(self, package: Any, name: str, file: Path) -> Any:  # noqa: ANN401 - torch modules
        network = getattr(package, name)(pretrained=False)
        network.load_state_dict(self._torch.load(file, map_location="cpu", weights_only=True))
        return network.eval().to(self._device)
