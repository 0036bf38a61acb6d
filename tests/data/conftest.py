"""Faces made of points alone, and the photographs beside the checkout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from evenmatch.data.landmarks import Landmarks
from evenmatch.data.pictures import read_picture

settings.register_profile("evenmatch", deadline=None)  # a busy machine is no failure
settings.load_profile("evenmatch")

LONDON = Path(__file__).parents[2].parent / "shared" / "faces" / "london" / "images"


def frontal_points():
    """Return 68 points of a face whose eyes lie 60 apart and level, their middle at the origin.

    The root of the nose lies at -2, its ridge at 10, 20 and 30, its base at 40; the mouth at 60;
    the chin at 105, and the jaw is half an ellipse 68 to either side.
    """
    angles = np.linspace(np.pi, 0, 17)
    jaw = [(68 * np.cos(a), 5 + 100 * np.sin(a)) for a in angles]
    brows = [(x, -22) for x in (-48, -40, -30, -20, -10, 10, 20, 30, 40, 48)]
    nose = [(0, y) for y in (-2, 10, 20, 30)] + [(x, 40 - abs(x) / 4) for x in (-12, -6, 0, 6, 12)]
    eyes = [(x + side, y) for side in (-30, 30) for x, y in EYE]
    mouth = [(x, 60) for x in np.linspace(-22, 22, 7)] + [(0, 60)] * 13
    return np.array(jaw + brows + nose + eyes + mouth, dtype=np.float64)


EYE = [(-12, 0), (-4, -4), (4, -4), (12, 0), (4, 4), (-4, 4)]


@pytest.fixture(scope="session")
def face():
    """Return a function that gives a face's landmarks, tilted, scaled and moved."""

    def make(source="dlib68", *, degrees=0.0, scale=1.0, at=(150.0, 120.0)):
        points = frontal_points()
        if source == "mtcnn5":
            eyes = [points[36:42].mean(axis=0), points[42:48].mean(axis=0)]
            points = np.array([*eyes, points[30], points[48], points[54]])
        cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        turned = points @ np.array([[cos, sin], [-sin, cos]])
        return Landmarks(turned * scale + np.array(at), source)

    return make


@pytest.fixture(scope="session")
def noise():
    """Return a photograph of noise, 300 pixels to a side."""
    return np.random.default_rng(1).integers(0, 256, (300, 300, 3), dtype=np.uint8)


@pytest.fixture(scope="session")
def london_faces():
    """Return three of the photographs beside the checkout."""
    if not LONDON.is_dir():
        pytest.skip("needs the London photographs beside the checkout")
    return [read_picture(path) for path in sorted(LONDON.glob("*.jpg"))[:20:7]]
