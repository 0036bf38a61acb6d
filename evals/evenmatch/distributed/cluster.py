"""A Ray cluster as this program sees it: one piece of work, many parts, in any order, each once.

Ray does a part again where the process or the machine that had it is gone. A part is a pure
function of what was sent, so that doing it twice changes nothing, and only one answer is taken.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar

from evenmatch.data.cache_dir import cache_dir, private_folder
from evenmatch.distributed.worker import Failed, Sent, do_part, version_here
from evenmatch.errors import OutsideError, RequestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LOCAL = "local"
AHEAD = 2  # parts that wait for each process, so that none is idle while answers travel
ROOM = 4  # of the object store, answers on their way may take one part in so many
SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is reported to anybody
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # a part without a GPU sees none: said, not warned
}
LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}  # Ray's switch for one machine alone
PRIVATE = 0o077  # what nobody else gets of the files of a cluster of this process's own
QUIET = {"log_to_driver": False, "logging_level": "ERROR", "configure_logging": True}
SHORT = 23  # of a folder's path, so that Ray's sockets below it have names that systems take

Item = TypeVar("Item")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Needs:
    """What one part needs while it is worked on.

    Attributes:
        gpus: graphics cards, or part of one.
        answer_bytes: what its answer takes at most, as planned.
    """

    gpus: float = 0
    answer_bytes: int = 0


class Cluster:
    """Connected to Ray; one a process and address."""

    def __init__(self, ray: Any) -> None:  # noqa: ANN401 -- ray is optional
        self._ray = ray

    @property
    def cores(self) -> int:
        """Parts that can be worked on at once without a graphics card."""
        return max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    @property
    def gpus(self) -> int:
        """Graphics cards of all machines."""
        return int(self._ray.cluster_resources().get("GPU", 0))

    def on_gpu(self, device: str) -> bool:
        """Say whether graphics cards do the work that is wanted on a device.

        Raises:
            RequestError: they are asked for, and no machine has one.
        """
        if device.startswith("cuda") and not self.gpus:
            raise RequestError(
                "compute.device: no machine of the cluster has a graphics card that Ray knows of; "
                "write `device: auto` or start them with `ray start --num-gpus`."
            )
        return device != "cpu" and self.gpus > 0

    @property
    def store(self) -> int:
        """Bytes of the smallest machine's object store."""
        nodes = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
        return int(min((node.get("object_store_memory", 0) for node in nodes), default=0))

    def put(self, value: object) -> Any:  # noqa: ANN401 -- a reference of Ray's
        """Put something where every machine fetches it once.

        Raises:
            OutsideError: the cluster is gone, or has no room.
        """
        with _said(self._ray):
            return self._ray.put(value)

    def over(
        self, sent: Sent[Answer], items: Iterable[Item], needs: Needs | None = None
    ) -> Iterator[Answer]:
        """Give the answers of all parts as they come.

        No more parts are under way than the machines can hold answers of.

        Args:
            sent: what every part needs, opened once by each process that works.
            items: the parts.
            needs: what each of them needs.

        Raises:
            EvenmatchError: a part failed.
            OutsideError: the cluster is gone.
        """
        needs = needs or Needs()
        ray, shared = self._ray, self.put(sent)
        # Processes with a graphics card would otherwise end after each part.
        remote = ray.remote(
            num_cpus=0 if needs.gpus else 1, num_gpus=needs.gpus, max_retries=-1, max_calls=0
        )(do_part)
        waiting, room = iter(items), self._under_way(needs)
        running: list[Any] = []
        with _said(ray):
            try:
                while True:
                    while len(running) < room and (item := next(waiting, None)) is not None:
                        running.append(remote.remote([shared], version_here(), item))
                    if not running:
                        return
                    (ready,), running = ray.wait(running, num_returns=1)
                    answer = ray.get(ready)
                    del ready
                    if isinstance(answer, Failed):
                        raise answer.error
                    yield answer
            finally:
                for left in running:
                    ray.cancel(left)

    def _under_way(self, needs: Needs) -> int:
        """Return how many parts may be under way at once."""
        slots = max(1, int(self.gpus / needs.gpus)) if needs.gpus else self.cores
        fit = self.store // ROOM // max(needs.answer_bytes, 1)
        return max(1, min(AHEAD * slots, fit))


def connect(address: str) -> Cluster:
    """Return the cluster at an address, or one started on this machine alone.

    It stays connected until this process ends; Ray holds one connection a process.

    Raises:
        RequestError: Ray is not installed, or the address is not one.
        OutsideError: there is no cluster there.
    """
    if find_spec("ray") is None:
        raise RequestError(
            "compute.engine: ray is not installed; run `pip install 'evenmatch[ray]'`, or write "
            "`engine: local`."
        )
    return _connected(address)


@cache
def _connected(address: str) -> Cluster:
    if address == LOCAL:
        return _own()
    ray = _imported(SETTINGS)
    if not ray.is_initialized():
        with _answering(address, "start it with `ray start --head`, or write `address: local`"):
            ray.init(address, **QUIET)
    return Cluster(ray)


def _own() -> Cluster:
    """Start a cluster that is this process's own: nobody else can join it or read its files.

    Left to itself, Ray writes a token that everybody can read into the home folder, and sockets
    and logs where everybody can exchange them.
    """
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(16)}
    place = _place()
    atexit.register(shutil.rmtree, place, ignore_errors=True)  # before Ray's: it ends first
    ray = _imported(SETTINGS | LOOPBACK | token)
    if not ray.is_initialized():
        # What does not fit in memory is written to disk: templates, where nobody else reads.
        spill = private_folder(cache_dir() / "ray")
        files = {"_temp_dir": f"{place}/ray", "object_spilling_directory": str(spill)}
        with _answering(LOCAL, "free some memory, or write `engine: local`"), _unseen():
            ray.init(LOCAL, include_dashboard=False, **files, **QUIET)
    return Cluster(ray)


def _imported(settings: dict[str, str]) -> Any:  # noqa: ANN401 -- ray is optional
    for name, value in settings.items():
        os.environ.setdefault(name, value)
    return import_module("ray")  # which reads the settings


def _place() -> str:
    """Make a folder for sockets and logs that nobody else can enter."""
    folders = (os.environ.get("RAY_TMPDIR", ""), tempfile.gettempdir(), "/tmp")  # noqa: S108
    short = next((each for each in folders if each and len(each) <= SHORT), folders[-1])
    return tempfile.mkdtemp(prefix="em-", dir=short)


@contextmanager
def _answering(address: str, remedy: str) -> Iterator[None]:
    """Turn what Ray says where no cluster answers into a sentence."""
    try:
        yield
    except Exception as failed:  # Ray raises plain ones too
        raise OutsideError(
            f"compute.address: Ray does not answer at {address!r} ({_first_line(failed)}); "
            f"{remedy}."
        ) from failed


@contextmanager
def _unseen() -> Iterator[None]:
    """Have what is started meanwhile make files that nobody else reads."""
    before = os.umask(PRIVATE)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def _said(ray: Any) -> Iterator[None]:  # noqa: ANN401 -- ray is optional
    """Turn Ray's errors into sentences."""
    try:
        yield
    except ray.exceptions.RayTaskError as failed:  # before or after a part: those raise nothing
        raise OutsideError(
            f"a process of the cluster cannot work ({type(failed.cause).__name__}: "
            f"{_first_line(failed.cause)}); see that evenmatch is installed there with what the "
            "run needs, or write `engine: local`."
        ) from failed
    except ray.exceptions.RayError as failed:
        raise OutsideError(
            f"the cluster failed ({_first_line(failed)}); look at `ray status` and run again: "
            "what was finished is kept."
        ) from failed


def _first_line(failed: BaseException) -> str:
    return next(iter(str(failed).strip().splitlines()), type(failed).__name__)
