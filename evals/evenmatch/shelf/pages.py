"""What `datasets prepare` and `datasets check` print, for a person at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from evenmatch.data.checking.finding import EXAMPLES

if TYPE_CHECKING:
    from evenmatch.data.checking.checkup import Checkup
    from evenmatch.data.checking.finding import Finding
    from evenmatch.data.preparing import Preparation, PreparedFile

_WIDTH = 80
_SHOWN = 3
_HOW = {
    "download": "fetched by this program",
    "request": "on request: its makers give it to those who ask",
    "local": "by hand: no program can fetch it",
    "generated": "ships with this program",
}


def print_preparation(preparation: Preparation, asked: str) -> None:
    """Say what was brought, what a person still has to bring, and what to run next.

    Args:
        preparation: what was done.
        asked: the card as the person named it.
    """
    card, console = preparation.card, _console()
    console.print(f"{card.title} ({card.name})", style="bold")
    if card.access.how == "generated":
        console.print("Nothing to prepare: the files ship with this program.")
        _steps(console, card.access.steps)
        return
    for name, value in _facts(preparation):
        _line(console, f"{name:<9}{value}")
    by_hand = card.access.how in {"request", "local"}
    if preparation.lacking and (by_hand or not preparation.files):
        console.print("\nWhat to do", style="bold")
        _steps(console, card.access.steps or f"Ask its makers: {card.source.homepage}")
    if preparation.files:
        console.print("\nFiles", style="bold")
        for file in preparation.files:
            _file(console, file)
    _places(console, preparation)
    _next(console, preparation, asked)


def _facts(preparation: Preparation) -> list[tuple[str, str]]:
    card = preparation.card
    licence = " ".join(filter(None, [card.licence.id, card.licence.url]))
    unaddressed = card.access.how == "download" and not card.access.files
    state = f"{card.status.state} {card.status.note}".strip()
    return [
        ("how", _HOW["local" if unaddressed else card.access.how]),
        ("from", card.source.homepage),
        ("licence", f"{licence}; use: {card.licence.use}"),
        ("consent", card.consent.basis),
        *([("state", state)] if card.status.state != "active" else []),
        ("folder", str(preparation.root)),
    ]


def _steps(console: Console, steps: str) -> None:
    if steps:
        console.print(Padding(Text(steps), (0, 2)))


def _file(console: Console, file: PreparedFile) -> None:
    _line(console, f"{file.file.path}: {file.state}")
    lines = []
    if file.receipt is None:
        origin = "from" if file.file.url_confirmed else "published at (address not confirmed)"
        lines = [f"{origin} {file.file.url}", f"put it at {file.path}"]
    else:
        lines = [
            f"{file.receipt.bytes:,} bytes",
            f"SHA-256 {file.receipt.sha256} ({file.digest})",
            *([] if file.file.url_confirmed else [f"address not confirmed: {file.file.url}"]),
        ]
    for line in lines:
        _line(console, f"  {line}")


def _line(console: Console, text: str) -> None:
    """Print a line that a person may copy: the terminal wraps it, nobody breaks it."""
    console.print(f"  {text}", soft_wrap=True)


def _places(console: Console, preparation: Preparation) -> None:
    shown = [each for each in preparation.places if preparation.lacking or not each[1]]
    if not shown:
        return
    ready = "Not there, and an audit goes without what they say"
    console.print(f"\n{'Where an audit looks' if preparation.lacking else ready}", style="bold")
    for path, there in shown:
        mark = "there    " if there else "not there"
        _line(console, f"{mark}  {path}")


def _next(console: Console, preparation: Preparation, name: str) -> None:
    where = f" --root {preparation.root}" if preparation.named else ""
    if preparation.lacking:
        console.print("\nNot ready", style="bold")
        _steps(console, preparation.lacking)
        console.print(f"Then run: evenmatch datasets prepare {name}{where}", soft_wrap=True)
        return
    root = f", root: {preparation.root}" if preparation.named else ""
    console.print("\nReady", style="bold")
    _line(console, f"look at it: evenmatch datasets check {name}{where}")
    _line(console, f"in a run:   benchmark: {{card: {name}{root}}}")


def print_checkup(checkup: Checkup) -> None:
    """Print a line for each check, then examples of what was found."""
    console = _console()
    console.print(f"{checkup.card.title} ({checkup.card.name})", style="bold")
    console.print(f"{checkup.root}", soft_wrap=True)
    table = Table(box=SIMPLE)
    table.add_column("check")
    table.add_column("looked at", justify="right")
    table.add_column("found", justify="right")
    table.add_column("")
    for each in checkup.findings:
        looked_at = f"{each.looked_at:,}" if each.looked_at else ""
        table.add_row(each.check, looked_at, f"{each.found:,}" if looked_at else "", each.state)
    console.print(table)
    for each in checkup.findings:
        if each.found or (each.remark and each.state == "not checked"):
            _examples(console, each)
    problems = sum(each.state == "problem" for each in checkup.findings)
    console.print("Clean." if not problems else f"Problems in {problems} checks.", style="bold")


def _examples(console: Console, found: Finding) -> None:
    console.print(found.check, style="bold")
    lines = [f"({found.remark})"] if found.remark else []
    lines += found.examples[:_SHOWN]
    if found.found > _SHOWN:
        lines.append(f"... and {found.found - _SHOWN:,} more; --json lists up to {EXAMPLES:,}")
    for line in lines:
        console.print(Padding(Text(line, overflow="fold"), (0, 2)))
    console.print()


def _console() -> Console:
    console = Console(highlight=False, markup=False, emoji=False)
    console.width = min(console.width, _WIDTH)
    return console
