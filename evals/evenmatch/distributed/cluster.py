"""A Ray cluster as this program sees it: one piece of work, many parts, in any order, each once.

Ray does a part again where the process or the machine that had it is gone. A part is a pure
function of what was sent, so that doing it twice changes nothing, and only one answer is taken.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar

from evenmatch.data.cache_dir import cache_dir, private_folder
from evenmatch.distributed.worker import Sent, do_part, version_here
from evenmatch.errors import EvenmatchError, OutsideError, RequestError

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
            EvenmatchError: what a part raised.
            OutsideError: the cluster is gone, or a part failed in a way nobody foresaw.
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
    for name, value in (SETTINGS | (LOOPBACK if address == LOCAL else {})).items():
        os.environ.setdefault(name, value)
    ray: Any = import_module("ray")  # optional, and it reads the settings above
    if ray.is_initialized():
        return Cluster(ray)
    quiet = {"log_to_driver": False, "logging_level": "ERROR", "configure_logging": True}
    try:
        if address == LOCAL:
            # What does not fit in memory is written to disk: templates, where nobody else reads.
            spill = str(private_folder(cache_dir() / "ray"))
            ray.init("local", include_dashboard=False, object_spilling_directory=spill, **quiet)
        else:
            ray.init(address, **quiet)
    except (ConnectionError, RuntimeError, ValueError, TimeoutError) as failed:
        raise OutsideError(
            f"compute.address: Ray does not answer at {address!r} ({_first_line(failed)}); start "
            "it with `ray start --head`, or write `address: local`."
        ) from failed
    return Cluster(ray)


@contextmanager
def _said(ray: Any) -> Iterator[None]:  # noqa: ANN401 -- ray is optional
    """Turn Ray's errors into sentences."""
    try:
        yield
    except ray.exceptions.RayTaskError as failed:
        if isinstance(failed.cause, EvenmatchError):
            raise failed.cause from None
        raise OutsideError(
            f"a process of the cluster failed ({type(failed.cause).__name__}: "
            f"{_first_line(failed.cause)}); run again with `engine: local` to see whether it is "
            "the cluster."
        ) from failed
    except ray.exceptions.RayError as failed:
        raise OutsideError(
            f"the cluster failed ({_first_line(failed)}); look at `ray status` and run again: "
            "what was finished is kept."
        ) from failed


def _first_line(failed: BaseException) -> str:
    return next(iter(str(failed).strip().splitlines()), type(failed).__name__)
