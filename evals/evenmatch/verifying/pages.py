"""Pages and figures rendered again from the results, and held against those in the folder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from evenmatch.files import ordinary
from evenmatch.reporting.audit import PLOTS, PRINTED, pages
from evenmatch.reporting.digests import read_rendered_with, rendered_with
from evenmatch.verifying.findings import Check

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from evenmatch.results.model import RunResult

BY_A_BROWSER = f"{PRINTED}: a browser printed it; held by its digest alone"
_FIGURE: Final = re.compile(r'<svg role="img" aria-label="[^"]*" viewBox=.*?</svg>', re.DOTALL)
_SHOWN = 60


@dataclass(frozen=True)
class _Makers:
    """What rendered the pages of an audit, where that is not what is here.

    Attributes:
        noted: versions that the audit names.
        other: those that are others here.
    """

    noted: dict[str, str]
    other: set[str]

    def excuse(self, *, drawn: bool) -> str | None:
        """Say why words or a drawing that differ may be as they were made; None if nothing does."""
        deciding = self.other if drawn else self.other & {"evenmatch"}
        if not deciding:
            return None
        what = "figures" if drawn else "pages"
        made = (f"{name} {self.noted.get(name, 'not noted')}" for name in sorted(deciding))
        return (
            f"{what} made elsewhere ({', '.join(made)}), unlike what is made here; look at them "
            "beside a copy that `evenmatch report` renders"
        )


def check_pages(result: RunResult, folder: Path) -> Iterator[Check]:
    """Render everything again that stands on the results alone.

    Words depend on evenmatch's version, and a figure's bytes on whatever draws and packs it: where
    the audit names other versions, what differs is told as not compared.
    """
    here, noted = rendered_with(), read_rendered_with(folder)
    makers = _Makers(noted, {name for name in here if here[name] != noted.get(name)})
    words, figures = Check("pages"), Check("figures")
    for name, content in pages(result):
        check = figures if name.startswith(f"{PLOTS}/") else words
        check.rows += 1
        if name == PRINTED:
            check.leave(BY_A_BROWSER)
            continue
        again = content.encode() if isinstance(content, str) else content
        try:
            stated = ordinary(folder / name).read_bytes()
        except OSError:
            check.differs(name, "", "a file", "none that can be read")
            continue
        if stated == again:
            check.checked += 1
        else:
            _tell(check, name, (stated, again), makers)
    yield words
    yield figures


def _tell(check: Check, name: str, pair: tuple[bytes, bytes], makers: _Makers) -> None:
    """Note what is not as rendered again: a figure, a page's figures or its words."""
    stated, again = (_FIGURE.sub("", each.decode(errors="replace")) for each in pair)
    drawn = check.part == "figures" or stated == again
    excuse = makers.excuse(drawn=drawn)
    if excuse is not None:
        check.leave(excuse)
    elif drawn:
        check.differs(name, "", "this drawing", "another one, drawn from the results")
    else:
        check.differs(name, *_first_unlike(stated, again))


def _first_unlike(stated: str, again: str) -> tuple[str, str, str]:
    """Return the first line that two texts do not share, and what each has there."""
    lines = zip_longest(stated.splitlines(), again.splitlines(), fillvalue="")
    number, left, right = next(
        ((number, *pair) for number, pair in enumerate(lines, start=1) if pair[0] != pair[1]),
        (1, "", ""),
    )
    characters = enumerate(zip_longest(left, right))
    at = next((k for k, (one, other) in characters if one != other), 0)
    part = slice(max(0, at - _SHOWN // 2), at + _SHOWN // 2)
    return f"line {number}", left[part], right[part]
