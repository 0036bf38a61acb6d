"""Everything that can go wrong by request or by circumstance, with the exit code it means."""

from __future__ import annotations

from typing import Final

from evenmatch.withheld import without_secrets

# A message quotes what it found, and what it found may be a stranger's: shown whole, it could
# fill a screen or steer a terminal.
MOST_LINES: Final = 20
_HEAD: Final = 800
_TAIL: Final = 400


class EvenmatchError(Exception):
    """A failure with a sentence for a person; the sentence ends with what to do."""

    exit_code = 1

    def __init__(self, sentence: str) -> None:
        super().__init__(shown(without_secrets(sentence)))


class RequestError(EvenmatchError):
    """What was asked for is wrong: a config, a card, a file or an option (exit 2)."""

    exit_code = 2


class OutsideError(EvenmatchError):
    """Something outside failed: a server, a disk, the network (exit 3). Nothing was lost."""

    exit_code = 3


def shown(text: str) -> str:
    """Return a message fit for a screen: signs that steer it made visible, long lines cut short.

    The middle of a long line goes, since its end says what to do.
    """
    lines = text.split("\n")
    kept = [_line(line) for line in lines[:MOST_LINES]]
    if len(lines) > MOST_LINES:
        kept.append(f"And {len(lines) - MOST_LINES} more lines like these; correct these first.")
    return "\n".join(kept)


def _line(line: str) -> str:
    if len(line) > _HEAD + _TAIL:
        line = f"{line[:_HEAD]} ... {line[-_TAIL:]}"
    if line.isprintable():
        return line
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in line
    )
