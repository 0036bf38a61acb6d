"""A benchmark's files looked through from end to end."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from evenmatch.data.benchmark import benchmark_files, load_samples
from evenmatch.data.card import DEMO_ROOT, UNCONFIRMED, Card
from evenmatch.data.checking.duplicates import duplicate_findings
from evenmatch.data.checking.finding import Finding, finding
from evenmatch.data.checking.lists import (
    comparison_findings,
    filed_photographs,
    label_finding,
    size_findings,
    twice_finding,
)
from evenmatch.data.checking.photographs import read_album
from evenmatch.data.fetching import file_digest
from evenmatch.data.progress import Progress, silent
from evenmatch.data.receipts import default_root, lost_contents, read_receipts
from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from evenmatch.data.loaders.format import Loaded


@dataclass(frozen=True)
class Checkup:
    """What looking through a benchmark found.

    Attributes:
        card: the benchmark.
        root: its folder.
        findings: one a check.
    """

    card: Card
    root: Path
    findings: tuple[Finding, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing wrong was found."""
        return all(each.state != "problem" for each in self.findings)

    def as_json(self) -> dict[str, Any]:
        """The checkup as plain data for scripts."""
        rows = [{**asdict(each), "state": each.state} for each in self.findings]
        return {
            "card": self.card.name,
            "root": str(self.root),
            "clean": self.clean,
            "findings": rows,
        }


def check(card: Card, root: Path | None = None, progress: Progress = silent) -> Checkup:
    """Look through a benchmark's files; nothing is written and nothing leaves the machine.

    Raises:
        RequestError: there is no folder to look at.
    """
    folder = _folder(card, root)
    findings = [_files(card, folder)]
    try:
        loader, places = benchmark_files(card, folder)
        loaded = loader.load(places)
    except RequestError as error:
        findings.append(finding("lists can be read", 1, [str(error)]))
        return Checkup(card, folder, tuple(findings))
    filed = filed_photographs(loaded)
    album = read_album(loaded.root, filed["path"].tolist(), progress)
    looked_at = len(album.paths) + len(album.unreadable)
    unreadable = [f"{path}: {why}" for path, why in album.unreadable]
    no_paths = "" if looked_at or album.missing else "the lists name no photographs"
    findings += [
        *size_findings(card, loaded, filed),
        finding("missing photographs", looked_at + len(album.missing), album.missing),
        finding("unreadable photographs", looked_at, unreadable, remark=no_paths),
        twice_finding(filed),
        *duplicate_findings(album, _owners(filed)),
        label_finding(card, loaded),
        *comparison_findings(
            card,
            folder,
            (loader, places, loaded),
            _gone(filed, {*album.missing, *(path for path, _ in album.unreadable)}),
        ),
        _opens(card, folder, loaded),
    ]
    return Checkup(card, folder, tuple(findings))


def _folder(card: Card, root: Path | None) -> Path:
    if card.access.how == "generated" and root is None:
        return DEMO_ROOT
    folder = default_root(card) if root is None else root
    if not folder.is_dir():
        raise RequestError(
            f"there is no folder {folder}; name the benchmark's folder with --root, or run: "
            f"evenmatch datasets prepare {card.name}"
        )
    return folder


def _files(card: Card, root: Path) -> Finding:
    """Compare the card's files with its digests, or with those recorded at their first coming."""
    receipts = read_receipts(root).files
    wrong, looked_at, recorded = [], 0, 0
    for file in card.access.files:
        path, receipt = root / file.path, receipts.get(file.path)
        if receipt is not None and receipt.unpacked:
            looked_at += 1
            lost = lost_contents(root, file.path, root / (file.unpack or "."))
            if lost is None or lost:
                example = f", such as {lost[0]}" if lost else ""
                wrong.append(f"{file.path}: {len(lost or ())} unpacked files are gone{example}")
        if not path.is_file():
            continue
        looked_at += receipt is None or not receipt.unpacked
        expected = file.sha256
        if expected == UNCONFIRMED:
            recorded += 1
            if receipt is None:
                continue  # nothing to compare it with
            expected = receipt.sha256
        if file_digest(path) != expected:
            wrong.append(f"{file.path}: its SHA-256 is not {expected}")
    remark = f"{recorded} recorded, not confirmed" if recorded else ""
    if not looked_at:
        remark = "the card names no file" if not card.access.files else "none of them is here"
    return finding("files as published", looked_at, wrong, remark=remark)


def _owners(filed: pd.DataFrame) -> dict[str, frozenset[str]]:
    return {
        str(path): frozenset(subjects)
        for path, subjects in filed.groupby("path", sort=False)["subject_id"]
    }


def _gone(filed: pd.DataFrame, paths: set[str]) -> set[str]:
    """Return the samples of which no photograph can be read."""
    lost = filed["path"].isin(paths).groupby(filed["sample_id"]).all()
    return set(lost.index[lost])


def _opens(card: Card, root: Path, loaded: Loaded) -> Finding:
    """Read it once more as an audit does, which refuses what would falsify its tables."""
    try:
        load_samples(card, root, (), {})
    except RequestError as error:
        return finding("as an audit reads it", len(loaded.table), [str(error)])
    return finding("as an audit reads it", len(loaded.table), ())
