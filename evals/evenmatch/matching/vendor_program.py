"""A vendor's program or service, asked until it answers or has failed often enough."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from evenmatch.errors import OutsideError
from evenmatch.matching.vendor_messages import (
    ANSWER_BYTES,
    NUMBER_BYTES,
    PROTOCOL,
    PROTOCOL_ERROR,
    SERVICE_ERROR,
    TEMPLATE_BYTES,
    UNKNOWN_GALLERY,
    UNREACHABLE,
    AnswerError,
    Hello,
    read_candidates,
    read_hello,
    read_scores,
    read_template,
    refuse,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from evenmatch.matching.vendor_messages import Message

# So many photographs or comparisons in a row without an answer end the audit.
GIVE_UP: Final = 5
# Bytes of templates that go into one request.
REQUEST_BYTES: Final = 8 << 20
# What a service may be rid of after a while.
BUSY: Final = (UNREACHABLE, SERVICE_ERROR)

Answer = TypeVar("Answer")


class Channel(Protocol):
    """Carries requests to a program and its answers back."""

    @property
    def generation(self) -> int:
        """How often the program was started; what it was told before is lost."""
        ...

    @property
    def last_words(self) -> str:
        """The end of what the program wrote beside its answers."""
        ...

    def start(self) -> bool:
        """Have the program running; say whether it had to be started."""
        ...

    def ask(self, request: Message, limit: int) -> Message:
        """Return the answer to a request, of at most so many bytes."""
        ...

    def renew(self, attempt: int, trouble: AnswerError) -> None:
        """Prepare another attempt."""
        ...

    def close(self) -> None:
        """End the program or the connection."""
        ...


class VendorProgram:
    """Enrols, compares and searches by asking; a request that fails is asked again.

    Attributes:
        name: what the run calls it.
        hello: what the program said of itself.
    """

    def __init__(self, name: str, channel: Channel, *, again: int) -> None:
        """Ask a program who it is.

        Args:
            name: what the run calls it.
            channel: how it is reached.
            again: how often a request is asked again.

        Raises:
            OutsideError: it does not say who it is.
        """
        self.name = name
        self._channel = channel
        self._again = again
        self._greeted = 0
        self._galleries: dict[str, int] = {}
        self._in_a_row = 0
        self._known: Hello | None = None
        self.hello = self._first_hello()

    def enroll(self, image: str, form: str) -> tuple[str, str, bool]:
        """Return a photograph's template, or why there is none, and whether it was the program's.

        Args:
            image: the photograph's file, base64.
            form: `JPEG`, `PNG`, ...
        """
        request = {"op": "enroll", "image": image, "format": form}
        try:
            template, reason = self._asked(request, TEMPLATE_BYTES + ANSWER_BYTES, read_template)
        except AnswerError as trouble:
            return "", self._recorded(trouble), False
        return template, reason, True

    def compare(self, probe: str, references: Sequence[str]) -> tuple[list[float], list[str], bool]:
        """Return the score of each reference, and why there is none, as the program has them.

        Where the program fails on several references they are asked about by halves, so that one
        of them does not cost the others their scores. The last value says whether all of it is
        the program's own word.
        """
        request = {"op": "compare", "probe": probe, "references": list(references)}
        limit, count = ANSWER_BYTES + NUMBER_BYTES * len(references), len(references)
        try:
            scores, why = self._asked(
                request, limit, lambda answer: read_scores(answer, count), once=count > 1
            )
        except AnswerError as trouble:
            if count == 1:
                return [float("nan")], [self._recorded(trouble)], False
            half = count // 2
            parts = [self.compare(probe, part) for part in (references[:half], references[half:])]
            return parts[0][0] + parts[1][0], parts[0][1] + parts[1][1], parts[0][2] and parts[1][2]
        return scores, why, True

    def search(
        self, gallery: str, templates: Sequence[str], probe: str, length: int
    ) -> tuple[list[int], list[float], str, bool]:
        """Return the places and scores of a search's candidates, or why it failed.

        Args:
            gallery: a name that stands for these very templates.
            templates: who is enrolled; told once, and again where the program began anew.
            probe: the template searched with.
            length: how many candidates are asked for.
        """
        request = {"op": "search", "gallery": gallery, "probe": probe, "length": length}
        falling, size = self.hello.score_kind == "similarity", len(templates)

        def told() -> None:
            if self._galleries.get(gallery) != self._channel.generation:
                self._tell(gallery, templates)

        def read(answer: Message) -> tuple[list[int], list[float], str]:
            found = read_candidates(answer, size, length, falling=falling)
            if found[2] == UNKNOWN_GALLERY:
                self._galleries.clear()
                refuse("it does not know the gallery that it was told")
            return found

        limit = ANSWER_BYTES + NUMBER_BYTES * length
        try:
            places, scores, reason = self._asked(request, limit, read, before=told)
        except AnswerError as trouble:
            return [], [], self._recorded(trouble), False
        return places, scores, reason, True

    def close(self) -> None:
        """End the program; it is started again where it is asked again."""
        self._channel.close()

    def _tell(self, gallery: str, templates: Sequence[str]) -> None:
        """Tell the program who is enrolled, as many at a time as a request holds."""
        start = 0
        for part in parts(templates):
            request = {"op": "gallery", "gallery": gallery, "start": start, "templates": part}
            start += len(part)
            answer = self._channel.ask(request, ANSWER_BYTES)
            if isinstance(answer.get("size"), bool) or answer.get("size") != start:
                refuse(f"gallery answers with another `size` than {start}")
        self._galleries = {gallery: self._channel.generation}

    def _asked(
        self,
        request: Message,
        limit: int,
        read: Callable[[Message], Answer],
        *,
        once: bool = False,
        before: Callable[[], None] = lambda: None,
    ) -> Answer:
        """Return what is read from the answer, asking again where that fails.

        Args:
            request: what is asked.
            limit: bytes the answer may have.
            read: what takes the answer apart.
            once: whether only a service that cannot answer for the moment is asked again.
            before: what has to be asked before it.

        Raises:
            AnswerError: it failed each time.
        """

        def attempt() -> Answer:
            self._greet()
            before()
            return read(self._channel.ask(request, limit))

        return self._tried(attempt, once=once)

    def _tried(self, attempt: Callable[[], Answer], *, once: bool = False) -> Answer:
        """Return what an attempt gives, trying again where it fails.

        Raises:
            AnswerError: it failed each time.
        """
        for number in itertools.count():
            try:
                found = attempt()
            except AnswerError as trouble:
                last = number >= self._again or (once and trouble.reason not in BUSY)
                if trouble.final or (last and trouble.reason == UNREACHABLE):
                    raise self._given_up(trouble) from trouble
                if last:
                    raise
                self._channel.renew(number, trouble)
            else:
                self._in_a_row = 0
                return found
        raise AssertionError  # pragma: no cover - the count has no end

    def _greet(self) -> Hello:
        """Start the program where it is not running, and see that it is the same one."""
        self._channel.start()
        if self._known is not None and self._greeted == self._channel.generation:
            return self._known
        greeting: dict[str, Any] = {"op": "hello", "protocol": PROTOCOL}
        hello = read_hello(self._channel.ask(greeting, ANSWER_BYTES))
        if self._known is not None and hello != self._known:
            said = "it says something else of itself than before"
            raise AnswerError(PROTOCOL_ERROR, said, final=True)
        self._known, self._greeted = hello, self._channel.generation
        return hello

    def _first_hello(self) -> Hello:
        try:
            return self._tried(self._greet)
        except AnswerError as trouble:
            raise self._given_up(trouble) from trouble

    def _recorded(self, trouble: AnswerError) -> str:
        """Return a failure's word; give up where nothing else has come for a while."""
        self._in_a_row += 1
        if self._in_a_row >= GIVE_UP:
            raise self._given_up(trouble) from trouble
        return trouble.reason

    def _given_up(self, trouble: AnswerError) -> OutsideError:
        words = self._channel.last_words
        self._channel.close()
        said = f" It last wrote: {words}." if words else ""
        return OutsideError(
            f"matchers.{self.name}: the vendor's program gives no usable answer "
            f"({trouble.reason}: {trouble.detail}).{said} What it answered before is kept; see "
            "docs/vendor-protocol.md, correct the program or its settings, and run again."
        )


def parts(templates: Sequence[str], most: int | None = None) -> list[list[str]]:
    """Return templates in their order, in parts that a request can hold."""
    found: list[list[str]] = [[]]
    size = 0
    for template in templates:
        full = size + len(template) > REQUEST_BYTES or (most and len(found[-1]) >= most)
        if found[-1] and full:
            found.append([])
            size = 0
        found[-1].append(template)
        size += len(template)
    return found
