"""What made an audit's numbers, digested into its run id."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from evenmatch.config import EarlierAudit
from evenmatch.results.model import Provenance
from evenmatch.results.reading import read_results

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.config import RunConfig
    from evenmatch.inputs import Inputs
    from evenmatch.measuring import Source

PACKAGES = (
    "evenmatch",
    "numpy",
    "scipy",
    "numba",
    "pillow",
    "dlib-bin",
    "facenet-pytorch",
    "torch",
    "torchvision",
)


def provenance(config: RunConfig, inputs: Inputs, sources: Sequence[Source]) -> Provenance:
    """Digest what determines the numbers: the config's own part, card, samples and weights."""
    weights = {source.entry.name: source.digest for source in sources}
    weights |= {f"{name} training": each.digest for name, each in inputs.training.items()}
    digests = [config.digest(), inputs.card.digest(), inputs.digest, *_earlier(config)]
    total = hashlib.sha256(json.dumps([*digests, weights], sort_keys=True).encode())
    return Provenance(
        run_id=total.hexdigest()[:12],
        config_digest=config.digest(),
        card_digest=inputs.card.digest(),
        samples_digest=inputs.digest,
        seed=config.seed,
        versions=_versions(),
        git_revision=_git_revision(),
    )


def _earlier(config: RunConfig) -> list[str]:
    """Return the run id of the audit whose thresholds are applied; it stands for them."""
    calibrate_on = config.one_to_one.calibrate_on
    if not isinstance(calibrate_on, EarlierAudit):
        return []
    return [read_results(calibrate_on.run).provenance.run_id]


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _git_revision() -> str | None:
    """Return the checkout's commit, or None where the program was installed as a package."""
    root = Path(__file__).parents[2]
    git = shutil.which("git")
    if git is None or not (root / ".git").exists():
        return None
    answer = subprocess.run(
        [git, "-C", str(root), "rev-parse", "--verify", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout.strip() if answer.returncode == 0 else None
