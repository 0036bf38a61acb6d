"""One run, in a process of its own, forked from one that has imported everything or not."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING

from faulting.places import Failed, Place, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ALONE = "from evenmatch.cli import main; main()"
EVENTS = {"open", "os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "sqlite3.connect"}


def start(
    place: Place,
    *,
    before: Callable[[], object] | None = None,
    command: Sequence[str] | None = None,
) -> int:
    """Fork a run that says what it says to `said.<pid>`; return its process id."""
    pid = os.fork()
    if pid:
        return pid
    status = 70
    asked = list(command or place.command)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        os.setsid()
        said = os.open(place.root / f"said.{os.getpid()}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(said, 1)
        os.dup2(said, 2)
        os.chdir(place.root)
        os.environ.update(place.environment | {"EVENMATCH_CACHE": str(place.cache)})
        if before is not None:
            before()
        if place.anew:
            os.execv(sys.executable, [sys.executable, "-c", ALONE, *asked])  # noqa: S606
        sys.argv = ["evenmatch", *asked]
        from evenmatch.cli import main

        main()
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(bool(ended.code))
    except BaseException:  # noqa: BLE001 - a traceback is what is looked for
        with contextlib.suppress(BaseException):
            os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(status)


def finish(place: Place, pid: int) -> tuple[int, str]:
    """Wait for a run and return its status, negative for a signal, and what it said."""
    _, status = os.waitpid(pid, 0)
    path = place.root / f"said.{pid}"
    said = path.read_text(errors="replace") if path.exists() else ""
    path.unlink(missing_ok=True)
    if not place.orphans:
        end(pid)  # the vendor's program of a run that was killed
    return os.waitstatus_to_exitcode(status), said


def end(session: int) -> None:
    """Kill what is left of a run's processes."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(session, signal.SIGKILL)


def ended(session: int) -> bool:
    """Whether nothing is left of a run's processes."""
    try:
        os.killpg(session, 0)
    except ProcessLookupError:
        return True
    return False


def run(place: Place, **more) -> tuple[int, str]:
    """Run to the end."""
    return finish(place, start(place, **more))


def undisturbed(place: Place) -> dict[str, str]:
    """Return what a run makes that nothing disturbs."""
    place.forget()
    status, said = run(place)
    if status:
        raise Failed(f"the undisturbed run ended with {status}: {said}")
    return place.contents()


def check_same(place: Place, whole: dict[str, str], what: str, *, keyed: bool = True) -> str:
    """Run once more and compare, byte for byte; return what the run said."""
    status, said = run(place)
    if status:
        raise Failed(f"{what}: the next run ended with {status}: {said[-1500:]}")
    found, expected = (
        {name: each for name, each in made.items() if keyed or not name.startswith(place.keyed)}
        for made in (place.contents(), whole)
    )
    if found != expected:
        differ = {k for k in expected.keys() | found.keys() if expected.get(k) != found.get(k)}
        raise Failed(f"{what}: other files: {sorted(differ)}")
    place.check(what)
    print(f"{what}: the same", file=sys.stderr)
    return said


def check_left(sessions: list[int], what: str) -> None:
    """Look that what killed runs have started ends by itself."""
    for session in sessions:
        wait_until(lambda s=session: ended(s), 30, f"{what}: processes live on")
    sessions.clear()


def check_sentence(status: int, said: str, what: str, also: Sequence[int] = ()) -> None:
    """Refuse a traceback, silence, and any ending but 'something outside failed'."""
    if status in also and "Traceback" not in said:
        return
    if status != 3 or "Traceback" in said or "evenmatch: " not in said:
        raise Failed(f"{what}: ended with {status}: {said[-2500:]}")


def at_event(
    place: Place, number: int | None, act: Callable[[str, str], object]
) -> Callable[[], None]:
    """Return what has `act` called before the so-many-th thing done to a file, or before all."""
    seen, root = [0], str(place.root)

    def hook(event, arguments):
        if event not in EVENTS or not arguments:
            return
        path = arguments[0]
        path = os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else ""
        if not path.startswith(root) or "/said." in path:
            return
        if event == "open" and not (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR):
            return
        seen[0] += 1
        if number in (None, seen[0]):
            act(event, path)

    return lambda: sys.addaudithook(hook)


def last_event(place: Place) -> int:
    """Return how many things an undisturbed run does to files."""
    place.forget()
    note = place.root / "events"
    note.write_text("")
    handle = os.open(note, os.O_WRONLY | os.O_APPEND)
    run(place, before=at_event(place, None, lambda *_: os.write(handle, b".")))
    os.close(handle)
    size = note.stat().st_size
    note.unlink()
    return size


def killed(*_: object) -> None:
    """End at once."""
    os.kill(os.getpid(), signal.SIGKILL)
