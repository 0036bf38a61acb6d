"""Packages that not every run needs, PyTorch above all, and the device it computes on."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from types import ModuleType


def load_module(name: str, extra: str = "facenet") -> ModuleType:
    """Return a module of another package, imported only now.

    Args:
        name: the module.
        extra: which extra of this package brings it.

    Raises:
        RequestError: it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as missing:
        raise RequestError(
            f"{name} cannot be imported ({missing}). Install it with: "
            f"pip install 'evenmatch[{extra}]'"
        ) from missing


def torch_device(device: str) -> Any:  # noqa: ANN401 - a torch.device, where torch is installed
    """Return the device to compute on; `auto` is CUDA where there is one.

    Raises:
        RequestError: there is no such device here, or PyTorch is not installed.
    """
    named = device.startswith("cuda")
    if device not in ("auto", "cpu") and not named:
        raise RequestError(f"compute.device: {device!r} is no device; write auto, cpu or cuda.")
    torch = load_module("torch", "torch")
    available = bool(torch.cuda.is_available())
    if named and not available:
        raise RequestError(
            f"compute.device: {device} was asked for and PyTorch finds none. "
            "Use `auto` or `cpu`, or install a PyTorch built for this machine's CUDA."
        )
    if named:
        return torch.device(device)
    return torch.device("cuda" if available and device == "auto" else "cpu")
