"""What a run over Ray leaves behind names nobody and shows nobody, also where its parts fail."""

import contextlib
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from evenmatch.data.card import DEMO_ROOT
from evenmatch.reporting.audit import FORMATS

pytestmark = pytest.mark.slow

NAME, SAMPLE = "Zebedee_Quixote", "zq-photograph"
# A package of somebody else's, found by every process that is started with its folder.
STRANGER = """
import numpy as np
from evenmatch.errors import RequestError
from evenmatch.matching.matcher import FailureReason, ScoreKind

class Colours:
    dimension, score_kind, digest = 12, ScoreKind.INNER_PRODUCT, "cd" * 32
    def __init__(self, options):
        self.name, self.facts = options.name, {"training set": "none"}
    def template(self, photograph):
        rows, columns = (np.linspace(0, side, 3).astype(int) for side in photograph.shape[:2])
        parts = [photograph[a:b, c:d].mean(axis=(0, 1)) for a, b in zip(rows, rows[1:])
                 for c, d in zip(columns, columns[1:])]
        made = np.concatenate(parts)
        return (made / np.linalg.norm(made)).astype(np.float32)
    def extract(self, photographs):
        return [self.template(each) for each in photographs]

class Angry(Colours):
    digest = "de" * 32
    def words(self, shown):
        told = shown[0].tolist(), shown[0].tobytes(), self.template(shown).tolist()
        return f"/photographs/Zebedee_Quixote_3/near.png {told}"
    def extract(self, photographs):
        raise ValueError(self.words(photographs[0]))

class Sorry(Angry):
    digest = "ef" * 32
    def extract(self, photographs):
        try:
            raise OSError(self.words(photographs[0]))
        except OSError as damage:
            raise RequestError("the matcher cannot go on; mend it.") from damage
"""
METADATA = "Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n"
POINTS = "[evenmatch.matchers]\n" + "".join(
    f"{each.lower()} = stranger:{each}\n" for each in ("Colours", "Angry", "Sorry")
)
SHARED = Path("/dev/shm")  # noqa: S108 - where Ray keeps objects
COMMAND = [sys.executable, "-c", "from evenmatch.cli import main; main()"]

# Starts a cluster and says how it and its files are guarded.
OWN = """
import json, os, stat
from pathlib import Path
from evenmatch.distributed.cluster import connect

connect("local")
(place,) = Path(os.environ["RAY_TMPDIR"]).iterdir()
files = [each for each in place.rglob("*") if each.is_file() or each.is_socket()]
modes = [place.stat().st_mode, *(each.stat().st_mode for each in files)]
guard = os.environ["RAY_AUTH_MODE"], len(os.environ["RAY_AUTH_TOKEN"])
print(json.dumps([guard, [stat.S_IMODE(mode) for mode in modes]]))
"""


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """Install a matcher of somebody else's for whoever has its folder on the path."""
    folder = tmp_path_factory.mktemp("stranger")
    (folder / "stranger.py").write_text(STRANGER)
    about = folder / "stranger-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(METADATA)
    (about / "entry_points.txt").write_text(POINTS)
    return os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])


@pytest.fixture
def people(bench):
    """Eight generated faces twice, every id and folder telling a name, one photograph broken."""
    demo = pd.read_csv(DEMO_ROOT / "samples.csv", dtype=str)
    rows = []
    for number, person in enumerate(demo["subject_id"].unique()[:8]):
        subject = f"{NAME}_{number}"
        (bench.folder / subject).mkdir()
        for shot in ("near", "close"):
            path = f"{subject}/{shot}.png"
            with Image.open(DEMO_ROOT / "faces" / f"{person}_{shot}.jpg") as image:
                image.convert("RGB").resize((256, 256)).save(bench.folder / path)
            rows.append(
                {
                    "sample_id": f"{SAMPLE}-{number}-{shot}",
                    "subject_id": subject,
                    "path": path,
                    "sex": "female" if number % 2 else "male",
                    "session": shot,
                }
            )
    (bench.folder / rows[5]["path"]).write_bytes(b"\x89PNG\r\n\x1a\n" + NAME.encode() * 9)
    bench.attribute("sex", "subject", ["female", "male"])
    bench.attribute("session", "sample", ["near", "close"])
    bench.manifest(rows)
    return bench


class Runner:
    """Runs configs with Ray, everything they can write below one folder."""

    def __init__(self, people, env, place, address):
        self.people, self.place, self.address, self.said = people, place, address, []
        self.env = env | {"TMPDIR": str(place / "tmp"), "MPLCONFIGDIR": str(place / "figures")}
        (place / "tmp").mkdir(parents=True)

    def config(self, kind):
        """Write the config of an audit and return its path."""
        config = self.people.raw(
            matchers=[{"name": "theirs", "kind": kind}],
            groups=[["sex"]],
            one_to_one={"operating_points": ["fmr=0.2"]},
            one_to_many={
                "gallery": {"where": {"session": "near"}},
                "searches": {"where": {"session": "close"}},
                "operating_points": ["fpir=0.5"],
            },
            masks={"synthetic": [{"shape": "wide", "coverage": "low", "colour": "blue"}]},
            report={"formats": [*FORMATS, "md"]},
            tracking={"uri": f"sqlite:///{self.place / 'mlflow.db'}", "experiment": "privacy"},
            compute={
                "engine": "ray",
                "address": self.address,
                "keep_scores": 0,
                "batch_size": 2,
                "device": "cpu",
            },
        )
        path = self.people.folder / f"{kind}.json"
        path.write_text(json.dumps(config))
        return path

    def run(self, kind):
        """Run it and return the exit code."""
        ended = subprocess.run(
            [*COMMAND, "run", str(self.config(kind)), "--out", str(self.place / "audits")],
            env=self.env,
            cwd=self.place,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        self.said.append(ended.stdout + ended.stderr)
        return ended.returncode

    @property
    def cache(self):
        """The private folder."""
        return Path(self.env["EVENMATCH_CACHE"])

    def secrets(self):
        """Return what must be nowhere: names, ids, files, rows of pixels and templates."""
        found = [NAME.lower(), NAME.lower().replace("_", " "), SAMPLE]
        found = [text.encode() for text in found]
        for file in sorted(self.people.folder.rglob("*.png")):
            found.append(file.read_bytes()[41:90])
            with contextlib.suppress(OSError):  # one is broken
                row = np.asarray(Image.open(file))[0]
                found += [row.tobytes(), repr(row[:4].tolist()).encode()]
        for template in self.templates():
            numbers = np.frombuffer(template, "<f4").tolist()
            found += [template, *(repr(number).encode() for number in numbers)]
        return found

    def templates(self):
        """Return all that were made, those of drawn masks too, as they lie in the cache."""
        found = []
        for path in (self.cache / "templates").glob("*.sqlite"):
            with contextlib.closing(sqlite3.connect(path)) as database:
                found += [row[0] for row in database.execute("SELECT vector FROM templates")]
        return [vector for vector in found if vector]


def telling(folders, hidden, but=()):
    """Return the files below folders that hold something hidden, and how many were read."""
    told, read = [], 0
    for folder in folders:
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file() and not any(each in path.parents for each in but):
                read += 1
                inside = path.read_bytes()
                both = (inside, inside.lower())
                told += [(path, each[:40]) for each in hidden if any(each in one for one in both)]
    return told, read


def check(runner, folders, but=()):
    """Run twice into a failure and once to the end; nothing that is left may tell anything."""
    assert runner.run("angry") == 3, runner.said
    assert "ValueError in stranger.py, line" in runner.said[0]
    assert runner.run("sorry") == 2, runner.said
    assert "the matcher cannot go on; mend it." in runner.said[1]
    assert runner.run("colours") == 0, runner.said
    assert len(runner.templates()) > 15 + 5  # bare and masked, but for the broken one
    hidden = runner.secrets()
    told, read = telling([runner.place, *folders], hidden, but)
    assert not told
    assert {"mlflow.db", "audits"} <= {each.name for each in runner.place.iterdir()}
    for said in runner.said:
        assert not [each for each in hidden if each in said.lower().encode()], said
    (path,) = (runner.place / "audits").glob("*/*/results.json")
    failures = json.loads(path.read_text())["failures"]
    assert any(row["reason"] == "unreadable" and row["failed"] for row in failures)
    return read


def test_what_nodes_write_and_keep_names_nobody(nodes_with, people, stranger, tmp_path):
    nodes = nodes_with(PYTHONPATH=stranger)
    runner = Runner(people, nodes.env, tmp_path / "place", nodes.address)
    before = set(SHARED.iterdir())
    assert check(runner, [nodes.folder], but=[runner.cache]) > 40
    assert len(list(nodes.folder.rglob("worker-*.err"))) >= 2
    left = [path for path in set(SHARED.iterdir()) - before if path.is_file()]
    hidden = runner.secrets()
    assert not [path for path in left if any(each in path.read_bytes() for each in hidden)]


@pytest.fixture
def alone(tmp_path, stranger):
    """Return the environment of a process that starts a cluster of its own."""
    pytest.importorskip("ray", reason="needs the extra `ray`")
    folder = Path(tempfile.mkdtemp(prefix="em", dir="/tmp"))  # socket names are short
    (tmp_path / "home").mkdir()
    mine = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    yield mine | {
        "RAY_TMPDIR": str(folder),
        "HOME": str(tmp_path / "home"),
        "PYTHONPATH": stranger,
        "EVENMATCH_CACHE": str(tmp_path / "private"),
    }
    shutil.rmtree(folder)


def test_a_cluster_of_this_process_alone_leaves_nothing_behind(people, alone, tmp_path):
    runner = Runner(people, alone, tmp_path / "place", "local")
    check(runner, [tmp_path / "home"])
    assert list(Path(alone["RAY_TMPDIR"]).iterdir()) == []
    assert not (tmp_path / "home" / ".ray").exists()
    for path in runner.cache.rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), (path, oct(mode))


def test_nobody_else_joins_it_or_reads_its_files(alone):
    done = subprocess.run(
        [sys.executable, "-c", OWN],
        env=alone,
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
    )
    guard, modes = json.loads(done.stdout.splitlines()[-1])
    assert guard == ["token", 32]
    assert len(modes) > 10
    assert not any(mode & 0o077 for mode in modes)
    assert not list(Path(alone["HOME"]).rglob("auth_token"))
