"""How a valid file is made hostile: bytes, text, tables, trees, archives and arrays."""

from __future__ import annotations

import bz2
import copy
import csv
import functools
import gzip
import io
import json
import lzma
import struct
import tarfile
import warnings
import zipfile
import zlib
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

LONGEST: Final = 1 << 20  # bytes that a mutated file grows to at most
COMMAND: Final = "touch CANARY-command"  # what code hidden in a file would do

NUMBERS: Final = (
    "", "0", "-0", "-1", "1e309", "-1e309", "1e-400", "nan", "NaN", "-inf", "Infinity", "0x10",
    "1_000", "1,5", "\u0663", "\uff19", "\u00b2", "1" * 25, "9" * 5000, "-" + "9" * 400,
    "9223372036854775808",
    "18446744073709551616", "4294967296", "2147483648", "65536", "1e5", "0.1e", "+1",
    "1.0", "1:1:1",
)  # fmt: skip
WORDS: Final = (
    "", " ", "null", "~", "true", "None", "NA", "-", "[]", "{}", "[[]]", "a: b", "- a", "a, b",
    "x\0y", "\0", "\x1b[2J\x1b[31m", "\x07", "\r", "\r\n", "\t", "\v", "\x1c", "\x85", "\u2028",
    "\ufeff", "\u202eabc", "\u200b", "é", "é", "İ", "ß", "ﬀ", "\ufdfa" * 500, "😀", "\udc80",
    "../../../CANARY", "/etc/passwd", "..", ".", "/", "~/x", "C:\\x", "a/../../CANARY", "CON",
    "//h/s", "file:///etc/passwd",
    "http://127.0.0.1:9/x", "${HOME}", "{{7*7}}", "%s%n", "=1+1", "'", '"',
    '"""', "`", "<script>alert(1)</script>", "__class__", "__proto__", "x" * 70_000, "a b " * 9000,
    "*a", "&a [*a]", "<<: *a", "!!bool x", "!!int ''", "!!float .", "!!timestamp x", "!!binary x",
    "!!set {a, b}", "!!omap [a]", "!!pairs [a]", "!!null x", "!!map [a]", "!!seq {a: b}",
    "!!str {}",
    f"!!python/object/apply:os.system ['{COMMAND}']", "!!python/name:os.system", "? [a]",
    "%YAML 9.9",
    "2026-99-99", "2026-01-01T25:61:61Z", "[" * 3000, "{a: " * 600, "- " * 900, "<a>" * 900,
    "(" * 3000,
)  # fmt: skip
LAUGHS: Final = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)
HOSTILE_PICKLE: Final = b"cos\nsystem\n(S'" + COMMAND.encode() + b"'\ntR."


def mutate(data: bytes, form: str, rng: random.Random, spare: Sequence[bytes] = ()) -> bytes:
    """Return a file changed in one to eight ways.

    Args:
        data: the valid file.
        form: `bytes`, `text`, `csv`, `yaml`, `json`, `zip`, `tar`, `parquet` or `npy`; or
            `values`, a YAML file of which one to three values become others of their kind.
        rng: the only source of chance.
        spare: other files, of which pieces are spliced in.
    """
    before = data
    kind = form == "values"
    for _ in range(rng.choice((1, 1, 1, 1, 2, 3, 3 if kind else 8))):
        change = rng.choice(_CHANGES[form] if kind or rng.random() < 0.75 else _BYTES)
        try:
            data = change(data, rng, spare)[:LONGEST]
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, RuntimeError,
                yaml.YAMLError, csv.Error, zipfile.BadZipFile, tarfile.TarError, OSError,
                EOFError, OverflowError, struct.error, NotImplementedError, LookupError,
                lzma.LZMAError, zlib.error):  # fmt: skip
            data = _flip(data, rng, spare)  # no longer of its form: change its bytes
    return data if data != before else _flip(data, rng, spare)


def token(rng: random.Random) -> str:
    """Return a word or number that readers stumble over."""
    return rng.choice(NUMBERS if rng.random() < 0.4 else WORDS)


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


# ---------------------------------------------------------------- bytes


def _place(data: bytes, rng: random.Random) -> int:
    # Headings decide most: half of all changes fall among the first bytes.
    return rng.randrange(min(len(data), 200) if rng.random() < 0.5 else len(data) or 1)


def _span(data: bytes, rng: random.Random) -> tuple[int, int]:
    start = rng.randrange(len(data) + 1)
    return start, min(len(data), start + rng.choice((1, 2, 4, 16, 200, 5000)))


def _flip(data: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    if not data:
        return rng.randbytes(rng.randrange(1, 50))
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]


def _set(data: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    at = _place(data, rng)
    return data[:at] + rng.choice((b"\0", b"\xff", b"\x7f", b"\x80", b"\n")) + data[at + 1 :]


def _huge(data: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    at = _place(data, rng)
    value = rng.choice((0, 1, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**63, 2**64 - 1))
    size, order = rng.choice((2, 4, 8)), rng.choice(("little", "big"))
    return data[:at] + (value % 256**size).to_bytes(size, order) + data[at + size :]


def _truncate(data: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    return data[: rng.randrange(len(data) + 1)] if rng.random() < 0.9 else b""


def _duplicate(data: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    start, end = _span(data, rng)
    return data[:end] + data[start:end] * rng.choice((1, 1, 2, 50)) + data[end:]


def _remove(data: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    start, end = _span(data, rng)
    return data[:start] + data[end:]


def _insert(data: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    at = rng.randrange(len(data) + 1)
    what = rng.choice(
        (_raw(token(rng)), rng.randbytes(8), b"\0" * 300, HOSTILE_PICKLE, b"\xff\xfe")
    )
    return data[:at] + what + data[at:]


def _splice(data: bytes, rng: random.Random, spare: Sequence[bytes]) -> bytes:
    other = rng.choice([*spare, data])
    start, end = _span(other, rng)
    at = rng.randrange(len(data) + 1)
    return data[:at] + other[start:end] + data[at + rng.choice((0, end - start)) :]


def _swap_blocks(data: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    a, b, c = sorted(rng.randrange(len(data) + 1) for _ in range(3))
    return data[:a] + data[b:c] + data[a:b] + data[c:]


_BYTES: Final[tuple[Callable[..., bytes], ...]] = (
    _flip, _flip, _set, _huge, _huge, _truncate, _duplicate, _remove, _insert, _splice,
    _swap_blocks,
)  # fmt: skip

# ---------------------------------------------------------------- text and tables


def _words(data: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    """Exchange a word or number for another one."""
    text = _text(data)
    breaks = [k for k, sign in enumerate(text) if sign in " \t\n,;:\"'/<>=()[]{}"] or [0]
    k = rng.randrange(len(breaks))
    start = breaks[k] + 1
    end = breaks[k + 1] if k + 1 < len(breaks) else len(text)
    return _raw(text[:start] + token(rng) + text[end:])


def _lines(data: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    lines = _text(data).split("\n")
    at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    match rng.randrange(7):
        case 0:
            lines[at], lines[other] = lines[other], lines[at]
        case 1:
            lines[at:at] = [lines[other]] * rng.choice((1, 2, 100))
        case 2:
            del lines[at]
        case 3:
            lines[at] += lines[other]
        case 4:
            lines.insert(at, token(rng))
        case 5:
            rng.shuffle(lines)
        case _:
            lines[at] = lines[at] * rng.choice((2, 1000))
    return _raw(rng.choice(("\n", "\n", "\n", "\r\n", "\r", "\n\n")).join(lines))


def _encoding(data: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    return _text(data).encode(rng.choice(("utf-16", "utf-8-sig", "utf-32", "cp500", "utf-7")))


def _cells(data: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:  # noqa: C901, PLR0912 - one case a change
    """Change cells, columns or rows of a table."""
    rows = list(csv.reader(io.StringIO(_text(data))))
    row = rng.choice(rows)
    one, other = rng.randrange(len(row)), rng.randrange(len(row))
    match rng.randrange(9):
        case 0:
            row[one] = token(rng)
        case 1:
            for each in rows:
                each[one], each[other] = each[other], each[one]
        case 2:
            for each in rows:
                del each[one]
        case 3:
            for each in rows:
                each.insert(one, each[other])
        case 4:
            rows[0][one] = rng.choice((token(rng), rows[0][other], rows[0][one].upper(), ""))
        case 5:
            row[one], row[other] = row[other], row[one]
        case 6:
            row.extend([token(rng)] * rng.choice((1, 3, 500)))
        case 7:
            rows[1:] = rows[1:] * rng.choice((2, 0)) + [[token(rng) for _ in row]]
        case _:
            for each in rows[1:]:
                each[one] = token(rng)
    out = io.StringIO()
    csv.writer(out, delimiter=rng.choice(",,,,,;\t"), lineterminator="\n").writerows(rows)
    return _raw(out.getvalue())


# ---------------------------------------------------------------- trees: YAML and JSON


def _junk(rng: random.Random) -> Any:
    deep: Any = 1
    for _ in range(rng.choice((3, 90, 400))):
        deep = [deep] if rng.random() < 0.5 else {"a": deep}
    return rng.choice((
        token(rng), token(rng), None, True, False, 0, -1, 2**63, 10**400, 1e308, float("nan"),
        float("inf"), -0.5, [], {}, [[]], [None], {"": ""}, {"a": 1}, [1, "2", None], deep,
        list(range(2000)), {str(k): k for k in range(300)}, "x" * 5000,
    ))  # fmt: skip


def _spots(tree: Any) -> list[tuple[Any, Any]]:
    """Return every place of a tree: what holds it and where."""
    found: list[tuple[Any, Any]] = []
    left = [tree]
    while left and len(found) < 5000:  # aliases can make a tree that nobody could walk
        part = left.pop()
        pairs = part.items() if isinstance(part, dict) else enumerate(part)
        for key, value in pairs:
            found.append((part, key))
            if isinstance(value, dict | list):
                left.append(value)
    return found


def _changed_tree(tree: Any, rng: random.Random) -> Any:
    if not isinstance(tree, dict | list) or not tree or rng.random() < 0.02:
        return _junk(rng)
    spots = _spots(tree)
    (part, key), (source, name) = rng.choice(spots), rng.choice(spots)
    match rng.randrange(8):
        case 0 | 1 | 2:
            part[key] = _junk(rng)
        case 3:
            del part[key]
        case 4:
            part[key] = json.loads(json.dumps(source[name]))
        case 5 if isinstance(part, dict):
            part[token(rng)] = part.pop(key)
        case 6:
            part[key] = [part[key]] if rng.random() < 0.5 else {"a": part[key]}
        case _:
            value = part[key]
            if isinstance(value, bool):
                part[key] = str(value)
            elif isinstance(value, int | float):
                part[key] = rng.choice((-value, value * 10**9, str(value), value + 0.5, [value]))
            else:
                part[key] = _junk(rng)
    return tree


def _json_tree(data: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    return _raw(json.dumps(_changed_tree(json.loads(data), rng), ensure_ascii=rng.random() < 0.3))


@functools.lru_cache(maxsize=4)  # the valid file comes again and again, and is slow to read
def _yaml_read(data: bytes) -> Any:
    return yaml.safe_load(data)


def _yaml_tree(data: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    if data.count(b"&a") > 3 or b"&loop" in data:
        raise ValueError("a tree that no one can walk")
    tree = _changed_tree(copy.deepcopy(_yaml_read(data)), rng)
    return _raw(yaml.safe_dump(tree, sort_keys=False, allow_unicode=rng.random() < 0.5))


_SIZES: Final = (
    0, 1, 2, -1, 3, 100, 10**4, 10**6, 10**9, 2**31, 2**53, 2**63 - 1, 2**64, 10**30, 10**400,
    0.5, 1e-9, 1e-300, 5e-324, 0.999999999, 1.0, 1e9, 1e300, 1.7e308,
)  # fmt: skip
_LONG: Final = "0" * 5000
_TEXTS: Final = {
    "=": ("fmr=1e-300", "fmr=0.999999", "fmr=0.5", f"fmr=0.1{_LONG}", "threshold=1e308",
          "threshold=-1e308", "threshold=0", "threshold=1e-320", "fpir=0.5", "fpir=1e-9"),
    "<": ("<= 1e-300", "< 0.999999", f"<= 0.1{_LONG}", "<= 0.5"),
    "": ("all", "none", "a" * 80, "a" * 300, "0", "é"),
}  # fmt: skip


def _values(data: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    """Change a value for another of its kind, so that much of what comes out is understood."""
    tree = copy.deepcopy(_yaml_read(data))
    spots = _spots(tree)
    numbers = [(part, key) for part, key in spots if isinstance(part[key], int | float)]
    texts = [(part, key) for part, key in spots if isinstance(part[key], str)]
    lists = [(part, key) for part, key in spots if isinstance(part[key], list)]
    match rng.randrange(8):
        case 0 | 1 | 2 | 3:
            part, key = rng.choice(numbers)
            value = part[key]
            part[key] = rng.choice((*_SIZES, value * 10, value / 10, -value))
        case 4 | 5:
            part, key = rng.choice(texts)
            sign = next((sign for sign in "=<" if sign in part[key]), "")
            others = [of[name] for of, name in texts if sign in of[name]]
            part[key] = rng.choice((*_TEXTS[sign], *others))
        case 6:
            part, key = rng.choice(lists)
            value = part[key]
            part[key] = rng.choice((value * 2, value[::-1], [], value[:1], value[1:]))
        case _:
            part, key = rng.choice(spots)
            del part[key]
    return _raw(yaml.safe_dump(tree, sort_keys=False))


def _laughs(data: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    """Let a key hold a billion of something, by aliases, or itself."""
    text = _text(data)
    if rng.random() < 0.3:
        return _raw(f"loop: &loop [*loop]\n{text}")
    lines = text.split("\n")
    keys = [k for k, line in enumerate(lines) if line[:1].isalpha() and ":" in line] or [0]
    at = rng.choice(keys)
    lines[at] = lines[at].split(":")[0] + ": *a11"
    return _raw(LAUGHS + "\n".join(lines))


# ---------------------------------------------------------------- archives


def _zip(data: bytes, rng: random.Random, spare: Sequence[bytes]) -> bytes:
    """Change what is inside of a zip archive, so that its checksums are right."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(each.filename, archive.read(each)) for each in archive.infolist()]
    at = rng.randrange(len(members))
    name, content = members[at]
    match rng.randrange(6):
        case 0 | 1 | 2:
            form = next((form for end, form in _INSIDE.items() if name.endswith(end)), "bytes")
            members[at] = name, mutate(content, form, rng, spare)
        case 3:
            folder = name.rpartition("/")[0]
            members[at] = rng.choice((token(rng), f"{folder}/{token(rng)}", name.upper())), content
        case 4:
            members.insert(at, (name, rng.choice((content, b"", *spare))))
        case _:
            del members[at]
    out = io.BytesIO()
    way = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", way) as archive:
        warnings.simplefilter("ignore")  # of names that are there twice
        for each, inside in members:
            archive.writestr(zipfile.ZipInfo(each.encode(errors="replace").decode() or "x"), inside)
    return out.getvalue()


_PACKERS: Final = ((b"\x1f\x8b", gzip), (b"BZh", bz2), (b"\xfd7zXZ", lzma))
_KINDS: Final = (
    tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE,
    tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.CONTTYPE, tarfile.GNUTYPE_SPARSE, b"Z",
)  # fmt: skip


def _tar(data: bytes, rng: random.Random, spare: Sequence[bytes]) -> bytes:
    """Change entries or bytes of a tar archive below its compression."""
    packer = next((each for head, each in _PACKERS if data.startswith(head)), None)
    plain = packer.decompress(data) if packer else data
    if rng.random() < 0.3:
        changed = rng.choice(_BYTES)(plain, rng, spare)
        return packer.compress(changed) if packer else changed
    with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
        members = [
            (each, archive.extractfile(each).read() if each.isreg() else b"") for each in archive
        ]
    at = rng.randrange(len(members))
    entry, content = members[at]
    match rng.randrange(6):
        case 0:
            entry.name = rng.choice((token(rng), "../CANARY", "/CANARY", "a/" * 60 + "b"))
        case 1:
            entry.type, entry.linkname = (
                rng.choice(_KINDS),
                rng.choice((token(rng), "../CANARY", ".")),
            )
        case 2:
            members.insert(at, (entry, content * rng.choice((1, 2, 0))))
        case 3:
            entry.mode, entry.uid, entry.mtime = rng.choice((0o4777, 0, 0o7777)), 2**40, -1
        case 4:
            entry.pax_headers = {"path": token(rng), "size": rng.choice(NUMBERS)}
        case _:
            entry.size = len(content) + rng.choice((-1, 1, 512, 0))
    out = io.BytesIO()
    form = rng.choice((tarfile.PAX_FORMAT, tarfile.GNU_FORMAT))
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for each, inside in members:
            archive.addfile(each, io.BytesIO(inside.ljust(max(each.size, 0), b"\0")))
    return packer.compress(out.getvalue()) if packer else out.getvalue()


# ---------------------------------------------------------------- arrays


def _parquet(data: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    """Give a column of a Parquet table other types, names or values."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(io.BytesIO(data))
    at = rng.randrange(table.num_columns)
    name, column, rows = table.column_names[at], table.column(at), table.num_rows
    other = rng.randrange(table.num_columns)
    match rng.randrange(6):
        case 0 | 1 | 2:
            values: list[Any] = rng.choice((
                [None] * rows, [True] * rows, list(range(rows)), [2**62] * rows, [1e308] * rows,
                [float("nan")] * rows, [b"\xff\x00"] * rows, [[1.0, None]] * rows, [[]] * rows,
                [{"a": 1}] * rows, [["x"]] * rows,
                [token(rng).encode(errors="replace").decode()] * rows,
                [[float(k)] * k for k in range(rows)], [[1.0] * 3] * (rows - 1) + [None],
            ))  # fmt: skip
            table = table.set_column(at, name, pa.array(values))
        case 3:
            names = list(table.column_names)
            names[at] = rng.choice((token(rng), names[other])).encode(errors="replace").decode()
            table = table.rename_columns(names)
        case 4:
            table = table.remove_column(at)
        case _:
            way = rng.choice(
                (pa.binary(), pa.large_string(), pa.dictionary(pa.int8(), column.type))
            )
            table = table.set_column(at, name, column.cast(way))
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


_SHAPES: Final = (
    "(3, 3)", "(0, 3)", "(3, 0)", "()", "(3,)", "(-1, 3)", "(4611686018427387904, 3)",
    "(10**9, 512)",
    "(2147483648, 1)", "3", "(3, 3, 1)", "(True, 3)", "(1000000000, 1000)", "[3, 3]", "(3.0, 3)",
)  # fmt: skip
_DTYPES: Final = (
    "<f8", ">f8", "<f2", "<i8", "|b1", "|O", "|S8", "<U4", "<c16", "|V8", "<M8[s]", "<f16", "|u1",
    "[('a','<f8')]", "", "object", "<f99", "4000000000f8",
)  # fmt: skip


def _npy(data: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    """Give an array another heading."""
    size = int.from_bytes(data[8:10], "little")
    dtype = rng.choice(_DTYPES)
    said = dtype if dtype.startswith("[") else repr(dtype)
    order, shape = rng.choice(("True", "False", "2")), rng.choice(_SHAPES)
    heading = rng.choice((
        f"{{'descr': {said}, 'fortran_order': {order}, 'shape': {shape}, }}",
        "{" * 300, "__import__('os')", "(" * 9000, "[" * 60_000,
        "'" + "x" * 60_000 + "'", "9" * 5000,
    )).encode()  # fmt: skip
    content = rng.choice((data[10 + size :], b"", HOSTILE_PICKLE))
    return data[:8] + min(len(heading), 65535).to_bytes(2, "little") + heading + content


_INSIDE: Final = {".npy": "npy", ".json": "json", ".yaml": "yaml", ".csv": "csv", ".txt": "text"}
_TEXT: Final = (_words, _words, _words, _lines, _lines, _encoding)
_CHANGES: Final[dict[str, tuple[Callable[..., bytes], ...]]] = {
    "bytes": _BYTES,
    "text": _TEXT,
    "csv": (*_TEXT, *[_cells] * 6),
    "values": (_values,),
    "yaml": (*_TEXT, *[_yaml_tree] * 6, _laughs),
    "json": (*_TEXT, *[_json_tree] * 8),
    "zip": (_zip, _zip, _zip, _huge),
    "tar": (_tar, _tar, _tar),
    "parquet": (_parquet, _parquet, _huge, _flip),
    "npy": (_npy, _npy, _flip),
}
