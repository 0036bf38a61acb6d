"""A cluster of separate processes on the loopback: a head and two workers, as on three machines."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

STORE = 160 << 20
STARTED = "Ray runtime started."


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


class Nodes:
    """The nodes of a cluster, each with its processes in a session of its own."""

    def __init__(self, store=STORE):
        self.store = store
        self.folder = Path(tempfile.mkdtemp(prefix="em", dir="/tmp"))  # socket names are short
        self.address = f"127.0.0.2:{free_port()}"
        self.env = {
            **os.environ,
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_health_check_initial_delay_ms": "1000",
            "RAY_health_check_period_ms": "500",
            "RAY_health_check_failure_threshold": "4",
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(16),
            "EVENMATCH_CACHE": str(self.folder / "cache"),
        }
        self.nodes = []

    def start(self, *arguments, cores):
        """Start a node; the first is the head."""
        number = len(self.nodes)
        command = [
            str(Path(sys.executable).parent / "ray"),
            "start",
            "--block",
            "--disable-usage-stats",
            f"--num-cpus={cores}",
            f"--object-store-memory={self.store}",
            f"--node-ip-address=127.0.0.{number + 2}",
            *arguments,
        ]
        log = (self.folder / f"node{number}.log").open("w")
        with log:
            self.nodes.append(
                subprocess.Popen(
                    command,
                    env=self.env,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            )

        until = time.monotonic() + 40
        # Two nodes of one machine that start at once would choose the same socket names.
        while STARTED not in (text := self.log(number)):
            assert self.nodes[number].poll() is None, text[-3000:]
            assert time.monotonic() < until, text[-3000:]
            time.sleep(0.1)

    def start_head(self):
        """Start the node that the others join, without cores of its own."""
        port = self.address.rpartition(":")[2]
        where = (f"--port={port}", f"--temp-dir={self.folder}")
        self.start("--head", *where, "--include-dashboard=false", cores=0)

    def log(self, number):
        """Return what a node has said."""
        return (self.folder / f"node{number}.log").read_text()

    def python(self, code, *arguments):
        """Start Python beside the cluster."""
        return subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    @staticmethod
    def finished(process, seconds):
        """Return what a process said; one that takes too long is killed."""
        try:
            return process.communicate(timeout=seconds)[0]
        except subprocess.TimeoutExpired:
            end_session(process)
            return process.communicate()[0]

    def kill(self, number):
        """Take a node away at once: SIGKILL to all of its processes."""
        end_session(self.nodes[number])

    def stop(self):
        """Kill every node and remove what they wrote."""
        for node in reversed(self.nodes):
            end_session(node)
        shutil.rmtree(self.folder, ignore_errors=True)


def end_session(leader):
    """Kill a process and everything that it started, by session."""
    for _ in range(3):
        for process in members(leader.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
    leader.wait(timeout=20)


def members(session):
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                numbers = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(numbers[3]) == session:
                    found.append(int(entry.name))
    return found


@pytest.fixture(scope="module")
def nodes_with():
    """Return a function that starts a head without cores and two workers with one each."""
    if find_spec("ray") is None:
        pytest.skip("ray is not installed: pip install 'evenmatch[ray]'")
    if not Path("/proc/self/stat").exists():
        pytest.skip("processes are told apart by /proc, which this system lacks")
    made = Nodes()

    def start(**environment):
        made.env |= environment
        made.start_head()
        for _ in range(2):
            made.start(f"--address={made.address}", cores=1)
        return made

    try:
        yield start
    finally:
        made.stop()


@pytest.fixture(scope="module")
def nodes(nodes_with):
    return nodes_with()
