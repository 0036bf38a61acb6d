"""What is broken: something that a command makes in a folder, and what of it has to be the same."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import shutil
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import yaml
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[2]))

from conftest import CARD as MADE_UP  # the tests' own
from conftest import attribute

PROGRAM = Path(__file__).parents[2] / "matching" / "vendor_program.py"
# Files that hold pseudonyms, which a new key changes.
KEYED = ("scores/", "searches/", "gallery.csv", "digests.json")
HALF = ".evenmatch-half.*"
CARD = MADE_UP | {
    "name": "faults",
    "title": "A benchmark to be killed on",
    "attributes": {"sex": attribute("subject", ["female", "male"])},
}
OF_SAMPLES = {
    "mask": attribute("sample", ["unmasked", "masked"]),
    "session": attribute("sample", ["s0", "s1", "s2"]),
}


Kind = TypeVar("Kind", bound="AuditPlace")


class Failed(Exception):  # noqa: N818 - what a trial found
    """The promise was broken."""


@dataclasses.dataclass
class Place:
    """A folder in which a command works, its private folder included.

    Attributes:
        root: the folder.
        command: what `evenmatch` is asked.
        anew: whether each run is a program of its own, and not forked from one that is warm.
        orphans: whether what a killed run has started may live on into the next run.
        idle: the part of a run's time in which it only imports, and is not worth killing.
        keyed: how names of files begin that another key changes.
        environment: what else its runs find there.
    """

    root: Path
    command: tuple[str, ...]
    anew: bool = False
    orphans: bool = False
    idle: float = 0.0
    keyed: tuple[str, ...] = ()
    environment: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def cache(self) -> Path:
        """Where private things go."""
        return self.root / "cache"

    def forget(self, *, key: bool = True) -> None:
        """Remove what runs have left, but for the key of the pseudonyms."""
        kept = {"keys"} if key else set()
        for part in self.cache.iterdir() if self.cache.exists() else ():
            if part.name not in kept:
                shutil.rmtree(part)

    def contents(self) -> dict[str, str]:
        """Return the digest of everything that has to be the same after any fault."""
        return {}

    def made(self) -> list[Path]:
        """Return the files that may be torn."""
        return sorted(path for path in self.cache.rglob("*") if path.is_file())

    def torn(self, path: Path) -> None:
        """Do what makes a torn file matter to the next run."""

    def check(self, what: str) -> None:
        """Look at what is not compared byte for byte."""
        half = sorted(self.root.rglob(HALF))
        if half:
            raise Failed(f"{what}: half-written files stay: {half}")


@dataclasses.dataclass
class AuditPlace(Place):
    """A small audit's benchmark, and where its audits go."""

    config: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def out(self) -> Path:
        """Where audits go."""
        return self.root / "reports"

    def write(self, file: str = "run.yaml", /, **changes: Any) -> Path:
        """Write a config of the audit, some keys changed."""
        path = self.root / file
        path.write_text(yaml.safe_dump(self.config | changes, sort_keys=False))
        return path

    def forget(self, *, key: bool = True) -> None:
        """Remove audits, MLflow's record of them and the private folder."""
        super().forget(key=key)
        shutil.rmtree(self.out, ignore_errors=True)
        for path in self.root.glob(".mlflow.db*"):
            path.unlink()
        (self.root / "mlflow.db").unlink(missing_ok=True)
        shutil.rmtree(self.root / "mlartifacts", ignore_errors=True)

    def contents(self) -> dict[str, str]:
        """Return the digest of every file of the audits, hidden ones apart."""
        return self.audits(self.out)

    @staticmethod
    def audits(out: Path, name: str = "*") -> dict[str, str]:
        """Return the digest of every file of the audits of a name, hidden ones apart."""
        found = {}
        for path in sorted(out.glob(f"{name}/*/**/*")):
            inside = "/".join(path.relative_to(out).parts[2:])
            hidden = any(part.startswith(".") for part in path.relative_to(out).parts)
            if path.is_file() and not hidden:
                found[inside] = digest(path)
        return found

    def made(self) -> list[Path]:
        """Return every file of audits, private folder and MLflow's store."""
        found = [path for path in self.out.rglob("*") if path.is_file()]
        return sorted([*super().made(), *found, *self.root.glob("mlflow.db")])

    def torn(self, path: Path) -> None:
        """Have the audit made again: a finished one needs nothing of the private folder."""
        if path.is_relative_to(self.cache):
            shutil.rmtree(self.out)

    def check(self, what: str) -> None:
        """Look at the overview and at what MLflow has."""
        super().check(what)
        page = self.out / "index.html"
        if "</html>" not in page.read_text() or not json.loads(
            (self.out / "index.json").read_text()
        ):
            raise Failed(f"{what}: the overview stays torn")
        if self.config["tracking"]:
            self._check_tracked(what)

    def _check_tracked(self, what: str) -> None:
        """Look for one finished MLflow run an audit, a child a matcher, every file as it is."""
        with contextlib.closing(sqlite3.connect(self.root / "mlflow.db")) as database:
            rows = database.execute(
                "select run_uuid, status from runs where lifecycle_stage='active'"
            ).fetchall()
            repeated = database.execute(
                "select count(*) - count(distinct run_uuid || key) from metrics"
            ).fetchone()[0]
        states = [state for _, state in rows]
        if states != ["FINISHED"] * (1 + len(self.config["matchers"])) or repeated:
            raise Failed(f"{what}: MLflow has {states}, {repeated} metrics more than once")
        for path in sorted((self.root / "mlartifacts").glob("*/artifacts/**/*")):
            inside = "/".join(path.relative_to(self.root / "mlartifacts").parts[2:])
            (folder,) = self.out.glob(f"{self.config['name']}/*")
            if path.is_file() and digest(path) != digest(folder / inside):
                raise Failed(f"{what}: MLflow has another {inside}")


@dataclasses.dataclass
class ReportPlace(AuditPlace):
    """A finished audit that is rendered again."""

    def keep(self) -> None:
        """Take the audit that lies there as the one to be rendered."""
        (folder,) = self.out.glob("*/*")
        self.command = ("report", str(folder))
        shutil.copytree(self.out, self.root / "kept")

    def forget(self, *, key: bool = True) -> None:  # noqa: ARG002 - rendering needs none
        """Bring the audit back without what is rendered."""
        shutil.rmtree(self.out, ignore_errors=True)
        shutil.copytree(self.root / "kept", self.out)
        (folder,) = self.out.glob("*/*")
        for path in folder.iterdir():
            if path.suffix in {".csv", ".html", ".md", ".pdf"} and path.name != "gallery.csv":
                path.unlink()
        shutil.rmtree(folder / "plots", ignore_errors=True)

    def torn(self, path: Path) -> None:
        """Nothing is in the way: everything rendered is rendered again."""


@dataclasses.dataclass
class PreparedPlace(Place):
    """A benchmark that is fetched and unpacked."""

    def contents(self) -> dict[str, str]:
        """Return the digest of every file, hidden ones included; of the record, less its times."""
        folder, found = self.cache / "benchmarks" / CARD["name"], {}
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                found["/".join(path.relative_to(folder).parts)] = digest(path)
        record = folder / ".evenmatch-files.json"
        if record.exists():
            raw = json.loads(record.read_text())
            for receipt in raw["files"].values():
                del receipt["modified_ns"]
            found[record.name] = json.dumps(raw)
        return found


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def counting_place(
    root: Path, *, formats: tuple[str, ...] = ("csv",), tracking: bool = False, program: bool = True
) -> AuditPlace:
    """Write a benchmark of 12 people with 3 photographs, and the config of its audit."""
    rng = np.random.default_rng(5)
    rows, vectors = [], []
    root.mkdir(parents=True, exist_ok=True)
    for person in range(12):
        face, centre = rng.integers(30, 225, (8, 8, 3)), rng.standard_normal(16)
        for shot in range(3):
            name = f"p{person:02}-{shot}"
            shown = np.clip(face + rng.integers(-60, 60, face.shape), 1, 255).astype(np.uint8)
            Image.fromarray(shown).save(root / f"{name}.png")
            sex, mask = ("female", "male")[person % 2], ("unmasked", "masked")[shot == 2]
            rows.append((name, f"p{person:02}", f"{name}.png", sex, mask, f"s{shot}"))
            vectors.append(centre + 0.7 * rng.standard_normal(16))
    columns = ["sample_id", "subject_id", "path", "sex", "mask", "session"]
    table = pd.DataFrame(rows, columns=columns)
    table.to_csv(root / "samples.csv", index=False)
    ids = table["sample_id"].to_numpy(str)
    np.savez(root / "made.npz", ids=ids, templates=np.array(vectors, np.float32))
    asked = {"name": "asked", "kind": "command", "command": [sys.executable, str(PROGRAM)]}
    made = {"name": "made", "kind": "templates", "path": str(root / "made.npz")}
    return audit_place(
        root,
        CARD | {"attributes": CARD["attributes"] | OF_SAMPLES},
        matchers=[made | {"score_kind": "cosine"}, *([asked] if program else [])],
        one_to_one={"operating_points": ["fmr=0.1", "threshold=0.5"]},
        one_to_many={
            "gallery": {"where": {"session": "s0"}},
            "searches": {"where": {"session": "s1"}},
            "operating_points": ["fpir=0.2"],
            "ranks": [1, 3],
        },
        tracking={"uri": f"sqlite:///{root}/mlflow.db"} if tracking else None,
        report={"formats": list(formats)},
    )


def audit_place(root: Path, its_card: dict[str, Any], **changes: Any) -> AuditPlace:
    """Write a card and the config of an audit, some of its keys changed."""
    (root / "card.yaml").write_text(yaml.safe_dump(its_card, sort_keys=False))
    config = {
        "schema": 1,
        "name": "faults",
        "benchmark": {"card": str(root / "card.yaml"), "root": str(root)},
        "groups": [["sex"]],
        "statistics": {"replicates": 200},
        "tracking": None,
        "report": {"formats": ["csv"]},
    }
    out = root / "reports"
    command = ("run", "run.yaml", "--quiet", "--out", str(out))
    place = AuditPlace(root, command, keyed=KEYED, config=config | changes)
    place.write()
    return place


def photographs_place(root: Path, *, processes: int = 1) -> AuditPlace:
    """Write a benchmark of four people of the generated faces, for dlib and a drawn mask."""
    from evenmatch.data.card import DEMO_ROOT

    root.mkdir(parents=True, exist_ok=True)
    table = pd.read_csv(DEMO_ROOT / "samples.csv", dtype=str)
    several = table[table.groupby("subject_id")["sample_id"].transform("size") > 1]
    people = several["subject_id"].drop_duplicates()[:4]
    table = several[several["subject_id"].isin(people)].groupby("subject_id").head(2)
    table = table[["sample_id", "subject_id", "path"]].assign(sex="female")
    table.to_csv(root / "samples.csv", index=False)
    for path in table["path"]:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(DEMO_ROOT / path, root / path)
    place = audit_place(
        root,
        CARD | {"samples": {"loader": "manifest", "resize_to": 256}},
        matchers=[{"name": "dlib", "kind": "dlib"}],
        masks={
            "synthetic": [{"shape": "wide", "coverage": "high", "colour": "black"}],
            "apply_to": ["probe"],
        },
        one_to_one={"operating_points": ["threshold=0.6"]},
        compute={"batch_size": 2, "device": "cpu", "processes": processes},
    )
    place.orphans = processes > 1
    return place


def report_place(root: Path) -> ReportPlace:
    """Write the config of an audit whose report is to be rendered."""
    return as_kind(counting_place(root, formats=("csv", "html", "md"), program=False), ReportPlace)


def as_kind(place: AuditPlace, kind: type[Kind]) -> Kind:
    """Return a place as one of another kind."""
    return kind(**{each.name: getattr(place, each.name) for each in dataclasses.fields(place)})


def wait_until(reached: Any, seconds: float, what: str) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > end:
            raise Failed(what)
        time.sleep(0.05)
