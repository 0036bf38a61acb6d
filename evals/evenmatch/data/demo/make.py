"""Make the demonstration's faces from the published weights of a small generator.

    python -m evenmatch.data.demo.make --weights weights.tar

The weights are the file `weights.tar` of the package gan-face-generate (MIT), a DCGAN trained on
DigiFace-1M, whose faces are rendered and belong to nobody. Needs torch. The same weights and seed
give the same faces; the files were made once and are part of this repository.
"""

from __future__ import annotations

import argparse
import io
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import nn

from evenmatch.data.skin_tone import tone_band, typology_angle

if TYPE_CHECKING:
    import numpy.typing as npt

SEED = 20261122
SUBJECTS = 120
LATENT = 100
# How far each photograph moves from its subject's latent vector.
VARIATIONS = {"near": 0.0, "close": 0.15, "apart": 0.25, "far": 0.35}
QUALITY = 88
# Rows and columns of the 64-pixel picture where cheeks and nose lie.
SKIN = (slice(30, 44), slice(22, 42))
# The published bands, collapsed to three that each get a third of the subjects.
TONES = {
    "very light": "light",
    "light": "light",
    "intermediate": "light",
    "tan": "light",
    "brown": "brown",
    "dark": "dark",
}


def generator(weights: Path) -> nn.Module:
    """Return the generator: five transposed convolutions from 100 numbers to 64 by 64 pixels."""
    channels = (LATENT, 512, 256, 128, 64)
    layers: list[nn.Module] = []
    for place, (before, after) in enumerate(pairwise(channels)):
        stride, padding = (1, 0) if place == 0 else (2, 1)
        layers += [
            nn.ConvTranspose2d(before, after, 4, stride, padding, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(),
        ]
    layers += [nn.ConvTranspose2d(64, 3, 4, 2, 1, bias=False), nn.Tanh()]
    network = nn.Sequential(*layers)
    state = torch.load(weights, map_location="cpu", weights_only=True)["netG_state_dict"]
    network.load_state_dict({key.removeprefix("main."): value for key, value in state.items()})
    # Double precision, so that another processor's rounding does not change a pixel.
    return network.eval().double()


def draw_subject(network: nn.Module, rng: np.random.Generator) -> list[bytes]:
    """Return one subject's photographs as JPEG files: one latent vector, moved a little."""
    own = rng.standard_normal(LATENT)
    latent = [
        own * np.sqrt(1 - amount**2) + amount * rng.standard_normal(LATENT)
        for amount in VARIATIONS.values()
    ]
    with torch.no_grad():
        pictures = network(torch.tensor(np.array(latent)).reshape(-1, LATENT, 1, 1))
    pixels = ((pictures.permute(0, 2, 3, 1).numpy() + 1) * 127.5).round().astype(np.uint8)
    return [_jpeg(face) for face in pixels]


def _jpeg(face: npt.NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(face).save(file, "JPEG", quality=QUALITY, subsampling=0)
    return file.getvalue()


def draw_faces(network: nn.Module, rng: np.random.Generator) -> list[tuple[str, list[bytes]]]:
    """Return tone and photographs of every subject, drawn until each tone has its third."""
    wanted = dict.fromkeys(TONES.values(), SUBJECTS // len(set(TONES.values())))
    subjects = []
    while any(wanted.values()):
        photographs = draw_subject(network, rng)
        tone = subject_tone(photographs)
        if wanted[tone]:
            wanted[tone] -= 1
            subjects.append((tone, photographs))
    return subjects


def subject_tone(photographs: list[bytes]) -> str:
    """Name a subject's tone: the median angle of its photographs, in collapsed bands.

    Measured on the files as they are shipped, so that anybody can measure it again.
    """
    faces = [np.asarray(Image.open(io.BytesIO(file))) for file in photographs]
    angle = float(np.median([typology_angle(face[SKIN]) for face in faces]))
    return TONES[tone_band(angle)]


def write_faces(subjects: list[tuple[str, list[bytes]]], folder: Path) -> pd.DataFrame:
    """Write the photographs and their manifest, and return the manifest."""
    rows = []
    (folder / "faces").mkdir(exist_ok=True)
    for number, (tone, photographs) in enumerate(subjects):
        subject = f"g{number:03d}"
        for file, variation in zip(photographs, VARIATIONS, strict=True):
            path = f"faces/{subject}_{variation}.jpg"
            (folder / path).write_bytes(file)
            rows.append((f"{subject}_{variation}", subject, path, tone, variation))
    manifest = pd.DataFrame(
        rows, columns=["sample_id", "subject_id", "path", "skin_tone", "variation"]
    )
    manifest.to_csv(folder / "samples.csv", index=False, lineterminator="\n")
    return manifest


def main() -> None:
    """Make the faces from the weights named on the command line."""
    parser = argparse.ArgumentParser(description="Make the demonstration's faces.")
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    options = parser.parse_args()
    subjects = draw_faces(generator(options.weights), np.random.default_rng(SEED))
    write_faces(subjects, options.out)


if __name__ == "__main__":
    main()
