"""Reading photographs: inside the root, within the limits, upright."""

import io

import numpy as np
import pytest
from PIL import Image

from evenmatch.errors import RequestError
from evenmatch.matching import images
from evenmatch.matching.images import check_photographs, decode, inside, read_photograph
from evenmatch.matching.matcher import FailureReason

ORIENTATION = 0x0112  # the EXIF tag


def encoded(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "root"
    folder.mkdir()
    Image.new("RGB", (5, 3), (10, 20, 30)).save(folder / "a.png")
    Image.new("RGB", (5, 3)).save(tmp_path / "secret.png")
    return folder


def test_a_photograph_is_rows_by_columns_by_rgb(root):
    photograph = read_photograph(root, "a.png")
    assert photograph.shape == (3, 5, 3)
    assert photograph.dtype == np.uint8
    assert photograph[0, 0].tolist() == [10, 20, 30]


@pytest.mark.parametrize("path", ["../secret.png", "x/../../secret.png"])
def test_a_path_that_climbs_out_of_the_root_is_refused(root, path):
    with pytest.raises(RequestError, match=r"outside the benchmark's root.*Give a path"):
        read_photograph(root, path)


def test_an_absolute_path_outside_the_root_is_refused(root):
    with pytest.raises(RequestError, match="outside"):
        read_photograph(root, str(root.parent / "secret.png"))


def test_a_link_out_of_the_root_is_refused(root):
    (root / "link.png").symlink_to(root.parent / "secret.png")
    with pytest.raises(RequestError, match="outside"):
        check_photographs(root, ["link.png"])


def test_a_link_within_the_root_is_followed(root):
    (root / "link.png").symlink_to(root / "a.png")
    assert inside(root, "link.png") == (root / "a.png").resolve()


def test_missing_photographs_are_counted_and_five_named(root):
    missing = [f"m{i}.png" for i in range(7)]
    with pytest.raises(RequestError) as error:
        check_photographs(root, ["a.png", *missing])
    assert "7 of 8 photographs" in str(error.value)
    assert "rows 3, 4, 5, 6, 7, ..., the heading" in str(error.value)
    assert "m4.png" not in str(error.value)  # a path may be a name


def test_a_missing_photograph_is_the_requests_fault_not_a_failure(root):
    with pytest.raises(RequestError, match=r"1 of 1 photographs are not below"):
        read_photograph(root, "none.png")


def test_a_folder_is_no_photograph(root):
    (root / "folder").mkdir()
    with pytest.raises(RequestError, match="1 of 1 photographs"):
        check_photographs(root, ["folder"])


def test_a_blank_path_is_refused_with_the_other_way_named(root):
    with pytest.raises(RequestError, match="kind `scores`"):
        check_photographs(root, ["a.png", ""])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no picture",
        encoded(Image.new("RGB", (40, 40), (9, 9, 9)), "JPEG")[:300],
        encoded(Image.new("F", (4, 4)), "TIFF"),
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    ],
    ids=["empty", "text", "cut short", "no range of values", "a program"],
)
def test_what_is_no_whole_picture_is_unreadable(data):
    assert decode(data) is FailureReason.UNREADABLE


def test_a_picture_over_the_pixel_limit_is_unreadable(monkeypatch):
    monkeypatch.setattr(images, "PIXEL_LIMIT", 15)
    assert decode(encoded(Image.new("RGB", (4, 4)))) is FailureReason.UNREADABLE
    assert decode(encoded(Image.new("RGB", (5, 3)))).shape == (3, 5, 3)


def test_a_decompression_bomb_is_unreadable():
    # 20,000 x 20,000 pixels in 50 kB: Pillow's own alarm, and over the limit of 64 million.
    bomb = encoded(Image.new("1", (20_000, 20_000)))
    assert decode(bomb) is FailureReason.UNREADABLE


def test_a_file_over_the_byte_limit_is_unreadable(root, monkeypatch):
    monkeypatch.setattr(images, "BYTE_LIMIT", 10)
    assert read_photograph(root, "a.png") is FailureReason.UNREADABLE


def test_the_cameras_orientation_is_applied():
    image = Image.new("RGB", (2, 1))
    image.putpixel((0, 0), (255, 0, 0))
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # turn a quarter clockwise to see it upright
    photograph = decode(encoded(image, exif=exif))
    assert photograph.shape == (2, 1, 3)
    assert photograph[0, 0].tolist() == [255, 0, 0]


def test_sixteen_bit_grey_keeps_its_brightness():
    grey = Image.fromarray(np.array([[0, 0x80FF, 0xFFFF]], dtype=np.uint16))
    assert decode(encoded(grey))[0, :, 0].tolist() == [0, 0x80, 0xFF]


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "1"])
def test_every_common_mode_becomes_rgb(mode):
    kind = "TIFF" if mode == "CMYK" else "PNG"
    assert decode(encoded(Image.new(mode, (3, 2)), kind)).shape == (2, 3, 3)
