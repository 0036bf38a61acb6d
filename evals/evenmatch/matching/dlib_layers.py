"""The layers of dlib's descriptor network; imported only where PyTorch is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt


class Block(nn.Module):
    """Two convolutions beside their input; of stride two, beside its average over 2 by 2."""

    def __init__(self, inputs: int, filters: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, filters, 3, stride, padding=1 if stride == 1 else 0)
        self.second = nn.Conv2d(filters, filters, 3, padding=1)
        self.stride = stride

    def forward(self, faces: torch.Tensor) -> torch.Tensor:
        """Return the block's output, (n, filters, rows, columns)."""
        changed = self.second(functional.relu(self.first(faces)))
        kept = faces if self.stride == 1 else functional.avg_pool2d(faces, self.stride)
        return functional.relu(_sum(changed, kept))


def _sum(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Add two tensors, the missing rows, columns and channels of either counting as zero."""
    if a.shape == b.shape:
        return a + b
    size = [max(pair) for pair in zip(a.shape[1:], b.shape[1:], strict=True)]
    return _filled(a, size) + _filled(b, size)


def _filled(tensor: torch.Tensor, size: Sequence[int]) -> torch.Tensor:
    # functional.pad counts dimensions from the last.
    missing = [
        each
        for have, want in zip(reversed(tensor.shape[1:]), reversed(size), strict=True)
        for each in (0, want - have)
    ]
    return functional.pad(tensor, missing)


class DescriptorNetwork(nn.Module):
    """The whole network, from pixels to 128 numbers.

    dlib follows every convolution by a scale and a shift a channel; both are folded into the
    convolution's own weights, which changes descriptors by some 1e-7.
    """

    mean: torch.Tensor

    def __init__(
        self, blocks: Sequence[tuple[int, int]], mean: Sequence[float], dimension: int
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1))
        self.entry = nn.Conv2d(3, 32, 7, stride=2)
        inputs = [32, *(filters for filters, _ in blocks)]
        self.blocks = nn.Sequential(
            *(
                Block(before, filters, stride)
                for before, (filters, stride) in zip(inputs, blocks, strict=False)
            )
        )
        self.projection = nn.Linear(inputs[-1], dimension, bias=False)

    def forward(self, faces: torch.Tensor) -> torch.Tensor:
        """Return descriptors (n, dimension) of faces (n, 3, rows, columns) from 0 to 255."""
        pixels = (faces.to(self.mean.dtype) - self.mean) / 256
        entered = functional.max_pool2d(functional.relu(self.entry(pixels)), 3, stride=2)
        described: torch.Tensor = self.projection(self.blocks(entered).mean(dim=(2, 3)))
        return described

    def take(self, tensors: Sequence[npt.NDArray[np.float32]]) -> None:
        """Take the weights in the order of computing, as `dlib_network.read_tensors` gives them."""
        layers = [each for each in self.modules() if isinstance(each, nn.Conv2d)]
        for layer, filters, change in zip(layers, tensors[0:-1:2], tensors[1:-1:2], strict=True):
            _fold(layer, torch.from_numpy(filters), torch.from_numpy(change))
        with torch.no_grad():
            self.projection.weight.copy_(torch.from_numpy(tensors[-1]).T)


def _fold(layer: nn.Conv2d, filters: torch.Tensor, change: torch.Tensor) -> None:
    scale, shift = change.double().chunk(2)
    weights, bias = filters.double()[: -layer.out_channels], filters.double()[-layer.out_channels :]
    with torch.no_grad():
        layer.weight.copy_(weights.view_as(layer.weight) * scale.view(-1, 1, 1, 1))
        if layer.bias is not None:
            layer.bias.copy_(bias * scale + shift)
