"""Makes one audit again under other circumstances, and says which of its files differ.

    python tests/bench/determinism.py [NAME ...] [--pdf] [--keep FOLDER]

Without names it goes through all of `CIRCUMSTANCES`; each is a run in a process of its own, whose
every file is compared with that of a run without it, byte for byte. What a config says of `compute`
and of places is put back in the results before (the page prints it), by the program itself.
`processors` compares counts and rates of given templates instead, as another machine makes them.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from conftest import CARD as MADE_UP  # the tests' own card
from conftest import attribute
from evenmatch.data.card import DEMO_ROOT
from evenmatch.reporting.audit import write_audit
from evenmatch.reporting.overview import write_overview
from evenmatch.results.reading import read_results

if TYPE_CHECKING:
    from collections.abc import Iterator

PEOPLE, GIVEN = 8, 40
SIDE = 56
VARIATIONS = ("near", "close", "far")
CARD = MADE_UP | {
    "name": "same-bytes",
    "title": "A benchmark to be made again",
    "samples": {"loader": "manifest", "resize_to": 256},
    "attributes": {
        "town": attribute("subject", ["Łódź", "Málaga"]),
        "session": attribute("sample", VARIATIONS),
    },
}
MODEL_CARD = """
schema: 1
name: tiny
title: A tiny network
weights:
  file: {file}
  origin: made by this script
  licence: {{id: none, use: any}}
  training_set: {{name: none}}
  sha256: "{digest}"
input: {{size: [{side}, {side}], alignment: whole}}
output: {{dimension: 24, score: cosine}}
"""
START = "from evenmatch.cli import main; main()"
SHUFFLED = """
import os, random
chance, listed, scanned = random.Random(8), os.listdir, os.scandir
class Scanned(list):
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def close(self): pass
    def __next__(self):
        if not self: raise StopIteration
        return self.pop()
    def __iter__(self): return self
def mixed(found): chance.shuffle(found); return found
os.listdir = lambda path=".": mixed(listed(path))
def scandir(path="."):
    with scanned(path) as found: return Scanned(mixed(list(found)))
os.scandir = scandir
"""
# Forty days and some hours later, for everything that asks the system for the date.
LATER = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>
#define MORE 3500123
int clock_gettime(clockid_t which, struct timespec *now) {
  static int (*asked)(clockid_t, struct timespec *);
  if (!asked) asked = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  int answer = asked(which, now);
  if (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE) now->tv_sec += MORE;
  return answer;
}
time_t time(time_t *kept) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (kept) *kept = now.tv_sec;
  return now.tv_sec;
}
int gettimeofday(struct timeval *now, void *zone) {
  struct timespec precise;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &precise);
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return 0;
}
"""


@dataclasses.dataclass(frozen=True)
class Circumstance:
    """What is another than in the first run.

    Attributes:
        environment: variables of the process.
        compute: keys of the config's `compute`.
        before: Python that runs first.
        moved: whether benchmark, private folder and current directory lie somewhere else.
        cold: whether the private folder holds nothing but the key of the pseudonyms.
        umask: of the process.
        later: whether it is another day.
    """

    environment: dict[str, str] = dataclasses.field(default_factory=dict)
    compute: dict[str, object] = dataclasses.field(default_factory=dict)
    before: str = ""
    moved: bool = False
    cold: bool = True
    umask: int = 0o022
    later: bool = False


def threads(number):
    names = ("OMP", "OPENBLAS", "MKL", "NUMBA", "VECLIB", "NUMEXPR")
    return {f"{name}_NUM_THREADS": str(number) for name in names}


# Somebody's taste in figures, found in the current directory.
FIGURES = "font.size: 21\naxes.facecolor: yellow\nlines.linewidth: 7\nsavefig.dpi: 11\n"
STRANGE = {
    "LC_ALL": "C",
    "TZ": "Pacific/Kiritimati",
    "COLUMNS": "31",
    "TERM": "dumb",
    "NO_COLOR": "1",
}
CIRCUMSTANCES = {
    "again": Circumstance(),
    "hashes": Circumstance({"PYTHONHASHSEED": "77"}),
    "one-thread": Circumstance(threads(1)),
    "two-threads": Circumstance(threads(2)),
    "batches-of-one": Circumstance(compute={"batch_size": 1, "workers": 1}),
    "batches-of-seven": Circumstance(compute={"batch_size": 7, "workers": 5}),
    "processes": Circumstance(compute={"processes": 2}),
    "warm": Circumstance(cold=False),
    "moved": Circumstance(moved=True),
    "strange": Circumstance(STRANGE, umask=0o077),
    "no-utf-8": Circumstance({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    "shuffled": Circumstance(before=SHUFFLED),
    "later": Circumstance(later=True),
    "ray": Circumstance(compute={"engine": "ray"}),
    "together": Circumstance(
        {"PYTHONHASHSEED": "5", **threads(1), **STRANGE},
        {"batch_size": 5, "workers": 3},
        before=SHUFFLED,
        moved=True,
        umask=0o077,
    ),
}


@dataclasses.dataclass
class Place:
    """A benchmark, its private folder and where audits of it go."""

    root: Path
    config: dict

    @property
    def benchmark(self) -> Path:
        """Photographs, models and card."""
        return self.root / "bench"

    @property
    def cache(self) -> Path:
        """The private folder."""
        return self.root / "cache"


def make_place(
    root: Path, *, formats=("html", "csv", "json", "md"), small=False, models=True
) -> Place:
    """Write photographs of a few generated people, two tiny networks and a config."""
    place = Place(root, {})
    folder = place.benchmark
    folder.mkdir(parents=True)
    demo = pd.read_csv(DEMO_ROOT / "samples.csv", dtype=str)
    rows = []
    for person in demo["subject_id"].unique()[::13][: 5 if small else PEOPLE]:
        for variation in VARIATIONS:
            path = f"{person}_{variation}.jpg"
            shutil.copyfile(DEMO_ROOT / "faces" / path, folder / path)
            town = ("Łódź", "Málaga")[int(person[1:]) % 2]
            rows.append((f"Zoë-{person}-{variation}", f"Zoë {person}", path, town, variation))
    (folder / rows[4][2]).write_bytes(b"no photograph")
    columns = ["sample_id", "subject_id", "path", "town", "session"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "samples.csv", index=False)
    (folder / "card.yaml").write_text(yaml.safe_dump(CARD, sort_keys=False), encoding="utf-8")
    matchers = [{"name": "dlib", "kind": "dlib"}]
    for kind, write in {"onnx": write_onnx, "torch": write_torch}.items():
        if not models or (small and kind == "torch"):
            continue
        write(folder)
        matchers.append({"name": kind, "kind": kind, "card": str(folder / f"{kind}.yaml")})
    place.config = {
        "schema": 1,
        "name": "same-bytes",
        "benchmark": {"card": str(folder / "card.yaml"), "root": str(folder)},
        "matchers": matchers,
        "groups": [["town"]] if small else [["town"], ["town", "skin_tone"]],
        "measured": {"skin_tone": {"bands": {"lighter": 20, "darker": None}}},
        "masks": {"synthetic": [{"shape": "wide", "coverage": "low", "colour": "blue"}]},
        "one_to_one": {"operating_points": ["fmr=0.05", "threshold=0.6"]},
        "one_to_many": {
            "gallery": {"where": {"session": "near"}},
            "searches": {"where": {"session": ["close", "far"]}},
            "operating_points": ["fpir=0.2"],
            "ranks": [1, 3],
            "splits": 3,
        },
        "statistics": {"replicates": 200},
        "tracking": None,
        "report": {"formats": list(formats)},
        "compute": {"device": "cpu"},
    }
    return place


def write_card(folder: Path, kind: str, file: str) -> None:
    """Write the card of a model file."""
    digest = hashlib.sha256((folder / file).read_bytes()).hexdigest()
    text = MODEL_CARD.format(file=file, digest=digest, side=SIDE)
    (folder / f"{kind}.yaml").write_text(text)


def write_onnx(folder: Path) -> None:
    """Write a convolution and a layer with weights drawn from a seed."""
    import onnx
    from onnx import helper, numpy_helper

    kind, rng = onnx.TensorProto.FLOAT, np.random.default_rng(2)
    weights = {
        "kernel": rng.standard_normal((16, 3, 5, 5)) / 9,
        "layer": rng.standard_normal((24, 16)) / 4,
    }
    held = [numpy_helper.from_array(w.astype(np.float32), name) for name, w in weights.items()]
    nodes = [
        helper.make_node("Conv", ["faces", "kernel"], ["a"], strides=[2, 2]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("GlobalAveragePool", ["b"], ["c"]),
        helper.make_node("Flatten", ["c"], ["d"]),
        helper.make_node("Gemm", ["d", "layer"], ["template"], transB=1),
    ]
    takes = helper.make_tensor_value_info("faces", kind, ["n", 3, SIDE, SIDE])
    gives = helper.make_tensor_value_info("template", kind, ["n", 24])
    graph = helper.make_graph(nodes, "g", [takes], [gives], held)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, folder / "tiny.onnx")
    write_card(folder, "onnx", "tiny.onnx")


def write_torch(folder: Path) -> None:
    """Write two convolutions and a layer with weights drawn from a seed."""
    import torch
    from torch import nn

    with torch.random.fork_rng():
        torch.manual_seed(3)
        network = nn.Sequential(
            nn.Conv2d(3, 16, 5, 2),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, 2),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
            nn.Linear(128, 24),
        )
        batch = torch.export.Dim("batch", min=1, max=512)
        exported = torch.export.export(
            network.eval(), (torch.zeros(2, 3, SIDE, SIDE),), dynamic_shapes=({0: batch},)
        )
    torch.export.save(exported, folder / "tiny.pt2")
    write_card(folder, "torch", "tiny.pt2")


# ---------------------------------------------------------------- one run


def moved_to(place: Place, root: Path) -> Place:
    """Copy the benchmark to another folder; the key of the pseudonyms goes with it."""
    shutil.copytree(place.benchmark, root / "bench")
    shutil.copytree(place.cache / "keys", root / "cache" / "keys")
    config = json.loads(json.dumps(place.config).replace(str(place.root), str(root)))
    return Place(root, config)


def forget(cache: Path) -> None:
    """Empty the private folder, but for the key."""
    for part in cache.iterdir() if cache.exists() else ():
        if part.name != "keys":
            shutil.rmtree(part)


def later_library(folder: Path) -> str:
    """Compile what makes a process believe in another day."""
    source, made = folder / "later.c", folder / "later.so"
    source.write_text(LATER)
    compiler = shutil.which("cc") or "gcc"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", made, source, "-ldl"], check=True)
    return str(made)


def audit(place: Place, name: str, there: Circumstance) -> Path:
    """Run the audit under a circumstance and return the folder of its audits."""
    here = moved_to(place, place.root / f"elsewhere-{name}") if there.moved else place
    if there.cold:
        forget(here.cache)
    config = here.config | {"compute": here.config["compute"] | there.compute}
    path, out = here.root / f"{name}.yaml", place.root / f"out-{name}"
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    (here.root / "matplotlibrc").write_text(FIGURES if there.moved else "")
    environment = os.environ | {"EVENMATCH_CACHE": str(here.cache)} | there.environment
    if there.later:
        environment["LD_PRELOAD"] = later_library(here.root)
    command = [sys.executable, "-c", there.before + START, "run", str(path), "--quiet"]
    ended = subprocess.run(
        [*command, "--out", str(out)],
        env=environment,
        cwd=here.root if there.moved else None,
        umask=there.umask,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise SystemExit(f"{name}: exit {ended.returncode}\n{ended.stdout}{ended.stderr}")
    if there.moved or there.compute:
        put_back(out, place.config)
    return out


def put_back(out: Path, config: dict) -> None:
    """Write what the config says of places and of `compute` as in the first run, and render."""
    (path,) = out.glob("*/*/results.json")
    result = read_results(path.parent)
    said = json.loads(json.dumps(result.config))
    for key in ("benchmark", "compute"):
        said[key] |= config[key]
    for key in ("engine", "batch_size", "workers", "processes"):
        said["compute"][key] = COMPUTE[key]
    said["matchers"] = [
        entry | first for entry, first in zip(said["matchers"], config["matchers"], strict=True)
    ]
    write_audit(result.model_copy(update={"config": said}), path.parent)
    write_overview(out)


COMPUTE = {"engine": "local", "batch_size": 64, "workers": 2, "processes": 1}


def files(out: Path) -> dict[str, bytes]:
    """Return the bytes of every file below a folder of audits."""
    found = sorted(path for path in out.rglob("*") if path.is_file())
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in found}


def differing(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    """Return the names of files that are not the same in both."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


# ---------------------------------------------------------------- another machine's processor


def plain_processor() -> dict[str, str]:
    """Return what makes libraries use none of the instructions that not every machine has."""
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    here = [each for each in __cpu_dispatch__ if __cpu_features__.get(each)]
    return {
        "NPY_DISABLE_CPU_FEATURES": " ".join(here),
        "OPENBLAS_CORETYPE": "Nehalem",
        "ATEN_CPU_CAPABILITY": "default",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
        "NUMBA_CPU_NAME": "nehalem",
        "NUMBA_CPU_FEATURES": "",
    }


def given_templates(place: Place) -> None:
    """Turn the config into one of given templates, compared in all three ways, many on a cut."""
    rng, folder = np.random.default_rng(6), place.root / "given"
    folder.mkdir()
    ids = np.array([f"g{person:02}-{shot}" for person in range(GIVEN) for shot in range(3)])
    centres = np.repeat(rng.standard_normal((GIVEN, 96)), 3, axis=0)
    made = (centres + 0.9 * rng.standard_normal(centres.shape)).astype(np.float32)
    coarse = np.round(centres[:, :33] + rng.standard_normal((len(ids), 33))).astype(np.float32)
    table = pd.DataFrame({"sample_id": ids, "subject_id": [name[:3] for name in ids]})
    table["town"] = [("Łódź", "Málaga")[int(name[1:3]) % 2] for name in ids]
    table["session"] = [VARIATIONS[int(name[-1])] for name in ids]
    table["path"] = ""
    table.to_csv(folder / "samples.csv", index=False)
    shutil.copyfile(place.benchmark / "card.yaml", folder / "card.yaml")
    matchers = []
    for kind, vectors in (("cosine", made), ("inner_product", made), ("euclidean", coarse)):
        np.savez(folder / f"{kind}.npz", ids=ids, templates=vectors)
        file = {"path": str(folder / f"{kind}.npz"), "score_kind": kind}
        matchers.append({"name": kind, "kind": "templates", **file})
    place.config |= {
        "benchmark": {"card": str(folder / "card.yaml"), "root": str(folder)},
        "matchers": matchers,
        "groups": [["town"]],
        "measured": {},
        "masks": {},
        "one_to_one": {"operating_points": ["fmr=0.01", "fmr=0.001", "threshold=0.5"]},
    }


def processors(place: Place) -> list[str]:
    """Count given templates as this processor does and as a plain one does.

    Returns:
        What differs, less the last digits of numbers that are no counts, thresholds or scores.
    """
    given_templates(place)
    here, plain = (
        json.loads(next(audit(place, name, there).glob("*/*/results.json")).read_text())
        for name, there in (
            ("this", Circumstance()),
            ("plain", Circumstance(plain_processor())),
        )
    )
    searches = [
        [path.read_bytes() for path in sorted((place.root / f"out-{name}").glob(SEARCHES))]
        for name in ("this", "plain")
    ]
    apart = list(distances(here, plain, ""))
    print(f"largest relative difference: {max((far for _, far in apart), default=0):.2g}")
    wrong = {where for where, far in apart if far > LAST_DIGITS or where.endswith(EXACT)}
    missing = len(searches[0]) != len(place.config["matchers"])
    return [*sorted(wrong), *(["searches"] if missing or searches[0] != searches[1] else [])]


SEARCHES = "*/*/searches/*.parquet"
LAST_DIGITS = 1e-9
EXACT = ("threshold", "rate", "edges", "counts", "achieved")


def distances(one: object, other: object, where: str) -> Iterator[tuple[str, float]]:
    """Give where two results differ, and how far relative to their size; infinite if no numbers."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for key in one:
            yield from distances(one[key], other[key], f"{where}.{key}".lstrip("."))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for left, right in zip(one, other, strict=True):
            yield from distances(left, right, where)
    elif one != other:
        both = isinstance(one, float) and isinstance(other, float)
        yield where, abs(one - other) / max(abs(one), abs(other)) if both else math.inf


def main() -> None:
    """Compare and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", choices=[*CIRCUMSTANCES, "processors"])
    parser.add_argument("--pdf", action="store_true", help="also ask for report.pdf")
    parser.add_argument("--small", action="store_true", help="fewer people, models and figures")
    parser.add_argument("--keep", type=Path, help="work in this folder and leave it")
    asked = parser.parse_args()
    names = asked.names or [*CIRCUMSTANCES, "processors"]
    with tempfile.TemporaryDirectory(prefix="evenmatch-same-") as temporary:
        formats = ("html", "csv", "json", "md", *(["pdf"] if asked.pdf else []))
        root = (asked.keep or Path(temporary)) / "place"
        models = names != ["processors"]
        place = make_place(root, formats=formats, small=asked.small, models=models)
        found: dict[str, list[str]] = {}
        first: dict[str, bytes] = {}
        if set(names) & set(CIRCUMSTANCES):
            first = files(audit(place, "first", Circumstance({"PYTHONHASHSEED": "1"})))
        for name in names:
            began = time.monotonic()
            if name == "processors":
                found[name] = processors(place)
            else:
                found[name] = differing(first, files(audit(place, name, CIRCUMSTANCES[name])))
            print(f"{name}: {time.monotonic() - began:.1f} s, {found[name] or 'same'}", flush=True)
    print(json.dumps({"files": len(first), "differ": found}))


if __name__ == "__main__":
    main()
