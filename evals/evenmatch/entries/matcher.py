"""The key `matchers` of a run: which matchers are audited, and which keys each kind takes."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from evenmatch.documents import published
from evenmatch.entries.limits import LONGEST
from evenmatch.entries.words import Name
from evenmatch.matching.faces import FaceChoice
from evenmatch.matching.places import is_url, refusal_of
from evenmatch.matching.registry import known_kinds
from evenmatch.withheld import secret_argument

ScoreKindWord = Literal["similarity", "distance", "cosine", "inner_product", "euclidean"]
ScoreFormat = Literal["csv", "parquet", "bfw", "bob-4col", "bob-5col", "bssr1-xml", "matrix"]


def _form_of(place: Any) -> str:  # noqa: ANN401 -- whatever somebody wrote
    return "[url]" if is_url(place) else "[path]"


_NO_KEY: Final = published(
    "holds a secret; take it out and set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or what "
    "fsspec reads from the environment for that kind of address"
)


def _fit_to_read(place: str) -> str:
    """Return a path or URL unchanged.

    Raises:
        ValueError: no file can be read or written at the URL.
    """
    if is_url(place) and (why := refusal_of(place)):
        raise ValueError(f"{why}.")
    return place


# A path or a URL as it was written: a Path would make one slash of the two.
Place = Annotated[str, Field(max_length=LONGEST), _NO_KEY, AfterValidator(_fit_to_read)]
# A file, or what lies at a URL.
Placed = Annotated[
    Annotated[Place, Tag("[url]")] | Annotated[Path, Tag("[path]")], Discriminator(_form_of)
]

OF_ANY_KIND: Final = ("training_set", "training_identities")
# Keys that name files: their digests stand for them in a run's identity, not where they lie.
FILE_KEYS: Final = ("path", "ids", "column_ids", "sets", "candidates", "gallery")


@dataclass(frozen=True)
class KindKeys:
    """Which keys a kind of matcher takes beyond `name` and `kind`.

    Attributes:
        takes: the keys.
        any_of: keys of which at least one has to be there.
        scores: the values its `score_kind` may have; empty where it has no such key.
        why: why it takes no others, for whoever wrote one.
    """

    takes: tuple[str, ...]
    any_of: tuple[str, ...] = ()
    scores: tuple[str, ...] = ()
    why: str = ""


# One line a kind. Kinds that another package brings take what a program does.
_DETECTION: Final = ("detector", "faces", "other_faces", "smallest_face", "lowest_score")
_PROGRAM: Final = KindKeys(("weights", *_DETECTION))
_MODEL: Final = KindKeys(("card", *_DETECTION), any_of=("card",), why="its card names its weights")
KINDS: Final[dict[str, KindKeys]] = {
    "command": KindKeys(
        ("command", "environment", "timeout", "restarts"),
        any_of=("command",),
        why="the vendor's program does everything itself",
    ),
    "http": KindKeys(
        ("url", "token_env", "timeout", "restarts", "rate"),
        any_of=("url",),
        why="the vendor's service does everything itself",
    ),
    "onnx": _MODEL,
    "torch": _MODEL,
    "scores": KindKeys(
        ("score_kind", "failed_score", "format", "column", *FILE_KEYS),
        any_of=("path", "candidates"),
        scores=("similarity", "distance"),
        why="it reads no photographs",
    ),
    "templates": KindKeys(
        ("score_kind", "path", "ids"),
        any_of=("path",),
        scores=("cosine", "inner_product", "euclidean"),
        why="it reads no photographs",
    ),
}
# How a vendor's program is reached: what it is and says stands for it in a run's identity.
REACHING_KEYS: Final = (
    "command",
    "environment",
    "url",
    "token_env",
    "timeout",
    "restarts",
    "rate",
)
# Which keys belong to which of the formats of a score file.
_FORMAT_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "bfw": ("column",),
    "matrix": ("ids", "column_ids"),
    "bssr1-xml": ("sets",),
}


class MatcherEntry(BaseModel):
    """A matcher to audit; which keys it takes beyond these depends on its kind.

    Attributes:
        weights: a name or file of weights.
        card: the card of a model file.
        detector: which detector finds faces.
        faces: what to do with several faces.
        other_faces: policies for several faces whose effect is measured beside it.
        smallest_face: pixels of its shorter side below which a face is passed over.
        lowest_score: the detector's score below which a face is passed over.
        path: a vendor's file of scores or templates; of templates also a folder of arrays, or
            the URL of either.
        score_kind: what the file's numbers are, or how its templates are compared.
        format: the published format of a score file; None goes by the file's ending.
        column: which column of the file holds the scores, where it has several.
        failed_score: a number that the vendor writes for a comparison that failed.
        ids: a file with the ids of a matrix's rows, or of templates that have none; the latter
            may be a URL.
        column_ids: a file with the ids of a matrix's columns.
        sets: the folder with the lists of who was enrolled and who searched.
        candidates: a file of candidate lists.
        gallery: a file of the photographs that the vendor enrolled.
        command: the vendor's program and its arguments; no shell reads them.
        environment: names of variables that the program gets beside a few common ones.
        url: the vendor's service.
        token_env: the environment variable that holds the service's token.
        timeout: seconds that a request may take.
        restarts: how often a request that failed is asked again, of a program started anew.
        rate: requests a second at most.
        training_set: what it was trained on, where the matcher itself does not say.
        training_identities: a file of the identities that it was trained on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    kind: str
    weights: str | None = None
    card: Path | None = None
    path: Placed | None = None
    score_kind: ScoreKindWord = "similarity"
    detector: Literal["dlib", "mtcnn"] | None = None
    faces: Literal["largest", "central", "refuse"] = "largest"
    other_faces: tuple[Literal["largest", "central", "refuse"], ...] = ()
    smallest_face: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    lowest_score: Annotated[float, Field(allow_inf_nan=False)] | None = None
    training_set: str | None = None
    training_identities: Path | None = None
    format: ScoreFormat | None = None
    column: str | None = None
    failed_score: Annotated[float, Field(allow_inf_nan=False)] | None = None
    ids: Placed | None = None
    column_ids: Path | None = None
    sets: Path | None = None
    candidates: Path | None = None
    gallery: Path | None = None
    command: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    environment: tuple[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")], ...] = ()
    url: str | None = None
    token_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    timeout: Annotated[float, Field(gt=0, le=86400)] = 60.0
    restarts: Annotated[int, Field(ge=0, le=20)] = 3
    rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None

    @property
    def choice(self) -> FaceChoice:
        """Which of the detected faces is compared."""
        return FaceChoice(self.faces, self.smallest_face, self.lowest_score)

    @property
    def written(self) -> tuple[str, ...]:
        """The keys that say something other than their default, in the model's order."""
        return tuple(
            name
            for name, field in type(self).model_fields.items()
            if not field.is_required() and getattr(self, name) != field.default
        )

    @field_validator("command")
    @classmethod
    def _no_secret_in_arguments(cls, command: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if named := secret_argument(command or ()):
            raise PydanticCustomError(
                "secret",
                f"its argument {named} hands over a secret, and a config is published; put it in a "
                "variable, name that under `environment`, and have the program read it there",
            )
        return command

    @model_validator(mode="after")
    def _other_faces_are_others(self) -> MatcherEntry:
        if len({self.faces, *self.other_faces}) <= len(self.other_faces):
            raise ValueError("`other_faces` names each policy once and not that of `faces`.")
        return self

    @model_validator(mode="after")
    def _keys_fit_the_kind(self) -> MatcherEntry:
        keys = KINDS.get(self.kind, _PROGRAM)
        for key in self.written:
            if key not in (*keys.takes, *OF_ANY_KIND):
                raise ValueError(_misplaced(key, self.kind, keys))
        if keys.any_of and not any(getattr(self, key) for key in keys.any_of):
            needed = " or ".join(f"`{key}`" for key in keys.any_of)
            raise ValueError(f"a matcher of kind {self.kind!r} needs {needed}; add it.")
        if keys.scores and self.score_kind not in keys.scores:
            raise ValueError(
                f"`score_kind` of kind {self.kind!r} is one of {', '.join(keys.scores)}; write it."
            )
        return self

    @model_validator(mode="after")
    def _urls_fit_the_kind(self) -> MatcherEntry:
        for key in ("path", "ids"):
            if is_url(getattr(self, key)) and self.kind != "templates":
                raise ValueError(
                    f"`{key}` of kind {self.kind!r} is a file and no URL; fetch it and name the "
                    "file."
                )
        return self

    @model_validator(mode="after")
    def _keys_fit_the_format(self) -> MatcherEntry:
        if self.kind != "scores":
            return self
        needs = _FORMAT_KEYS.get(self.format or "", ())
        for form, keys in _FORMAT_KEYS.items():
            wrong = [key for key in keys if key in self.written and key not in needs]
            if wrong:
                raise ValueError(
                    f"`{wrong[0]}` belongs to `format: {form}`; remove it or add that."
                )
        for key in ("column", "ids"):
            if key in needs and getattr(self, key) is None:
                raise ValueError(f"`format: {self.format}` needs `{key}`; add it.")
        if self.path is None and (self.format is not None or self.failed_score is not None):
            raise ValueError("`format` and `failed_score` are about `path`; add it or remove them.")
        if self.gallery is not None and self.candidates is None:
            raise ValueError("`gallery` belongs to `candidates`; add the candidate lists.")
        return self


def _misplaced(key: str, kind: str, keys: KindKeys) -> str:
    if kind not in (known := known_kinds()):
        close = get_close_matches(kind, known, n=1)
        hint = f"did you mean {close[0]!r}? It is" if close else "it is"
        return f"there is no matcher of kind {kind!r}; {hint} one of {', '.join(known)}."
    homes = [name for name, each in KINDS.items() if key in each.takes]
    reason = f"; {keys.why}" if keys.why else ""
    elsewhere = f" (it belongs to kind {' or '.join(map(repr, homes))})" if homes else ""
    return (
        f"`{key}` is no key of a matcher of kind {kind!r}{reason}{elsewhere}; remove it. "
        f"It takes {', '.join(keys.takes)}."
    )
