"""Write docs/dependencies.md: what is installed beside evenmatch, its licences, and what for.

Run by `make dependencies` in the environment of `make install-test`.
"""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "dependencies.md"
UNKNOWN = "not said"
# Whose metadata say nothing, little or something else than the licence file that they bring.
READ_BY_HAND = {
    "face-recognition-models": "CC0-1.0",
    "huey": "MIT",
    "mlcroissant": "Apache-2.0",
    "python-dateutil": "BSD-3-Clause, newer parts Apache-2.0 too",
    "skops": "MIT",
}
COPYLEFT = re.compile(r"GPL|MPL|Mozilla|EPL|CDDL", re.IGNORECASE)
HEAD = """# Dependencies and their licences

Written by `make dependencies` from the metadata of the installed packages; change nothing by hand.
`make sbom` writes the same for machines, in CycloneDX.
Versions are those of [constraints.txt](../constraints.txt), and the SHA-256 of their files stand in
[locks/](../locks). *Needed by* names `evenmatch` itself or the extras of `pip install
'evenmatch[...]'` that bring a package in, itself or by way of another. evenmatch is under
Apache-2.0 and contains none of their code.

Copyleft: {copyleft}.

Packages whose names begin with `nvidia-` or `cuda-` are NVIDIA's, under its own terms; PyTorch's
builds for CUDA bring them.

"""


def needed() -> dict[str, list[str]]:
    """Return each package of the project with who needs it, the project itself first."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = {"evenmatch": project["dependencies"], **project["optional-dependencies"]}
    found: dict[str, list[str]] = {}
    for group, requirements in groups.items():
        for name in sorted(closure(requirements)):
            if "evenmatch" not in found.setdefault(name, []):
                found[name].append(group)
    return found


def closure(requirements: list[str]) -> set[str]:
    """Return the names of requirements and of all that they require here."""
    seen: set[tuple[str, str]] = set()
    waiting = [(Requirement(text), "") for text in requirements]
    while waiting:
        wanted, extra = waiting.pop()
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(wanted.name)
        for each in ["", *wanted.extras]:
            if (name, each) not in seen:
                seen.add((name, each))
                below = distribution(name).requires or []
                waiting += [(Requirement(text), each) for text in below]
    return {name for name, _ in seen}


def licence(name: str) -> str:
    """Return a package's licence as its metadata give it, shortest form first."""
    told = distribution(name).metadata
    classes = [
        value.rpartition(" :: ")[2]
        for key, value in told.items()
        if key == "Classifier" and value.startswith("License ::")
    ]
    lines = (told.get("License") or "").strip().splitlines()
    short = lines[0] if len(lines) == 1 and len(lines[0]) < 60 else ""
    said = told.get("License-Expression") or short or " and ".join(classes)
    return READ_BY_HAND.get(name) or (said or UNKNOWN).replace("|", "/")


def written() -> str:
    """Return the page."""
    rows = []
    for name, groups in sorted(needed().items()):
        rows.append((name, distribution(name).version, licence(name), ", ".join(groups)))
    copyleft = ", ".join(
        f"{name} ({under})" for name, _, under, _ in rows if COPYLEFT.search(under)
    )
    table = ["| package | version | licence | needed by |", "|---|---|---|---|"]
    table += [f"| {' | '.join(row)} |" for row in rows]
    return HEAD.format(copyleft=copyleft or "none") + "\n".join(table) + "\n"


if __name__ == "__main__":
    try:
        PAGE.write_text(written())
    except PackageNotFoundError as missing:
        sys.exit(
            f"{missing.name} is not installed; run `make dependencies`, or `make locks` first."
        )
