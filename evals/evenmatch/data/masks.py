"""Synthetic masks, drawn on photographs along the outline of the face.

After Ngan, M., Grother, P., & Hanaoka, K. (2020). Ongoing Face Recognition Vendor Test (FRVT)
part 6A: face recognition accuracy with masks using pre-COVID-19 algorithms. NISTIR 8311: two
shapes, three coverages, plain colours. What they show is the effect of covering a face by
drawing; real masks differ, so every label says `synthetic` (methods 6).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, cast, get_args

import numpy as np
import PIL

from evenmatch.data.face_outline import face_outline
from evenmatch.data.landmarks import FINDERS, LandmarkFailure, find_landmarks, landmark_finder
from evenmatch.data.painting import cover, paint
from evenmatch.data.pictures import check_destination, read_picture, write_picture
from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from evenmatch.data.face_outline import FaceOutline, Points
    from evenmatch.data.landmarks import Landmarks

Shape = Literal["wide", "round"]
Coverage = Literal["low", "medium", "high"]

# Raised whenever a drawn pixel can change; templates of masked photographs are kept under it.
DRAWING: Final = f"rules 1, Pillow {PIL.__version__}"
PREFIX: Final = "synthetic"
COLOURS: Final[dict[str, tuple[int, int, int]]] = {
    "black": (0, 0, 0),
    "white": (255, 255, 255),
    "blue": (0, 0, 255),
    "green": (0, 255, 0),
    "red": (255, 0, 0),
    "light-blue": (173, 216, 230),
}
ELLIPSE_CORNERS: Final = 180
# Photographs whose landmarks are remembered: another mask needs no second detection.
REMEMBERED: Final = 50_000


@dataclass(frozen=True)
class MaskDrawing:
    """A mask to draw; `str` and `parse` are inverses, in configs, tables and keys alike.

    Attributes:
        shape: `wide` follows the jaw from ear to ear; `round` is an ellipse over nose and mouth.
        coverage: where the upper edge lies: `low` under the tip of the nose, `medium` halfway up
            its ridge, `high` near the eyes.
        colour: a name from `COLOURS`.
    """

    shape: Shape
    coverage: Coverage
    colour: str

    def __post_init__(self) -> None:
        allowed = (get_args(Shape), get_args(Coverage), tuple(COLOURS))
        for value, known in zip((self.shape, self.coverage, self.colour), allowed, strict=True):
            if value not in known:
                raise RequestError(
                    f"masks: {value!r} is nothing that can be drawn; "
                    f"choose one of {', '.join(known)}."
                )

    def __str__(self) -> str:
        return f"{PREFIX}-{self.shape}-{self.coverage}-{self.colour}"

    @property
    def rgb(self) -> tuple[int, int, int]:
        """The colour of the mask's pixels."""
        return COLOURS[self.colour]

    @classmethod
    def parse(cls, text: str) -> MaskDrawing:
        """Return the drawing that a label such as `synthetic-wide-high-light-blue` names.

        Raises:
            RequestError: it names none; the sentence lists what can be drawn.
        """
        parts = text.split("-", maxsplit=3)
        if len(parts) == 4 and parts[0] == PREFIX:
            _, shape, coverage, colour = parts
            if shape in get_args(Shape) and coverage in get_args(Coverage) and colour in COLOURS:
                return cls(cast("Shape", shape), cast("Coverage", coverage), colour)
        raise RequestError(
            f"{text!r} names no mask that can be drawn. Write {PREFIX}-SHAPE-COVERAGE-COLOUR with "
            f"a shape of {', '.join(get_args(Shape))}, a coverage of "
            f"{', '.join(get_args(Coverage))} and a colour of {', '.join(COLOURS)}."
        )


@dataclass(frozen=True, eq=False)
class MaskedPhotograph:
    """A photograph with a drawn mask, and how much of the face it hides.

    Attributes:
        pixels: the photograph under the mask, RGB.
        covered_fraction: share of the face that is covered; the face is the convex hull of jaw
            and eyebrows, as far as it lies in the photograph.
        nose_bridge_fraction: share of the nose, from its root between the eyes down to its base,
            that lies below the mask's upper edge.
    """

    pixels: npt.NDArray[np.uint8]
    covered_fraction: float
    nose_bridge_fraction: float


def draw_mask(
    photograph: npt.NDArray[np.uint8], landmarks: Landmarks, drawing: MaskDrawing
) -> MaskedPhotograph:
    """Return an RGB photograph with a mask drawn on it; the photograph itself is left alone."""
    face = face_outline(landmarks)
    edge, top = (_wide if drawing.shape == "wide" else _round)(face, drawing.coverage)
    size = photograph.shape[0], photograph.shape[1]
    mask = cover(face.in_photograph(edge), size)
    hull = cover(face.in_photograph(face.hull), size)
    root, base = face.bridge[0, 1], face.nostrils[2, 1]
    bridge = (base - top) / (base - root) if base > root else 0.0
    return MaskedPhotograph(
        paint(photograph, mask, drawing.rgb), mask.share_of(hull), float(np.clip(bridge, 0, 1))
    )


def _wide(face: FaceOutline, coverage: Coverage) -> tuple[Points, float]:
    """Return the edge of a mask from ear to ear, and its height on the nose."""
    jaw = face.jaw[1:16]
    if coverage == "low":
        return np.vstack([jaw, face.nostrils[::-1]]), float(face.nostrils[2, 1])
    inner_left, inner_right = face.inner_eyes[:, 0]
    apex = face.bridge[0 if coverage == "high" else 2]
    across = [(inner_right, jaw[-1, 1]), apex, (inner_left, jaw[0, 1])]
    return np.vstack([jaw, across]), float(apex[1])


def _round(face: FaceOutline, coverage: Coverage) -> tuple[Points, float]:
    """Return an ellipse down to the chin, 0.8 of the jaw wide, and its height on the nose."""
    ridge = face.bridge[:, 1]
    tops = {
        "high": (ridge[0] + ridge[1]) / 2,
        "medium": ridge[2],
        "low": ridge[2] + 0.33 * face.eye_distance,
    }
    top, bottom = float(tops[coverage]), float(face.jaw[8, 1])
    half_width = 0.8 * float(face.jaw[13, 0] - face.jaw[3, 0]) / 2
    turns = np.linspace(0, 2 * np.pi, ELLIPSE_CORNERS, endpoint=False)
    across = face.bridge[1, 0] + half_width * np.cos(turns)
    down = (top + bottom) / 2 + (bottom - top) / 2 * np.sin(turns)
    return np.stack([across, down], axis=1), top


class MaskArtist:
    """Draws the masks of a run, each photograph's landmarks found once.

    Attributes:
        digest: SHA-256 over everything but the label that decides a drawn pixel.
        facts: plain strings for the report: what placed the masks, under which terms.
    """

    def __init__(self, landmarks: str, drawings: Sequence[MaskDrawing]) -> None:
        self._find = landmark_finder(landmarks)
        self._drawings = {str(drawing): drawing for drawing in drawings}
        self._found: dict[bytes, Landmarks | LandmarkFailure] = {}
        self._shares: dict[str, dict[bytes, tuple[float, float] | None]] = {}
        settings = self._find.facts | {"drawing": DRAWING, "colours": str(COLOURS)}
        self.digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
        self.facts = self._find.facts | {
            "masks": f"synthetic, one flat colour drawn on the largest face ({DRAWING})",
            "mask_colours": ", ".join(
                f"{colour} {rgb}" for colour, rgb in {d.colour: d.rgb for d in drawings}.items()
            ),
        }

    def __call__(
        self, photograph: npt.NDArray[np.uint8], mask: str
    ) -> npt.NDArray[np.uint8] | None:
        """Return an RGB photograph under the mask of that label; None where it cannot be drawn.

        Raises:
            RequestError: the label is not one of this artist's drawings.
        """
        if mask not in self._drawings:
            raise RequestError(
                f"{mask!r} is not among the masks to draw ({', '.join(self._drawings)}). "
                "Add it to masks.synthetic."
            )
        key = _content(photograph)
        remembered = self._shares.setdefault(mask, {})
        remembered[key] = None
        landmarks = self._landmarks(photograph, key)
        if isinstance(landmarks, LandmarkFailure):
            return None
        drawn = draw_mask(photograph, landmarks, self._drawings[mask])
        if drawn.covered_fraction == 0:  # the mask lies outside the photograph
            return None
        remembered[key] = (drawn.covered_fraction, drawn.nose_bridge_fraction)
        return drawn.pixels

    @property
    def labels(self) -> tuple[str, ...]:
        """The masks that can be drawn."""
        return tuple(self._drawings)

    def shares(self, photograph: npt.NDArray[np.uint8], mask: str) -> tuple[float, float] | None:
        """Return the share of the face and of the nose bridge that a mask hides.

        None where it cannot be drawn. A photograph that was drawn on is not drawn on again.

        Raises:
            RequestError: the label is not one of this artist's drawings.
        """
        key = _content(photograph)
        if key not in self._shares.get(mask, {}):
            self(photograph, mask)
        return self._shares[mask][key]

    def _landmarks(
        self, photograph: npt.NDArray[np.uint8], key: bytes
    ) -> Landmarks | LandmarkFailure:
        """Find landmarks once a photograph, however many masks and matchers ask for it."""
        if key not in self._found:
            if len(self._found) >= REMEMBERED:
                del self._found[next(iter(self._found))]
            self._found[key] = self._find(photograph)
        return self._found[key]


def _content(photograph: npt.NDArray[np.uint8]) -> bytes:
    """Return what tells this photograph's pixels from any other's."""
    digest = hashlib.blake2b(str(photograph.shape).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(photograph).data)
    return digest.digest()


def write_masked(
    photo: Path, out: Path, drawing: MaskDrawing, *, landmarks: str = "dlib68"
) -> Path:
    """Draw a mask on the largest face in a photograph and write the picture, PNG or JPEG.

    Raises:
        RequestError: the photograph cannot be read, shows no face, or would be overwritten.
        OutsideError: the disk refuses.
    """
    check_destination(out, source=photo)
    photograph = read_picture(photo)
    found = find_landmarks(photograph, landmarks)
    if isinstance(found, LandmarkFailure):
        others = " or ".join(source for source in FINDERS if source != landmarks)
        raise RequestError(
            f"no mask can be drawn on {photo} ({found.value}). Choose a photograph with a larger "
            f"face, seen from the front, or find landmarks with {others}."
        )
    return write_picture(out, draw_mask(photograph, found, drawing).pixels)
