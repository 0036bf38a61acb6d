"""Photographs, archives, caches, receipts and what else lies beside a benchmark."""

from __future__ import annotations

import io
import random
import shutil
import tarfile
import zipfile
from typing import TYPE_CHECKING

import numpy as np
from fuzzing.watch import Made
from PIL import Image

from evenmatch.data.content_cache import ContentCache, Entry, content_key
from evenmatch.data.pictures import PIXEL_LIMIT, read_picture
from evenmatch.data.receipts import (
    Receipt,
    Receipts,
    lost_contents,
    read_receipts,
    write_contents,
    write_receipts,
)
from evenmatch.data.unpacking import Limits, unpack
from evenmatch.errors import EvenmatchError
from evenmatch.matching.cache import TemplateCache
from evenmatch.matching.images import read_photograph
from evenmatch.matching.matcher import FailureReason

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PICTURES = {
    "jpg": "JPEG", "png": "PNG", "bmp": "BMP", "gif": "GIF", "ppm": "PPM", "tif": "TIFF",
    "webp": "WEBP", "jp2": "JPEG2000",
}  # fmt: skip


def _picture(ending: str) -> Callable[[Path], Made]:
    def make(folder: Path) -> Made:
        noise = np.random.default_rng(1).integers(0, 255, (24, 20, 3), dtype=np.uint8)
        path = folder / f"a.{ending}"
        exif = Image.Exif()
        exif[0x0112] = 6
        more = {"exif": exif} if ending in {"jpg", "png", "webp"} else {}
        Image.fromarray(noise).save(path, PICTURES[ending], **more)
        files = [path]
        if ending in {"png", "tif", "gif", "bmp"}:
            files.append(folder / f"b.{ending}")
            Image.fromarray(noise).convert("P").save(files[-1], PICTURES[ending])

        def read() -> None:
            for each in files:
                found = read_photograph(folder, each.name)
                if isinstance(found, FailureReason):
                    continue
                if found.dtype != np.uint8 or found.ndim != 3 or found.size > 3 * PIXEL_LIMIT:
                    raise AssertionError(f"a photograph of {found.dtype} and {found.shape}")
            for each in files:
                read_picture(each)

        return Made(files, read, form="bytes")

    make.__doc__ = f"A photograph in {PICTURES[ending]}."
    return make


def _filled(name: str) -> bytes:
    return random.Random(name).randbytes(700)  # noqa: S311 - only has to be the same each time


NAMES = ("set/a/1.jpg", "set/a/2.jpg", "set/list.txt", "set/b/1.jpg")


def _archive(ending: str) -> Callable[[Path], Made]:
    def make(folder: Path) -> Made:
        path, target = folder / f"set.{ending}", folder / "out"
        if ending == "zip":
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                for name in NAMES:
                    archive.writestr(name, _filled(name))
        else:
            way = ending.partition(".")[2].replace("tgz", "gz")
            with tarfile.open(path, f"w:{way}") as archive:
                for name in NAMES:
                    entry = tarfile.TarInfo(name)
                    entry.size = len(_filled(name))
                    archive.addfile(entry, io.BytesIO(_filled(name)))
                entry = tarfile.TarInfo("set/link.jpg")
                entry.type, entry.linkname = tarfile.SYMTYPE, "a/1.jpg"
                archive.addfile(entry)
        limits = Limits(files=50, size=1 << 22, ratio=100, small=1 << 20)

        def read() -> None:
            shutil.rmtree(target, ignore_errors=True)
            try:
                written = unpack(path, target, limits=limits)
            except EvenmatchError:
                left = [each for each in target.rglob("*") if each.is_file()]
                if left:
                    raise AssertionError(f"refused and left {left}") from None
                raise
            there = {
                each.relative_to(target).as_posix(): each.stat().st_size
                for each in target.rglob("*")
                if not each.is_dir() or each.is_symlink()
            }
            if there != written or any(each.is_symlink() for each in target.rglob("*")):
                raise AssertionError(f"unpacked {there} and said {written}")

        return Made([path], read, out=(target,))

    make.__doc__ = f"An archive, .{ending}."
    return make


def template_cache(folder: Path) -> Made:
    """A cache of templates: what it gives back is what was put there, or nothing."""
    path = folder / "out" / "t.sqlite"
    path.parent.mkdir()
    rng = np.random.default_rng(1)
    kept = {content_key(b"%d" % n): rng.normal(size=64).astype("<f4") for n in range(60)}
    failed = content_key(b"failed")
    with TemplateCache(path) as cache:
        cache.put({**kept, failed: FailureReason.NO_FACE})
    valid = folder / "valid.sqlite"
    shutil.copy(path, valid)

    def read() -> None:
        for each in path.parent.iterdir():
            each.unlink()
        shutil.copy(valid, path)
        with TemplateCache(path) as cache:
            for key, vector in kept.items():
                found = cache.get(key)
                if found is not None and (
                    isinstance(found, FailureReason) or not np.array_equal(found, vector)
                ):
                    raise AssertionError("a damaged template was given back")
            if cache.get(failed) not in (None, FailureReason.NO_FACE):
                raise AssertionError("a damaged failure was given back")
            cache.put({failed: FailureReason.NO_FACE})
            if cache.get(failed) is not FailureReason.NO_FACE:
                raise AssertionError("what was put is not there")
            len(cache)

    return Made([valid], read, form="bytes", out=(path.parent,), replaced=())


def forged_cache(folder: Path) -> Made:
    """A cache whose tables somebody made himself."""
    import sqlite3

    path = folder / "out" / "t.sqlite"
    path.parent.mkdir()
    said = folder / "said.txt"
    said.write_text(
        "CREATE TABLE templates (key BLOB PRIMARY KEY, reason TEXT, vector BLOB, digest BLOB);\n"
        "INSERT INTO templates VALUES (x'00', 'no_face', x'01', x'02');\n"
        "INSERT INTO templates VALUES ('k', 5, 'text', NULL);\n"
        "CREATE VIEW other AS SELECT 1;\n"
    )

    def read() -> None:
        for each in path.parent.iterdir():
            each.unlink()
        database = sqlite3.connect(path)
        for line in said.read_text(errors="replace").split("\n"):
            try:
                database.execute(line)
            except (sqlite3.Error, sqlite3.Warning, ValueError):
                continue
        database.commit()
        database.close()
        with ContentCache(path, "cache") as cache:
            for key in (b"\0", b"k", b"x"):
                cache.get(key)
            cache.put({b"k": Entry("", b"v")})
            if cache.get(b"k") != Entry("", b"v"):
                raise AssertionError("what was put is not there")

    return Made([said], read, out=(path.parent,), replaced=())


def receipts(folder: Path) -> Made:
    """A prepared benchmark's record, and what an archive was unpacked to."""
    files = {"a.zip": Receipt("0" * 64, 12, 34, "https://example.org/a.zip")}
    write_receipts(folder, Receipts(ready=True, files=files))
    write_contents(folder, "a.zip", {"a/1.jpg": 5, "a/2.jpg": 7})
    (folder / "a").mkdir()
    (folder / "a" / "1.jpg").write_text("12345")
    both = [path for path in folder.iterdir() if path.is_file()]

    def read() -> None:
        found = read_receipts(folder)
        for receipt in found.files.values():
            if not isinstance(receipt.bytes, int) or not isinstance(receipt.sha256, str):
                raise AssertionError(f"a receipt of {receipt}")  # noqa: TRY004 - of this harness
        lost_contents(folder, "a.zip", folder)

    return Made(both, read)


KINDS = {
    **{f"image-{ending}": _picture(ending) for ending in PICTURES},
    **{f"archive-{end}": _archive(end) for end in ("zip", "tar", "tar.gz", "tar.bz2", "tar.xz")},
    "cache": template_cache,
    "cache-forged": forged_cache,
    "receipts": receipts,
}
