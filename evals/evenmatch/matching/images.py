"""Photographs from files: inside their root, within a pixel limit, upright, RGB."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Final

import numpy as np
import PIL
from PIL import Image, ImageOps

from evenmatch.data.pictures import FORMATS, PIXEL_LIMIT
from evenmatch.errors import RequestError
from evenmatch.files import leads_inside
from evenmatch.matching.matcher import FailureReason

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy.typing as npt

BYTE_LIMIT: Final = 512_000_000
# Names every rule that decides a pixel's value; templates are cached under it.
READING: Final = f"rules 1, pixel limit {PIXEL_LIMIT}, Pillow {PIL.__version__}"
NAMED: Final = 5


def reading(resize_to: int | None) -> tuple[str, str]:
    """Return what, beside a photograph's file, decides its pixels; answers are kept under it."""
    return READING, f"resize_to {resize_to}"


def inside(root: Path, path: str) -> Path:
    """Return the file that path means below root.

    Raises:
        RequestError: the path, or what it links to, lies outside root.
    """
    if not leads_inside(root, path):
        raise RequestError(
            f"a photograph lies outside the benchmark's root {root}, or is a link that leads out. "
            "Give a path below the root, or name another root in the run."
        )
    return (root / path).resolve()


def check_photographs(root: Path, paths: Iterable[str]) -> None:
    """Check before a run that every photograph is there.

    Raises:
        RequestError: a path is blank, lies outside root or has no file. Paths may name people, so
            it says which of the photographs they are, as the benchmark counts them.
    """
    distinct = list(dict.fromkeys(paths))
    if "" in distinct:
        raise RequestError(
            "some samples have no photograph: their path is blank. Fill the column `path` of the "
            "manifest, or use a matcher of kind `scores`, which reads no photographs."
        )
    base = root.resolve()
    missing = [n for n, path in enumerate(distinct, 2) if not inside(base, path).is_file()]
    if missing:
        named = ", ".join(map(str, missing[:NAMED])) + (", ..." if len(missing) > NAMED else "")
        raise RequestError(
            f"{len(missing)} of {len(distinct)} photographs are not below {root}, those of the "
            f"manifest's rows {named}, the heading being row 1. Check `benchmark.root` and the "
            "column `path`; `evenmatch datasets check` lists them all."
        )


def photograph_bytes(root: Path, path: str) -> bytes | FailureReason:
    """Return a photograph's file as it is on disk, or UNREADABLE.

    Raises:
        RequestError: the path lies outside root, or there is no such file.
    """
    found = inside(root, path)
    if not found.is_file():
        check_photographs(root, [path])
    try:
        if found.stat().st_size > BYTE_LIMIT:
            return FailureReason.UNREADABLE
        return found.read_bytes()
    except OSError:
        return FailureReason.UNREADABLE


def decode(data: bytes) -> npt.NDArray[np.uint8] | FailureReason:
    """Return a photograph as an upright RGB array (rows, columns, 3), or UNREADABLE.

    A picture of more than 64 million pixels is unreadable whatever its file claims.
    """
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > PIXEL_LIMIT:
                return FailureReason.UNREADABLE
            return _to_rgb(image)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - a damaged file makes decoders raise anything at all
        return FailureReason.UNREADABLE


def read_photograph(root: Path, path: str) -> npt.NDArray[np.uint8] | FailureReason:
    """Return the photograph at path below root as an upright RGB array, or UNREADABLE.

    Raises:
        RequestError: the path lies outside root, or there is no such file.
    """
    data = photograph_bytes(root, path)
    return data if isinstance(data, FailureReason) else decode(data)


def enlarged(photograph: npt.NDArray[np.uint8], size: int | None) -> npt.NDArray[np.uint8]:
    """Return a small photograph with its longer side at `size` pixels, bicubic; never smaller.

    Detectors overlook faces below some 80 pixels, so a card can ask for it (`resize_to`).
    """
    longer = max(photograph.shape[:2])
    if size is None or longer >= size:
        return photograph
    height, width = (max(1, round(side * size / longer)) for side in photograph.shape[:2])
    picture = Image.fromarray(photograph).resize((width, height), Image.Resampling.BICUBIC)
    return np.array(picture, dtype=np.uint8)


def _to_rgb(image: Image.Image) -> npt.NDArray[np.uint8] | FailureReason:
    upright = ImageOps.exif_transpose(image)
    if upright.mode in {"I", "F"}:  # no agreed range of values: any scaling would be invented
        return FailureReason.UNREADABLE
    if upright.mode.startswith("I;16"):
        grey = (np.asarray(upright).astype(np.uint16) >> 8).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    return np.array(upright.convert("RGB"), dtype=np.uint8)
