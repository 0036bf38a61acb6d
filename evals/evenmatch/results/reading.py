"""An audit's `results.json`, read back."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from evenmatch.errors import RequestError
from evenmatch.files import ordinary
from evenmatch.results.model import SCHEMA_VERSION, RunResult

if TYPE_CHECKING:
    from pathlib import Path

RESULTS = "results.json"
# One part of a path, and not the folder above.
_PLAIN: Final = re.compile(r"(?!\.+$)[^/\\\x00-\x1f\x7f]+")


def read_results(audit: Path) -> RunResult:
    """Read an audit's results.

    Args:
        audit: its folder, or its `results.json`.

    Raises:
        RequestError: there is no audit, it is damaged, or a newer evenmatch wrote it.
    """
    path = audit / RESULTS if audit.is_dir() else audit
    try:
        content = json.loads(ordinary(path).read_text(encoding="utf-8"))
    except OSError:
        raise RequestError(
            f"{audit}: holds no {RESULTS}; name an audit's folder, such as reports/demo/1a2b3c."
        ) from None
    except (ValueError, RecursionError) as error:  # among them numbers of endless digits
        raise RequestError(
            f"{path}: is damaged ({error}); run the audit's config again to make it anew."
        ) from None
    version = content.get("schema_version") if isinstance(content, dict) else None
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise RequestError(
            f"{path}: was written with schema {version}, and this evenmatch knows {SCHEMA_VERSION};"
            " upgrade evenmatch to read it."
        )
    try:
        result = RunResult.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RequestError(
            f"{path}: is no complete audit ({where}: {first['msg']}); run its config again."
        ) from None
    _refuse_paths(path, result)
    return result


def _refuse_paths(path: Path, result: RunResult) -> None:
    """Refuse names that files are called by where they could lead somebody out of the folder."""
    named = {
        "name": [result.name],
        "provenance.run_id": [result.provenance.run_id],
        "matchers.name": [facts.name for facts in result.matchers],
    }
    for key, names in named.items():
        wrong = [name for name in names if not _PLAIN.fullmatch(name) or len(name) > 255]
        if wrong:
            raise RequestError(
                f"{path}: {key} is {wrong[0][:80]!r}, which is no name of an audit's file; this "
                "was not written by evenmatch, so do not use it, or run its config again."
            )
