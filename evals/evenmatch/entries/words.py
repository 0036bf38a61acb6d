"""Words that a run's author chooses, and that tables and pages carry."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from evenmatch.data.benchmark import VANISHING


def readable(word: str) -> str:
    """Return a word unchanged.

    Raises:
        ValueError: spreadsheet programs would read it as nothing.
    """
    if word.lower() in VANISHING:
        raise ValueError("spreadsheet programs read this word as nothing; choose another.")
    return word


def _plain(word: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", word):
        raise ValueError(
            "use up to 80 plain letters, digits, '.', '_' and '-', a letter or digit first."
        )
    return readable(word)


# What names files, folders and rows.
Name = Annotated[str, AfterValidator(_plain)]
