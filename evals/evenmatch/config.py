"""The run: one YAML file, parsed once and refused at the door where it is not understood."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import re
from copy import deepcopy
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from evenmatch.data.policy import LicenceUse
from evenmatch.documents import parse_document, parse_yaml, published, read_yaml
from evenmatch.entries.benchmark import Benchmark
from evenmatch.entries.claim import Claim, unjudgeable
from evenmatch.entries.limits import LONGEST, MOST
from evenmatch.entries.mapping import Mappings
from evenmatch.entries.mask import Masks
from evenmatch.entries.matcher import FILE_KEYS, REACHING_KEYS, MatcherEntry, Place
from evenmatch.entries.measured import Measured
from evenmatch.entries.scenario import Scenario, unplayable
from evenmatch.entries.search import OneToMany, Selected, operating_points, text_values
from evenmatch.entries.words import Name
from evenmatch.errors import RequestError
from evenmatch.matching.arithmetic import Precision

_NO_PASSWORD = published(
    "holds a password; take it out and set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD "
    "(for a database its own variable, such as PGPASSWORD)"
)

Consent = Literal["informed", "public-web", "operational", "synthetic", "unknown"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EarlierAudit(_Part):
    """An audit whose thresholds are applied here."""

    run: Path


def _calibration_kind(value: object) -> str:
    """Say which form `calibrate_on` has; left to the parser, `{run: ...}` would be a group."""
    if isinstance(value, EarlierAudit) or (isinstance(value, dict) and "run" in value):
        return "[run]"
    return "[group]" if isinstance(value, dict) else "[word]"


CalibrateOn = Annotated[
    Annotated[Literal["all", "unmasked", "same-group"], Tag("[word]")]
    | Annotated[EarlierAudit, Tag("[run]")]
    | Annotated[dict[str, str], Field(min_length=1), Tag("[group]")],
    Discriminator(_calibration_kind),
]


class OneToOne(_Part):
    """Verification: which rates are read off every pair of photographs."""

    probe: Selected | None = None
    reference: Selected | None = None
    operating_points: tuple[str, ...] = ("fmr=0.01", "fmr=0.001")
    calibrate_on: CalibrateOn = "unmasked"

    @field_validator("operating_points")
    @classmethod
    def _of_comparisons(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        return operating_points(texts, ("fmr", "threshold"))


class PrimaryComparison(_Part):
    """Groups to compare in one metric; without an operating point, at the config's first."""

    metric: Literal["fmr", "fnmr"]
    group_by: Annotated[tuple[str, ...], BeforeValidator(text_values), Field(min_length=1)]
    operating_point: str | None = None


class Statistics(_Part):
    """Confidence of every interval, and how groups are compared.

    Attributes:
        level: confidence of every interval.
        replicates: how often chance is simulated.
        equivalence_margin: ratio within which two rates count as equivalent.
        primary: comparisons decided upon before the data were seen.
        strata: columns of the photographs by which rates are stratified.
        gaps: numeric columns, and the lower edges of the bands of the two photographs' difference.
        validated_labels: grouping to label to true group to how many were found to belong there.
    """

    level: float = Field(default=0.95, gt=0.5, lt=1)
    replicates: int = Field(default=10_000, ge=100, le=1_000_000)
    equivalence_margin: float = Field(default=1.25, gt=1, allow_inf_nan=False)
    primary: tuple[PrimaryComparison, ...] = ()
    strata: tuple[str, ...] = ()
    gaps: dict[str, Annotated[tuple[float, ...], Field(min_length=1)]] = {}
    validated_labels: dict[str, dict[str, dict[str, Annotated[int, Field(ge=0, le=MOST)]]]] = {}


class Policy(_Part):
    """What the audit may touch; None allows all. Overrides carry a reason."""

    consent: tuple[Consent, ...] | None = None
    licence: tuple[LicenceUse, ...] | None = None
    override: dict[
        str, Annotated[str, StringConstraints(strip_whitespace=True, min_length=10)]
    ] = {}


class Tracking(_Part):
    """Where MLflow keeps the record."""

    uri: Annotated[str, Field(max_length=LONGEST), _NO_PASSWORD] = "sqlite:///mlflow.db"
    experiment: str = Field(default="evenmatch", max_length=LONGEST)

    @field_validator("uri")
    @classmethod
    def _an_address(cls, uri: str) -> str:
        # MLflow takes a bare path for a folder of a form that it no longer writes.
        if not re.match(r"[A-Za-z][A-Za-z0-9+.-]+:|databricks", uri):
            raise ValueError(
                "write sqlite:///mlflow.db for a file, http://host:5000 for a server, or "
                "`tracking: null`."
            )
        return uri


class Report(_Part):
    """What is written besides `results.json`."""

    formats: tuple[Literal["html", "csv", "json", "pdf", "md"], ...] = ("html", "csv", "json")


class Compute(_Part):
    """How the work is done.

    Precision and compilation move templates in their last digits, so a matcher's digest, and with
    it the run id, knows of them; nothing else here changes a number.
    """

    device: str = "auto"
    batch_size: int = Field(default=64, ge=1, le=1_000_000)
    workers: int = Field(default=2, ge=1, le=1024)
    processes: int = Field(default=1, ge=1, le=256)
    precision: Precision = "float32"
    compile: bool = False
    engine: Literal["local", "ray"] = "local"
    address: str = "local"
    shards: Place | None = None
    keep_scores: int = Field(default=5_000_000, ge=0, le=MOST)
    keep_tail: int = Field(default=20_000_000, ge=1000, le=MOST)

    @field_validator("device")
    @classmethod
    def _known_device(cls, device: str) -> str:
        if not re.fullmatch(r"auto|cpu|cuda|cuda:\d+(,cuda:\d+)*", device):
            raise ValueError(
                "a device is auto, cpu, cuda or cuda:0, or several such as cuda:0,cuda:1; "
                "choose one."
            )
        return device

    @field_validator("address")
    @classmethod
    def _known_address(cls, address: str) -> str:
        if not re.fullmatch(r"local|auto|[\w.-]+:\d+|\[[0-9a-fA-F:]+\]:\d+", address):
            raise ValueError(
                "an address is local, auto, or the host:port that `ray start --head` printed; "
                "choose one."
            )
        return address

    @property
    def first_device(self) -> str:
        """Where everything but extraction is computed."""
        return self.device.split(",")[0]

    @property
    def shares(self) -> tuple[str, ...]:
        """The devices of the processes that extract, one each; of one process, its device."""
        devices = self.device.split(",")
        return tuple(devices[n % len(devices)] for n in range(max(self.processes, len(devices))))


class RunConfig(_Part):
    """A run as its author wrote it, every default filled in."""

    run_schema: Literal[1] = Field(alias="schema")
    name: Name
    seed: int = Field(default=20261122, ge=0, lt=2**63)
    benchmark: Benchmark
    matchers: tuple[MatcherEntry, ...] = Field(min_length=1)
    masks: Masks = Masks()
    mappings: Mappings = {}
    measured: Measured = Measured()
    groups: tuple[tuple[str, ...], ...] | None = None
    classes: dict[str, tuple[float, ...]] = {}
    one_to_one: OneToOne = OneToOne()
    one_to_many: OneToMany | None = None
    scenario: Scenario | None = None
    statistics: Statistics = Statistics()
    claims: tuple[Claim, ...] = ()
    policy: Policy = Policy()
    tracking: Tracking | None = Tracking()
    report: Report = Report()
    compute: Compute = Compute()

    @field_validator("matchers")
    @classmethod
    def _distinct_names(cls, entries: tuple[MatcherEntry, ...]) -> tuple[MatcherEntry, ...]:
        # Names become file names, and some file systems do not tell cases apart.
        names = [entry.name.lower() for entry in entries]
        for entry in entries:
            if names.count(entry.name.lower()) > 1:
                raise ValueError(f"two matchers have the name {entry.name!r}; rename one.")
        return entries

    @field_validator("groups")
    @classmethod
    def _groups_name_attributes(
        cls, groups: tuple[tuple[str, ...], ...] | None
    ) -> tuple[tuple[str, ...], ...] | None:
        for group_by in groups or ():
            if not group_by or len(set(group_by)) < len(group_by):
                raise ValueError("a grouping names each attribute once, such as [sex]; correct it.")
            if "mask" in group_by:
                raise ValueError("mask status is an axis of every table already; remove `mask`.")
        if len({frozenset(group_by) for group_by in groups or ()}) < len(groups or ()):
            raise ValueError("a grouping is written twice; remove one.")
        return groups

    @field_validator("classes")
    @classmethod
    def _ascending(
        cls, classes: dict[str, tuple[float, ...]], _: ValidationInfo
    ) -> dict[str, tuple[float, ...]]:
        for attribute, edges in classes.items():
            rising = all(low < high for low, high in itertools.pairwise(edges))
            if not edges or not rising or not all(map(math.isfinite, edges)):
                raise ValueError(f"the edges of {attribute!r} must rise, such as [18, 30, 45].")
        return classes

    @model_validator(mode="after")
    def _claims_can_be_judged(self) -> RunConfig:
        if problem := unjudgeable(
            self.claims, [entry.name for entry in self.matchers], searches=bool(self.one_to_many)
        ):
            raise ValueError(problem)
        return self

    @model_validator(mode="after")
    def _scenario_can_be_worked_out(self) -> RunConfig:
        searches = self.one_to_many.operating_points if self.one_to_many else None
        if problem := unplayable(self.scenario, self.one_to_one.operating_points, searches):
            raise ValueError(problem)
        return self

    def numbers(self) -> dict[str, Any]:
        """Return what determines the numbers: everything but where they go and how fast."""
        return numbers_of(self.as_written())

    def as_written(self) -> dict[str, Any]:
        """Return the run as plain data, every default filled in; it parses back to itself."""
        return self.model_dump(mode="json", by_alias=True)

    def digest(self) -> str:
        """SHA-256 of `numbers()`."""
        return numbers_digest(self.as_written())


def numbers_of(config: dict[str, Any]) -> dict[str, Any]:
    """Return what determines the numbers in a run given as plain data.

    Paths are left out too: the digests of what lies there stand for them, and the run id of
    an earlier audit for its thresholds.

    Args:
        config: the run as it is written; one that an audit keeps may lack keys of today.
    """
    content = deepcopy(config)
    for key in ("tracking", "report", "compute"):
        content.pop(key, None)
    for key in ("card", "root", "marks"):
        content.get("benchmark", {}).pop(key, None)
    calibrate_on = content.get("one_to_one", {}).get("calibrate_on")
    if isinstance(calibrate_on, dict) and set(calibrate_on) == {"run"}:
        del calibrate_on["run"]
    for entry in content.get("matchers", []):
        for key in (*FILE_KEYS, *REACHING_KEYS, "card", "training_identities"):
            entry.pop(key, None)
    return content


def numbers_digest(config: dict[str, Any]) -> str:
    """Return the SHA-256 of what determines the numbers in a run given as plain data."""
    return hashlib.sha256(json.dumps(numbers_of(config), sort_keys=True).encode()).hexdigest()


def load_config(path: str | Path, overrides: tuple[str, ...] = ()) -> RunConfig:
    """Read a run from a YAML file.

    Args:
        path: the file.
        overrides: keys to set on top of it, each written `a.b=value`, the value as YAML.

    Raises:
        RequestError: the file or an override is wrong; every mistake is named.
    """
    path = Path(path)
    raw = read_yaml(path)
    for override in overrides:
        _override(raw, override)
    return parse_document(RunConfig, raw, str(path))


def _override(raw: dict[str, Any], override: str) -> None:
    key, separator, text = override.partition("=")
    if not separator or not key:
        raise RequestError(f"--set {override}: write it as key=value, such as seed=7.")
    *parents, last = key.split(".")
    place: Any = raw
    for parent in parents:
        if isinstance(place, list) and parent.isdecimal() and int(parent) < len(place):
            place = place[int(parent)]
        elif isinstance(place, dict):
            place = place.setdefault(parent, {})
        else:
            raise RequestError(f"--set {key}: {parent!r} holds no keys; check the path to the key.")
    value = parse_yaml(text, f"--set {key}")
    if isinstance(place, list) and last.isdecimal() and int(last) < len(place):
        place[int(last)] = value
    elif isinstance(place, dict):
        place[last] = value
    else:
        raise RequestError(f"--set {key}: {last!r} cannot be set there; check the path to the key.")
