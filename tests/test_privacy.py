"""Nothing that tells who was photographed leaves the machine: planted names, pixels, templates."""

import io
import logging
import stat
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

from evenmatch.cli import app
from evenmatch.data.cache_dir import cache_dir
from evenmatch.errors import EvenmatchError
from evenmatch.matching import registry
from evenmatch.matching.matcher import FailureReason, ScoreKind

NAME = "Zebedee_Quixote"
SAMPLE = "zq-photograph"
PLANTED = [NAME.lower(), NAME.lower().replace("_", " "), SAMPLE]


class Colours:
    """A matcher whose template is a photograph's mean colour at length one."""

    dimension, score_kind, digest = 3, ScoreKind.INNER_PRODUCT, "ab" * 32

    def __init__(self, options):
        self.name, self.facts = options.name, {"training set": "none"}

    def extract(self, photographs):
        """Return a template for each photograph that is not black."""
        means = [photograph.reshape(-1, 3).mean(axis=0) for photograph in photographs]
        return [
            (mean / np.linalg.norm(mean)).astype(np.float32)
            if mean.any()
            else FailureReason.NO_FACE
            for mean in means
        ]


@pytest.fixture
def people(bench, monkeypatch):
    """Twelve people with two photographs each, every id and folder telling a name."""
    point = EntryPoint("colours", f"{__name__}:Colours", registry.GROUP)
    monkeypatch.setattr(EntryPoint, "load", lambda _self: Colours)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point] if group else [])
    rng = np.random.default_rng(3)
    rows = []
    for person in range(12):
        subject = f"{NAME}_{person}"
        own = rng.integers(30, 220, (8, 8, 3))
        (bench.folder / subject).mkdir()
        for shot in "12":
            pixels = np.clip(own + rng.integers(-20, 20, own.shape), 0, 255).astype(np.uint8)
            if (person, shot) == (3, "2"):
                pixels[:] = 0  # a failure is counted, and must not be named either
            path = f"{subject}/{shot}.png"
            Image.fromarray(pixels).resize((48, 48), Image.Resampling.NEAREST).save(
                bench.folder / path
            )
            rows.append(
                {
                    "sample_id": f"{SAMPLE}-{person}-{shot}",
                    "subject_id": subject,
                    "path": path,
                    "sex": "female" if person % 2 else "male",
                    "session": shot,
                }
            )
    bench.attribute("sex", "subject", ["female", "male"])
    bench.attribute("session", "sample", ["1", "2"])
    bench.manifest(rows)
    return bench


@pytest.fixture
def audited(people, tmp_path, caplog, monkeypatch):
    """Run the audit and every command that reads it; return all that was written and said."""
    monkeypatch.chdir(tmp_path)
    config = people.file(
        matchers=[{"name": "colours", "kind": "colours"}],
        groups=[["sex"]],
        one_to_one={"operating_points": ["fmr=0.1", "threshold=0.99"]},
        one_to_many={
            "gallery": {"where": {"session": "1"}},
            "searches": {"where": {"session": "2"}},
            "operating_points": ["fpir=0.2"],
        },
        report={"formats": ["html", "csv", "json", "md"]},
        tracking={"uri": f"sqlite:///{tmp_path / 'mlflow.db'}", "experiment": "privacy"},
    )
    said = []
    with caplog.at_level(logging.DEBUG, logger="evenmatch"):
        for words in (["run", str(config)], ["validate", str(config)]):
            done = CliRunner().invoke(app, words)
            assert done.exit_code == 0, done.output
            said.append(done.output)
        (results,) = tmp_path.glob("reports/made-up/*/results.json")
        audit = str(results.parent)
        after = (["report", audit], ["track", audit], ["verify", audit], ["compare", audit, audit])
        said += [CliRunner().invoke(app, list(words)).output for words in after]
    return results.parent, tmp_path, "\n".join([*said, caplog.text])


def contents(path: Path) -> bytes:
    """Return a file's bytes, and of a compressed table also every value as text."""
    data = path.read_bytes()
    if path.suffix == ".parquet":
        text = io.StringIO()
        pd.read_parquet(path).to_csv(text)
        data += text.getvalue().encode()
    return data


def secrets(bench) -> list[bytes]:
    """Return what must be nowhere: names, ids, files, rows of pixels and templates."""
    found = [text.encode() for text in PLANTED]
    for file in sorted(bench.folder.rglob("*.png")):
        pixels = np.asarray(Image.open(file))
        if not pixels.any():
            continue
        mean = pixels.reshape(-1, 3).mean(axis=0)
        template = (mean / np.linalg.norm(mean)).astype(np.float32)
        found += [file.read_bytes()[41:90], pixels[0].tobytes(), template.tobytes()]
        found += [repr(float(number)).encode() for number in template]
    return found


def test_nothing_that_is_written_or_said_holds_a_name_a_pixel_or_a_template(people, audited):
    _, place, said = audited
    written = [
        path
        for path in place.rglob("*")
        if path.is_file() and people.folder not in path.parents and path.name != "mlflow.db-journal"
    ]
    assert {"results.json", "report.html", "report.md", "error_rates.csv", "gallery.csv"} <= {
        path.name for path in written
    }
    assert any(path.name == "mlflow.db" for path in written)
    hidden = secrets(people)
    for path in written:
        inside = contents(path)
        lowered = inside.lower()
        for secret in hidden:
            assert secret not in inside, (path.name, secret[:40])
            assert secret.lower() not in lowered, (path.name, secret[:40])
    for text in PLANTED:
        assert text not in said.lower()


def test_everything_private_is_in_the_cache_and_for_its_owner_alone(audited):
    del audited
    for path in cache_dir().rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), (path, oct(mode))


def test_no_order_tells_who_is_who(audited):
    """Of a published benchmark everybody has the manifest: rows in its order would be names."""
    audit, *_ = audited
    scores = pd.read_parquet(audit / "scores" / "colours.parquet")
    assert len(scores) > 200
    ids = scores[["probe_id", "reference_id"]].apply(tuple, axis=1).tolist()
    assert ids == sorted(ids)
    assert (scores["probe_id"] < scores["reference_id"]).all()
    searches = pd.read_parquet(audit / "searches" / "colours.parquet")
    assert searches["probe_id"].is_monotonic_increasing
    gallery = pd.read_csv(audit / "gallery.csv")
    assert gallery.groupby("gallery")["reference_id"].is_monotonic_increasing.all()
    assert set(scores["probe_sex"]) == {"female", "male"}


@pytest.mark.parametrize("fault", ["missing photograph", "two values", "twice", "outside"])
def test_an_error_names_the_row_and_nobody(people, tmp_path, fault):
    table = pd.read_csv(people.folder / "samples.csv", dtype=str)
    if fault == "missing photograph":
        (people.folder / table["path"][4]).unlink()
    elif fault == "two values":
        table.loc[5, "sex"] = {"female": "male", "male": "female"}[table["sex"][5]]
    elif fault == "twice":
        table.loc[7, "sample_id"] = table["sample_id"][2]
    else:
        table.loc[7, "path"] = "../" + table["path"][7]
    table.to_csv(people.folder / "samples.csv", index=False)
    config = people.file(matchers=[{"name": "colours", "kind": "colours"}])
    done = CliRunner().invoke(app, ["run", str(config), "--out", str(tmp_path / "out")])
    assert isinstance(done.exception, EvenmatchError), done.output
    assert done.exception.exit_code == 2
    # A person is known by a name; the row of the manifest says which photograph is meant.
    said = str(done.exception).replace(str(people.folder), "")
    assert NAME not in said
    assert "row" in said
