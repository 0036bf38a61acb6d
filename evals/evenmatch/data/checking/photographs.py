"""Every photograph read once: whether it opens, what it is, and what it looks like."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageOps

from evenmatch.data.checking.near import SIDE
from evenmatch.data.pictures import FORMATS, PIXEL_LIMIT
from evenmatch.data.progress import Progress, silent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

BYTE_LIMIT: Final = 512_000_000
_BATCH: Final = 512


@dataclass(frozen=True)
class Photograph:
    """One photograph as it was read.

    Attributes:
        file: digest of its bytes.
        pixels: digest of what it shows, upright, in RGB.
        thumb: 32 by 32 grey levels.
    """

    file: bytes
    pixels: bytes
    thumb: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Album:
    """The photographs of a benchmark, those that could be read.

    Attributes:
        paths: their paths.
        files: digests of their bytes.
        pixels: digests of what they show.
        thumbs: their grey levels, (n, 1024).
        missing: paths without a file.
        unreadable: path and why it is no photograph.
    """

    paths: tuple[str, ...]
    files: tuple[bytes, ...]
    pixels: tuple[bytes, ...]
    thumbs: npt.NDArray[np.uint8]
    missing: tuple[str, ...]
    unreadable: tuple[tuple[str, str], ...]


def read_album(root: Path, paths: Sequence[str], progress: Progress = silent) -> Album:
    """Read photographs, each path once.

    A photograph takes some 1.4 kilobytes of memory here, whatever its size on disk.
    """
    distinct = list(dict.fromkeys(path for path in paths if path))
    read: list[tuple[str, bytes, bytes]] = []
    thumbs = bytearray()
    missing, unreadable = [], []
    workers = min(8, os.cpu_count() or 1)
    with (
        progress("reading photographs", len(distinct)) as task,
        ThreadPoolExecutor(workers) as pool,
    ):
        for start in range(0, len(distinct), _BATCH):
            batch = distinct[start : start + _BATCH]
            for path, seen in zip(batch, pool.map(lambda p: _look(root / p), batch), strict=True):
                if seen is None:
                    missing.append(path)
                elif isinstance(seen, str):
                    unreadable.append((path, seen))
                else:
                    read.append((path, seen.file, seen.pixels))
                    thumbs += seen.thumb.tobytes()
            task.advance(len(batch))
    return Album(
        paths=tuple(path for path, _, _ in read),
        files=tuple(file for _, file, _ in read),
        pixels=tuple(pixels for _, _, pixels in read),
        thumbs=np.frombuffer(thumbs, dtype=np.uint8).reshape(len(read), SIDE * SIDE),
        missing=tuple(missing),
        unreadable=tuple(unreadable),
    )


def _look(path: Path) -> Photograph | str | None:
    """Return the photograph, why it cannot be read, or None where there is no file."""
    try:
        if not path.is_file():
            return None
        if path.stat().st_size > BYTE_LIMIT:
            return f"larger than {BYTE_LIMIT:,} bytes"
        data = path.read_bytes()
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > PIXEL_LIMIT:
                return f"more than {PIXEL_LIMIT:,} pixels"
            return _shown(data, image)
    except MemoryError:
        raise
    except Exception as damage:  # noqa: BLE001 - a damaged file makes decoders raise anything at all
        return str(damage).split("\n", maxsplit=1)[0][:120] or type(damage).__name__


def _shown(data: bytes, image: Image.Image) -> Photograph | str:
    upright = ImageOps.exif_transpose(image)
    if upright.mode in {"I", "F"}:
        return f"holds no 8-bit or 16-bit levels (mode {upright.mode})"
    if upright.mode.startswith("I;16"):
        upright = Image.fromarray((np.asarray(upright).astype(np.uint16) >> 8).astype(np.uint8))
    picture = upright.convert("RGB")
    small = picture.convert("L").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    size = f"{picture.width}x{picture.height} ".encode()
    return Photograph(
        file=hashlib.sha256(data).digest(),
        pixels=hashlib.sha256(size + picture.tobytes()).digest(),
        thumb=np.array(small, dtype=np.uint8).ravel(),
    )
