"""No name, photograph, template, score, pseudonym or secret of an audit is anywhere in MLflow."""

import base64
import itertools
import re
from importlib.metadata import EntryPoint

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from evenmatch.matching import registry
from evenmatch.matching.matcher import ScoreKind
from evenmatch.reporting import tracked
from evenmatch.reporting.tracking import track_audit
from evenmatch.run import evaluate

PEOPLE = ("Ottoline-Featherstonehaugh", "Aurelio-Quintanilla", "Xanthe-Papadopoulou")
PSEUDONYM = re.compile(rb"\b[sp][0-9a-f]{20}\b")
SECRET = "correct-horse-battery"  # noqa: S105 - planted, to be looked for
KEPT = {"scores", "searches", "gallery.csv", "training_overlap.csv"}


class Seeing:
    """A matcher whose template is a photograph's own pixels."""

    def __init__(self, options):
        self.name, self.digest, self.dimension = options.name, "seeing", 48
        self.score_kind, self.facts = ScoreKind.INNER_PRODUCT, {}

    def extract(self, photographs):
        """Return the first pixels of each photograph, at length one."""
        pixels = [photograph.ravel()[:48].astype(np.float32) for photograph in photographs]
        return [each / np.linalg.norm(each) for each in pixels]


@pytest.fixture(scope="module")
def told(tmp_path_factory, bench_in):
    """An audit of planted people and photographs, all that MLflow has of it, and what to find."""
    folder, rng, pixels, rows = tmp_path_factory.mktemp("planted"), np.random.default_rng(1), [], []
    bench = bench_in(folder / "bench")
    bench.folder.mkdir()
    for who, shot in itertools.product(PEOPLE, "12"):
        image = rng.integers(0, 256, (12, 12, 3)).astype(np.uint8)
        pixels.append(image)
        Image.fromarray(image).save(bench.folder / f"{who}-photo-{shot}.png")
        rows.append({"sample_id": f"{who}-photo-{shot}", "subject_id": who, "sex": "female"})
    bench.attribute("sex", "subject", ["female", "male"])
    bench.manifest([row | {"path": f"{row['sample_id']}.png"} for row in rows])
    (folder / "training.txt").write_text("\n".join(PEOPLE[:1]))
    matcher = {"name": "seeing", "kind": "seeing"}
    config = bench.config(
        groups=[["sex"]],
        matchers=[matcher | {"training_identities": str(folder / "training.txt")}],
        one_to_many={
            "operating_points": ["threshold=0.9"],
            "ranks": [1],
            "gallery": {"policy": "recent"},
        },
        report={"formats": ["html", "csv", "json"]},
        tracking={"uri": f"sqlite:///{folder / 'store' / 'mlflow.db'}", "experiment": "planted"},
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVENMATCH_CACHE", str(folder / "private"))
        patch.setenv("MLFLOW_TRACKING_PASSWORD", SECRET)
        patch.setattr(EntryPoint, "load", lambda _self: Seeing)
        point = EntryPoint("seeing", f"{__name__}:Seeing", registry.GROUP)
        patch.setattr(registry, "entry_points", lambda group: [point] if group else [])
        audit = evaluate(config, folder / "out")
        track_audit(audit.folder)
    files = {path: path.read_bytes() for path in (folder / "store").rglob("*") if path.is_file()}
    return audit.folder, files, pixels


def test_the_audit_itself_holds_what_must_not_leave(told):
    assert {path.name for path in told[0].iterdir()} >= KEPT
    assert PSEUDONYM.search((told[0] / "gallery.csv").read_bytes())


def test_no_name_or_sample_is_in_the_store(told):
    for path, content in told[1].items():
        for who in PEOPLE:
            assert who.encode() not in content, path
            assert who.split("-")[1].lower().encode() not in content.lower(), path


def test_no_pseudonym_is_in_the_store(told):
    found = pd.read_parquet(told[0] / "scores" / "seeing.parquet")
    names = {*found["probe_id"], *found["reference_subject"]}
    assert all(PSEUDONYM.fullmatch(name.encode()) for name in names)
    for path, content in told[1].items():
        assert not PSEUDONYM.search(content), path
        assert not [name for name in names if name.encode() in content], path


def test_no_pixel_or_template_is_in_the_store(told):
    for pixels in told[2]:
        raw = pixels.tobytes()
        template = (pixels.ravel()[:48] / np.linalg.norm(pixels.ravel()[:48])).astype(np.float32)
        planted = [
            raw[:36],
            base64.b64encode(raw[:36]),
            raw[36:72],
            template.tobytes()[:32],
            ", ".join(map(str, pixels.ravel()[:6])).encode(),
        ]
        for path, content in told[1].items():
            assert not [part for part in planted if part in content], path


def test_no_secret_of_the_environment_is_in_the_store(told):
    assert not [path for path, content in told[1].items() if SECRET.encode() in content]


def test_what_is_sent_is_a_list_of_names(told):
    folder, files, _ = told
    sent = {path.name for path in files if "artifacts" in path.parts}
    assert sent == {name.rpartition("/")[2] for name in tracked.files_of(folder)}
    assert not sent & KEPT
    assert not [name for name in sent if name.endswith((".parquet", ".npy"))]


def test_a_file_that_somebody_put_beside_and_a_link_are_not_sent(tmp_path):
    (tmp_path / "plots").mkdir()
    (tmp_path / "photograph.png").write_bytes(b"x")
    for name in ("results.json", "gallery.csv", "tracking.json", "plots/fnmr.svg", "plots/who.csv"):
        (tmp_path / name).write_text("x")
    (tmp_path / "plots" / "linked.png").symlink_to(tmp_path / "photograph.png")
    assert list(tracked.files_of(tmp_path)) == ["results.json", "plots/fnmr.svg"]
