"""One picture in, one picture out, and sentences where that cannot be."""

import numpy as np
import pytest
from PIL import Image

from evenmatch.data import pictures
from evenmatch.data.pictures import check_destination, read_picture, write_picture
from evenmatch.errors import OutsideError, RequestError


@pytest.fixture
def small():
    return np.random.default_rng(2).integers(0, 256, (6, 4, 3), dtype=np.uint8)


def test_png_gives_back_every_pixel(tmp_path, small):
    assert (read_picture(write_picture(tmp_path / "a.png", small)) == small).all()


def test_a_grey_picture_is_read_as_rgb(tmp_path):
    Image.new("L", (4, 6), 77).save(tmp_path / "grey.png")
    assert (read_picture(tmp_path / "grey.png") == np.full((6, 4, 3), 77)).all()


def test_a_picture_on_its_side_is_read_upright(tmp_path, small):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(small).save(tmp_path / "side.png", exif=exif)
    assert (read_picture(tmp_path / "side.png") == np.rot90(small, -1)).all()


def test_a_missing_picture_is_named(tmp_path):
    with pytest.raises(RequestError, match=r"there is no picture .*none\.jpg"):
        read_picture(tmp_path / "none.jpg")


def test_a_picture_of_several_as_telephones_write_it_is_read_as_its_first(tmp_path, small):
    first, second = Image.fromarray(small), Image.fromarray(255 - small)
    first.save(tmp_path / "a.jpg", format="MPO", save_all=True, append_images=[second], quality=95)
    with Image.open(tmp_path / "a.jpg") as written:
        assert written.format == "MPO"
        assert (read_picture(tmp_path / "a.jpg") == np.array(written.convert("RGB"))).all()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is no picture of a known kind"),
        (b"not a picture", "is no picture of a known kind"),
        (b"\xff\xd8\xff\xe0broken", "cannot be read"),
    ],
)
def test_a_damaged_picture_is_refused_with_advice(tmp_path, content, why):
    path = tmp_path / "damaged.jpg"
    path.write_bytes(content)
    with pytest.raises(RequestError, match=rf"damaged\.jpg {why}.*Give a JPEG or PNG") as told:
        read_picture(path)
    assert "object at" not in str(told.value)


def test_a_picture_cut_short_is_refused(tmp_path):
    whole = write_picture(tmp_path / "a.jpg", np.zeros((200, 200, 3), np.uint8)).read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RequestError, match="cannot be read"):
        read_picture(tmp_path / "cut.jpg")


def test_values_without_an_agreed_range_are_refused(tmp_path):
    Image.fromarray(np.zeros((5, 5), np.uint16)).save(tmp_path / "deep.png")
    with pytest.raises(RequestError, match="no 8-bit picture"):
        read_picture(tmp_path / "deep.png")


def test_a_picture_over_the_limit_is_refused(tmp_path, small, monkeypatch):
    monkeypatch.setattr(pictures, "PIXEL_LIMIT", 23)
    path = write_picture(tmp_path / "a.png", small)
    with pytest.raises(RequestError, match="Reduce or convert"):
        read_picture(path)


@pytest.mark.parametrize("name", ["out.gif", "out", "png"])
def test_an_unknown_suffix_is_refused_before_any_work(tmp_path, name):
    with pytest.raises(RequestError, match=r"End its name in one of \.png, \.jpg, \.jpeg"):
        check_destination(tmp_path / name, source=tmp_path / "in.png")


def test_a_folder_is_no_destination(tmp_path):
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(RequestError, match="is a folder"):
        check_destination(tmp_path / "folder.png", source=tmp_path / "in.png")


def test_the_source_is_no_destination_but_an_earlier_result_is(tmp_path, small):
    source, earlier = (write_picture(tmp_path / name, small) for name in ("in.png", "out.png"))
    check_destination(earlier, source=source)
    with pytest.raises(RequestError, match="would be overwritten"):
        check_destination(source, source=source)


def test_a_failed_write_leaves_the_earlier_picture_and_nothing_else(tmp_path, small, monkeypatch):
    path = write_picture(tmp_path / "out.png", small)
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("evenmatch.files.os.fdopen", full)
    with pytest.raises(OutsideError, match="No space left on device"):
        write_picture(path, 255 - small)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_picture_of_a_face_is_its_owners_alone(tmp_path, small):
    assert write_picture(tmp_path / "out.png", small).stat().st_mode & 0o077 == 0
