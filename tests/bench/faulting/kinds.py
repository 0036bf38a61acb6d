"""The faults: each breaks runs of a place and looks whether the next one makes the same bytes."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from faulting.disk import cutting, watched
from faulting.places import AuditPlace, Failed, Place
from faulting.running import (
    ALONE,
    at_event,
    check_left,
    check_same,
    check_sentence,
    finish,
    killed,
    last_event,
    run,
    start,
    undisturbed,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LIMITS = (200, 300, 400, 500, 600, 700, 800, 900, 1000, 1200)
SIZES = (1000, 3000, 9000, 40_000)
# What is left of a file: so much of it, and whether zeros take the place of the rest.
TEARS = {"cut to 0": (0, False), "cut to 0.5": (0.5, False)} | {
    "zeros": (0, True),
    "zeros from 0.5": (0.5, True),
}


def boundaries(place: Place, numbers: Sequence[int] | None = None) -> int:
    """Kill a run before each thing that it does to a file, and run again."""
    whole, count = undisturbed(place), 0
    for number in numbers or range(1, 10_000):
        place.forget()
        status, said = run(place, before=at_event(place, number, killed))
        if status == 0 and numbers is None:
            break
        if status != -signal.SIGKILL:
            raise Failed(f"event {number}: {status}: {said[-1500:]}")
        check_same(place, whole, f"killed before event {number}")
        count += 1
    return count


def moments(place: Place, number: int, seed: int) -> int:
    """Kill a run at moments spread at random over its time, some twice, and run again."""
    whole, chance = undisturbed(place), random.Random(seed)  # noqa: S311 - moments, no secrets
    lasts, early = how_long(place), 0
    for trial in range(number):
        what = f"killed at moment {trial} of seed {seed}"
        keyed = not place.keyed or chance.random() < 0.8  # otherwise the key is made anew too
        place.forget(key=keyed)
        sessions = []
        for _ in range(chance.choice([1, 1, 2])):
            pid, moment = start(place), chance.uniform(place.idle, 1) * lasts
            time.sleep(moment)
            os.kill(pid, signal.SIGKILL)
            status, said = finish(place, pid)
            if status not in (0, -signal.SIGKILL):
                raise Failed(f"{what}: ended by itself with {status}: {said[-1500:]}")
            early += status != 0
            if status == 0 and not sessions:
                lasts = moment  # the machine was busy when a run was timed, and no longer is
            sessions.append(pid)
        check_same(place, whole, what, keyed=keyed)
        if place.orphans:
            check_left(sessions, what)
        if not keyed:
            whole = place.contents()
    return early


def how_long(place: Place) -> float:
    """Return how many seconds an undisturbed run takes."""
    place.forget()
    began = time.monotonic()
    run(place)
    return time.monotonic() - began


def full(place: Place, numbers: Sequence[int] | None = None) -> int:
    """Refuse each thing done to a file, then let no file grow past a size, and run again."""
    whole, count, last = undisturbed(place), 0, last_event(place)
    numbers = numbers or range(1, last + 1)
    if max(numbers) > last:
        raise Failed(f"a run does only {last} things to files; name none beyond with --events")
    for number in numbers:
        place.forget()
        status, said = run(place, before=at_event(place, number, _refused))
        check_sentence(status, said, f"no space at event {number}", also=(0,))
        check_same(place, whole, f"no space at event {number}")
        count += 1
    for size in SIZES:
        place.forget()
        limit = (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1])
        status, said = run(
            place, before=lambda n=limit: resource.setrlimit(resource.RLIMIT_FSIZE, n)
        )
        check_sentence(status, said, f"files of at most {size} bytes", also=(0,))
        check_same(place, whole, f"files of at most {size} bytes")
        count += 1
    return count


def _refused(_: str, path: str) -> None:
    raise OSError(28, "No space left on device", path)


def memory(place: Place, limits: Sequence[int] = LIMITS) -> dict[int, int]:
    """Give a whole run, from its start, so many MiB of address space, and run again."""
    whole, ended = undisturbed(place), {}
    for limit in limits:
        place.forget()
        asked = subprocess.run(
            [
                *("bash", "-c", f'ulimit -v {limit << 10}; exec "$@"', "bash"),
                *(sys.executable, "-c", ALONE, *place.command),
            ],
            capture_output=True,
            text=True,
            cwd=place.root,
            env=os.environ | {"EVENMATCH_CACHE": str(place.cache)},
            timeout=120,
            check=False,
        )
        # A library that ends the process itself can only be believed.
        words = asked.stderr.lower()
        aborted = "traceback" not in words and ("alloc" in words and "memory" in words)
        aborted |= asked.returncode == -signal.SIGABRT and "bad_alloc" in words
        if not aborted:
            check_sentence(asked.returncode, asked.stderr, f"{limit} MiB", also=(0,))
        check_same(place, whole, f"after {limit} MiB")
        ended[limit] = asked.returncode
    return ended


def torn(place: Place, names: Sequence[str] | None = None) -> dict[str, str]:
    """Tear each file that a finished run leaves, one at a time, and run again.

    A file is cut short, or zeros take the place of what was in it, as after a power cut.
    """
    whole, said_of = undisturbed(place), {}
    copy = place.root.with_name(f"{place.root.name}-copy")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(place.root, copy, copy_function=shutil.copy2)
    for path in place.made():
        for how, (part, zeros) in TEARS.items():
            name = f"{path.relative_to(place.root)} {how}"
            if names is not None and not any(each in name for each in names):
                continue
            for each in copy.iterdir():
                if each.is_dir():
                    shutil.rmtree(
                        place.root / each.name, ignore_errors=True
                    )  # refused, it was not made
                    shutil.copytree(each, place.root / each.name, copy_function=shutil.copy2)
                else:
                    shutil.copy2(each, place.root / each.name)
            _tear(path, part, zeros=zeros)
            place.torn(path)
            said_of[name] = _after_tearing(place, whole, name)
    return said_of


def _tear(path: Path, part: float, *, zeros: bool) -> None:
    """Cut a file short, as long as it was where zeros take the place of what is lost."""
    size = path.stat().st_size
    with path.open("r+b") as stream:
        stream.truncate(int(size * part))
        stream.truncate(size if zeros else int(size * part))


def _after_tearing(place: Place, whole: dict[str, str], name: str) -> str:
    status, said = run(place)
    if status == 0:
        check_same(place, whole, name)
        return "repaired" + (f": {said.strip()}" if said.strip() else "")
    check_sentence(status, said, name)
    if "damaged" not in said:
        raise Failed(f"{name}: {said}")
    return said.strip()


def together(place: AuditPlace, rounds: int = 3, many: int = 3) -> int:
    """Start the same audit, another, and the same into another folder, all at once."""
    other, elsewhere = place.write("other.yaml", name="other", seed=7), place.root / "elsewhere"
    commands = [
        *([place.command] * many),
        ("run", other.name, "--quiet", "--out", str(place.out)),
        (*place.command[:-1], str(elsewhere)),
    ]
    place.forget()
    for command in commands[-2:]:
        if finish(place, start(place, command=command))[0]:
            raise Failed("an undisturbed audit failed")
    whole_other, whole = place.contents(), place.audits(elsewhere)
    for number in range(rounds):
        place.forget()
        shutil.rmtree(elsewhere)
        pids = [start(place, command=command) for command in commands]
        for pid in pids:
            status, said = finish(place, pid)
            if status:
                raise Failed(f"round {number}: one ended with {status}: {said[-1500:]}")
        found = {
            "faults": (place.audits(place.out, "faults"), whole),
            "other": (place.audits(place.out, "other"), whole_other),
            "elsewhere": (place.audits(elsewhere), whole),
        }
        for name, (there, expected) in found.items():
            differ = sorted(
                k for k in expected.keys() | there.keys() if expected.get(k) != there.get(k)
            )
            if differ:
                raise Failed(f"round {number}: {name} has other bytes: {differ}")
        overview = (place.out / "index.json").read_text()
        if '"name": "faults"' not in overview or '"name": "other"' not in overview:
            raise Failed(f"round {number}: the overview lacks an audit")
    return rounds


def purged(place: Place, number: int, seed: int) -> int:
    """Purge the private folder at some moment of a run; return how often it was not refused."""
    whole, chance = undisturbed(place), random.Random(seed)  # noqa: S311 - moments, no secrets
    lasts, done = how_long(place), 0
    for trial in range(number):
        place.forget()
        pid = start(place)
        time.sleep(chance.random() * lasts)
        status, said = run(place, command=("cache", "purge"))
        if status and (status, "in use by a run" in said) != (2, True):
            raise Failed(f"purging at moment {trial} of seed {seed} ended with {status}: {said}")
        done += status == 0
        status, said = finish(place, pid)
        if status:
            raise Failed(f"purged at moment {trial} of seed {seed}: {status}: {said[-1500:]}")
        # The key is gone too: evidence of before the purge has pseudonyms of its own.
        check_same(place, whole, f"purged at moment {trial} of seed {seed}", keyed=False)
    return done


def synced(place: Place) -> int:
    """Look that nothing is moved into place, or spoken of, before it was forced to the disk."""
    place.forget()
    note = place.root / "unsynced"
    note.write_text("")
    status, said = run(place, before=watched(place.root, note))
    unsynced = note.read_text()
    note.unlink()
    if status or unsynced:
        raise Failed(unsynced or said)
    return len(place.contents())


def cut(place: Place, numbers: Sequence[int] | None = None, seed: int = 1) -> int:
    """Cut the power before each thing done to a file: lose what was not forced to the disk."""
    whole, count = undisturbed(place), 0
    for number in numbers or range(1, 10_000):
        place.forget()
        begin, cut_here = cutting(place.root, seed + number)

        def before(begin=begin, cut_here=cut_here, number=number) -> None:
            begin()
            at_event(place, number, lambda *_: (cut_here(), killed()))()

        status, said = run(place, before=before)
        if status == 0 and numbers is None:
            break
        if status != -signal.SIGKILL:
            raise Failed(f"event {number}: {status}: {said[-1500:]}")
        check_same(place, whole, f"power cut before event {number}, seed {seed}")
        count += 1
    return count
