"""Finished audits given to every command that reads one, and what lies beside them."""

from __future__ import annotations

import dataclasses
import itertools
import json
import shutil
from typing import TYPE_CHECKING, Any

import pandas as pd
import yaml
from fuzzing.benchmarks import CARD
from fuzzing.stand_ins import content, put_like
from fuzzing.watch import Made
from PIL import Image

from evenmatch.audit import open_audit
from evenmatch.config import load_config
from evenmatch.contrasting.compare import Choice, compare_audits
from evenmatch.contrasting.show import print_contrast
from evenmatch.errors import EvenmatchError
from evenmatch.inputs import reveal_pseudonym
from evenmatch.reporting.audit import render_audit
from evenmatch.reporting.comparison import write_comparison
from evenmatch.reporting.overview import write_overview
from evenmatch.reporting.tracking import track_result
from evenmatch.reporting.waiting import Waiting
from evenmatch.results.reading import read_results
from evenmatch.reviewing.page import write_review
from evenmatch.run import evaluate
from evenmatch.verifying.verify import print_verified, verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

IDS = [(f"{who}{shot}", who) for who in "abcdefgh" for shot in "12"]


def audit(folder: Path) -> Path:
    """Run a small audit with searches, groups and claims, and return its folder."""
    root = folder / "root"
    root.mkdir()
    rows = []
    for number, (name, who) in enumerate(IDS):
        Image.new("RGB", (8, 8), (number * 9, 99, 99)).save(root / f"{name}.png")
        row = {"sample_id": name, "subject_id": who, "path": f"{name}.png"}
        labels = {"sex": ("female", "male")[ord(who) % 2], "session": f"s{name[1]}"}
        rows.append(row | labels)
    pd.DataFrame(rows).to_csv(root / "samples.csv", index=False)
    pairs = [
        (one, other, round((0.6 if who == whom else 0.1) + (k * 7 % 50) / 100, 6))
        for k, ((one, who), (other, whom)) in enumerate(itertools.combinations(IDS, 2))
    ]
    for name in ("v", "w"):
        table = pd.DataFrame(pairs, columns=["probe_id", "reference_id", "score"])
        table.to_csv(folder / f"{name}.csv", index=False)
    sex = {"of": "subject", "values": ["female", "male"], "labelled_by": "construction"}
    card = {
        **CARD,
        "attributes": {"sex": sex, "session": {**sex, "of": "sample", "values": []}},
    }
    (folder / "card.yaml").write_text(yaml.safe_dump(card, sort_keys=False))
    config: dict[str, Any] = {
        "schema": 1,
        "name": "made-up",
        "benchmark": {"card": str(folder / "card.yaml"), "root": str(root)},
        "matchers": [
            {"name": name, "kind": "scores", "path": str(folder / f"{name}.csv")} for name in "vw"
        ],
        "groups": [["sex"]],
        "one_to_one": {"operating_points": ["fmr=0.05", "threshold=0.5"]},
        "one_to_many": {
            "gallery": {"where": {"session": "s1"}},
            "searches": {"where": {"session": "s2"}},
            "operating_points": ["threshold=0.5"],
            "ranks": [1],
            "splits": 2,
        },
        "statistics": {"replicates": 100},
        "tracking": None,
        "report": {"formats": ["csv", "md"]},
    }
    (folder / "run.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    return evaluate(load_config(folder / "run.yaml"), folder / "reports").folder


def _results(folder: Path, read: Callable[[Path], object], *names: str) -> Made:
    """Return an audit of which some files are made hostile; reading may write into it.

    Args:
        folder: where to make it.
        read: what is done with it.
        names: the files, as patterns; its results without any.
    """
    made = audit(folder)
    kept = folder / "kept"
    kept.mkdir()
    chosen = [path for name in (names or ("results.json",)) for path in sorted(made.glob(name))]
    places = {}
    for path in chosen:
        places[kept / path.relative_to(made).as_posix().replace("/", "+")] = path
        shutil.copy(path, kept / path.relative_to(made).as_posix().replace("/", "+"))
    whole = folder / "whole"
    shutil.copytree(made, whole)

    def lay() -> None:
        shutil.rmtree(made)
        shutil.copytree(whole, made)
        for place, path in places.items():
            put_like(place, path)

    kinds = {place.suffix: place for place in sorted(places)}  # one of a kind stands for all
    return Made(
        sorted(places), lambda: read(made), out=(folder / "reports",), lay=lay,
        replaced=tuple(kinds.values()),
    )  # fmt: skip


def results_verify(folder: Path) -> Made:
    """`verify` of an audit whose results somebody changed: it is refused or something differs."""

    def read(made: Path) -> None:
        changed = content(made / "results.json") != content(whole)
        found = verify(made)
        print_verified(found)
        json.dumps(found.as_json())
        if changed and not found.differences:
            raise AssertionError("the results were changed and verify found nothing")

    kind = _results(folder, read)
    whole = next((folder / "whole").glob("results.json"))
    return kind


def tables_verify(folder: Path) -> Made:
    """`verify` of an audit whose tables and stored scores somebody changed."""
    contents: dict[str, bytes] = {}

    def read(made: Path) -> None:
        changed = [name for name, was in contents.items() if content(made / name) != was]
        found = verify(made)
        json.dumps(found.as_json())
        if changed and not found.differences:
            raise AssertionError(f"{changed} were changed and verify found nothing")

    kind = _results(folder, read, "*.csv", "scores/*", "searches/*", "digests.json")
    whole = folder / "whole"
    files = [path for path in whole.rglob("*") if path.suffix in {".csv", ".parquet"}]
    contents |= {path.relative_to(whole).as_posix(): path.read_bytes() for path in files}
    return kind


def results_compare(folder: Path) -> Made:
    """`compare` of two audits, one of them changed."""

    def read(made: Path) -> None:
        contrast = compare_audits(
            f"{made}:v",
            f"{folder / 'whole'}:w",
            Choice("threshold=0.5", "threshold=0.5", None, None),
        )
        print_contrast(contrast)
        write_comparison(contrast, folder / "reports" / "compared")

    return _results(folder, read)


def results_render(folder: Path) -> Made:
    """`report` of a changed audit: tables and Markdown."""

    def read(made: Path) -> None:
        found = open_audit(made)
        found.table("error_rates")
        render_audit(found.result, made)

    return _results(folder, read)


def results_page(folder: Path) -> Made:
    """`report` of a changed audit: the page and its figures."""

    def read(made: Path) -> None:
        result = open_audit(made).result
        formats = {"report": {"formats": ["html"]}}
        render_audit(result.model_copy(update={"config": {**result.config, **formats}}), made)

    return dataclasses.replace(_results(folder, read), slow=4)  # every figure is drawn


def results_track(folder: Path) -> Made:
    """`track` of a changed audit, to an embedded MLflow."""
    store = folder / "store"

    def read(made: Path) -> None:
        track_result(read_results(made), made, uri=f"sqlite:///{store}/mlflow.db")

    kind = _results(folder, read)
    return dataclasses.replace(kind, out=(*kind.out, store), slow=3)


def results_review(folder: Path) -> Made:
    """`review` and `reveal` of a changed audit."""

    def read(made: Path) -> None:
        write_review(made, 5)
        try:
            reveal_pseudonym(made, "s0")
        except EvenmatchError as unknown:
            if "is no pseudonym made" not in str(unknown):  # nor is it
                raise

    return _results(folder, read)


def reports(folder: Path) -> Made:
    """The overview of a folder of audits, and the memory of what was sent."""

    def read(made: Path) -> None:
        write_overview(made.parent.parent)
        write_overview(made.parent.parent)
        Waiting(made)

    kind = _results(folder, read)
    (made,) = (folder / "reports").glob("*/*")

    def lay() -> None:
        if kind.lay:
            kind.lay()
        put_like(folder / "kept" / "index.json", folder / "reports" / "index.json")
        put_like(folder / "kept" / "tracking.json", made / "tracking.json")

    write_overview(folder / "reports")
    shutil.copy(folder / "reports" / "index.json", folder / "kept" / "index.json")
    sent = {"schema": 1, "mlflow_run": "0a", "files": {"results.json": "00"}}
    (folder / "kept" / "tracking.json").write_text(json.dumps(sent))
    more = [folder / "kept" / "index.json", folder / "kept" / "tracking.json"]
    return Made([*kind.files, *more], kind.read, out=kind.out, lay=lay)


KINDS = {
    "audit-verify": results_verify, "audit-tables": tables_verify, "audit-compare": results_compare,
    "audit-report": results_render, "audit-page": results_page, "audit-review": results_review,
    "audit-track": results_track, "audit-overview": reports,
}  # fmt: skip
