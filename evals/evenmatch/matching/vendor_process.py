"""A vendor's program as a process: one line of JSON in, one line of JSON out, nothing trusted.

The program gets no shell, a private temporary folder to work in, and an environment of a few
names. What it writes is read up to a limit; what it writes to standard error is kept to the last
64 KiB. It leads a process group of its own, which is killed as a whole.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from evenmatch.errors import RequestError
from evenmatch.matching.vendor_messages import (
    CRASHED,
    PROTOCOL_ERROR,
    TIMED_OUT,
    AnswerError,
    decode,
    encode,
    printable,
    refuse,
)
from evenmatch.withheld import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.matching.vendor_messages import Message

ENVIRONMENT: Final = ("PATH", "LANG", "LC_ALL", "TZ")
STDERR_BYTES: Final = 1 << 16
_READ: Final = 1 << 16
_SHORTEST: Final = 8  # letters of a variable that may be a secret; fewer turn up by chance
_PATIENCE: Final = 2.0  # seconds a program has to end by itself once its input has ended


def resolved(command: Sequence[str], key: str) -> list[str]:
    """Return a command that means the same in any folder: its program found, its files absolute.

    Raises:
        RequestError: the program is not there or may not be run.
    """
    if os.name != "posix":
        raise RequestError(
            f"{key}: programs are run on Linux and macOS alone; serve the same protocol over HTTP "
            "and use the kind `http`."
        )
    program = shutil.which(command[0])
    if program is None:
        raise RequestError(
            f"{key}: there is no program {command[0]!r} that may be run; correct the path, or make "
            "the file executable."
        )
    rest = [str(Path(each).absolute()) if _is_path(each) else each for each in command[1:]]
    return [str(Path(program).absolute()), *rest]


def _is_path(argument: str) -> bool:
    try:
        return Path(argument).exists()
    except (OSError, ValueError):
        return False


class ProcessChannel:
    """Asks a program that runs beside this one; it is started when it is first asked.

    Attributes:
        generation: how often it was started; what a program was told is lost with it.
    """

    def __init__(
        self, command: Sequence[str], *, timeout: float, environment: Sequence[str] = ()
    ) -> None:
        self.generation = 0
        self._command = list(command)
        self._timeout = timeout
        self._passed = (*ENVIRONMENT, *environment)
        given = {name: os.environ.get(name, "") for name in environment}
        self._given = {name: held for name, held in given.items() if len(held) >= _SHORTEST}
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._stderr = bytearray()
        self._number = 0

    @property
    def last_words(self) -> str:
        """The end of what the program wrote to standard error, without what variables gave it."""
        said = bytes(self._stderr)
        for held in self._given.values():
            said = said.replace(os.fsencode(held), HIDDEN.encode())
        return printable(said)

    def start(self) -> bool:
        """Have the program running; say whether it had to be started.

        Raises:
            AnswerError: it cannot be started.
        """
        if self._process is not None and self._process.poll() is None:
            return False
        self.close()
        self._stderr.clear()
        self._folder = tempfile.TemporaryDirectory(prefix="evenmatch-", ignore_cleanup_errors=True)
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=self._folder.name,
                env=self._variables(),
                start_new_session=True,
                bufsize=0,
            )
        except OSError as refused:
            self.close()
            raise AnswerError(CRASHED, f"it cannot be started ({refused.strerror})") from refused
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
        self.generation += 1
        return True

    def ask(self, request: Message, limit: int) -> Message:
        """Return the answer to a request.

        Args:
            request: the request; its `id` is put in here.
            limit: bytes that the answer may have.

        Raises:
            AnswerError: there is no usable answer. The program is ended then: it may still be busy
                with the request, and its next line need not be the next answer.
        """
        self.start()
        self._number += 1
        try:
            line = self._exchange(encode({"id": self._number, **request}) + b"\n", limit)
            self._refuse_repeated(line)
            return decode(line, self._number)
        except BaseException:
            self._end(patience=0.0)
            raise

    def renew(self, attempt: int, trouble: AnswerError) -> None:  # noqa: ARG002 - the protocol's
        """Begin anew before another attempt."""
        self._end(patience=0.0)

    def close(self) -> None:
        """End the program, which may first end by itself, and everything it started."""
        self._end(patience=_PATIENCE)

    def _end(self, patience: float) -> None:
        if self._process is not None:
            _end(self._process, patience)
            self._process = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _variables(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in self._passed if name in os.environ}
        folder = self._folder.name if self._folder else ""
        return {"HOME": folder, "TMPDIR": folder} | kept

    def _refuse_repeated(self, line: bytes) -> None:
        """Refuse an answer that repeats a variable: it could be a secret, and audits are read."""
        for name, held in self._given.items():
            if os.fsencode(held) in line:
                said = f"an answer repeats what the environment variable {name} holds"
                raise AnswerError(PROTOCOL_ERROR, said, final=True)

    def _exchange(self, request: bytes, limit: int) -> bytes:
        """Write a request and read one line, taking in what comes on standard error meanwhile."""
        process, end = self._process, time.monotonic() + self._timeout
        if process is None or not (process.stdin and process.stdout and process.stderr):
            raise AnswerError(CRASHED, "it is not running")
        left, answer = memoryview(request), bytearray()
        with selectors.DefaultSelector() as pipes:
            pipes.register(process.stdin, selectors.EVENT_WRITE)
            pipes.register(process.stdout, selectors.EVENT_READ)
            pipes.register(process.stderr, selectors.EVENT_READ)
            while b"\n" not in answer[-_READ:]:
                if (wait := end - time.monotonic()) <= 0:
                    raise AnswerError(TIMED_OUT, f"no answer within {self._timeout:g} seconds")
                code = process.poll()  # before looking, so that its last words are still read
                ready = pipes.select(min(wait, _PATIENCE))
                if not ready and code is not None:
                    # What it started may hold its pipes open; an answer comes from there no more.
                    raise AnswerError(CRASHED, f"it ended with {_how(code)}")
                for key, _ in ready:
                    if key.fileobj is process.stderr:
                        self._take_stderr(pipes, process.stderr.fileno())
                    elif key.fileobj is process.stdout:
                        self._take_answer(answer, process, limit, asked=not left)
                    else:
                        left = _give(pipes, process, left)
        line, _, rest = bytes(answer).partition(b"\n")
        if rest or left:
            refuse("it writes more than one line for a request; logs belong on standard error")
        return line

    def _take_stderr(self, pipes: selectors.BaseSelector, pipe: int) -> None:
        said = _read(pipe)
        if said == b"":
            pipes.unregister(pipe)
        self._stderr += said or b""
        del self._stderr[:-STDERR_BYTES]

    def _take_answer(
        self, answer: bytearray, process: subprocess.Popen[bytes], limit: int, *, asked: bool
    ) -> None:
        said = _read(process.stdout.fileno() if process.stdout else -1)
        if said is None:
            return
        if not said:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_PATIENCE)
            self._drain(process)
            code = process.poll()
            ended = "it closed its output" if code is None else f"it ended with {_how(code)}"
            raise AnswerError(CRASHED, ended)
        if not asked and not answer and b"\n" in said:
            refuse("it writes before it has read its request; logs belong on standard error")
        answer += said
        if len(answer) > limit:
            refuse(f"an answer of more than {limit:,} bytes")

    def _drain(self, process: subprocess.Popen[bytes]) -> None:
        """Take what a program that ends has last written to standard error."""
        if process.stderr is not None:
            for _ in range(STDERR_BYTES // _READ + 1):  # it may never stop
                self._stderr += _read(process.stderr.fileno()) or b""
                del self._stderr[:-STDERR_BYTES]


def _give(
    pipes: selectors.BaseSelector, process: subprocess.Popen[bytes], left: memoryview
) -> memoryview:
    """Write what the program takes of a request, and return the rest."""
    pipe = process.stdin
    if pipe is None:
        return left
    try:
        left = left[os.write(pipe.fileno(), left[:_READ]) :]
    except BlockingIOError:
        return left
    except OSError:  # its end says why, on the other pipes
        pipes.unregister(pipe)
        return left
    if not left:
        pipes.unregister(pipe)
    return left


def _read(pipe: int) -> bytes | None:
    """Return what is there; None where there is nothing yet, b"" at the end."""
    try:
        return os.read(pipe, _READ)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _end(process: subprocess.Popen[bytes], patience: float) -> None:
    """Close a program's input, give it a moment, and kill its process group."""
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(patience)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
