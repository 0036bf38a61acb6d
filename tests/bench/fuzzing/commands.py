"""What is written on the command line or as an address, and configs that are run, not only read."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import itertools
import json
import os
import shutil
import sys
from typing import TYPE_CHECKING

import numpy as np
import yaml
from fuzzing.audits import audit
from fuzzing.stand_ins import clear, put_like
from fuzzing.vendors import CONTRACT
from fuzzing.watch import Made

from evenmatch.cli import main
from evenmatch.config import Compute, load_config
from evenmatch.documents import parse_document
from evenmatch.ending import as_failure
from evenmatch.errors import EvenmatchError
from evenmatch.foresight.feasibility import foresee
from evenmatch.reporting.tracking import track_result
from evenmatch.results.reading import read_results
from evenmatch.run import evaluate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_WORK = 5000
TOLD = "evenmatch: "
# What a request for too much comes to; here it is a finding like any other memory.
_NO_MEMORY = str(as_failure(MemoryError()))


class Refused(Exception):  # noqa: N818 - what the program said, not what broke
    """A command ended with a sentence."""


def called(arguments: list[str]) -> str:
    """Run the command as a shell would and return what it printed.

    Raises:
        Refused: it ended with a sentence of this program; what the parser of the command line
            says of an option is not looked at.
        MemoryError: it took more memory than it may.
    """
    out, told = (
        io.TextIOWrapper(io.BytesIO(), "utf-8", errors, write_through=True)
        for errors in ("strict", "backslashreplace")  # as Python opens the two
    )
    before = sys.argv
    sys.argv = ["evenmatch", *arguments]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(told):
            main()
    except SystemExit:
        pass
    finally:
        sys.argv = before
    said = told.buffer.getvalue().decode()
    if _NO_MEMORY in said.replace("\n", " "):
        raise MemoryError(said)
    if TOLD in said:
        raise Refused(said.partition(TOLD)[2])
    return out.buffer.getvalue().decode()


def _command(
    folder: Path, first: list[str], more: list[str], *files: Path, out: tuple[Path, ...] = ()
) -> Made:
    """Return a command whose arguments are made hostile, and files that they name."""
    said = folder / "said.txt"
    said.write_text("\n".join(more))

    def read() -> None:
        # No shell hands over a NUL.
        lines = said.read_bytes().replace(b"\0", b"").split(b"\n")
        called([*first, *map(os.fsdecode, lines)])

    return Made(
        [said, *files], read, may=(EvenmatchError, Refused), out=out, held=True,
        replaced=(),
    )  # fmt: skip


def plan(folder: Path) -> Made:
    """`plan` for a claim and the photographs that would be taken."""
    asked = {
        "--truth": 0.001, "--photographs": 3, "--correlation": 0.5, "--design-effect": 10,
        "--power": 0.8,
    }  # fmt: skip
    more = [f"{key}={value}" for key, value in asked.items()]
    return _command(folder, ["plan"], ["fnmr <= 0.003 at fmr=1e-5", *more])


def tell_apart(folder: Path) -> Made:
    """`plan` for two groups to be told apart."""
    more = ["--metric=fmr", "--bound=1e-4", "--ratio=3", "--power=0.9", "--json"]
    return _command(folder, ["plan"], more)


def scale(folder: Path) -> Made:
    """`validate` for millions of templates, with a measured speed."""
    audit(folder)
    speed = folder / "speed.json"
    speed.write_text(
        json.dumps({"device": "cpu", "dim": 512, "comparisons_per_second": 2.5e9, "groups": 8})
    )
    more = [
        "--scale-to=170e6", "--dim=512", "--device-memory=64", "--spread=1", f"--speed={speed}",
        "--set=seed=7", "--set=one_to_one.operating_points=[fmr=0.01]",
    ]  # fmt: skip
    return _command(folder, ["validate", str(folder / "run.yaml")], more, speed)


def contrast(folder: Path) -> Made:
    """`compare` of two matchers at points and masks that somebody names."""
    made = audit(folder)
    more = [
        f"{made}:v", f"{made}:w", "--at=threshold=0.5", "--with=fmr=0.05",
        "--masks=unknown/unknown", "--with-masks=unknown/unknown",
        f"--out={folder / 'compared'}", "--json",
    ]  # fmt: skip
    return _command(folder, ["compare"], more, out=(folder / "compared",))


def pseudonym(folder: Path) -> Made:
    """`reveal` of whatever somebody takes for a pseudonym."""
    made = audit(folder)
    table = (made / "searches" / "v.parquet").read_bytes()
    import pyarrow.parquet as pq

    name = str(pq.read_table(io.BytesIO(table)).column("probe_id")[0])
    return _command(folder, ["reveal", str(made)], [name])


def shelf(folder: Path) -> Made:
    """`datasets show` of a card that somebody names."""
    return _command(folder, ["datasets", "show"], ["lfw", "--format=croissant"])


def beginning(folder: Path) -> Made:
    """`init` of a score file."""
    scores, out = folder / "s.csv", folder / "begun"
    scores.write_text(CONTRACT)
    more = ["--attribute=sex", "--failed-score=-1", "--score-kind=distance"]
    made = _command(folder, ["init", str(scores), f"--out={out}"], more, scores, out=(out,))

    def read() -> None:
        shutil.rmtree(out, ignore_errors=True)
        made.read()

    return dataclasses.replace(made, read=read)


def beginning_listed(folder: Path) -> Made:
    """`init` of bob's columns and of a matrix with its ids."""
    five, matrix, ids, out = (folder / name for name in ("five.txt", "m.txt", "ids.txt", "begun"))
    five.write_text("a a1 a a2 0.75\na a1 b b1 NaN\nb b2 b b1 1e-3\n")
    matrix.write_text("0.9,0.1\n0.2,nan\n")
    ids.write_text("a1\nb1\n")
    forms = {
        "bob-5col": [str(five)],
        "matrix": [str(matrix), f"--ids={ids}"],
    }

    def read() -> None:
        refused = []
        for form, named in forms.items():
            shutil.rmtree(out, ignore_errors=True)
            try:
                called(["init", *named, f"--format={form}", f"--out={out}"])
                load_config(out / "audit.yaml")
            except Refused as wrong:
                refused.append(wrong)
        if refused:
            raise refused[0]

    return Made([five, matrix, ids], read, may=(EvenmatchError, Refused), out=(out,))


def _run(folder: Path, read: Callable[[Path], object]) -> Made:
    audit(folder)
    path = folder / "run.yaml"
    config = yaml.safe_load(path.read_text())
    claimed = {
        "id": "a", "text": "low", "source": "here", "matcher": "v", "metric": "fnmr",
        "at": "threshold=0.5", "bound": "<= 0.5",
    }  # fmt: skip
    config |= {
        "seed": 5,
        "claims": [claimed],
        "scenario": {
            "gates": {"travellers": 10, "attacks": 0.1, "operating_point": "threshold=0.5"},
            "searches": {"travellers": 10, "cameras": 2, "enrolled": {"a": 100}, "mated": 0.01},
        },
        "statistics": {
            "replicates": 100,
            "level": 0.9,
            "equivalence_margin": 1.2,
            "strata": ["session"],
            "primary": [{"metric": "fnmr", "group_by": ["sex"]}],
        },
        "compute": {"device": "cpu", "workers": 1, "keep_scores": 500, "keep_tail": 1000},
    }
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    out = folder / "reports"

    def once() -> None:
        shutil.rmtree(out, ignore_errors=True)
        read(path)

    may = (EvenmatchError, Refused)
    return Made([path], once, form="values", may=may, out=(out,), held=True, slow=3)


def foreseen(folder: Path) -> Made:
    """`validate` of a run's config."""
    return _run(folder, lambda path: called(["validate", str(path)]))


def carried_out(folder: Path) -> Made:
    """`run` of a run's config."""
    os.environ["PATH"] = str(folder)  # an audit asks git for the revision of its own code

    def read(path: Path) -> None:
        config = load_config(path)
        search = config.one_to_many
        # Long work that is asked for is none of what is looked for here.
        if config.statistics.replicates > _WORK or (search and search.splits > _WORK / 50):
            foresee(config)
        else:
            evaluate(config, folder / "reports")

    return _run(folder, read)


def _patience() -> None:
    os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"
    os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] = "1"


def tracking_uri(folder: Path) -> Made:
    """The address of an MLflow that an audit is sent to."""
    _patience()
    made = audit(folder)
    result = read_results(made)
    said = folder / "said.txt"
    said.write_text(f"sqlite:///{folder / 'store'}/mlflow.db")

    def read() -> None:
        track_result(result, made, uri=os.fsdecode(said.read_bytes()))

    return Made([said], read, out=(made, folder / "store"), held=True, slow=3, replaced=())


def tracking_store(folder: Path) -> Made:
    """An embedded MLflow's database that somebody changed."""
    _patience()
    made = audit(folder)
    result = read_results(made)
    stores, kept = folder / "stores", folder / "kept.db"
    stores.mkdir()
    track_result(result, made, uri=f"sqlite:///{kept}")
    number, laid = itertools.count(), [kept]

    def lay() -> None:
        # MLflow keeps a database open once it is known: each is another one.
        for each in stores.glob("*.db*"):
            clear(each)
        laid[0] = stores / f"{next(number)}.db"
        put_like(kept, laid[0])

    def read() -> None:
        track_result(result, made, uri=f"sqlite:///{laid[0]}")

    out = (made, stores)
    return Made([kept], read, form="bytes", out=out, held=True, slow=3, lay=lay)


def shards(folder: Path) -> Made:
    """The address that templates are written to in shards and read from."""
    import fsspec  # noqa: F401 - absent where the extra is not installed

    from evenmatch.distributed.shards import write_shards

    out, said = folder / "out", folder / "said.txt"
    said.write_text(f"memory://{out}/a")
    vectors = np.arange(12, dtype=np.float32).reshape(4, 3)

    def read() -> None:
        asked = parse_document(Compute, {"shards": os.fsdecode(said.read_bytes())}, "run.yaml")
        found = write_shards(vectors, str(asked.shards), 2)
        if not np.array_equal(found[0:4], vectors):
            raise AssertionError("what was written is not what is read")

    return Made([said], read, out=(out,), held=True, replaced=())


KINDS = {
    "args-plan": plan, "args-apart": tell_apart, "args-scale": scale, "args-compare": contrast,
    "args-reveal": pseudonym, "args-show": shelf, "args-init": beginning,
    "init-lists": beginning_listed, "validate": foreseen, "run": carried_out,
    "tracking-uri": tracking_uri, "tracking-store": tracking_store, "shards": shards,
}  # fmt: skip
