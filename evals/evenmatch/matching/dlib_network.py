"""dlib's published descriptor network in PyTorch: the same weights, in batches, on any device.

The layers are those of `dnn_face_recognition_ex.cpp` among dlib's examples (King, D. E., 2009,
Dlib-ml: a machine learning toolkit, JMLR 10:1755-1758): a residual network of 29 convolutions over
a face of 150 by 150 pixels. Three of dlib's habits differ from PyTorch's: a convolution of stride
two is not padded, a block that grows narrower adds an average-pooled copy of its input, and tensors
of unlike sizes are added as if the smaller were filled up with zeros.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from evenmatch.data.torch_device import load_module
from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy.typing as npt

DIMENSION: Final = 128
# Mean red, green and blue that dlib's `input_rgb_image_sized` takes away before dividing by 256.
MEAN: Final = (122.782, 117.001, 104.298)
# Filters of every residual block in the order of computing, and its stride.
BLOCKS: Final = (
    *((32, 1),) * 3,
    *((64, 2), (64, 1), (64, 1), (64, 1)),
    *((128, 2), (128, 1), (128, 1)),
    *((256, 2), (256, 1), (256, 1)),
    (256, 2),
)


def read_tensors(path: Path) -> Iterator[npt.NDArray[np.float32]]:
    """Yield the network's parameters in the order of computing, straight from dlib's file.

    For every convolution its filters with their biases as one row, shape `(filters * inputs *
    rows * columns + filters,)`, and the scales and shifts behind it, `(2 * filters,)`; at the end
    the projection, `(256, 128)`. Nothing in the file is run: a tensor is a header of lengths that
    has to be the expected one, and raw little-endian float32.

    Raises:
        RequestError: the file does not hold this network.
    """
    data = path.read_bytes()
    place = 0
    for shape in _shapes():
        header = _header(shape)
        start = data.find(header, place) + len(header)
        place = start + 4 * prod(shape)
        if start < len(header) or place > len(data):
            raise RequestError(
                f"{path} is not dlib's published descriptor network. Reinstall the package "
                "face_recognition_models: pip install --force-reinstall 'evenmatch[dlib]'"
            )
        numbers = np.frombuffer(data, dtype="<f4", count=prod(shape), offset=start)
        yield numbers.astype(np.float32).reshape(shape)


def _shapes() -> Iterator[tuple[int, ...]]:
    inputs = 32
    yield (32 * 3 * 7 * 7 + 32,)
    yield (2 * 32,)
    for filters, _ in BLOCKS:
        for channels in (inputs, filters):
            yield (filters * channels * 3 * 3 + filters,)
            yield (2 * filters,)
        inputs = filters
    yield (inputs, DIMENSION)


def _header(shape: tuple[int, ...]) -> bytes:
    """Return the bytes before a tensor: format version 2 and four lengths.

    A whole number is one byte that counts its bytes, then those, the lowest first.
    """
    lengths = (2, *shape, *(1,) * (4 - len(shape)))
    numbers = (n.to_bytes((n.bit_length() + 7) // 8, "little") for n in lengths)
    return b"".join(bytes([len(number)]) + number for number in numbers)


def build_network(path: Path) -> Any:  # noqa: ANN401 - a torch.nn.Module
    """Return the network with the weights at `path`.

    It takes faces of 150 by 150 pixels, RGB from 0 to 255, shape (n, 3, 150, 150), and gives
    float32 (n, 128).

    Raises:
        RequestError: the file does not hold this network, or PyTorch is not installed.
    """
    load_module("torch")
    from evenmatch.matching.dlib_layers import DescriptorNetwork  # noqa: PLC0415 - needs torch

    network = DescriptorNetwork(BLOCKS, MEAN, DIMENSION)
    network.take(list(read_tensors(path)))
    return network
