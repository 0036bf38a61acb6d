"""Pictures of a review: one photograph, or those that a template was made of."""

import base64
from io import BytesIO

import pandas as pd
import pytest
from PIL import Image

from evenmatch.data.samples import Samples
from evenmatch.reviewing.album import Album


def opened(picture):
    return Image.open(BytesIO(base64.b64decode(picture.split(",", 1)[1])))


@pytest.fixture
def folder(tmp_path):
    picture = Image.new("RGB", (80, 40), (250, 0, 0))
    picture.paste((0, 0, 250), (40, 0, 80, 40))
    for name in "abcdef":
        picture.save(tmp_path / f"{name}.png")
    return tmp_path


def samples_of(folder, media=None):
    table = pd.DataFrame({"sample_id": ["t1"], "subject_id": ["p"], "path": ["a.png"]})
    return Samples(table, folder, {}, ("unknown",), media=media)


def test_a_picture_is_kept_once(folder):
    album = Album(samples_of(folder), 40)
    assert (album.number("t1"), album.number("t1"), len(album.pictures)) == (0, 0, 1)
    assert opened(album.pictures[0]).size == (40, 20)


def test_a_template_shows_the_faces_it_was_made_of_and_no_more_than_four(folder):
    box = {"left": 40, "top": 0, "width": 40, "height": 40}
    media = pd.DataFrame(
        [{"sample_id": "t1", "media_id": name, "path": f"{name}.png", **box} for name in "abcdef"]
    )
    album = Album(samples_of(folder, media), 20)
    sheet = opened(album.pictures[album.number("t1")])
    assert sheet.size == (80, 20)
    red, _, blue = sheet.getpixel((5, 10))
    assert blue > 200
    assert red < 50


@pytest.mark.parametrize("edge", ["", "nobody knows", float("nan"), float("inf"), 1000])
def test_a_face_that_is_nowhere_leaves_the_photograph_whole(folder, edge):
    row = {"sample_id": "t1", "media_id": "a", "path": "a.png", "left": edge, "top": 0}
    media = pd.DataFrame([row | {"width": 10, "height": 10}])
    album = Album(samples_of(folder, media), 80)
    assert opened(album.pictures[album.number("t1")]).size == (80, 40)
