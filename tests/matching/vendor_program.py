"""A vendor's program, as small as it can be: a template is the mean colour of a photograph's parts.

It speaks the protocol of docs/vendor-protocol.md: one JSON object a line in, one out, in order.
Run as `python vendor_program.py [--no-search] [--distance]`; where the environment variable
VENDOR_LOG names a file, each request is noted there.
"""

import argparse
import base64
import json
import os
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

GRID = 4


def mean_colours(image):
    """Return the mean colours of a photograph's parts, at length 1; None where it is all black."""
    pixels = np.asarray(Image.open(BytesIO(image)).convert("RGB"), dtype=np.float64)
    rows = [np.array_split(row, GRID, axis=1) for row in np.array_split(pixels, GRID)]
    colours = np.array([part.reshape(-1, 3).mean(axis=0) for row in rows for part in row]).ravel()
    length = np.linalg.norm(colours)
    return (colours / length).astype("<f4") if length else None


def unpacked(template):
    """Return a template's numbers."""
    return np.frombuffer(base64.b64decode(template), dtype="<f4").astype(np.float64)


class Program:
    """Answers requests."""

    def __init__(self, options):
        self.options = options
        self.galleries = {}

    def hello(self, _):
        """Say who this is."""
        searches = [] if self.options.no_search else ["search"]
        return {
            "name": "mean colours",
            "version": "1.0",
            "score_kind": "distance" if self.options.distance else "similarity",
            "symmetric": True,
            "operations": ["enroll", "compare", *searches],
        }

    def enroll(self, request):
        """Make a template of a photograph, or say why there is none."""
        template = mean_colours(base64.b64decode(request["image"]))
        if template is None:
            return {"failed": "no_face"}
        return {"template": base64.b64encode(template.tobytes()).decode()}

    def compare(self, request):
        """Score a probe against each reference; all scores in the precision of an engine."""
        probe = unpacked(request["probe"])
        return {"scores": [self.score(probe, unpacked(each)) for each in request["references"]]}

    def gallery(self, request):
        """Take in who is enrolled, some at a time."""
        told = self.galleries.setdefault(request["gallery"], [])
        del told[request["start"] :]
        told += map(unpacked, request["templates"])
        return {"size": len(told)}

    def search(self, request):
        """Return the best of a gallery, best first."""
        if request["gallery"] not in self.galleries:
            return {"failed": "unknown_gallery"}
        probe = unpacked(request["probe"])
        scores = [self.score(probe, each) for each in self.galleries[request["gallery"]]]
        falling = -1 if not self.options.distance else 1
        best = sorted(range(len(scores)), key=lambda place: falling * scores[place])
        return {"candidates": [[place, scores[place]] for place in best[: request["length"]]]}

    def score(self, one, other):
        """Return a score as it is kept: in single precision."""
        if self.options.distance:
            return float(np.float32(np.sqrt(((one - other) ** 2).sum())))
        return float(np.float32(one @ other))


def main():
    """Answer line after line until the input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--no-search", action="store_true")
    parser.add_argument("--distance", action="store_true")
    options = parser.parse_args()
    program = Program(options)
    answers = {
        "hello": program.hello,
        "enroll": program.enroll,
        "compare": program.compare,
        "gallery": program.gallery,
        "search": program.search,
    }
    for line in sys.stdin:
        request = json.loads(line)
        if "VENDOR_LOG" in os.environ:
            with Path(os.environ["VENDOR_LOG"]).open("a", encoding="utf-8") as log:
                print(request["op"], len(request.get("references", [])), file=log)
        answer = answers[request["op"]](request)
        sys.stdout.write(json.dumps({"id": request["id"], **answer}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
