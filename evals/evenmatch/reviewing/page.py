"""`evenmatch review`: the page itself, written into the private folder and nowhere else."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from evenmatch.data.cache_dir import cache_dir, private_folder
from evenmatch.data.pseudonyms import Pseudonyms
from evenmatch.errors import RequestError
from evenmatch.files import write_file
from evenmatch.inputs import audited
from evenmatch.reporting.pages import environment, source_hash
from evenmatch.results.reading import read_results
from evenmatch.reviewing.album import Album
from evenmatch.reviewing.choosing import Pair, choose_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.data.samples import Samples

REVIEWS = "reviews"
PAGE = "review.html"
MOST = 1000
_HERE = Path(__file__).parent
_LARGE, _SMALL, _OTHERS = 360, 120, 3
_STREAM = 31  # of the seed: what else a run draws does not change the order of the pairs


def write_review(audit: Path, top: int = 100) -> Path:
    """Write the page of an audit's most similar non-mated and least similar mated pairs.

    The page shows photographs, so it goes into the private folder, readable by its owner alone.

    Args:
        audit: the audit's folder.
        top: how many pairs of each kind every matcher gives.

    Raises:
        RequestError: `top` is no such number, or the photographs or the key are not here.
        OutsideError: the private folder cannot be written.
    """
    if not 1 <= top <= MOST:
        raise RequestError(f"--top {top}: choose a number from 1 to {MOST}.")
    result = read_results(audit)
    config, card, samples = audited(result, str(audit))
    if samples.media is None and not samples.table["path"].all():
        raise RequestError(
            f"{audit}: this benchmark came without photographs, so there is nothing to look at; "
            "review where they are."
        )
    ids = samples.table["sample_id"]
    names = dict(zip(Pseudonyms(card.name, anew=False).of_samples(ids), ids, strict=True))
    rng = np.random.default_rng([config.seed, _STREAM])
    matchers = [each.name for each in result.matchers if each.comparisons]
    folder = audit if audit.is_dir() else audit.parent
    pairs = choose_pairs(folder, matchers, names, top=top, rng=rng)
    place = private_folder(private_folder(cache_dir() / REVIEWS) / result.provenance.run_id)
    return write_file(place / PAGE, review_page(pairs, samples, rng), private=True)


def review_page(pairs: Sequence[Pair], samples: Samples, rng: np.random.Generator) -> str:
    """Return the page: two photographs at a time, and nothing that tells what is expected.

    Ids and identities are needed only once the question is answered. Until then they are veiled,
    so that nobody who looks at the page or its source reads them by chance.
    """
    subject_of = dict(zip(samples.table["sample_id"], samples.table["subject_id"], strict=True))
    shots = samples.table.groupby("subject_id", sort=False)["sample_id"].agg(list).to_dict()
    large, small = Album(samples, _LARGE), Album(samples, _SMALL)
    shown, told = [], []
    for pair in pairs:
        subjects = (subject_of[pair.left], subject_of[pair.right])
        others = [
            [
                small.number(sample)
                for sample in [
                    each for each in shots[subject] if each not in (pair.left, pair.right)
                ][:_OTHERS]
            ]
            for subject in subjects
        ]
        known = {
            "left": pair.left,
            "right": pair.right,
            "one": subjects[0] == subjects[1],
            "others": others,
        }
        shown.append((large.number(pair.left), large.number(pair.right)))
        told.append(json.dumps(known))
    width = max(map(len, told))  # their lengths say nothing either
    veils = [_veiled(text.ljust(width), rng) for text in told]
    content = {
        "pairs": [[*sides, veil] for sides, veil in zip(shown, veils, strict=True)],
        "large": large.pictures,
        "small": small.pictures,
    }
    return _rendered(content)


def _veiled(text: str, rng: np.random.Generator) -> str:
    """Return what the page learns after the answer, in letters that say nothing to the eye."""
    data = np.frombuffer(text.encode(), dtype=np.uint8)
    pad = rng.integers(256, size=16, dtype=np.uint8)
    veiled = np.bitwise_xor(data, np.resize(pad, data.size))
    return base64.b64encode(pad.tobytes() + veiled.tobytes()).decode()


def _rendered(content: dict[str, Any]) -> str:
    data = json.dumps(content, ensure_ascii=True).replace("<", "\\u003c")
    script = (_HERE / "page.js").read_text(encoding="utf-8")
    style = (_HERE / "page.css").read_text(encoding="utf-8")
    return (
        environment(_HERE)
        .get_template("page.html.j2")
        .render(
            data=data,
            script=script,
            style=style,
            script_hash=source_hash(script),
            style_hash=source_hash(style),
            # Answers are kept by the browser under this name; other pairs have another.
            key=f"evenmatch-review-{hashlib.sha256(data.encode()).hexdigest()[:16]}",
        )
    )
