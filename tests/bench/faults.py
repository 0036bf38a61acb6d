"""Kills, fills and tears what commands make, and looks whether the next run makes the same bytes.

    python tests/bench/faults.py moments,boundaries --of counting,prepare [--number 50] [--seed 1]

What is broken: an audit of templates from a file and of a program that is asked (`counting`, with
figures and an embedded MLflow where asked), one of photographs through dlib and under drawn masks
(`photographs`), the same by two processes that fill one cache (`processes`), a benchmark that is
fetched and unpacked (`prepare`), a report that is rendered again (`report`), and an audit spread
over a Ray cluster on the loopback (`cluster`). Each trial runs in a process of its own, forked from
one that has imported everything, and ends with what the next, undisturbed run has made.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(threads, "1")  # before numpy reads them

from faulting import kinds  # noqa: E402 - threads are set first
from faulting.places import (  # noqa: E402 - threads are set first
    AuditPlace,
    Failed,
    Place,
    ReportPlace,
    counting_place,
    photographs_place,
    report_place,
)
from faulting.serving import prepared_place  # noqa: E402 - threads are set first

if TYPE_CHECKING:
    from collections.abc import Callable

EVERYWHERE = ("boundaries", "moments", "full", "synced", "cut")
# What is worth breaking how; an audit of photographs has the boundaries of any other.
WORTH = {
    "counting": (*EVERYWHERE, "memory", "torn", "together", "purged"),
    "photographs": (*EVERYWHERE, "memory", "together", "purged"),
    "processes": ("moments", "purged"),
    "prepare": (*EVERYWHERE, "torn"),
    "report": EVERYWHERE,
    "cluster": ("moments", "workers", "machines"),
}


def make_place(of: str, root: Path, options: argparse.Namespace, ended: ExitStack) -> Place:
    """Write what a subject needs."""
    if of == "counting":
        formats = tuple(options.formats.split(","))
        program = not options.no_program
        return counting_place(root, formats=formats, tracking=options.tracking, program=program)
    if of == "cluster":
        from faulting.cluster import cluster_place

        return cluster_place(root, ended)
    made: dict[str, Callable[[Path], Place]] = {
        "photographs": photographs_place,
        "processes": lambda root: photographs_place(root, processes=2),
        "prepare": prepared_place,
        "report": report_place,
    }
    return made[of](root)


def warm_up(place: Place) -> None:
    """Do it once in this process, so that what is forked from it starts quickly."""
    import evenmatch.reporting.html
    import evenmatch.reporting.overview
    import evenmatch.reporting.plots
    import evenmatch.run
    import evenmatch.shelf.commands

    os.environ["EVENMATCH_CACHE"] = str(place.cache)
    if not isinstance(place, AuditPlace) or place.anew:
        return
    if place.config["tracking"]:
        import mlflow.tracking  # noqa: F401
    warm = place.write("warm.yaml", tracking=None, compute={"device": "cpu", "batch_size": 2})
    evenmatch.run.evaluate(warm, place.out)
    if isinstance(place, ReportPlace):
        evenmatch.reporting.overview.write_overview(place.out)
        place.keep()


def break_it(name: str, place: Place, options: argparse.Namespace) -> Any:
    """Do one kind of fault to a place."""
    if name in {"boundaries", "full", "cut"}:
        return getattr(kinds, name)(place, options.events)
    if name in {"moments", "purged"}:
        return getattr(kinds, name)(place, options.number, options.seed)
    if name == "torn":
        return kinds.torn(place, options.only)
    if name in {"workers", "machines"}:
        from faulting import cluster

        return getattr(cluster, name)(place, options.number, options.seed)
    return getattr(kinds, name)(place)


def main() -> None:
    """Read what to break how, and print one line of JSON for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", help="kinds of fault by commas, or all")
    parser.add_argument("--of", default="counting", help="what is broken, by commas, or all")
    parser.add_argument("--number", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--formats", default="csv")
    parser.add_argument("--tracking", action="store_true")
    parser.add_argument("--no-program", action="store_true")
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--events", nargs="*", type=int)
    options = parser.parse_args()
    for of in WORTH if options.of == "all" else options.of.split(","):
        asked = WORTH[of] if options.what == "all" else options.what.split(",")
        with tempfile.TemporaryDirectory(prefix="faults-") as folder, ExitStack() as ended:
            place = make_place(of, Path(folder) / "place", options, ended)
            warm_up(place)
            for name in asked:
                place.forget(key=False)
                began = time.monotonic()
                try:
                    found = break_it(name, place, options)
                except Failed as failed:
                    print(json.dumps({"what": name, "of": of, "failed": str(failed)}))
                    sys.exit(1)
                seconds = round(time.monotonic() - began, 1)
                said = {"what": name, "of": of, "found": found, "seconds": seconds}
                print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
