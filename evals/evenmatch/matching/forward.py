"""Faces through a PyTorch network: in stacks of one size, at the precision the run asks for."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image

from evenmatch.data.card import DEMO_ROOT
from evenmatch.data.torch_device import load_module
from evenmatch.matching.arithmetic import FLOAT32, PUBLISHED, Arithmetic

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Photographs = npt.NDArray[np.uint8]
    Facts = dict[str, str]

# Faces go through the network in stacks of one size, a short one filled up: another size would
# take another path through the arithmetic, and a template must not depend on its neighbours.
STACK: Final = {"cpu": 16, "cuda": 128}
PROBED: Final = 48


class Forward:
    """A network ready to describe faces on a device.

    Attributes:
        settings: what decides a template's last digits, in words for the report.
    """

    def __init__(
        self,
        network: Any,  # noqa: ANN401 - a torch.nn.Module
        device: Any,  # noqa: ANN401 - a torch.device
        arithmetic: Arithmetic = PUBLISHED,
    ) -> None:
        self._torch = load_module("torch")
        self._device = device
        self._arithmetic = arithmetic
        self._stack = STACK[device.type]
        self._plain = network.to(device).to(memory_format=self._torch.channels_last)
        self._network = (
            self._torch.compile(self._plain, dynamic=False) if arithmetic.compiled else self._plain
        )
        self.settings = f"{arithmetic}, {self._stack} faces at a time"

    def __call__(self, faces: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Return the network's float32 output, (n, d), of faces (n, rows, columns, colours)."""
        return self._run(self._network, faces, self._autocast)

    def effect(
        self, size: tuple[int, int], scaled: Callable[[Photographs], npt.NDArray[Any]]
    ) -> Facts:
        """Say how far the asked precision moves scores against float32; empty where it is that.

        Args:
            size: height and width of the faces the network takes.
            scaled: turns RGB bytes into what the network takes.
        """
        if self._arithmetic.plain:
            return {}
        faces = scaled(generated_faces(size))
        exact = self._run(self._plain, faces, nullcontext).astype(np.float64)
        moved = np.abs(_cosines(self(faces).astype(np.float64)) - _cosines(exact))
        return {
            "effect of precision": (
                f"{self._arithmetic} against float32: the similarity (cosine) of two faces moves "
                f"by {moved.mean():.2g} on average and {moved.max():.2g} at most, over "
                f"{moved.size:,} pairs of generated faces"
            )
        }

    def _autocast(self) -> AbstractContextManager[Any]:
        if self._arithmetic.precision == FLOAT32:
            return nullcontext()
        kind = getattr(self._torch, self._arithmetic.precision)
        return self._torch.autocast(self._device.type, kind)  # type: ignore[no-any-return]

    def _run(
        self,
        network: Any,  # noqa: ANN401
        faces: npt.NDArray[Any],
        context: Any,  # noqa: ANN401
    ) -> npt.NDArray[np.float32]:
        made = []
        with self._torch.inference_mode(), context():
            for first in range(0, len(faces), self._stack):
                part = faces[first : first + self._stack]
                full = np.zeros((self._stack, *faces.shape[1:]), dtype=faces.dtype)
                full[: len(part)] = part
                # Colours before rows in name only: the memory stays as channels-last wants it.
                images = self._torch.from_numpy(full).to(self._device).permute(0, 3, 1, 2)
                output = network(images)
                made.append(output.float().cpu().numpy()[: len(part)])
        return np.concatenate(made)


def _cosines(vectors: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    first, second = np.triu_indices(len(unit), 1)
    cosines: npt.NDArray[np.float64] = np.einsum("ij,ij->i", unit[first], unit[second])
    return cosines


@cache
def generated_faces(size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Return some of the generated faces that ship with the program, (n, *size, 3).

    Args:
        size: height and width.
    """
    files = sorted(DEMO_ROOT.rglob("*.png")) + sorted(DEMO_ROOT.rglob("*.jpg"))
    return np.stack([_resized(file, size) for file in files[:: max(1, len(files) // PROBED)]])


def _resized(file: Any, size: tuple[int, int]) -> npt.NDArray[np.uint8]:  # noqa: ANN401
    with Image.open(file) as image:
        face = image.convert("RGB").resize(size[::-1], Image.Resampling.BICUBIC)
    return np.asarray(face, dtype=np.uint8)
