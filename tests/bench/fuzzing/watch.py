"""Reading hostile files under watch: limits of time and memory, and every write that is noticed."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import random
import re
import resource
import signal
import socket
import sys
import sysconfig
import traceback
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fuzzing.mutations import mutate
from fuzzing.stand_ins import STAND_INS, clear

from evenmatch.errors import EvenmatchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LONGEST_MESSAGE: Final = 25_000
WAITING: Final = 15  # times longer than it may work, an input may take by the clock
MOST_MEMORY: Final = 3 << 30  # address space that one input may take beyond what was there
MOST_GROWTH: Final = 1 << 30  # and how much of it may really be used
FORMS: Final = {
    ".csv": "csv", ".txt": "text", ".xml": "text", ".yaml": "yaml", ".json": "json", ".zip": "zip",
    ".npz": "zip", ".pt": "zip", ".pt2": "zip", ".tar": "tar", ".gz": "tar", ".tgz": "tar",
    ".xz": "tar", ".bz2": "tar", ".parquet": "parquet", ".npy": "npy", ".jsonl": "json",
}  # fmt: skip
# What an error's last words tell to do; a message that says none of them helps nobody.
_CURES: Final = re.compile(
    r"\b(add|ask|call|change|check|choose|convert|copy|correct|delete|download|draw|empty|export|fetch|"
    r"fill|free|get|give|install|keep|leave|make|move|name|open|put|reduce|remove|rename|reveal|"
    r"replace|review|run|save|scale|set|start|take|unpack|upgrade|use|wait|write|allowed|allows|"
    r"has to|must|needs?|should|takes)\b", re.IGNORECASE
)  # fmt: skip


class Late(BaseException):
    """An input took longer than it may."""


@dataclass(frozen=True)
class Made:
    """A valid set of files and the door that reads them.

    Attributes:
        files: which of them are made hostile, one at a time.
        read: reads them as a user would.
        form: how they are put together, where their endings do not say.
        may: what may come instead of an answer.
        ready: puts right what depends on the hostile file, such as its digest in a card.
        out: folders that reading may write to.
        slow: how many times longer than others an input may take.
        held: whether a write elsewhere and a connection are refused instead of told: an address
            names any place, and to go there is what it asks for.
        replaced: in whose places other things than files are put too; None for all.
        lay: lays out, unwatched, what is read where that is not the files themselves.
    """

    files: Sequence[Path]
    read: Callable[[], object]
    form: str = ""
    may: tuple[type[BaseException], ...] = (EvenmatchError,)
    ready: Callable[[Path], object] | None = None
    out: tuple[Path, ...] = ()
    slow: float = 1.0
    held: bool = False
    replaced: Sequence[Path] | None = None
    lay: Callable[[], object] | None = None


@dataclass
class Watch:
    """What is done while a file is read, as Python's own audit events tell it."""

    allowed: tuple[str, ...] = ()
    armed: bool = False
    held: bool = False
    seen: list[str] = field(default_factory=list)

    def install(self) -> None:
        """Start to listen; a hook cannot be taken away again."""
        sys.addaudithook(self._event)

    def _event(self, name: str, arguments: tuple[Any, ...]) -> None:
        if not self.armed:
            return
        if name in _CONNECTING and self.held:
            raise socket.gaierror(socket.EAI_FAIL, "no connection is made here")
        if name in _FORBIDDEN:
            self.seen.append(f"{name} {arguments!r}"[:300])
        elif self.held and self._away(name, arguments):
            raise PermissionError(errno.EACCES, "nothing is written there", str(arguments[0]))
        elif self._away(name, arguments):
            opened = f"opened {arguments[0]!r} for writing"
            self.seen.append(opened if name == "open" else f"{name} {arguments!r}"[:300])

    def _away(self, name: str, arguments: tuple[Any, ...]) -> bool:
        """Whether something outside of the folders meant for it would be written."""
        if name == "open":
            return _writes(arguments) and self._outside(arguments[0])
        paths = _paths(name, arguments) if name in _CHANGING else []
        return not all(path.startswith(self.allowed) for path in paths)

    def _outside(self, path: object) -> bool:
        if not isinstance(path, str | bytes | os.PathLike):
            return False  # a number of an open file
        return not os.path.realpath(os.fsdecode(path)).startswith(self.allowed)


_FORBIDDEN: Final = {
    "os.system", "os.exec", "os.fork", "os.forkpty", "os.spawn", "os.posix_spawn", "os.startfile",
    "subprocess.Popen", "pty.spawn", "socket.connect", "socket.bind", "pickle.find_class",
    "ctypes.cdata/buffer", "shelve.open", "urllib.Request", "ftplib.connect", "smtplib.connect",
}  # fmt: skip
_OF_NAMES: Final = {"os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink"}
_CONNECTING: Final = {"socket.connect", "socket.getaddrinfo", "socket.sendto"}
_CHANGING: Final = {
    "os.remove": 1, "os.rename": 2, "os.mkdir": 1, "os.rmdir": 1, "os.chmod": 1, "os.chown": 1,
    "os.link": 2, "os.symlink": 2, "os.truncate": 1, "os.utime": 1, "shutil.rmtree": 1,
    "shutil.move": 2, "shutil.unpack_archive": 2, "sqlite3.connect": 1,
}  # fmt: skip


def _paths(name: str, arguments: tuple[Any, ...]) -> list[str]:
    """Return the paths that an event changes, whole where they are relative to an open folder."""
    number = _CHANGING[name]
    folders = arguments[-number:] if name.startswith("os.") else ()
    whole = []
    for path, folder in itertools.zip_longest(arguments[:number], folders):
        if not isinstance(path, str | bytes | os.PathLike):
            continue
        beside = os.fsdecode(path)
        if isinstance(folder, int) and not isinstance(path, int) and 0 < folder < 4096:
            with contextlib.suppress(OSError):
                beside = os.path.join(os.readlink(f"/proc/self/fd/{folder}"), beside)  # noqa: PTH115, PTH118 - no path of ours
        if name in _OF_NAMES:  # a link is changed itself then, and not what it leads to
            above, last = os.path.split(beside)
            beside = os.path.join(os.path.realpath(above), last)  # noqa: PTH118 - as above
            whole.append(beside if last else above)
        else:
            whole.append(os.path.realpath(beside))
    return whole


def _writes(arguments: tuple[Any, ...]) -> bool:
    _, mode, flags = arguments
    if isinstance(mode, str):
        return bool(set(mode) & set("wax+"))
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


@dataclass
class Finding:
    """An input that did what no file may."""

    kind: str
    seed: int
    what: str
    detail: str


class Reader:
    """Reads mutated files of one kind and says what went wrong."""

    def __init__(self, kind: str, made: Made, root: Path, watch: Watch, seconds: float) -> None:
        self.kind, self.made, self.root, self.watch = kind, made, root, watch
        self.seconds = seconds * made.slow
        self.contents = {path: path.read_bytes() for path in made.files}
        cache = os.environ["EVENMATCH_CACHE"]
        self.out = (cache, os.environ["TMPDIR"], *map(str, made.out))
        watch.allowed = (*map(os.path.realpath, self.out), "/dev/null")
        watch.held = made.held
        # Seeds below zero put something else than a file in a file's place.
        self.replaced = sorted(made.files if made.replaced is None else made.replaced)
        self.first = -len(self.replaced) * len(STAND_INS)

    def hostile(self, seed: int) -> tuple[Path, bytes]:
        """Return which file a seed changes, and its content."""
        rng = random.Random(f"{self.kind}/{seed}")  # noqa: S311 - reproducible, not secret
        path = rng.choice(sorted(self.contents))
        form = self.made.form or FORMS.get(path.suffix, "bytes")
        spare = [content for other, content in self.contents.items() if other != path]
        return path, mutate(self.contents[path], form, rng, spare)

    def check(self, seed: int) -> tuple[str, list[Finding]]:
        """Read one hostile input; return `read` or `refused`, and what went wrong."""
        path = self.place(seed)
        try:
            before = self.listing()
            outcome, wrong = self._watched()
            wrong += [f"wrote: {each}" for each in sorted(self.listing() ^ before)]
        finally:
            if seed < 0:
                clear(path)
            path.write_bytes(self.contents[path])
        return outcome, [Finding(self.kind, seed, each.partition("\n")[0], each) for each in wrong]

    def place(self, seed: int) -> Path:
        """Put a hostile file, or what is none, where a seed says; return the place."""
        if seed < 0:
            file, kind = divmod(-1 - seed, len(STAND_INS))
            path = self.replaced[file]
            clear(path)
            list(STAND_INS.values())[kind](path)
        else:
            path, content = self.hostile(seed)
            path.write_bytes(content)
            if self.made.ready:
                self.made.ready(path)
        if self.made.lay:
            self.made.lay()
        return path

    def listing(self) -> set[tuple[str, int]]:
        """Return every file below the root that reading may not touch, with its length."""
        found = set()
        for folder, folders, files in os.walk(self.root):
            folders[:] = [each for each in folders if not f"{folder}/{each}".startswith(self.out)]
            found |= {(f"{folder}/{each}", -1) for each in folders}
            paths = (f"{folder}/{each}" for each in files)
            found |= {
                (each, os.lstat(each).st_size) for each in paths if not each.startswith(self.out)
            }
        return found

    def _watched(self) -> tuple[str, list[str]]:
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        modules = set(sys.modules)
        self.watch.seen.clear()
        with _bounded(self.seconds):
            outcome, wrong = self._read()
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - used) << 10
        if grown > MOST_GROWTH:
            wrong.append(f"memory: grew by {grown >> 20} MiB")
        wrong += self.watch.seen
        wrong += [f"imported {each}" for each in set(sys.modules) - modules if _strange(each)]
        return outcome, wrong

    def _read(self) -> tuple[str, list[str]]:
        self.watch.armed = True
        try:
            self.made.read()
        except self.made.may as error:
            self.watch.armed = False
            return "refused", _faults(str(error))
        except Late:
            self.watch.armed = False
            said = f"late: worked for more than {self.seconds:g} s, or waited"
            return "late", [f"{said}\n{traceback.format_exc()}"]
        except BaseException as error:  # noqa: BLE001 - whatever escapes is what is looked for
            self.watch.armed = False
            last = traceback.extract_tb(error.__traceback__)[-1]
            said = f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"
            return "escaped", [f"{said}\n{traceback.format_exc()[-3000:]}"]
        finally:
            self.watch.armed = False
        return "read", []


def _faults(said: str) -> list[str]:
    """Say what is wrong with an error message."""
    lines = [line for line in said.split("\n") if line.strip()] or [""]
    last = lines[-1]
    wrong = []
    if len(said) > LONGEST_MESSAGE:
        wrong.append(f"message of {len(said)} characters\n{said[:300]}")
    if any(unicodedata.category(sign) in {"Cc", "Cs"} for line in lines for sign in line):
        wrong.append(f"message with control characters\n{said!r}")
    # A last word may be a command, so that nobody takes a full stop for a part of it.
    ends = last.rstrip().endswith((".", ")")) or re.search(r": evenmatch \w[^.]*(\.json)?$", last)
    if not ends or not _CURES.search(last[-400:]):
        wrong.append(f"message without a cure\n{said[-600:]!r}")
    return wrong


def _strange(module: str) -> bool:
    """Whether a module comes from elsewhere than Python, its packages or this program."""
    file = getattr(sys.modules.get(module), "__file__", None)
    return file is not None and not os.path.realpath(file).startswith(_KNOWN)


_KNOWN: Final = tuple(
    os.path.realpath(each)
    for each in (
        sysconfig.get_path("stdlib"),
        sysconfig.get_path("purelib"),
        sysconfig.get_path("platlib"),
        Path(__file__).parents[3] / "evals",
        Path(__file__).parents[1],
    )
)


@contextlib.contextmanager
def _bounded(seconds: float) -> Iterator[None]:
    """Hold what follows to some time and some address space more."""

    def late(*_: object) -> None:
        raise Late

    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - no file of ours
        there = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    # A busy machine makes nothing late: work is measured as such, and only waiting by the clock.
    timers = {
        signal.ITIMER_PROF: (signal.SIGPROF, seconds),
        signal.ITIMER_REAL: (signal.SIGALRM, WAITING * seconds),
    }
    resource.setrlimit(resource.RLIMIT_AS, (there + MOST_MEMORY, hard))
    for timer, (number, allowed) in timers.items():
        signal.signal(number, late)
        signal.setitimer(timer, allowed)
    try:
        yield
    finally:
        for timer in timers:
            signal.setitimer(timer, 0)
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
