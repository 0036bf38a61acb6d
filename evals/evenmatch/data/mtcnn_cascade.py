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
    from collections.abc import Sequence

    import numpy.typing as npt

    Found = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]

SMALLEST_FACE: Final = 20
THRESHOLDS: Final = (0.6, 0.7, 0.7)
PYRAMID_FACTOR: Final = 0.709
# Photographs of one size that go through the networks together.
TOGETHER: Final = {"cpu": 8, "cuda": 64}
NETWORKS: Final = ("PNet", "RNet", "ONet")


# What a photograph's neighbours in a batch change of a box or a point, its last digits of float32,
# is rounded away: fractions of a pixel that are kept, and of a score.
KEPT: Final = 64


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

    def find(self, photographs: Sequence[npt.NDArray[np.uint8]]) -> list[Found]:
        """Return for each RGB photograph its boxes and points.

        Boxes are `(faces, left top right bottom score)` and points `(faces, 5, 2)`, float64.
        Photographs of one size go through together. Boxes and points are rounded to a 64th of a
        pixel, so that a photograph's neighbours do not move them.
        """
        found: dict[int, Found] = {}
        by_size: dict[tuple[int, ...], list[int]] = {}
        for place, photograph in enumerate(photographs):
            by_size.setdefault(photograph.shape, []).append(place)
        together = TOGETHER[self._device.type]
        for places in by_size.values():
            for first in range(0, len(places), together):
                part = places[first : first + together]
                stack = np.stack([photographs[place] for place in part])
                found.update(zip(part, self._stack(stack), strict=True))
        return [found[place] for place in range(len(photographs))]

    def _stack(self, photographs: npt.NDArray[np.uint8]) -> list[Found]:
        nothing = np.empty((0, 5)), np.empty((0, 5, 2))
        if min(photographs.shape[1:3]) < SMALLEST_FACE:
            return [nothing] * len(photographs)
        try:
            with self._torch.inference_mode():
                boxes, points = self._cascade(
                    photographs,
                    SMALLEST_FACE,
                    *self._networks,
                    THRESHOLDS,
                    PYRAMID_FACTOR,
                    self._device,
                )
        except (RuntimeError, IndexError):
            # The cascade takes for granted that there are proposals and that each can be cropped;
            # alone, a photograph's trouble is its own.
            if len(photographs) == 1:
                return [nothing]
            return [each for one in photographs for each in self._stack(one[None])]
        return [
            (_settled(np.asarray(b, float)[:, :5]), _settled(np.asarray(p, float)))
            if len(b)
            else nothing
            for b, p in zip(boxes, points, strict=True)
        ]

    def _network(self, package: Any, name: str, file: Path) -> Any:  # noqa: ANN401 - torch modules
        network = getattr(package, name)(pretrained=False)
        network.load_state_dict(self._torch.load(file, map_location="cpu", weights_only=True))
        return network.eval().to(self._device).to(memory_format=self._torch.channels_last)


def _settled(found: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(np.round(found * KEPT) / KEPT, dtype=np.float64)
