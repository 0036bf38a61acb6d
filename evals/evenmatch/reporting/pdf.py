"""`report.pdf`: the page as the installed Chromium prints it."""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from evenmatch.errors import OutsideError
from evenmatch.files import write_file

_LOG = logging.getLogger(__name__)

# In this order, unless EVENMATCH_CHROMIUM names another.
COMMANDS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
# The page needs no network, and a browser started for it should not use one either.
FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # Chromium's own sandbox refuses to start for root, as in a container.
    *(("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()),
)
_LONGEST = 180  # seconds
_DATE = re.compile(rb"(/(?:CreationDate|ModDate) \(D:)\d{14}([^)]*)")
_NO_ZONE = bytes.maketrans(b"-123456789", b"+000000000")


def find_chromium() -> str | None:
    """Return the Chromium to print with, or None where there is none."""
    named = os.environ.get("EVENMATCH_CHROMIUM")
    return next(filter(None, map(shutil.which, (named,) if named else COMMANDS)), None)


def try_pdf(page: str, path: Path) -> bool:
    """Print a page to a file where that works, and say so where it does not.

    An audit is whole without it, so nothing fails: the log has the reason and what to do, and a
    file of an earlier page goes, since it would contradict the others.
    """
    try:
        write_pdf(page, path)
    except OutsideError as error:
        path.unlink(missing_ok=True)
        _LOG.warning("%s", error)
        return False
    return True


def write_pdf(page: str, path: Path) -> Path:
    """Print a page to a file and return its path.

    Raises:
        OutsideError: there is no Chromium, it did not print, or the disk refuses.
    """
    command = find_chromium()
    if command is None:
        raise OutsideError(
            f"{path.name} was not written: no Chromium was found. Install one (Debian: apt-get "
            "install chromium) or name it in EVENMATCH_CHROMIUM, then run `evenmatch report "
            f"{path.parent}`; or print report.html from any browser."
        )
    with tempfile.TemporaryDirectory(prefix="evenmatch-pdf-", ignore_cleanup_errors=True) as folder:
        source, printed = Path(folder) / "report.html", Path(folder) / "report.pdf"
        source.write_text(page, encoding="utf-8")
        arguments = [
            command,
            *FLAGS,
            f"--user-data-dir={folder}/profile",
            "--no-pdf-header-footer",
            f"--print-to-pdf={printed}",
            source.as_uri(),
        ]
        problem = _run(arguments)
        if not printed.is_file():
            raise OutsideError(
                f"{path.name} was not written: {command} did not print it ({problem}). Repair it "
                f"or name another in EVENMATCH_CHROMIUM and run `evenmatch report {path.parent}`, "
                "or print report.html from any browser."
            )
        return write_file(path, _undated(printed.read_bytes()))


def _undated(pdf: bytes) -> bytes:
    """Take the hour of printing out of a PDF, so that one page gives the same bytes again.

    Every date keeps its length, since a PDF finds its parts by counting bytes.
    """
    return _DATE.sub(lambda date: date[1] + b"20000101000000" + date[2].translate(_NO_ZONE), pdf)


def _run(arguments: list[str]) -> str:
    """Run the browser and return what it said last."""
    try:
        done = subprocess.run(
            arguments,
            capture_output=True,
            text=True,
            timeout=_LONGEST,
            check=False,
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        return f"no answer in {_LONGEST} seconds"
    except OSError as error:
        return str(error)
    said = done.stderr.strip().splitlines()
    return said[-1][:200] if said else f"exit code {done.returncode}"
