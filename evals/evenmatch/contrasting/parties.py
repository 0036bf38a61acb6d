"""What is compared with what: audits, their matchers, operating points and mask conditions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from evenmatch.errors import RequestError
from evenmatch.results.reading import read_results
from evenmatch.stats.thresholds import OperatingPoint
from evenmatch.verifying.stored import protocol_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.results.model import RunResult

Masks = tuple[str, str]
BARE = ("unmasked", "unknown")


@dataclass(frozen=True)
class Party:
    """One matcher of one audit."""

    folder: Path
    result: RunResult
    matcher: str

    @property
    def name(self) -> str:
        """What a reader finds it by."""
        return f"{self.result.name}/{self.result.provenance.run_id}:{self.matcher}"

    @property
    def distance(self) -> bool:
        """Whether the matcher's own numbers are distances."""
        facts = next(each for each in self.result.matchers if each.name == self.matcher)
        return facts.score_kind == "distance"

    def masks(self) -> list[Masks]:
        """Return the mask conditions compared."""
        return list(
            dict.fromkeys(
                (row.probe_mask, row.reference_mask or "")
                for row in self.result.error_rates
                if row.matcher == self.matcher and row.metric != "fta"
            )
        )

    def points(self, kind: str) -> list[str]:
        """Return the operating points of one kind, in the config's order."""
        rows = (row for row in self.result.thresholds if row.matcher == self.matcher)
        return [row.operating_point for row in rows if row.kind == kind]


class At(NamedTuple):
    """A threshold, as asked for and as it came out."""

    text: str
    threshold: float
    set_on: str
    resolved: bool


def read_parties(first: str, second: str | None) -> list[tuple[Party, Party]]:
    """Return which matcher is compared with which.

    Args:
        first: an audit's folder, or `folder:matcher`.
        second: another; the first again where none is given.

    Raises:
        RequestError: an audit or a matcher is not there, or what is meant is not clear.
    """
    (one, matcher), (other, wanted) = (_read(text) for text in (first, second or first))
    _refuse_different(one, other)
    names = [[each.name for each in result.matchers] for _, result in (one, other)]
    if matcher is None and wanted is None and len(names[0]) == len(names[1]) == 1:
        pairs = [(names[0][0], names[1][0])]
    elif matcher is None and wanted is None:
        pairs = [(name, name) for name in names[0] if name in names[1]]
    else:
        pairs = [(_chosen(matcher or wanted, names[0], first), _chosen(wanted or matcher, names[1],
                  second or first))]  # fmt: skip
    if not pairs:
        raise RequestError(
            f"{first} has the matchers {names[0]} and {second} has {names[1]}; say which are meant "
            f"by writing {first}:{names[0][0]} and {second}:{names[1][0]}."
        )
    return [(Party(*one, mine), Party(*other, theirs)) for mine, theirs in pairs]


def _read(text: str) -> tuple[tuple[Path, RunResult], str | None]:
    folder, _, matcher = text.rpartition(":")
    path, name = (
        (Path(text), None) if Path(text).exists() or not folder else (Path(folder), matcher)
    )
    return (path if path.is_dir() else path.parent, read_results(path)), name


def _chosen(name: str | None, there: Sequence[str], text: str) -> str:
    if name in there:
        return str(name)
    raise RequestError(f"{text}: has no matcher {name!r}; choose from {list(there)}.")


def _refuse_different(one: tuple[Path, RunResult], other: tuple[Path, RunResult]) -> None:
    """Refuse audits whose rates are not of the same comparisons."""
    left, right = one[1], other[1]
    cards = [str(each.card.get("name")) for each in (left, right)]
    if cards[0] != cards[1]:
        raise RequestError(
            f"{one[0]} is about the benchmark {cards[0]!r} and {other[0]} about {cards[1]!r}; "
            "rates of different photographs are not compared: run both matchers on one benchmark."
        )
    protocols = [protocol_of(each) for each in (left, right)]
    if protocols[0] != protocols[1]:
        raise RequestError(
            f"{one[0]} and {other[0]} use different protocols of {cards[0]} ({_spell(protocols[0])}"
            f" and {_spell(protocols[1])}); run both with the same `benchmark.protocol`."
        )
    for key in ("probe", "reference"):
        chosen = [(each.config.get("one_to_one") or {}).get(key) for each in (left, right)]
        if chosen[0] != chosen[1]:
            raise RequestError(
                f"{one[0]} and {other[0]} choose `one_to_one.{key}` differently; run both with the "
                "same roles."
            )


def _spell(protocol: dict[str, object]) -> str:
    return " ".join(str(protocol[key]) for key in ("kind", "file") if protocol.get(key))


def choose_masks(
    first: Party, second: Party, mine: str | None, theirs: str | None
) -> list[tuple[Masks, Masks]]:
    """Return which mask condition is compared with which.

    Raises:
        RequestError: an audit has no such condition, or the two have none in common.
    """
    if mine is None and theirs is not None:
        raise RequestError("--with-masks says what to compare with; give --masks as well.")
    if mine is not None:
        return [(_condition(first, mine), _condition(second, theirs or mine))]
    common = [masks for masks in first.masks() if masks in second.masks()]
    if not common:
        raise RequestError(
            f"{first.name} has the mask conditions {_list(first.masks())} and {second.name} has "
            f"{_list(second.masks())}; say which with --masks and --with-masks."
        )
    return [(masks, masks) for masks in common]


def _list(conditions: Sequence[Masks]) -> str:
    return ", ".join("/".join(each) for each in conditions)


def _condition(party: Party, text: str) -> Masks:
    """Find the condition that a text names: `probe/reference`, or a probe's mask alone."""
    there = party.masks()
    probe, slash, reference = text.partition("/")
    wanted = [(probe, reference)] if slash else [(probe, bare) for bare in (*BARE, probe)]
    found = [each for each in wanted if each in there]
    if not found:
        raise RequestError(
            f"{party.name} has no mask condition {text!r}; choose from {_list(there)}."
        )
    return found[0]


def choose_points(
    first: Party, second: Party, kind: str, mine: str | None, theirs: str | None
) -> list[tuple[At, At]]:
    """Return which threshold is compared with which; none where `mine` is of the other kind.

    Raises:
        RequestError: an audit has no such operating point, or the two have none in common.
    """
    if mine is None and theirs is not None:
        raise RequestError("--with says what to compare with; give --at as well.")
    if mine is None:
        common = [text for text in first.points(kind) if text in second.points(kind)]
        return [(_at(first, kind, text), _at(second, kind, text)) for text in common]
    if not first.points(kind) or not second.points(kind):
        return []
    texts = (mine, theirs or mine)
    other = "fmr" if kind == "one_to_many" else "fpir"
    if any(_parse(text).kind == other for text in texts):
        return []
    return [(_at(first, kind, texts[0]), _at(second, kind, texts[1]))]


def _parse(text: str) -> OperatingPoint:
    try:
        return OperatingPoint.parse(text)
    except ValueError as error:
        raise RequestError(f"--at or --with {text}: {error}") from None


def _at(party: Party, kind: str, text: str) -> At:
    for row in party.result.thresholds:
        if (row.matcher, row.kind, row.operating_point) == (party.matcher, kind, text):
            return At(text, row.threshold, row.set_on, row.status != "unresolvable")
    point = _parse(text)
    if point.is_rate:
        raise RequestError(
            f"{party.name} has no operating point {text}; choose from {party.points(kind)}, give "
            "threshold=..., or add it to the run's config."
        )
    return At(text, -point.value if party.distance else point.value, "vendor", resolved=True)
