"""A vendor's service: the same messages, each one POSTed, with patience and within limits.

The token is taken from the environment when it is needed and goes to the one address that the run
names: no redirect is followed, no proxy is used, and an answer that repeats it is refused.
"""

from __future__ import annotations

import http.client
import ipaddress
import os
import socket
import threading
import time
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from evenmatch.errors import RequestError
from evenmatch.matching.vendor_messages import (
    PROTOCOL_ERROR,
    SERVICE_ERROR,
    TIMED_OUT,
    UNREACHABLE,
    AnswerError,
    decode,
    encode,
    refuse,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from urllib.parse import SplitResult

    from evenmatch.matching.vendor_messages import Message

FIRST_WAIT: Final = 0.5  # seconds; each further one is twice as long
LONGEST_WAIT: Final = 60.0
_READ: Final = 1 << 16


def checked_url(url: str, key: str) -> SplitResult:
    """Return the parts of a service's address.

    Raises:
        RequestError: it is unprotected, or has a secret or something else in it that does not
            belong into a config.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as wrong:
        # What the parser says repeats parts of the address, among them perhaps a password.
        raise RequestError(f"{key}: it is no address; correct it.") from wrong
    if parts.scheme not in ("http", "https") or not host or not url.isprintable() or " " in url:
        raise RequestError(f"{key}: write an address such as https://matcher.example.org/v1.")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise RequestError(
            f"{key}: an address with a user, a password, `?` or `#` in it would carry secrets into "
            "the audit; put the secret in an environment variable and name it with `token_env`."
        )
    if parts.scheme == "http" and not _is_loopback(host):
        raise RequestError(
            f"{key}: photographs go over https alone, but to this very machine; write https."
        )
    return parts


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_token(name: str | None, key: str) -> str:
    """Return the token that an environment variable holds; nothing where none is named.

    Raises:
        RequestError: the variable is not there, or holds what no header can.
    """
    if name is None:
        return ""
    token = os.environ.get(name, "").strip()
    if not token:
        raise RequestError(f"{key}: the environment variable {name} is not set; set it.")
    if not token.isascii() or not token.isprintable():
        raise RequestError(f"{key}: {name} holds characters that no header can carry; correct it.")
    return token


class HttpChannel:
    """Asks a service, one request at a time.

    Attributes:
        generation: always the same: a service keeps what it was told.
        last_words: nothing: what a service says beside its answers is not read.
    """

    generation = 1
    last_words = ""

    def __init__(
        self,
        url: str,
        *,
        timeout: float,
        token: str = "",
        rate: float | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._parts = urlsplit(url)
        self._timeout = timeout
        self._token = token
        self._pause = 1 / rate if rate else 0.0
        self._sleep = sleep
        self._next = 0.0
        self._asked_to_wait = 0.0
        self._number = 0
        self._connection: http.client.HTTPConnection | None = None

    def start(self) -> bool:
        """Say that nothing had to be started."""
        return False

    def ask(self, request: Message, limit: int) -> Message:
        """Return the answer to a request.

        Args:
            request: the request; its `id` is put in here.
            limit: bytes that the answer may have.

        Raises:
            AnswerError: there is no usable answer.
        """
        self._number += 1
        self._asked_to_wait = 0.0
        if (wait := self._next - time.monotonic()) > 0:
            self._sleep(wait)
        self._next = time.monotonic() + self._pause
        try:
            return decode(self._post(encode({"id": self._number, **request}), limit), self._number)
        except BaseException:
            self.close()
            raise

    def renew(self, attempt: int, trouble: AnswerError) -> None:  # noqa: ARG002 - the protocol's
        """Wait before another attempt: as long as the service says, or twice as long each time."""
        wait = self._asked_to_wait or FIRST_WAIT * 2**attempt
        self._sleep(min(wait, LONGEST_WAIT))

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _post(self, body: bytes, limit: int) -> bytes:
        """Send a request and return the body of its answer, all within the time limit."""
        late = threading.Event()
        connection = self._opened()
        watch = threading.Timer(self._timeout, _cut, (connection, late))
        watch.daemon = True
        watch.start()
        try:
            connection.request("POST", self._parts.path or "/", body, self._headers())
            response = connection.getresponse()
            self._refuse_status(response)
            answer = self._body(response, limit)
            if late.is_set():
                raise TimeoutError
        except (OSError, http.client.HTTPException, ValueError) as wrong:
            if late.is_set() or isinstance(wrong, TimeoutError):
                said = f"no answer within {self._timeout:g} seconds"
                raise AnswerError(TIMED_OUT, said) from None
            raise AnswerError(UNREACHABLE, f"the service failed ({type(wrong).__name__})") from None
        finally:
            watch.cancel()
        if self._token and self._token.encode() in answer:
            raise AnswerError(PROTOCOL_ERROR, "an answer repeats the token", final=True)
        return answer

    def _opened(self) -> http.client.HTTPConnection:
        if self._connection is None:
            safe = self._parts.scheme == "https"
            kind = http.client.HTTPSConnection if safe else http.client.HTTPConnection
            host, port = self._parts.hostname or "", self._parts.port
            self._connection = kind(host, port, timeout=self._timeout)
        return self._connection

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        return headers

    def _refuse_status(self, response: http.client.HTTPResponse) -> None:
        status = response.status
        if status == http.client.OK:
            return
        if status in (http.client.TOO_MANY_REQUESTS, http.client.SERVICE_UNAVAILABLE):
            self._asked_to_wait = _seconds(response.headers.get("Retry-After"))
        if status in (http.client.UNAUTHORIZED, http.client.FORBIDDEN):
            said = f"the service refuses the token (status {status}); check `token_env`"
            raise AnswerError(UNREACHABLE, said, final=True)
        if 300 <= status < 400:
            said = f"the service sends elsewhere (status {status}); write its own address in `url`"
            raise AnswerError(UNREACHABLE, said, final=True)
        said = f"the service answered with status {status}"
        if status in (http.client.TOO_MANY_REQUESTS, http.client.SERVICE_UNAVAILABLE):
            raise AnswerError(UNREACHABLE, said)
        if status >= http.client.INTERNAL_SERVER_ERROR:
            raise AnswerError(SERVICE_ERROR, said)
        refuse(said)

    def _body(self, response: http.client.HTTPResponse, limit: int) -> bytes:
        answer = bytearray()
        while part := response.read1(_READ):
            answer += part
            if len(answer) > limit:
                refuse(f"an answer of more than {limit:,} bytes")
        response.close()  # read1 does not notice the end, and the connection waits for it
        return bytes(answer)


def _cut(connection: http.client.HTTPConnection, late: threading.Event) -> None:
    """End an exchange whose time is over, however slowly it still drips."""
    late.set()
    if connection.sock is not None:
        try:
            connection.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return


def _seconds(text: str | None) -> float:
    """Return the seconds that a Retry-After names; 0 for a date, which needs no trust in clocks."""
    return float(text) if text and text.isascii() and text.isdecimal() and len(text) < 9 else 0.0
