"""evenmatch: the audit tool for face matchers.

In a notebook, `load_config`, `evaluate`, `open_audit` and `Audit` are all it takes. They are
imported when first named, so that `import evenmatch` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from evenmatch.audit import Audit, open_audit
    from evenmatch.config import load_config
    from evenmatch.run import evaluate

__all__ = ["Audit", "evaluate", "load_config", "open_audit"]

_HOMES: Final = {
    "Audit": "evenmatch.audit",
    "evaluate": "evenmatch.run",
    "load_config": "evenmatch.config",
    "open_audit": "evenmatch.audit",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any of the public names
    """Import a public name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"evenmatch has no {name!r}; it has {', '.join(__all__)}.")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """List the public names, for completion."""
    return sorted([*globals(), *__all__])
