"""Which formats of benchmarks can be read; one line a format, imported when used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from evenmatch.errors import RequestError
from evenmatch.files import leads_inside

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from evenmatch.data.loaders.format import Loader

LOADERS: Final = {
    "agedb": "evenmatch.data.loaders.agedb",
    "bfw": "evenmatch.data.loaders.bfw",
    "bssr1": "evenmatch.data.loaders.bssr1",
    "calfw": "evenmatch.data.loaders.calfw",
    "celeba": "evenmatch.data.loaders.celeba",
    "cfp": "evenmatch.data.loaders.cfp",
    "folders": "evenmatch.data.loaders.folders",
    "ijb": "evenmatch.data.loaders.ijb",
    "insightface": "evenmatch.data.loaders.insightface",
    "lfw": "evenmatch.data.loaders.lfw",
    "manifest": "evenmatch.data.loaders.manifest",
    "mfr2": "evenmatch.data.loaders.mfr2",
    "mlfw": "evenmatch.data.loaders.mlfw",
    "rfw": "evenmatch.data.loaders.rfw",
}


def find_loader(name: str) -> Loader:
    """Return the loader of that name, its module imported only now."""
    loader: Loader = import_module(LOADERS[name]).LOADER
    return loader


def placed(loader: Loader, root: Path, named: Mapping[str, str]) -> dict[str, Path]:
    """Return where a loader's files lie below `root`, by role.

    Args:
        loader: whose roles they are.
        root: the benchmark's folder.
        named: roles that the card places elsewhere than the format does.

    Raises:
        RequestError: the card names a role the loader has not, or a place outside `root`.
    """
    for role, place in named.items():
        if role not in loader.files:
            raise RequestError(
                f"samples.files: the loader has no file {role!r}; it has {sorted(loader.files)}."
            )
        if not leads_inside(root, place):
            raise RequestError(
                f"samples.files.{role}: {place!r} leads outside the benchmark's folder; write it "
                "relative to `benchmark.root`."
            )
    return {role: root / place for role, place in {**loader.files, **named}.items()}
