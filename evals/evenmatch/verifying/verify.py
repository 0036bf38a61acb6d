"""`evenmatch verify`: every number of an audit from what it stores, and what differs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from evenmatch.errors import RequestError
from evenmatch.matching.weights import file_sha256
from evenmatch.reporting.digests import DIGESTS
from evenmatch.reporting.tables import TABLES
from evenmatch.results.reading import read_results
from evenmatch.verifying.files import check_files, check_provenance, check_tables
from evenmatch.verifying.findings import Check
from evenmatch.verifying.gallery_sizes import check_gallery_sizes
from evenmatch.verifying.groups import check_groups, check_tradeoff
from evenmatch.verifying.others import (
    check_claims,
    check_curves,
    check_distributions,
    check_failures,
    check_variants,
)
from evenmatch.verifying.pages import check_pages
from evenmatch.verifying.rates import check_rates
from evenmatch.verifying.scenario import check_scenario
from evenmatch.verifying.searches import check_searches, read_searches
from evenmatch.verifying.stored import read_stored, stored_path
from evenmatch.verifying.sweeps import check_search_sweeps, check_sweeps
from evenmatch.verifying.thresholds import check_thresholds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from evenmatch.results.model import RunResult

MOST_SHOWN = 20
RECOMPUTED = (
    "error_rates", "identification", "failures", "claims", "tradeoff", "equity", "differences",
    "group_tests", "variants", "scenario", "gallery_size",
)  # fmt: skip
# Parts of a result that nothing stored gives: their rows are held against the CSV alone.
NEEDS_MORE = {
    "label_noise": "draws people again with labels of the benchmark",
    "strata": "needs columns that stay on the machine",
    "galleries": "needs the labels of everybody enrolled",
    "selectivity": "needs candidates beyond the stored lists",
    "candidates": "needs candidates beyond the stored lists",
    "gallery_slope": "needs searches of random parts of the gallery",
    "groups": "needs the manifest",
    "mask_differences": "needs to know which photographs are usable bare and masked",
    "mask_coverage": "needs the photographs",
    "skin_tone": "needs the photographs",
    "variant_changes": "needs the manifest",
}


@dataclass(frozen=True)
class Verified:
    """An audit, verified.

    Attributes:
        folder: the audit.
        run_id: its run id.
        checks: every part, in the order of checking.
        seal: digest of `digests.json`, which stands for the whole folder; None without one.
    """

    folder: Path
    run_id: str
    checks: list[Check]
    seal: str | None

    @property
    def differences(self) -> int:
        """How many things differ."""
        return sum(len(check.differences) for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "audit": str(self.folder),
            "run_id": self.run_id,
            "agrees": not self.differences,
            "differences": self.differences,
            "digest_of_digests": self.seal,
            "checks": [check.as_json() for check in self.checks],
        }


def verify(folder: Path) -> Verified:
    """Recompute an audit's numbers from its scores and digests.

    Raises:
        RequestError: there is no audit in the folder.
    """
    result = read_results(folder)
    folder = folder if folder.is_dir() else folder.parent
    checks = [check_files(folder), check_provenance(result), *check_tables(result, folder)]
    checks += check_pages(result, folder)
    for facts in result.matchers:
        checks += _check_matcher(result, folder, facts.name)
    checks += [check_scenario(result), *_not_recomputed(result)]
    sealed = folder / DIGESTS
    seal = file_sha256(sealed) if sealed.is_file() else None
    return Verified(folder, result.provenance.run_id, _merged(checks), seal)


def _check_matcher(result: RunResult, folder: Path, matcher: str) -> Iterator[Check]:
    """Count one matcher again; a file that cannot be read is a difference."""
    compared = any(row.matcher == matcher and row.metric != "fta" for row in result.error_rates)
    if compared:
        try:
            stored = read_stored(folder, result, matcher)
        except RequestError as error:
            yield _unreadable(stored_path(folder, matcher).name, error)
        else:
            fit, thresholds = check_thresholds(result, stored)
            rates, stated = check_rates(result, stored, thresholds)
            yield from (fit, rates, *check_groups(result, stored, stated))
            yield check_tradeoff(result, stored)
            yield check_failures(result, stored)
            yield check_distributions(result, stored)
            yield check_curves(result, stored)
            yield check_sweeps(result, stored)
            yield check_claims(result, stored)
    yield check_variants(result, matcher)
    try:
        searches = read_searches(folder, result, matcher)
    except RequestError as error:
        yield _unreadable(f"searches/{matcher}.parquet", error)
    else:
        if searches:
            yield from check_searches(result, matcher, searches)
            yield check_search_sweeps(result, matcher, searches)
            yield check_gallery_sizes(result, matcher, searches)


def _unreadable(name: str, error: RequestError) -> Check:
    check = Check(name, rows=1)
    check.differs("the file", "", "rows that stand on it", str(error))
    return check


def _not_recomputed(result: RunResult) -> Iterator[Check]:
    for name in (each for each in TABLES if each not in RECOMPUTED):
        reason = NEEDS_MORE.get(name, "this version has no other way to work it out")
        rows = len(getattr(result, name))
        if rows:
            check = Check(name, rows=rows)
            check.leave(f"{name}: {reason}; held against its CSV alone", rows)
            yield check


def _merged(checks: list[Check]) -> list[Check]:
    """Put the checks of one part of several matchers together."""
    merged: dict[str, Check] = {}
    for check in checks:
        whole = merged.setdefault(check.part, Check(check.part))
        whole.rows += check.rows
        whole.checked += check.checked
        whole.differences += check.differences
        whole.left_out += check.left_out
        whole.remarks += [each for each in check.remarks if each not in whole.remarks]
    return [check for check in merged.values() if check.rows or check.differences or check.remarks]


def print_verified(verified: Verified) -> None:
    """Print what was checked, what differs and what could not be recomputed."""
    typer.echo(f"{verified.folder} ({verified.run_id})")
    tables = [check for check in verified.checks if check.part in _CSV and not check.differences]
    for check in verified.checks:
        if check.rows and check not in tables and (check.checked or check.differences):
            wrong = f", {len(check.differences)} differences" if check.differences else ""
            typer.echo(f"{check.part:<20} {check.checked:>6,} of {check.rows:,} found again{wrong}")
    if tables:
        rows = sum(check.rows for check in tables)
        typer.echo(f"{len(tables)} CSV tables agree with results.json ({rows:,} rows)")
    _print_left_out(verified)
    _print_differences(verified)
    if verified.seal is not None:
        typer.echo(f"The whole folder, by its {DIGESTS}: {verified.seal}")
    if not verified.differences:
        typer.echo("Everything that can be recomputed agrees.")


_CSV = {f"{name}.csv" for name in TABLES}


def _print_left_out(verified: Verified) -> None:
    left_out = sum((check.left_out for check in verified.checks), Counter[str]())
    if left_out:
        typer.echo("Not recomputed:")
    for reason, rows in left_out.items():
        typer.echo(f"  {rows:,} row{'s' * (rows > 1)}: {reason}")
    for check in verified.checks:
        for remark in check.remarks:
            typer.echo(f"  Note: {remark}")


def _print_differences(verified: Verified) -> None:
    every = [each for check in verified.checks for each in check.differences]
    if every:
        typer.echo(f"{len(every):,} difference{'s' * (len(every) > 1)}:")
    for each in every[:MOST_SHOWN]:
        typer.echo(f"  {each}")
    rest = Counter(each.part for each in every[MOST_SHOWN:])
    for part, number in rest.items():
        typer.echo(f"  and {number:,} more in {part}")
    if every:
        typer.echo(
            "Run the audit's config again with --fresh for an audit that agrees, and compare the "
            "two; do not publish this one."
        )
