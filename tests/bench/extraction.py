"""Templates from photographs, against what people use today, in one run: ratios, never times.

    python tests/bench/extraction.py [--runs 5] [--photographs FOLDER] [--write]

Each row is the median of interleaved pairs. Without a folder the generated faces are used, on
which detectors find fewer faces. `--write` puts the table into tests/bench/README.md.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from facenet_pytorch import MTCNN, InceptionResnetV1
from PIL import Image
from timing import pairs, write_table

from evenmatch.data.card import DEMO_ROOT
from evenmatch.data.dlib_models import load_dlib, model_path
from evenmatch.data.mtcnn_cascade import MtcnnCascade
from evenmatch.data.samples import Samples
from evenmatch.matching.arithmetic import Arithmetic
from evenmatch.matching.cache import TemplateCache
from evenmatch.matching.dlib_network import build_network
from evenmatch.matching.extraction import Pace, extract
from evenmatch.matching.forward import Forward
from evenmatch.matching.images import decode
from evenmatch.matching.matcher import FailureReason
from evenmatch.matching.options import MatcherOptions
from evenmatch.matching.registry import build_matcher

README = Path(__file__).parent / "README.md"
START, END = "<!-- extraction -->", "<!-- end of extraction -->"
CPU = torch.device("cpu")
MANY = 96


def photographs(folder: Path | None) -> list[np.ndarray]:
    """Return photographs of 250 by 250 pixels, as LFW has them."""
    files = sorted((folder or DEMO_ROOT / "faces").rglob("*.[jp][pn]g"))[:MANY]
    return [
        np.asarray(Image.open(file).convert("RGB").resize((250, 250), Image.Resampling.BICUBIC))
        for file in files
    ]


def inception(precision):
    def measure(_pictures, runs):
        network = InceptionResnetV1(pretrained=None, classify=False).eval()
        crops = np.random.default_rng(1).standard_normal((MANY, 160, 160, 3)).astype(np.float32)
        single = torch.from_numpy(crops.transpose(0, 3, 1, 2).copy())
        ours = Forward(
            _copy(InceptionResnetV1(pretrained=None, classify=False).eval(), network),
            CPU,
            Arithmetic(precision),
        )

        def theirs():
            with torch.inference_mode():
                for crop in single:
                    network(crop[None])

        return pairs(lambda: ours(crops), theirs, runs)

    return measure


def _copy(network, of):
    network.load_state_dict(of.state_dict())
    return network


def dlib_network(_pictures, runs):
    chips = np.random.default_rng(2).integers(0, 256, (MANY, 150, 150, 3), dtype=np.uint8)
    theirs = load_dlib().face_recognition_model_v1(str(model_path("descriptor")))
    ours = Forward(build_network(model_path("descriptor")).eval(), CPU)
    each = list(chips)
    return pairs(lambda: ours(chips), lambda: theirs.compute_face_descriptor(each), runs)


def mtcnn(pictures, runs):
    theirs, ours = MTCNN(keep_all=True, device=CPU), MtcnnCascade("cpu")
    return pairs(
        lambda: ours.find(pictures), lambda: [theirs.detect(each) for each in pictures], runs
    )


def written(pictures, folder: Path) -> Samples:
    """Write photographs as JPEG files and return the benchmark of them."""
    names = [f"{number}.jpg" for number in range(len(pictures))]
    for name, picture in zip(names, pictures, strict=True):
        Image.fromarray(picture).save(folder / name, quality=92)
    table = pd.DataFrame(
        {"sample_id": names, "subject_id": names, "path": names, "mask": "unmasked"}, dtype=str
    )
    return Samples(table, folder, {}, ("unmasked",))


def second_run(pictures, runs):
    matcher = build_matcher("dlib", MatcherOptions("dlib", device="cpu"))
    with tempfile.TemporaryDirectory() as folder:
        samples = written(pictures, Path(folder))

        def with_cache(path):
            with TemplateCache(path) as cache:
                extract(matcher, samples, None, cache)

        with_cache(Path(folder) / "kept.sqlite")
        colds = iter(range(10_000))
        return pairs(
            lambda: with_cache(Path(folder) / "kept.sqlite"),
            lambda: with_cache(Path(folder) / f"cold{next(colds)}.sqlite"),
            runs,
        )


def overhead(pictures, runs):
    """Return the pipeline's time over the sum of its stages run alone, one reading thread."""
    matcher = build_matcher("dlib", MatcherOptions("dlib", device="cpu"))
    with tempfile.TemporaryDirectory() as folder:
        samples = written(pictures, Path(folder))
        files = [Path(folder) / path for path in samples.table["path"]]

        def stages():
            decoded = [decode(file.read_bytes()) for file in files]
            matcher.extract([each for each in decoded if not isinstance(each, FailureReason)])

        whole = lambda: extract(matcher, samples, None, None, pace=Pace(MANY, 1))  # noqa: E731
        return 1 / pairs(whole, stages, runs) - 1


ROWS = [
    (
        "InceptionResnetV1, float32, against facenet-pytorch image by image",
        ">= 1.5",
        inception("float32"),
    ),
    ("the same in bfloat16", ">= 3", inception("bfloat16")),
    ("dlib's network in PyTorch, against dlib's own batched call", ">= 10", dlib_network),
    ("MTCNN over 250x250 photographs, against MTCNN.detect image by image", ">= 1.5", mtcnn),
    ("extraction of a second run, against the first (dlib)", ">= 20", second_run),
    ("pipeline beyond the sum of its stages, decode to template (dlib)", "< 0.10", overhead),
]


def main() -> None:
    """Measure every row, print it, and write the table where asked."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--photographs", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    pictures = photographs(asked.photographs)
    lines = ["| what | wanted | measured |", "|---|---|---|"]
    for name, wanted, measure in ROWS:
        if asked.only in name:
            lines.append(f"| {name} | {wanted} | {measure(pictures, asked.runs):.2f} |")
            print(lines[-1], flush=True)
    if asked.write:
        write_table(README, START, END, "\n".join(lines))


if __name__ == "__main__":
    main()
