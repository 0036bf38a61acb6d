"""Archives from strangers: what is unpacked, and everything that is refused whole."""

import io
import os
import stat
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.data.unpacking import Limits, unpack
from evenmatch.errors import OutsideError, RequestError

FILES = {"lfw/A/A_0001.jpg": b"a" * 3000, "lfw/B/B_0001.jpg": b"b", "list.txt": b""}
KINDS = [".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz"]


def entry(name, content=b"", **fields):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in fields.items():
        setattr(info, key, value)
    return info, io.BytesIO(content)


def tarred(path, *entries, mode="w:gz"):
    with tarfile.open(path, mode) as archive:
        for info, content in entries:
            archive.addfile(info, content)
    return path


def zipped(path, files, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def packed(folder, kind, files=FILES):
    path = folder / f"set{kind}"
    if kind == ".zip":
        return zipped(path, files)
    mode = {".tar": "w", ".tar.bz2": "w:bz2", ".tar.xz": "w:xz"}.get(kind, "w:gz")
    return tarred(path, *(entry(name, content) for name, content in files.items()), mode=mode)


def there(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def refused(archive, folder, said, limits=None):
    """Unpack, see it refused, and see that nothing at all was left."""
    with pytest.raises(RequestError, match=said) as caught:
        unpack(archive, folder, limits=limits or Limits())
    assert list(folder.iterdir()) == []
    assert str(archive) in str(caught.value)
    return str(caught.value)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_becomes_its_files(tmp_path, out, kind):
    written = unpack(packed(tmp_path, kind), out)
    assert there(out) == FILES
    assert written == {name: len(content) for name, content in FILES.items()}


@pytest.mark.parametrize("kind", [".zip", ".tgz"])
def test_it_is_unpacked_beside_what_lies_there_and_again_without_harm(tmp_path, out, kind):
    (out / "lfw").mkdir(parents=True)
    (out / "lfw" / "mine.txt").write_text("mine")
    archive = packed(tmp_path, kind)
    unpack(archive, out)
    unpack(archive, out)
    assert there(out) == {**FILES, "lfw/mine.txt": b"mine"}


def test_another_file_in_the_way_stays_and_nothing_is_moved(tmp_path, out):
    out.mkdir()
    (out / "list.txt").write_text("mine")
    with pytest.raises(RequestError, match=r"list\.txt: is there already and differs"):
        unpack(packed(tmp_path, ".zip"), out)
    assert there(out) == {"list.txt": b"mine"}


def test_nothing_is_written_through_a_link_that_lies_there(tmp_path, out):
    (tmp_path / "elsewhere").mkdir()
    out.mkdir()
    (out / "lfw").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RequestError, match="is a link"):
        unpack(packed(tmp_path, ".zip"), out)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_what_a_killed_call_left_is_cleared(tmp_path, out):
    (out / ".evenmatch-unpacking-set.zip" / "half").mkdir(parents=True)
    unpack(packed(tmp_path, ".zip"), out)
    assert there(out) == FILES
    assert sorted(each.name for each in out.iterdir()) == ["lfw", "list.txt"]


def test_permissions_are_dropped(tmp_path, out):
    archive = tarred(tmp_path / "a.tgz", entry("run.sh", b"x", mode=0o6777))
    unpack(archive, out)
    assert not (out / "run.sh").stat().st_mode & (stat.S_IXUSR | stat.S_ISUID | stat.S_ISGID)


def test_what_a_mac_adds_is_left_out(tmp_path, out):
    unpack(packed(tmp_path, ".zip", {**FILES, "__MACOSX/lfw/._A": b"x"}), out)
    assert there(out) == FILES


def test_a_name_with_backslashes_in_a_zip_is_a_path(tmp_path, out):
    unpack(packed(tmp_path, ".zip", {"A\\1.jpg": b"x"}), out)
    assert there(out) == {"A/1.jpg": b"x"}


NAMES = [
    ("../evil", "leads out"),
    ("a/../../evil", "leads out"),
    ("a/..", "leads out"),
    ("/etc/evil", "leads out"),
    ("//server/evil", "leads out"),
    ("C:/evil", "leads out"),
    ("C:evil", "leads out"),
    ("a\nb", "characters"),
    ("a\x1b[2Jb", "characters"),
    ("gpj.\u202eexe", "characters"),
    ("a\x7f", "characters"),
    ("/".join("abc" * 20), "too deep or too long"),
    ("x" * 300, "too deep or too long"),
]


@pytest.mark.parametrize(("name", "said"), NAMES)
@pytest.mark.parametrize("kind", [".zip", ".tgz"])
def test_a_name_that_is_no_place_inside_refuses_all_of_it(tmp_path, out, kind, name, said):
    archive = packed(tmp_path, kind, {"good.jpg": b"x", name: b"evil"})
    assert said in refused(archive, out, "nothing was unpacked")
    assert not (tmp_path / "evil").exists()


def test_this_programs_own_records_cannot_be_forged(tmp_path, out):
    refused(packed(tmp_path, ".zip", {".evenmatch-files.json": b"{}"}), out, "keeps for itself")


def test_a_backslash_in_a_tar_and_an_escape_by_backslashes_are_refused(tmp_path, out):
    refused(tarred(tmp_path / "a.tgz", entry("..\\evil", b"x")), out, "characters")
    refused(packed(tmp_path, ".zip", {"..\\evil": b"x"}), out, "leads out")


@pytest.mark.parametrize("names", [["a/x", "a/x"], ["x", "./x"], ["a", "a/b"], ["a/b", "a"]])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_comes_twice_is_refused(tmp_path, out, names):
    archive = tarred(tmp_path / "a.tgz", *(entry(name, b"x") for name in names))
    refused(archive, out, "comes twice|a file and a folder at once")


@pytest.mark.parametrize("names", [["A.jpg", "a.JPG"], ["Å/1", "A\u030a/2"], ["straße", "STRASSE"]])
@pytest.mark.parametrize("kind", [".zip", ".tgz"])
def test_names_that_are_one_on_other_systems_are_refused(tmp_path, out, names, kind):
    refused(packed(tmp_path, kind, dict.fromkeys(names, b"x")), out, "one name on many systems")


def test_a_link_to_a_file_that_came_becomes_a_copy(tmp_path, out):
    archive = tarred(
        tmp_path / "a.tgz",
        entry("a/one", b"face"),
        entry("b/soft", type=tarfile.SYMTYPE, linkname="../a/one"),
        entry("hard", type=tarfile.LNKTYPE, linkname="a/one"),
    )
    unpack(archive, out)
    assert there(out) == {"a/one": b"face", "b/soft": b"face", "hard": b"face"}
    assert not any(path.is_symlink() for path in out.rglob("*"))
    assert (out / "hard").stat().st_nlink == 1


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
@pytest.mark.parametrize("where", ["/etc/passwd", "../../secret", "later", "folder", ".."])
def test_any_other_link_is_refused(tmp_path, out, kind, where):
    (tmp_path / "secret").write_text("s")
    archive = tarred(
        tmp_path / "a.tgz",
        entry("folder", type=tarfile.DIRTYPE),
        entry("link", type=kind, linkname=where),
        entry("link/evil", b"x"),
        entry("later", b"x"),
    )
    refused(archive, out, "no file that came before it")


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_a_device_is_refused(tmp_path, out, kind):
    refused(tarred(tmp_path / "a.tgz", entry("dev", type=kind)), out, "neither a file nor a folder")


def test_a_link_in_a_zip_is_refused(tmp_path, out):
    info = zipfile.ZipInfo("link")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    refused(tmp_path / "a.zip", out, "neither a file nor a folder")


@pytest.mark.parametrize("kind", [".zip", ".tgz", ".tar.bz2", ".tar.xz"])
def test_a_bomb_is_stopped_by_its_ratio(tmp_path, out, kind):
    archive = packed(tmp_path, kind, {"zeros": bytes(8 << 20)})
    refused(archive, out, "the most that an archive of this size", Limits(small=1 << 20, ratio=50))


def test_many_files_are_stopped_by_their_number(tmp_path, out):
    archive = packed(tmp_path, ".tgz", {str(number): b"" for number in range(12)})
    refused(archive, out, "comes after 10 files", Limits(files=10))


def test_sizes_are_stopped_by_their_sum(tmp_path, out):
    files = {str(number): os.urandom(1000) for number in range(12)}
    refused(packed(tmp_path, ".zip", files), out, "past 10,000 bytes", Limits(size=10_000))


def test_a_heading_that_would_fill_the_memory_is_refused(tmp_path, out):
    long = tarfile.TarInfo("x" * 100)
    long.type, long.size = tarfile.GNUTYPE_LONGNAME, 1 << 30
    (tmp_path / "a.tar").write_bytes(long.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
    refused(tmp_path / "a.tar", out, "bytes is too long")


def test_a_locked_zip_says_so(tmp_path, out):
    archive = packed(tmp_path, ".zip", {"a": b"x"})
    data = bytearray(archive.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(data)
    refused(archive, out, "locked with a password")


@pytest.mark.parametrize("name", ["a.7z", "a.rar", "a", "a.gz"])
def test_other_kinds_of_archive_are_named(tmp_path, out, name):
    (tmp_path / name).write_bytes(b"x")
    refused(tmp_path / name, out, r"those are \.zip, \.tar")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", [0.0, 0.4, 0.8])
def test_a_torn_archive_is_damaged_and_nothing_is_unpacked(tmp_path, out, kind, part):
    files = {str(number): os.urandom(3000) for number in range(20)}
    archive = packed(tmp_path, kind, files)
    data = archive.read_bytes()
    archive.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(OutsideError, match="is damaged or no archive"):
        unpack(archive, out)
    assert list(out.iterdir()) == []


def test_a_tar_cut_between_two_files_is_damaged(tmp_path, out):
    archive = tarred(tmp_path / "a.tar", entry("a", b"x" * 512), entry("b", b"y" * 512), mode="w")
    archive.write_bytes(archive.read_bytes()[:1024])
    with pytest.raises(OutsideError, match="is damaged"):
        unpack(archive, out)


@pytest.mark.parametrize("kind", [".zip", ".tar.gz", ".tar.xz"])
def test_a_flipped_bit_is_damage(tmp_path, out, kind):
    archive = packed(tmp_path, kind, {"a": os.urandom(4000)})
    data = bytearray(archive.read_bytes())
    data[len(data) // 2] ^= 8
    archive.write_bytes(data)
    with pytest.raises(OutsideError, match="is damaged"):
        unpack(archive, out)
    assert list(out.iterdir()) == []


def test_a_disk_that_refuses_is_an_outside_failure(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutsideError, match="cannot be written"):
        unpack(packed(tmp_path, ".zip"), tmp_path / "file" / "out")


@given(st.binary(max_size=600), st.sampled_from(KINDS))
def test_no_bytes_do_harm(tmp_path_factory, data, kind):
    folder = tmp_path_factory.mktemp("any")
    (folder / f"a{kind}").write_bytes(data)
    with pytest.raises((RequestError, OutsideError)):
        unpack(folder / f"a{kind}", folder / "out")
    assert not any((folder / "out").iterdir())
