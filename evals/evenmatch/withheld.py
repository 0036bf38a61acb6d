"""What looks like a secret: refused where it would be published, hidden where it would be printed.

A config is published with its audit, so passwords, keys and tokens come from the environment. A
secret is known here by its place in an address or by the name before it; one that goes by another
name is not known.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_plus

if TYPE_CHECKING:
    from collections.abc import Sequence

HIDDEN: Final = "***"
_WORDS: Final = (
    r"[\w-]*(?:password|passwd|passphrase|passcode|secret|token|credentials?"
    r"|api[_-]?key|access[_-]?key)"
)
_NAMES: Final = rf"(?:{_WORDS}|[\w-]*(?:signature|account[_-]?key)|pwd|pw|pass|key|sig|auth)"
_NAMED: Final = re.compile(_NAMES, re.IGNORECASE)
_ARGUMENT: Final = re.compile(rf"(-{{1,2}})?{_WORDS}(=.+)?", re.IGNORECASE | re.DOTALL)
# Keys that take the name of a variable, where a hurried hand writes what the variable holds.
_VARIABLES: Final = frozenset({"environment", "token_env"})
_OPTION_NAME: Final = re.compile(r"[?&;{#=]\s*([\w-]+)\s*(?==)")
_OPTION: Final = re.compile(
    rf"([?&;{{#]\s*(?:{_NAMES}|odbc_connect)\s*=)[^&;#\s'\"]+", re.IGNORECASE
)
_ADDRESS: Final = re.compile(r"[^\s'\"<>]+")  # one at least: a run of signs may hold several
_DEPTH, _BREADTH = 3, 40


def names_secret(name: str) -> bool:
    """Whether what goes by this name is a secret, or may have become one by mistake."""
    return name in _VARIABLES or _NAMED.fullmatch(name) is not None


def has_secret(address: str) -> bool:
    """Whether an address holds a password, a login to a web site or an option that is a secret.

    A database's user alone is none: `postgresql://reader@host/db` may be published.
    """
    scheme, _, rest = address.partition("://")
    login, at, _ = rest.rpartition("@")
    if at and (":" in login or scheme.lower() in ("http", "https")):
        return True
    return any(_NAMED.fullmatch(name) for name in _OPTION_NAME.findall(unquote_plus(address)))


def secret_argument(arguments: Sequence[str]) -> str | None:
    """Return the name of the argument of a command that hands over a secret, if there is one.

    Both ways of writing are known: `--api-key=VALUE`, and `--api-key` with the value behind it.
    """
    for argument, after in zip(arguments, (*arguments[1:], ""), strict=False):
        found = _ARGUMENT.fullmatch(argument)
        if found and (found[2] or (found[1] and after and not after.startswith("-"))):
            return argument.partition("=")[0]
    return None


def without_secrets(text: str) -> str:
    """Return a text whose addresses show neither a login nor the value of a secret option."""
    return _OPTION.sub(rf"\1{HIDDEN}", _ADDRESS.sub(_without_login, text))


def _without_login(address: re.Match[str]) -> str:
    head, mark, rest = address[0].partition("://")
    _, at, host = rest.rpartition("@")
    return f"{head}{mark}{HIDDEN}@{host}" if at else address[0]


def fit_to_show(value: object, depth: int = 0) -> object:
    """Return a value for a message: no secrets in it, and no more than a message can show."""
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, dict | list | tuple) and depth == _DEPTH:
        return "..."
    if isinstance(value, dict):
        return {
            key: HIDDEN if names_secret(str(key)) else fit_to_show(each, depth + 1)
            for key, each in islice(value.items(), _BREADTH)
        }
    if isinstance(value, list | tuple):
        return type(value)(fit_to_show(each, depth + 1) for each in value[:_BREADTH])
    return value
