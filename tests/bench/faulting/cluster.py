"""An audit spread over a Ray cluster of this machine: who asks is killed, or who works."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import os
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faulting.kinds import how_long
from faulting.places import AuditPlace, Failed, as_kind, counting_place
from faulting.running import finish, start, undisturbed

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

CONFTEST = Path(__file__).parents[2] / "distributed" / "conftest.py"
IMPORTING = 0.3  # of a run's time
LAST = 2  # of a head and two workers
DOING = (b"ray::do_part", b"ray::IDLE")  # Ray's own agents take their machine with them


@dataclasses.dataclass
class ClusterPlace(AuditPlace):
    """An audit that a cluster makes.

    Attributes:
        nodes: the cluster's: a head, on which nothing is worked, and two workers.
        members: gives the processes of a node.
    """

    nodes: Any = None
    members: Any = None

    def processes(self, number: int) -> list[tuple[int, bytes]]:
        """Return the processes of a node, and how they were started or call themselves."""
        found = []
        for process in self.members(self.nodes.nodes[number].pid):
            with contextlib.suppress(OSError):
                found.append((process, Path(f"/proc/{process}/cmdline").read_bytes()))
        return found

    def working(self) -> list[tuple[int, bytes]]:
        """Return the processes of the cluster that do parts, at work or not."""
        both = [*self.processes(LAST - 1), *self.processes(LAST)]
        return [(process, title) for process, title in both if title.startswith(DOING)]

    def replace_last(self) -> None:
        """End what is left of the last node and start another in its place."""
        self.nodes.kill(LAST)
        self.nodes.nodes.pop()
        self.nodes.start(f"--address={self.nodes.address}", cores=1)


def cluster_place(root: Path, ended: ExitStack) -> ClusterPlace:
    """Start a head and two workers, and write the config of an audit that they share."""
    spec = importlib.util.spec_from_file_location("nodes", CONFTEST)
    loopback: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loopback)
    nodes = loopback.Nodes()
    # What is looked at is a process that ends, not a machine too busy to answer in two seconds.
    nodes.env["RAY_health_check_failure_threshold"] = "60"
    ended.callback(nodes.stop)
    nodes.start_head()
    for _ in range(2):
        nodes.start(f"--address={nodes.address}", cores=1)
    place = as_kind(counting_place(root, program=False), ClusterPlace)
    place.nodes, place.members = nodes, loopback.members
    place.anew, place.idle, place.environment = True, IMPORTING, nodes.env
    one = undisturbed(place)
    place.config["compute"] = {"engine": "ray", "address": nodes.address}
    place.write()
    differ = {name for name, each in undisturbed(place).items() if one.get(name) != each}
    if differ - {"results.json", "digests.json"} or "results.json" not in differ:
        raise Failed(f"one process and the cluster differ in {sorted(differ)}")
    return place


def workers(place: ClusterPlace, number: int, seed: int) -> dict[str, int]:
    """Kill a process that works, at some moment of a run, which has to go on."""

    def kill(chance: random.Random) -> str:
        process, title = chance.choice(place.working() or [(0, b"none")])
        if process:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        return title.decode().strip("\0 ")

    return _without_an_end(place, number, seed, kill)


def machines(place: ClusterPlace, number: int, seed: int) -> dict[str, int]:
    """Kill a node of the cluster or tell it to stop, at some moment of a run that has to go on."""

    def kill(chance: random.Random) -> str:
        raylets = [
            process
            for process, command in place.processes(LAST)
            if command.partition(b"\0")[0].endswith(b"/raylet")
        ]
        whole = place.nodes.nodes[LAST].pid
        ways = {
            "its raylet killed": (raylets, signal.SIGKILL),
            "its raylet stopped": (raylets, signal.SIGTERM),
            "all of it killed": (place.members(whole), signal.SIGKILL),
            "told to stop": ([whole], signal.SIGTERM),
        }
        way = chance.choice(list(ways))
        for process in ways[way][0]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, ways[way][1])
        return way

    return _without_an_end(place, number, seed, kill, place.replace_last)


def _without_an_end(
    place: ClusterPlace,
    number: int,
    seed: int,
    kill: Callable[[random.Random], str],
    mend: Callable[[], object] = lambda: None,
) -> dict[str, int]:
    """Disturb runs that have to go on to the same bytes; return how often each way."""
    whole, chance = undisturbed(place), random.Random(seed)  # noqa: S311 - moments, no secrets
    lasts, found = how_long(place), Counter[str]()
    for trial in range(number):
        place.forget()
        pid = start(place)
        time.sleep(chance.uniform(place.idle, 1) * lasts)
        way = kill(chance)
        found[way] += 1
        status, said = finish(place, pid)
        if status or place.contents() != whole:
            raise Failed(f"trial {trial} of seed {seed}: {way}: {status}: {said[-1500:]}")
        mend()
        print(f"{way}, trial {trial} of seed {seed}: the same", file=sys.stderr)
    return dict(found)
