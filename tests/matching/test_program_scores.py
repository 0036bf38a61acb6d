"""What a vendor's program is shown under drawn masks, and what is left when rows are left out."""

import base64
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from evenmatch.data.samples import Samples
from evenmatch.errors import RequestError
from evenmatch.matching.extraction import Drawing
from evenmatch.matching.program_scores import ask_program
from evenmatch.matching.vendor_messages import Hello
from evenmatch.matching.vendor_program import VendorProgram

MASK = "synthetic-wide-high-black"


class Channel:
    """A program within the test: a template is the mean of a photograph's first pixel."""

    generation, last_words = 1, ""

    def __init__(self):
        self.asked = []

    def start(self):
        """Say that it runs."""
        return False

    def ask(self, request, _):
        """Answer."""
        self.asked.append(request)
        if request["op"] == "hello":
            hello = Hello("x", "1", "similarity", symmetric=True, searches=False)
            operations = ["enroll", "compare"]
            return {**vars(hello), "operations": operations}
        if request["op"] == "enroll":
            picture = Image.open(BytesIO(base64.b64decode(request["image"])))
            return {"template": base64.b64encode(bytes([np.asarray(picture)[0, 0, 0]])).decode()}
        first = base64.b64decode(request["probe"])[0]
        return {"scores": [first * base64.b64decode(r)[0] for r in request["references"]]}

    def close(self):
        """Do nothing."""


@pytest.fixture
def samples(tmp_path, monkeypatch):
    monkeypatch.setenv("EVENMATCH_CACHE", str(tmp_path / "private"))
    for number, shade in enumerate((2, 3, 5)):
        pixels = np.full((4, 4, 3), shade, dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.bmp")
    ids = ["s0", "s1", "s2"]
    bare = pd.DataFrame({"sample_id": ids, "subject_id": ids, "mask": "unmasked"})
    bare["path"] = [f"{number}.bmp" for number in range(3)]
    table = pd.concat([bare, bare.assign(mask=MASK)], ignore_index=True)
    return Samples(table, tmp_path, {}, ("unmasked", MASK))


def drawn(photograph, _):
    """Add 10 to every pixel; nothing can be drawn on the third photograph."""
    return None if photograph[0, 0, 0] == 5 else photograph + np.uint8(10)


def test_a_drawn_mask_is_shown_and_is_a_comparison_of_its_own(samples):
    channel = Channel()
    program = VendorProgram("x", channel, again=0)
    found = ask_program(program, "0" * 64, samples, Drawing("digest", drawn))
    shown = [request["format"] for request in channel.asked if request["op"] == "enroll"]
    assert shown == ["BMP"] * 3 + ["PNG"] * 2
    assert found.failures == {5: "mask_not_drawn"}
    scores, status = found.lookup(np.array([3, 3, 5, 0]), np.array([1, 4, 0, 2]))
    np.testing.assert_array_equal(scores, [12 * 3, 12 * 13, np.nan, 2 * 5])
    assert status.tolist() == ["", "", "mask_not_drawn", ""]
    found.answers.close()


def test_rows_that_are_left_are_numbered_anew_and_nothing_is_asked_again(samples):
    channel = Channel()
    found = ask_program(
        VendorProgram("x", channel, again=0), "0" * 64, samples, Drawing("d", drawn)
    )
    found.lookup(np.array([0, 1]), np.array([2, 2]))
    asked = len(channel.asked)
    left = found.keep(np.array([False, True, True, False, True, True]))
    assert left.failures == {3: "mask_not_drawn"}
    scores, _ = left.lookup(np.array([0, 1]), np.array([1, 0]))
    np.testing.assert_array_equal(scores, [15, 15])
    assert len(channel.asked) == asked
    found.answers.close()


def test_rows_of_several_photographs_are_refused(samples):
    several = Samples(
        samples.table, samples.root, {}, samples.mask_values, media=pd.DataFrame({"path": []})
    )
    with pytest.raises(RequestError, match="one photograph a template"):
        ask_program(VendorProgram("x", Channel(), again=0), "0" * 64, several, None)
