"""A model with a card as a matcher: find the face, prepare it as the card says, run the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from PIL import Image

from evenmatch.matching.face_finding import face_finder
from evenmatch.matching.faces import choose_face
from evenmatch.matching.five_points import aligned
from evenmatch.matching.matcher import FailureReason, ScoreKind
from evenmatch.matching.weights import settings_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from evenmatch.matching.face_finding import FoundFace
    from evenmatch.matching.model_card import ModelCard, Taken
    from evenmatch.matching.options import MatcherOptions


ALIGNED: Final = "arcface-112"


class Runner(Protocol):
    """Runs a model.

    Attributes:
        settings: what runs it and how, in words for the report.
    """

    settings: str

    def __call__(self, faces: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return templates (n, d) of prepared faces (n, rows, columns, colours)."""
        ...


class ModelMatcher:
    """A model, its card and what finds faces for it."""

    def __init__(self, kind: str, options: MatcherOptions, card: ModelCard, runner: Runner) -> None:
        self.name = options.name
        self.dimension = card.output.dimension
        self.score_kind = (
            ScoreKind.EUCLIDEAN if card.output.score == "euclidean" else ScoreKind.INNER_PRODUCT
        )
        self._card, self._runner = card, runner
        self._faces = options.faces
        ready = card.input.alignment == "arcface" and options.aligned == ALIGNED
        as_given = ready or card.input.alignment == "whole"
        self._finder = None if as_given else face_finder(options.detector, options.device)
        settings = {
            "detector": self._finder.settings if self._finder else _undetected(ready=ready),
            "several faces": str(self._faces),
            "input": card.input.model_dump_json(),
            "output": card.output.model_dump_json(),
            "run by": runner.settings,
        }
        self.facts = card.facts(card.weights.sha256) | settings
        self.digest = settings_digest({"kind": kind, "weights": card.weights.sha256} | settings)

    def extract(
        self, photographs: Sequence[npt.NDArray[np.uint8]]
    ) -> list[npt.NDArray[np.float32] | FailureReason]:
        """Return one template, or one reason for having none, for each RGB photograph."""
        cut = self._cut(photographs)
        found = [face for face in cut if not isinstance(face, FailureReason)]
        templates = iter(self._templates(np.stack(found)) if found else ())
        return [face if isinstance(face, FailureReason) else next(templates) for face in cut]

    def _cut(
        self, photographs: Sequence[npt.NDArray[np.uint8]]
    ) -> list[npt.NDArray[np.uint8] | FailureReason]:
        if self._finder is None:
            return [_resized(photograph, self._card.input) for photograph in photographs]
        faces = self._finder.find(photographs)
        return [self._face(*each) for each in zip(photographs, faces, strict=True)]

    def _face(
        self, photograph: npt.NDArray[np.uint8], faces: list[FoundFace]
    ) -> npt.NDArray[np.uint8] | FailureReason:
        chosen = choose_face(
            [face.box for face in faces], self._faces, (photograph.shape[0], photograph.shape[1])
        )
        if isinstance(chosen, FailureReason):
            return chosen
        face = next(face for face in faces if face.box is chosen)
        if self._card.input.alignment == "arcface":
            return aligned(photograph, face.points, self._card.input.size)
        return _boxed(photograph, face, self._card.input)

    def _templates(self, faces: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        made = self._runner(prepared(faces, self._card.input)).astype(np.float32)
        if self._card.output.score != "cosine":
            return made
        wide = made.astype(np.float64)
        length: npt.NDArray[np.float64] = np.linalg.norm(wide, axis=1, keepdims=True)
        # A template of zeros has no direction: not a number, it is refused as no template.
        length[length == 0] = np.nan
        return np.asarray(wide / length, dtype=np.float32)


def prepared(faces: npt.NDArray[np.uint8], taken: Taken) -> npt.NDArray[np.float32]:
    """Return RGB faces (n, rows, columns, 3) with the colours and numbers the network takes."""
    ordered = faces[..., ::-1] if taken.colour == "bgr" else faces
    mean = np.asarray(taken.mean, dtype=np.float32)
    std = np.asarray(taken.std, dtype=np.float32)
    scaled: npt.NDArray[np.float32] = ordered.astype(np.float32) / np.float32(taken.divide_by)
    return np.asarray((scaled - mean) / std, dtype=np.float32)


def first_line(error: Exception) -> str:
    """Return the beginning of what the software that runs a model says went wrong."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def _undetected(*, ready: bool) -> str:
    if ready:
        return f"none: the benchmark's faces are aligned already ({ALIGNED})"
    return "none: photographs as they are"


def _resized(photograph: npt.NDArray[np.uint8], taken: Taken) -> npt.NDArray[np.uint8]:
    if photograph.shape[:2] == taken.size:
        return photograph
    picture = Image.fromarray(photograph).resize(taken.size[::-1], Image.Resampling.BILINEAR)
    return np.asarray(picture, dtype=np.uint8)


def _boxed(
    photograph: npt.NDArray[np.uint8], face: FoundFace, taken: Taken
) -> npt.NDArray[np.uint8] | FailureReason:
    box, (height, width) = face.box, photograph.shape[:2]
    across, down = (taken.margin * side for side in (box.right - box.left, box.bottom - box.top))
    left, top = max(0, int(box.left - across)), max(0, int(box.top - down))
    right, bottom = min(width, int(box.right + across)), min(height, int(box.bottom + down))
    if right <= left or bottom <= top:
        return FailureReason.NO_FACE
    return _resized(photograph[top:bottom, left:right], taken)
