"""A benchmark's files onto this machine: fetched and unpacked, or asked for by name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from evenmatch.data.benchmark import benchmark_files
from evenmatch.data.cache_dir import cache_dir, private_folder
from evenmatch.data.card import DEMO_ROOT, UNCONFIRMED, AccessFile, Card
from evenmatch.data.fetching import Wanted, fetch, file_digest, forget_origin, origin
from evenmatch.data.progress import Progress, silent
from evenmatch.data.receipts import (
    Receipt,
    Receipts,
    default_root,
    is_untouched,
    lost_contents,
    read_receipts,
    take_receipt,
    write_contents,
    write_receipts,
)
from evenmatch.data.unpacking import unpack
from evenmatch.errors import OutsideError, RequestError
from evenmatch.files import clear_halves, leads_inside, make_folder, settle
from evenmatch.holding import held

if TYPE_CHECKING:
    from pathlib import Path

    from evenmatch.data.loaders.format import Loaded

CONFIRMED = "confirmed"
RECORDED = "recorded, not confirmed"


@dataclass(frozen=True)
class PreparedFile:
    """One file of the card after preparing.

    Attributes:
        file: as the card has it.
        path: where it is, or belongs.
        state: `fetched` now, `there` already, `unpacked` (the archive itself may be gone), or
            `missing`: somebody has to bring it.
        digest: whether its digest was compared with a confirmed one or only recorded; blank where
            it is missing.
        receipt: what is known of it; None where it is missing.
    """

    file: AccessFile
    path: Path
    state: Literal["fetched", "there", "unpacked", "missing"]
    digest: str = ""
    receipt: Receipt | None = None


@dataclass(frozen=True)
class Preparation:
    """A benchmark's folder after preparing.

    Attributes:
        card: the benchmark.
        root: its folder.
        files: the card's files, in its order.
        places: the files and folders that its loader and protocols read, and whether each is
            there.
        lacking: why an audit could not read it, with what to do; blank where it can.
        named: whether the folder was named by the person, so that a run has to name it too.
    """

    card: Card
    root: Path
    files: tuple[PreparedFile, ...] = ()
    places: tuple[tuple[Path, bool], ...] = ()
    lacking: str = ""
    named: bool = False


def prepare(card: Card, root: Path | None = None, progress: Progress = silent) -> Preparation:
    """Fetch, check and unpack what a card offers, and find out whether an audit can read it.

    The same call goes on where an earlier one stopped. Nothing is fetched of a benchmark that has
    to be requested; what a person put in place is checked and unpacked.

    Raises:
        RequestError: the benchmark was withdrawn, a file is another one than the card's, or its
            archive is refused.
        OutsideError: a server, the network or the disk failed.
    """
    _refuse_withdrawn(card)
    if card.access.how == "generated":
        return Preparation(card, DEMO_ROOT)
    named = root is not None
    folder = root if root is not None else default_root(card)
    _make_folder(folder, private=not named)
    taken = f"{folder}: another `evenmatch datasets prepare` is at work there; wait for it."
    with held(folder, refuses=taken) as alone:
        if alone:
            clear_halves(folder)
        receipts = read_receipts(folder)
        done = []
        for file in card.access.files:
            state = _one_file(card, file, folder, receipts, progress)
            done.append(state)
            if state.receipt is not None:
                receipts = replace(receipts, files={**receipts.files, file.path: state.receipt})
                write_receipts(folder, receipts)
                forget_origin(state.path)
        lacking = _lacking(card, folder)
        if card.access.files or not named:
            write_receipts(folder, replace(receipts, ready=not lacking))
    return Preparation(card, folder, tuple(done), _places(card, folder), lacking, named)


def below(root: Path, path: str, key: str) -> Path:
    """Return a place that a card names below a benchmark's folder.

    Raises:
        RequestError: it leads outside.
    """
    if not leads_inside(root, path):
        raise RequestError(
            f"access.files: {key} {path!r} leads outside the benchmark's folder; write it relative "
            "to that folder in the card."
        )
    return root / path


def _refuse_withdrawn(card: Card) -> None:
    if card.status.state != "withdrawn":
        return
    instead = ", ".join(card.status.instead)
    advice = f"use {instead} instead" if instead else "choose another (evenmatch datasets list)"
    raise RequestError(
        f"{card.title} ({card.name}) was withdrawn and is neither fetched nor asked for: "
        f"{card.status.note.rstrip('.') or 'its card gives no reason'}. Do not look for copies; "
        f"{advice}."
    )


def _make_folder(folder: Path, *, private: bool) -> None:
    if private:
        private_folder(cache_dir() / "benchmarks")
    try:
        make_folder(folder)
    except OSError as error:
        raise OutsideError(
            f"{folder}: cannot be made ({error.strerror}); choose another folder (--root)."
        ) from error


def _one_file(
    card: Card, file: AccessFile, root: Path, receipts: Receipts, progress: Progress
) -> PreparedFile:
    """Bring one file as far as it can be brought."""
    path = below(root, file.path, "path")
    folder = below(root, file.unpack, "unpack") if file.unpack is not None else None
    confirmed = file.sha256 != UNCONFIRMED
    digest = CONFIRMED if confirmed else RECORDED
    earlier = receipts.files.get(file.path)
    if folder is not None and earlier is not None and earlier.unpacked:
        same_file = not confirmed or earlier.sha256 == file.sha256
        if same_file and lost_contents(root, file.path, folder) == []:
            return PreparedFile(file, path, "unpacked", digest, earlier)
    state: Literal["fetched", "there", "unpacked", "missing"] = "there"
    if not path.is_file():
        if card.access.how != "download":
            return PreparedFile(file, path, "missing")
        expected = file.sha256 if confirmed else (earlier.sha256 if earlier else None)
        size = file.bytes or (earlier.bytes if earlier else 0)
        fetch(Wanted(file.url, path, expected, size), progress)
        state = "fetched"
    receipt = _checked(file, path, earlier)
    receipt = replace(receipt, url=origin(path) or receipt.url)
    if folder is not None:
        write_contents(root, file.path, unpack(path, folder, progress))
        state, receipt = "unpacked", replace(receipt, unpacked=True)
    return PreparedFile(file, path, state, digest, receipt)


def _checked(file: AccessFile, path: Path, earlier: Receipt | None) -> Receipt:
    """Return the receipt of a file that is the one the card, or the earlier receipt, means."""
    expected = earlier.sha256 if earlier and file.sha256 == UNCONFIRMED else file.sha256
    if earlier is not None and is_untouched(path, earlier) and earlier.sha256 == expected:
        return earlier
    settle(path)  # or a power cut could leave another file of the length and time noted below
    settle(path.parent)
    digest = file_digest(path)
    if expected not in {UNCONFIRMED, digest}:
        whose = "the card" if file.sha256 != UNCONFIRMED else "the record of its first coming"
        raise OutsideError(
            f"{path}: has the SHA-256 {digest}, and {whose} says {expected}: it is damaged or "
            "another file. Remove it and run the same command again."
        )
    return take_receipt(path, digest, url=earlier.url if earlier else "")


def _lacking(card: Card, root: Path) -> str:
    """Return why an audit could not read the benchmark; blank where it could."""
    try:
        loader, places = benchmark_files(card, root)
        loaded = loader.load(places)
    except RequestError as error:
        return str(error)
    if loaded.table.empty:
        return f"{root}: holds no photograph yet."
    absent = _absent_photographs(loaded)
    if absent:
        return (
            f"{len(absent)} of its photographs are not there, such as {absent[0]}. Put them below "
            f"{loaded.root}."
        )
    lists = [root / name for protocol in card.protocols.values() for name in protocol.files]
    gone = [path for path in lists if not path.exists()]  # CFP has a folder of lists
    return f"{gone[0]}: this list of comparisons is not there; put it there." if gone else ""


def _absent_photographs(loaded: Loaded) -> list[str]:
    """Return the paths of photographs that are listed and are no files."""
    listed = loaded.table if loaded.media is None else loaded.media
    paths = [path for path in listed["path"].drop_duplicates() if path]
    return [path for path in paths if not (loaded.root / path).is_file()]


def _places(card: Card, root: Path) -> tuple[tuple[Path, bool], ...]:
    _, places = benchmark_files(card, root)
    lists = [root / name for protocol in card.protocols.values() for name in protocol.files]
    return tuple((path, path.exists()) for path in dict.fromkeys([*places.values(), *lists]))
