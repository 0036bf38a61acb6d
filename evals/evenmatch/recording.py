"""Sending audits to MLflow while a run of several goes on: a server that is away stops nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evenmatch.errors import EvenmatchError, OutsideError
from evenmatch.reporting.tracking import address_of, track_audit
from evenmatch.reporting.waiting import Waiting, waiting_audits
from evenmatch.results.reading import read_results

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Recorder:
    """Sends each audit as it is finished and, at the end, what could not be sent before.

    A server that failed once is not asked again until the end: it costs the night one wait at
    each of its two ends, however many audits there are.
    """

    def __init__(self, say: Callable[[str], None], warn: Callable[[str], None]) -> None:
        """Take what prints a result, and what prints a failure that stops nothing."""
        self._say = say
        self._warn = warn
        self.runs: dict[Path, str] = {}
        self._away: set[str] = set()
        self._here: set[str] = set()
        self._later: list[Path] = []
        self._sent = 0

    def send(self, audit: Path) -> None:
        """Send an audit now, or leave it waiting in its folder."""
        address = address_of(read_results(audit))
        self._sent += 1
        if address in self._away:
            Waiting(audit)
            self._later.append(audit)
            return
        try:
            self.runs[audit] = track_audit(audit)
            self._say(f"MLflow run  {self.runs[audit]}")
            self._here.add(address)
        except OutsideError as error:
            self._warn(str(error))
            self._away.add(address)
            self._later.append(audit)

    def finish(self, out: Path) -> list[Path]:
        """Try once more what waits, and return what still does.

        Audits of earlier runs in the same folder go too where their server took one today.
        """
        away: set[str] = set()
        waits = {audit: _address(audit) for audit in [*self._later, *waiting_audits(out)]}
        for audit, address in waits.items():
            # Of one audit nothing has changed since its server failed, a moment ago.
            asked = (audit in self._later and self._sent > 1) or address in self._here
            if address is None or address in away or not asked:
                continue
            try:
                self.runs[audit] = track_audit(audit)
                self._say(f"MLflow run  {self.runs[audit]}  ({audit}, which waited)")
                self._here.add(address)
            except OutsideError as error:
                self._warn(str(error))
                away.add(address)
        return [audit for audit in self._later if audit not in self.runs]


def _address(audit: Path) -> str | None:
    """Return where an audit's record is kept, or None where the audit cannot be read."""
    try:
        return address_of(read_results(audit))
    except EvenmatchError:
        return None
