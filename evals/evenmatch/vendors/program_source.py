"""A vendor's black box: the program or the service of one matcher's entry, opened and digested."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from evenmatch.errors import RequestError
from evenmatch.matching.program_scores import ProgramScores, ask_program
from evenmatch.matching.registry import COMMAND
from evenmatch.matching.vendor_files import files_sha256
from evenmatch.matching.vendor_http import HttpChannel, checked_url, read_token
from evenmatch.matching.vendor_process import ProcessChannel, resolved
from evenmatch.matching.vendor_program import VendorProgram

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.data.masks import MaskArtist
    from evenmatch.data.progress import Progress
    from evenmatch.data.samples import Samples
    from evenmatch.entries.matcher import MatcherEntry
    from evenmatch.matching.vendor_program import Channel

_CHANGES: Final = (
    "a service can change and keep its version: nothing here shows that it did not, and what it "
    "answered earlier is taken from the cache"
)


@dataclass(frozen=True)
class ProgramSource:
    """A program that was asked who it is.

    Attributes:
        program: the program; it runs while it is asked.
        digest: hex SHA-256 over its files, or its address, and what it says of itself.
        facts: plain strings for the report.
    """

    program: VendorProgram
    digest: str
    facts: dict[str, str]
    _opened: list[ProgramScores] = field(default_factory=list)

    @classmethod
    def open(cls, entry: MatcherEntry) -> ProgramSource:
        """Ask a program or a service who it is.

        Raises:
            RequestError: the program, the address or the token are not there.
            OutsideError: it does not say who it is.
        """
        key = f"matchers.{entry.name}"
        if entry.kind == COMMAND:
            command = resolved(entry.command or (), f"{key}.command")
            made_of, facts = _program_files(command)
            channel: Channel = ProcessChannel(
                command, timeout=entry.timeout, environment=entry.environment
            )
        else:
            url = checked_url(entry.url or "", f"{key}.url").geturl()
            made_of, facts = [url], {"service": url, "the service's version": _CHANGES}
            token = read_token(entry.token_env, f"{key}.token_env")
            channel = HttpChannel(url, timeout=entry.timeout, token=token, rate=entry.rate)
        program = VendorProgram(entry.name, channel, again=entry.restarts)
        program.close()  # it is started again when there is something to ask
        hello = program.hello
        said = [hello.name, hello.version, hello.score_kind, hello.symmetric, hello.searches]
        total = hashlib.sha256(json.dumps([entry.kind, *made_of, *said]).encode())
        facts |= {
            "vendor's program": f"{hello.name}, version {hello.version}, by its own account",
            "photographs": "sent to the vendor's program; scores are its own",
            "searches": "the program's own" if hello.searches else "made of its comparisons",
        }
        return cls(program, total.hexdigest(), facts)

    @property
    def distance(self) -> bool:
        """Whether the program's own numbers are distances."""
        return self.program.hello.score_kind == "distance"

    def scored(
        self, samples: Samples, artist: MaskArtist | None, progress: Progress, *, ordered: bool
    ) -> ProgramScores:
        """Enrol a benchmark.

        Args:
            samples: its rows, those with drawn masks among them.
            artist: draws the masks.
            progress: shows how far it is.
            ordered: whether each comparison has a probe and a reference.

        Raises:
            RequestError: the program's scores depend on an order that the run does not give.
        """
        if not ordered and not self.program.hello.symmetric:
            raise RequestError(
                f"matchers.{self.program.name}: its scores depend on which photograph is the "
                "probe, and the run compares every two photographs once. Choose "
                "`one_to_one.probe` and `one_to_one.reference` or a listed protocol, so that "
                "order means something."
            )
        found = ask_program(self.program, self.digest, samples, artist, progress)
        self._opened.append(found)
        return found

    def close(self) -> None:
        """End the program, and close what was kept of its answers."""
        self.program.close()
        while self._opened:
            self._opened.pop().answers.close()


def _program_files(command: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return what stands for a command: its files' digests, and its other arguments as they are."""
    files = [path for each in command if (path := Path(each)).is_file()]
    made_of = [_stands_for(each) for each in command]
    named = ", ".join(file.name for file in files)
    return made_of, {"program's files": named, "program's files sha256": files_sha256(files)}


def _stands_for(argument: str) -> str:
    """Return a file's digest, a folder's name, and any other argument as it is."""
    path = Path(argument)
    if path.is_file():
        return files_sha256([path])
    return path.name if path.is_dir() else argument
