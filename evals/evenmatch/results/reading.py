"""An audit's `results.json`, read back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pydantic import ValidationError

from evenmatch.errors import RequestError
from evenmatch.results.model import SCHEMA_VERSION, RunResult

if TYPE_CHECKING:
    from pathlib import Path

RESULTS = "results.json"


def read_results(audit: Path) -> RunResult:
    """Read an audit's results.

    Args:
        audit: its folder, or its `results.json`.

    Raises:
        RequestError: there is no audit, it is damaged, or a newer evenmatch wrote it.
    """
    path = audit / RESULTS if audit.is_dir() else audit
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise RequestError(
            f"{audit}: holds no {RESULTS}; name an audit's folder, such as reports/demo/1a2b3c."
        ) from None
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
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
        return RunResult.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RequestError(
            f"{path}: is no complete audit ({where}: {first['msg']}); run its config again."
        ) from None
