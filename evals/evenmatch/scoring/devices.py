"""Which device counts: the CPU's own kernels, or PyTorch's device."""

from __future__ import annotations

import sys
from importlib.util import find_spec

from evenmatch.data.torch_device import torch_device as existing_device

CPU = "cpu"
TORCH_CPU = "torch"  # the PyTorch path on the CPU device, as the tests run it


def torch_device(asked: str, *, worth_it: bool) -> str | None:
    """Return the PyTorch device to count on, or None for the CPU's own kernels.

    Args:
        asked: `auto`, `cpu`, `torch`, or a PyTorch device such as `cuda` or `cuda:1`.
        worth_it: whether the work is worth importing torch to look for a device.

    Raises:
        RequestError: there is no such device here, or PyTorch is not installed.
    """
    if asked == CPU:
        return None
    if asked == TORCH_CPU:
        return CPU
    look = "torch" in sys.modules or (worth_it and find_spec("torch") is not None)
    if asked == "auto" and not look:
        return None
    found = existing_device(asked)
    return None if found.type == CPU else str(found)
