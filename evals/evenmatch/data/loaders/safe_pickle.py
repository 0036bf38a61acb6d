"""Pickles as data: bytes, truth values and their lists are read, and nothing is ever called.

A pickle is a small program. Python's own reader runs it, which lets whoever wrote the file run
anything. This one knows the instructions that lists of bytes and truth values need, imports
nothing, and recognises the few constructions of numpy by name, as the data they stand for.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from evenmatch.errors import RequestError

MOST_STEPS: Final = 2_000_000
_ALLOWED: Final = {
    ("_codecs", "encode"): "encode",
    ("__builtin__", "bytes"): "bytes",
    ("builtins", "bytes"): "bytes",
    ("numpy", "dtype"): "dtype",
    ("numpy", "ndarray"): "ndarray",
    **{
        (f"numpy.{core}.{module}", name): name
        for core in ("core", "_core")
        for module, name in (
            ("multiarray", "scalar"),
            ("multiarray", "_reconstruct"),
            ("numeric", "_frombuffer"),
        )
    },
}


class _BrokenError(Exception):
    """The bytes are no pickle of the kind that is read; the text says how."""


class _Mark:
    """Where a list begins on the stack."""


@dataclass(frozen=True, eq=False)
class _Name:
    """Something a pickle would import; it stays a name."""

    name: str


@dataclass(eq=False)
class Made:
    """A numpy value as the pickle describes it: what makes it, of what, and its state."""

    name: str
    of: tuple[Any, ...]
    state: Any = None


def read_pickle(data: bytes, where: str) -> object:
    """Return what a pickle holds, of bytes, texts, whole numbers, truth values, None and lists.

    Tuples stay tuples, and numpy values are `Made`: `items`, `as_bytes` and `as_truth` read them.

    Args:
        data: the pickle, of any protocol.
        where: names the file in messages.

    Raises:
        RequestError: it is no pickle, is cut off, takes more than `MOST_STEPS` instructions, or
            asks for anything else, a function above all.
    """
    try:
        return _Machine(data).run()
    except _BrokenError as broken:
        raise RequestError(
            f"{where}: {broken}. A verification set holds photographs and truth values alone: "
            "fetch it again from its makers, and do not open this file with another program."
        ) from None


class _Machine:
    """The stack that a pickle's instructions work on."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.spare = 2 * len(data)  # bytes that texts may still become
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> object:
        for _ in range(MOST_STEPS):
            code = self.take(1)
            if code == b".":
                return self.pop()
            if code not in _INSTRUCTIONS:
                raise _BrokenError(
                    f"byte {self.at - 1} is {code!r}, no instruction that lists of bytes need"
                )
            kind, act = _INSTRUCTIONS[code]
            try:
                act(self, _ARGUMENTS[kind](self))
            except (ValueError, IndexError, KeyError):
                raise _BrokenError(f"the instruction at byte {self.at} makes no sense") from None
        raise _BrokenError(f"it takes more than {MOST_STEPS} instructions")

    def take(self, count: int) -> bytes:
        """Return the next bytes."""
        piece = self.data[self.at : self.at + count]
        if len(piece) < count:
            raise _BrokenError(f"it is cut off or no pickle: {count} bytes are wanted at {self.at}")
        self.at += count
        return piece

    def line(self) -> bytes:
        """Return the bytes up to the end of the line."""
        end = self.data.find(b"\n", self.at)
        if end < 0:
            raise _BrokenError(f"it is cut off or no pickle: a line does not end at {self.at}")
        return self.take(end + 1 - self.at)[:-1]

    def pop(self) -> Any:  # noqa: ANN401 - a pickle holds anything
        """Return the uppermost value."""
        if not self.stack or isinstance(self.stack[-1], _Mark):
            raise _BrokenError(f"a value is missing at byte {self.at}")
        return self.stack.pop()

    def pop_to_mark(self) -> list[Any]:
        """Return all values above the latest mark."""
        values = []
        while self.stack and not isinstance(self.stack[-1], _Mark):
            values.append(self.stack.pop())
        if not self.stack:
            raise _BrokenError(f"a mark is missing at byte {self.at}")
        self.stack.pop()
        return values[::-1]

    def extend(self, values: list[Any]) -> None:
        """Add values to the list below them."""
        target = self.stack[-1]
        if not isinstance(target, list):
            raise _BrokenError(f"something is added to no list at byte {self.at}")
        target.extend(values)

    def name(self, module: str, name: str) -> None:
        """Push an allowed name; nothing is imported."""
        if (module, name) not in _ALLOWED:
            raise _BrokenError(f"it asks for `{module[:60]}.{name[:60]}`, which could do anything")
        self.stack.append(_Name(_ALLOWED[module, name]))

    def reduce(self) -> None:
        """Make a value of a name and a tuple, as data."""
        of, maker = self.pop(), self.pop()
        if not isinstance(maker, _Name) or not isinstance(of, tuple):
            raise _BrokenError(f"it calls what is no allowed name at byte {self.at}")
        if maker.name == "encode":
            self.stack.append(self.encoded(of))
        elif maker.name == "bytes" and not of:
            self.stack.append(b"")
        elif maker.name in {"dtype", "scalar", "_reconstruct", "_frombuffer"}:
            self.stack.append(Made(maker.name, of))
        else:
            raise _BrokenError(f"it makes a `{maker.name}` in a way that no list of bytes needs")

    def encoded(self, of: tuple[Any, ...]) -> bytes:
        """Return bytes that an old protocol wrote as text."""
        if len(of) != 2 or not isinstance(of[0], str) or of[1] not in ("latin1", "latin-1"):
            raise _BrokenError(f"a text is encoded in another way than bytes are at byte {self.at}")
        self.spare -= len(of[0])
        if self.spare < 0:
            raise _BrokenError("it makes far more bytes than it holds")
        return of[0].encode("latin1")

    def build(self) -> None:
        """Give a made value its state, as data."""
        state, target = self.pop(), self.stack[-1]
        if not isinstance(target, Made):
            raise _BrokenError(f"something but a numpy value is given a state at byte {self.at}")
        target.state = state


def _number(size: int, *, signed: bool = False) -> Callable[[_Machine], int]:
    return lambda machine: int.from_bytes(machine.take(size), "little", signed=signed)


def _counted(size: int, *, signed: bool = False) -> Callable[[_Machine], bytes]:
    count = _number(size, signed=signed)

    def read(machine: _Machine) -> bytes:
        length = count(machine)
        if length < 0:
            raise _BrokenError(f"a length below zero at byte {machine.at}")
        return machine.take(length)

    return read


def _quoted(line: bytes) -> bytes:
    if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in b"'\"":
        raise ValueError
    decoded: bytes = codecs.escape_decode(line[1:-1])[0]
    return decoded


def _whole(line: bytes) -> int | bool:
    truths = {b"00": False, b"01": True}
    return truths[line] if line in truths else int(line[:20])


def _utf8(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


_ARGUMENTS: Final[dict[str, Callable[[_Machine], Any]]] = {
    "": lambda _machine: None,
    "u1": _number(1),
    "u2": _number(2),
    "u4": _number(4),
    "u8": _number(8),
    "i4": _number(4, signed=True),
    "bytes1": _counted(1),
    "bytes4": _counted(4),
    "bytes8": _counted(8),
    "bytes_i4": _counted(4, signed=True),
    "line": _Machine.line,
}

_Act = Callable[[_Machine, Any], None]


def _push(value: Callable[[Any], Any]) -> _Act:
    return lambda machine, argument: machine.stack.append(value(argument))


def _tuple(count: int) -> _Act:
    def act(machine: _Machine, _argument: object) -> None:
        machine.stack.append(tuple([machine.pop() for _ in range(count)][::-1]))

    return act


def _remember(machine: _Machine, place: int) -> None:
    value = machine.pop()
    machine.stack.append(value)
    machine.memo[place] = value


def _global(machine: _Machine, module: bytes) -> None:
    machine.name(_utf8(module), _utf8(machine.line()))


def _stack_global(machine: _Machine, _argument: object) -> None:
    name, module = machine.pop(), machine.pop()
    machine.name(str(module), str(name))


_INSTRUCTIONS: Final[dict[bytes, tuple[str, _Act]]] = {
    b"\x80": ("u1", lambda _machine, _protocol: None),
    b"\x95": ("u8", lambda _machine, _frame: None),
    b"(": ("", _push(lambda _: _Mark())),
    b"]": ("", _push(lambda _: [])),
    b")": ("", _push(lambda _: ())),
    b"l": ("", lambda machine, _: machine.stack.append(machine.pop_to_mark())),
    b"t": ("", lambda machine, _: machine.stack.append(tuple(machine.pop_to_mark()))),
    b"\x85": ("", _tuple(1)),
    b"\x86": ("", _tuple(2)),
    b"\x87": ("", _tuple(3)),
    b"a": ("", lambda machine, _: machine.extend([machine.pop()])),
    b"e": ("", lambda machine, _: machine.extend(machine.pop_to_mark())),
    b"C": ("bytes1", _push(bytes)),
    b"B": ("bytes4", _push(bytes)),
    b"\x8e": ("bytes8", _push(bytes)),
    b"\x96": ("bytes8", _push(bytes)),
    b"U": ("bytes1", _push(bytes)),
    b"T": ("bytes_i4", _push(bytes)),
    b"S": ("line", _push(_quoted)),
    b"\x8c": ("bytes1", _push(_utf8)),
    b"X": ("bytes4", _push(_utf8)),
    b"\x8d": ("bytes8", _push(_utf8)),
    b"V": ("line", _push(lambda line: line.decode("raw-unicode-escape"))),
    b"\x88": ("", _push(lambda _: True)),
    b"\x89": ("", _push(lambda _: False)),
    b"N": ("", _push(lambda _: None)),
    b"I": ("line", _push(_whole)),
    b"J": ("i4", _push(int)),
    b"K": ("u1", _push(int)),
    b"M": ("u2", _push(int)),
    b"p": ("line", lambda machine, line: _remember(machine, int(line[:20]))),
    b"q": ("u1", _remember),
    b"r": ("u4", _remember),
    b"\x94": ("", lambda machine, _: _remember(machine, len(machine.memo))),
    b"g": ("line", lambda machine, line: machine.stack.append(machine.memo[int(line[:20])])),
    b"h": ("u1", lambda machine, place: machine.stack.append(machine.memo[place])),
    b"j": ("u4", lambda machine, place: machine.stack.append(machine.memo[place])),
    b"c": ("line", _global),
    b"\x93": ("", _stack_global),
    b"R": ("", lambda machine, _: machine.reduce()),
    b"b": ("", lambda machine, _: machine.build()),
}


def items(value: object) -> list[Any] | None:
    """Return what a list, a tuple or a numpy array holds; None where it is none of them."""
    if isinstance(value, (list, tuple)):
        return list(value)
    kind, content = _array(value)
    if kind == "O" and isinstance(content, list):
        return content
    if kind == "b" and isinstance(content, bytes) and len(content) <= MOST_STEPS:
        return [byte != 0 for byte in content]
    return None


def as_bytes(value: object) -> bytes | None:
    """Return bytes, or the bytes of a numpy array of them; None for anything else."""
    if isinstance(value, bytes):
        return value
    kind, content = _array(value)
    return content if kind == "u" and isinstance(content, bytes) else None


def as_truth(value: object) -> bool | None:
    """Return a truth value, also one of numpy or a 0 or 1; None for anything else."""
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    if isinstance(value, Made) and value.name == "scalar" and len(value.of) == 2:
        dtype, content = value.of
        if _kind(dtype) == "b" and content in (b"\0", b"\1"):
            return bool(content[0])
    return None


def _array(value: object) -> tuple[str, Any]:
    """Return the kind of a numpy array's elements and what they are."""
    if isinstance(value, Made) and value.name == "_frombuffer" and len(value.of) == 4:
        return _kind(value.of[1]), value.of[0]
    state = value.state if isinstance(value, Made) and value.name == "_reconstruct" else None
    if isinstance(state, tuple) and len(state) == 5:
        return _kind(state[2]), state[4]
    return "", None


def _kind(dtype: object) -> str:
    """Return `b`, `u` or `O` for truth values, bytes and objects, and nothing for other types."""
    name = dtype.of[0] if isinstance(dtype, Made) and dtype.name == "dtype" and dtype.of else ""
    name = name.decode("latin1") if isinstance(name, bytes) else name
    kinds = {"b1": "b", "u1": "u", "O8": "O", "O4": "O", "O": "O"}
    return kinds.get(name, "") if isinstance(name, str) else ""
