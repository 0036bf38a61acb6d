"""Messages of the vendor protocol, version 1: what is asked, and what an answer may say.

A request and its answer are one JSON object each; docs/vendor-protocol.md describes them. Whatever
answers is not trusted: each part of an answer is checked here before anything else sees it.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping

PROTOCOL: Final = 1
OPERATIONS: Final = ("enroll", "compare", "search")
# Bytes an answer may have: for anything, for a template, and for each number asked for.
ANSWER_BYTES: Final = 1 << 16
TEMPLATE_BYTES: Final = 16 << 20
NUMBER_BYTES: Final = 128
SHOWN: Final = 1000

TIMED_OUT: Final = "timed_out"
CRASHED: Final = "crashed"
PROTOCOL_ERROR: Final = "protocol_error"
UNREACHABLE: Final = "unreachable"
SERVICE_ERROR: Final = "service_error"
UNKNOWN_GALLERY: Final = "unknown_gallery"
# Begins the word of a failed comparison, so that it is told from that of a failed photograph.
COMPARISON: Final = "comparison_"
# Words with a meaning of their own here; a failure needs another.
_TAKEN: Final = ("ok", "missing", TIMED_OUT, CRASHED, PROTOCOL_ERROR, UNREACHABLE, SERVICE_ERROR)
_WORD: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")

Message = dict[str, Any]


class AnswerError(Exception):
    """A request without a usable answer.

    Attributes:
        reason: one word, as it is recorded.
        detail: what happened, for a person.
        final: whether asking again is pointless.
    """

    def __init__(self, reason: str, detail: str, *, final: bool = False) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.final = final


@dataclass(frozen=True)
class Hello:
    """What a vendor's program says of itself.

    Attributes:
        name: what it is called.
        version: its version.
        score_kind: `similarity` or `distance`.
        symmetric: whether two templates have one score, whichever is the probe.
        searches: whether it searches galleries itself.
    """

    name: str
    version: str
    score_kind: Literal["similarity", "distance"]
    symmetric: bool
    searches: bool


def encode(request: Mapping[str, Any]) -> bytes:
    """Return a request as one line, without its newline."""
    return json.dumps(request, ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode()


def decode(line: bytes, number: int) -> Message:
    """Return an answer.

    Raises:
        AnswerError: it is no JSON object in UTF-8, or answers another request.
    """
    try:
        answer = json.loads(line.decode(), parse_constant=_no_number)
    except (ValueError, RecursionError) as wrong:
        said = printable(line[:200], 80)
        raise AnswerError(PROTOCOL_ERROR, f"the answer {said!r} is no JSON object") from wrong
    if not isinstance(answer, dict):
        refuse("the answer is no JSON object")
    given = answer.get("id")
    if isinstance(given, bool) or given != number:
        refuse(f"the answer has the id {_shown(given)} and the request {number}")
    return answer


def read_hello(answer: Message) -> Hello:
    """Return what a program says of itself.

    Raises:
        AnswerError: something is missing or is of another protocol.
    """
    texts = [answer.get("name"), answer.get("version")]
    for key, text in zip(("name", "version"), texts, strict=True):
        if not isinstance(text, str) or not text.strip() or len(text) > 200:
            refuse(f"hello has no `{key}` of 1 to 200 characters")
    kind, symmetric = answer.get("score_kind"), answer.get("symmetric")
    if kind not in ("similarity", "distance"):
        refuse(f"hello's `score_kind` is {_shown(kind)}, not similarity or distance")
    if not isinstance(symmetric, bool):
        refuse("hello's `symmetric` is not true or false")
    named = answer.get("operations")
    if not isinstance(named, list) or not all(each in OPERATIONS for each in named):
        refuse(f"hello's `operations` is no list of {', '.join(OPERATIONS)}")
    if not {"enroll", "compare"} <= set(named):
        refuse("hello's `operations` lacks enroll or compare")
    name, version = (printable(str(text).encode(), 200) for text in texts)
    return Hello(name, version, kind, symmetric, "search" in named)


def read_template(answer: Message) -> tuple[str, str]:
    """Return a template and no reason, or no template and the reason for having none.

    Raises:
        AnswerError: the answer has neither, or both.
    """
    if ("template" in answer) == ("failed" in answer):
        refuse("enroll answers with `template` or with `failed`, and with one of them")
    if "failed" in answer:
        return "", _word(answer["failed"])
    template = answer["template"]
    if not isinstance(template, str) or not template or len(template) > TEMPLATE_BYTES:
        refuse(f"`template` is no text of 1 to {TEMPLATE_BYTES:,} characters")
    try:
        base64.b64decode(template, validate=True)
    except (binascii.Error, ValueError) as wrong:
        raise AnswerError(PROTOCOL_ERROR, "`template` is not base64") from wrong
    return template, ""


def read_scores(answer: Message, count: int) -> tuple[list[float], list[str]]:
    """Return the score of each reference, NaN without one, and why there is none.

    Raises:
        AnswerError: there are more or fewer than asked for, or a score is no finite number.
    """
    scores, failed = answer.get("scores"), answer.get("failed", {})
    if not isinstance(scores, list) or len(scores) != count:
        found = len(scores) if isinstance(scores, list) else "no list of"
        refuse(f"{found} scores for {count} references")
    if not isinstance(failed, dict):
        refuse("`failed` names a reason for each place without a score")
    without = {str(place) for place, score in enumerate(scores) if score is None}
    if without != failed.keys():
        refuse("`failed` has a reason for each score that is null, and for no other")
    numbers = [math.nan if score is None else _number(score) for score in scores]
    return numbers, [
        _word(failed[str(place)]) if score is None else "" for place, score in enumerate(scores)
    ]


def read_candidates(
    answer: Message, size: int, length: int, *, falling: bool
) -> tuple[list[int], list[float], str]:
    """Return the places in the gallery and the scores of a search's candidates, or why it failed.

    Args:
        answer: the answer.
        size: how many are enrolled.
        length: how many candidates were asked for.
        falling: whether scores fall from the first candidate on; distances rise.

    Raises:
        AnswerError: the list contradicts itself or what was asked.
    """
    if ("candidates" in answer) == ("failed" in answer):
        refuse("search answers with `candidates` or with `failed`, and with one of them")
    if "failed" in answer:
        return [], [], _word(answer["failed"])
    listed = answer["candidates"]
    if not isinstance(listed, list) or len(listed) > length:
        refuse(f"`candidates` is no list of at most {length}")
    if not all(isinstance(each, list) and len(each) == 2 for each in listed):
        refuse("a candidate is a list of its place in the gallery and its score")
    places = [_place(place, size) for place, _ in listed]
    if len(set(places)) < len(places):
        refuse("a candidate is listed twice")
    scores = [_number(score) for _, score in listed]
    if scores != sorted(scores, reverse=falling):
        refuse(f"the candidates' scores do not {'fall' if falling else 'rise'}")
    return places, scores, ""


def printable(text: bytes, longest: int = SHOWN) -> str:
    """Return the end of what a program wrote, on one line and without control characters."""
    decoded = " ".join(text.decode(errors="replace").split())
    kept = "".join("?" if unicodedata.category(each)[0] == "C" else each for each in decoded)
    return kept if len(kept) <= longest else f"... {kept[-longest:]}"


def refuse(why: str) -> NoReturn:
    """Refuse an answer."""
    raise AnswerError(PROTOCOL_ERROR, why)


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


def _shown(value: object) -> str:
    return repr(value)[:60] if isinstance(value, str | int | float | None) else "something else"


def _word(value: object) -> str:
    if (
        not isinstance(value, str)
        or not _WORD.fullmatch(value)
        or value in _TAKEN
        or value.startswith(COMPARISON)
    ):
        refuse(
            f"the failure {_shown(value)} is no word of small letters, digits and `_`, or one that "
            "is taken"
        )
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        refuse(f"the score {_shown(value)} is no number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        refuse("a score is not finite")
    return number


def _place(value: object, size: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < size:
        refuse(f"the candidate {_shown(value)} is no place in a gallery of {size}")
    return value
