"""Which device counts: the CPU's own kernels, or PyTorch's device."""

from __future__ import annotations

import importlib.util
import sys

from evenmatch.errors import RequestError

CPU = "cpu"
TORCH_CPU = "torch"  # the PyTorch path on the CPU device, as the tests run it


def torch_device(asked: str, *, worth_it: bool) -> str | None:
    """Return the PyTorch device to count on, or None for the CPU's own kernels.

    Args:
        asked: `auto`, `cpu`, `torch`, or a PyTorch device such as `cuda` or `cuda:1`.
        worth_it: whether the work is worth importing torch to look for a device.

    Raises:
        RequestError: the device is not there.
    """
    if asked == CPU:
        return None
    if asked == TORCH_CPU:
        return CPU
    if asked == "auto":
        look = "torch" in sys.modules or (worth_it and _installed())
        return "cuda" if look and _has_cuda() else None
    if not asked.startswith("cuda"):
        raise RequestError(f"compute.device: {asked!r} is no device; write auto, cpu or cuda.")
    if not _installed() or not _has_cuda():
        raise RequestError(
            f"compute.device: {asked} is not to be found on this machine; write `device: cpu`, or "
            "install a build of torch for the graphics card."
        )
    return asked


def _installed() -> bool:
    return importlib.util.find_spec("torch") is not None


def _has_cuda() -> bool:
    import torch  # noqa: PLC0415 -- optional

    return bool(torch.cuda.is_available())
