"""From a vendor's score file to the first files of an audit: a card, a manifest and a config."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import yaml

from evenmatch.config import RunConfig
from evenmatch.data.card import Card
from evenmatch.data.loaders.manifest import REQUIRED
from evenmatch.documents import parse_document, parse_yaml
from evenmatch.errors import RequestError
from evenmatch.files import write_file
from evenmatch.starting.score_names import Guess, Named, VendorScores, guessed, names_in, pairs_in

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST: Final = "samples.csv"
CARD: Final = "benchmark.yaml"
CONFIG: Final = "audit.yaml"
COMPARISONS: Final = "comparisons.csv"
_LONGEST_NAME: Final = 60


@dataclass(frozen=True)
class Beginning:
    """What is to be begun.

    Attributes:
        scores: the vendor's file.
        out: the folder to write to.
        score_kind: `similarity` or `distance`.
        column: which column holds the scores, for `bfw`.
        failed_score: a number that stands for a comparison that failed.
        attributes: columns of labels to fill in, such as `sex`.
    """

    scores: VendorScores
    out: Path
    score_kind: str = "similarity"
    column: str | None = None
    failed_score: float | None = None
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Begun:
    """What was written, and what is known by now.

    Attributes:
        files: every file, the manifest first and the config last.
        named: what the score file names.
        guess: people guessed from ids; None where the file says them or nobody does.
    """

    files: tuple[Path, ...]
    named: Named
    guess: Guess | None


def begin(beginning: Beginning) -> Begun:
    """Write the card, the manifest and the config of an audit of a vendor's scores.

    Raises:
        RequestError: the file cannot be read, or a file to be written is there already; then
            nothing is written.
    """
    out, scores = beginning.out, beginning.scores
    taken = [each for each in beginning.attributes if each.strip() in ("", *REQUIRED)]
    if taken:
        raise RequestError(
            f"--attribute {taken[0]!r}: a column of labels needs a name of its own, such as sex."
        )
    named = names_in(scores)
    listed = scores.form != "csv" or named.selves > 0
    names = [MANIFEST, CARD, *([COMPARISONS] if listed and not scores.square else []), CONFIG]
    there = [name for name in names if (out / name).exists()]
    if there:
        raise RequestError(
            f"{out}: holds {', '.join(there)} already, and nothing is overwritten; name another "
            "folder with --out, or move the files away."
        )
    guess = None if named.people else guessed(named.ids)
    people = guess.people if guess else named.people
    contents = {
        MANIFEST: _manifest(named, people, beginning.attributes),
        CARD: _card(beginning, named, guess, listed=listed),
        CONFIG: _config(beginning),
    }
    if COMPARISONS in names:
        contents[COMPARISONS] = _comparisons(scores)
    files = tuple(write_file(out / name, contents[name]) for name in names)
    return Begun(files, named, guess)


def _manifest(named: Named, people: dict[str, str], attributes: tuple[str, ...]) -> str:
    rows = ((sample, people.get(sample, ""), "", *("" for _ in attributes)) for sample in named.ids)
    return _csv((*REQUIRED, *attributes), rows)


def _comparisons(scores: VendorScores) -> str:
    pairs = (pair for pair in pairs_in(scores, {}) if pair[0] != pair[1])
    return _csv(("probe_id", "reference_id"), pairs)


def _csv(heading: tuple[str, ...], rows: Any) -> str:  # noqa: ANN401 - any rows of text
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(heading)
    writer.writerows(rows)
    return buffer.getvalue()


def _card(beginning: Beginning, named: Named, guess: Guess | None, *, listed: bool) -> str:
    """Return the card: what is not known says so, and the report repeats it."""
    scores, name = beginning.scores, _name(beginning.scores.path)
    listing = COMPARISONS if listed else os.path.relpath(scores.path, beginning.out)
    begun = (
        f"This card was begun from the score file {scores.path.name} alone; source, licence and "
        "consent are still to be written down."
    )
    issues = [begun]
    if guess:
        issues.append(
            f"Who is on a photograph was guessed from its id ({guess.how}) and not confirmed; "
            "every rate rests on it."
        )
    content = {
        "schema": 1,
        "name": f"{name}-benchmark",
        "title": f"The photographs behind {scores.path.name}",
        "source": dict.fromkeys(("homepage", "citation", "version"), "unknown"),
        "licence": {"id": "unknown", "use": "unknown"},
        "consent": {"basis": "unknown", "note": ""},
        "status": {"state": "active"},
        "access": {"how": "local", "steps": "Ask whoever ran this audit."},
        "size": {"images": len(named.ids)},
        "samples": {"loader": "manifest", "manifest": MANIFEST},
        "attributes": {
            attribute: {"of": "subject", "values": [], "labelled_by": "unknown"}
            for attribute in beginning.attributes
        },
        "protocols": {
            "scored": {"kind": "all-pairs"}
            if scores.square
            else {"kind": "listed", "file": listing}
        },
        "known_issues": issues,
    }
    text = _HEAD_OF_CARD + yaml.safe_dump(
        content, sort_keys=False, allow_unicode=True, width=96, default_flow_style=None
    )
    parse_document(Card, parse_yaml(text, CARD), CARD)
    return text


def _config(beginning: Beginning) -> str:
    """Return the config, parsed once so that what is written can be read."""
    scores, out, name = beginning.scores, beginning.out, _name(beginning.scores.path)
    vendor: dict[str, object] = {"name": name, "kind": "scores", "path": str(scores.path)}
    optional: dict[str, object] = {
        "format": None if scores.form in ("csv", "parquet") else scores.form,
        "score_kind": beginning.score_kind if beginning.score_kind == "distance" else None,
        "column": beginning.column,
        "failed_score": beginning.failed_score,
        "ids": None if scores.ids is None else str(scores.ids),
        "column_ids": None if scores.column_ids is None else str(scores.column_ids),
    }
    vendor |= {key: value for key, value in optional.items() if value is not None}
    groups = [[attribute] for attribute in beginning.attributes]
    tracking = {"uri": "sqlite:///mlflow.db", "experiment": name}
    text = _CONFIG.format(
        name=_flow(name),
        benchmark=_flow({"card": str(out / CARD), "root": str(out)}),
        vendor=_flow(vendor),
        groups=f"groups: {_flow(groups)}" if groups else "# groups: [[sex]]",
        matcher=name,
        tracking=_flow(tracking),
    )
    parse_document(RunConfig, parse_yaml(text, CONFIG), CONFIG)
    return text


def _flow(value: object) -> str:
    """Return a value as YAML on one line; JSON is YAML."""
    return json.dumps(value, ensure_ascii=False)


def _name(path: Path) -> str:
    """Return a name for card, config and matcher that all three take."""
    plain = re.sub(r"[^a-z0-9._-]+", "-", path.stem.lower()).strip("-._")[:_LONGEST_NAME]
    return plain if plain and plain not in ("none", "null", "nan", "na", "empty") else "vendor"


_HEAD_OF_CARD: Final = """\
# The benchmark behind a vendor's scores. Write down what you know of it, and take away the known
# issues that no longer hold: the report prints what stands here.
# `licence.use`: any, research-only, no-redistribution, none-given or unknown.
# `consent.basis`: informed, public-web, operational, synthetic or unknown.
# A column of labels in the manifest needs an entry under `attributes`, such as
#   sex: {of: subject, values: [female, male], labelled_by: self-reported}
"""
_CONFIG: Final = """\
# An audit of a vendor's scores. Paths are relative to the folder that you run it from.
schema: 1
name: {name}
benchmark: {benchmark}
matchers:
  - {vendor}
{groups}
one_to_one:
  operating_points: ["fmr=0.01", "fmr=0.001"]
# What the vendor says, to be judged:
# claims:
#   - id: brochure
#     text: "the sentence, word for word"
#     source: "where it stands"
#     matcher: {matcher}
#     metric: fnmr
#     at: "fmr=0.001"
#     bound: "<= 0.01"
tracking: {tracking}
"""
