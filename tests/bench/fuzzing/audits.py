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
from evenmatch.reporting.waiting import Waiting
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
    """Return an audit of which some files are made hostile; reading may write into it."""
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

    def once() -> None:
        shutil.rmtree(made)
        shutil.copytree(whole, made)
        for place, path in places.items():
            path.write_bytes(place.read_bytes())
        read(made)

    return Made(sorted(places), once, out=(folder / "reports",))


def results_verify(folder: Path) -> Made:
    """`verify` of an audit whose results somebody changed: it is refused or something differs."""

    def read(made: Path) -> None:
        changed = made.joinpath("results.json").read_bytes() != whole.read_bytes()
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
        changed = [
            name for name, content in contents.items() if (made / name).read_bytes() != content
        ]
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

    def written(made: Path) -> None:
        page = made.parent.parent / "index.json"
        page.write_bytes((folder / "kept" / "index.json").read_bytes())
        (made / "tracking.json").write_bytes((folder / "kept" / "tracking.json").read_bytes())
        read(made)

    kind = _results(folder, written)
    write_overview(folder / "reports")
    shutil.copy(folder / "reports" / "index.json", folder / "kept" / "index.json")
    sent = {"schema": 1, "mlflow_run": "0a", "files": {"results.json": "00"}}
    (folder / "kept" / "tracking.json").write_text(json.dumps(sent))
    more = [folder / "kept" / "index.json", folder / "kept" / "tracking.json"]
    return Made([*kind.files, *more], kind.read, out=kind.out)


KINDS = {
    "audit-verify": results_verify, "audit-tables": tables_verify, "audit-compare": results_compare,
    "audit-report": results_render, "audit-page": results_page, "audit-review": results_review,
    "audit-overview": reports,
}  # fmt: skip
