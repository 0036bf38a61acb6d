"""One picture from a file and one to a file, for a person to look at."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from evenmatch.errors import RequestError
from evenmatch.files import write_file

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

PIXEL_LIMIT: Final = 64_000_000
# Raster formats only: others (PostScript, for one) start programs of their own. A telephone's MPO
# is read as the JPEG it begins with; as a format of its own Pillow knows none to be opened.
FORMATS: Final = ("JPEG", "PNG", "BMP", "GIF", "PPM", "TIFF", "WEBP", "JPEG2000")
WRITTEN: Final = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
JPEG_QUALITY: Final = 95


def read_picture(path: Path) -> npt.NDArray[np.uint8]:
    """Return a picture as an upright RGB array.

    Raises:
        RequestError: it is missing, is no picture, is too large or has no 8-bit values.
    """
    if not path.is_file():
        raise RequestError(f"there is no picture {path}. Check the path.")
    try:
        with Image.open(BytesIO(path.read_bytes()), formats=FORMATS) as image:
            _check_kind(path, image)
            return np.array(ImageOps.exif_transpose(image).convert("RGB"), dtype=np.uint8)
    except (MemoryError, RequestError):
        raise
    except UnidentifiedImageError:
        raise RequestError(
            f"{path} is no picture of a known kind. Give a JPEG or PNG file."
        ) from None
    except Exception as damage:  # a damaged file makes decoders raise anything at all
        raise RequestError(
            f"{path} cannot be read as a picture ({damage}). Give a JPEG or PNG file."
        ) from damage


def _check_kind(path: Path, image: Image.Image) -> None:
    if image.width * image.height > PIXEL_LIMIT or image.mode[0] in "IF":
        raise RequestError(
            f"{path} is no 8-bit picture of at most {PIXEL_LIMIT // 10**6} million pixels. "
            "Reduce or convert it."
        )


def check_destination(path: Path, *, source: Path) -> None:
    """Check before any work that a picture can be written to path without losing its source.

    Raises:
        RequestError: path is the source itself, is a folder, or ends in no known suffix.
    """
    if path.suffix.lower() not in WRITTEN:
        raise RequestError(
            f"{path.name} does not say how to write the picture. End its name in one of "
            f"{', '.join(WRITTEN)}."
        )
    if path.is_dir():
        raise RequestError(f"{path} is a folder. Name a file in it.")
    if path.exists() and source.exists() and path.samefile(source):
        raise RequestError(
            f"{path} is the photograph itself and would be overwritten. Name another file."
        )


def write_picture(path: Path, pixels: npt.NDArray[np.uint8]) -> Path:
    """Write an RGB array as PNG or JPEG, by suffix; a reader finds all of it or nothing.

    Only its owner may read it, since it shows somebody's face.

    Raises:
        OutsideError: the folder or the disk refuses.
    """
    content = BytesIO()
    Image.fromarray(pixels).save(content, WRITTEN[path.suffix.lower()], quality=JPEG_QUALITY)
    return write_file(path, content.getvalue(), private=True)
