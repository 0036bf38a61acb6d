"""Which matchers there are. One line a matcher; other packages join through an entry point.

A third party's package declares, in the group `evenmatch.matchers`, a name for the kind and the
class (or function) that takes a `MatcherOptions` and gives a `Matcher`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from evenmatch.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable

    from evenmatch.matching.matcher import Matcher
    from evenmatch.matching.options import MatcherOptions

GROUP: Final = "evenmatch.matchers"
SCORES: Final = "scores"
TEMPLATES: Final = "templates"
COMMAND: Final = "command"
HTTP: Final = "http"

# Those that turn photographs into templates, and what builds them.
MATCHERS: Final = {
    "dlib": "evenmatch.matching.dlib_descriptor:DlibMatcher",
    "facenet": "evenmatch.matching.facenet:FacenetMatcher",
    "onnx": "evenmatch.matching.onnx_model:onnx_matcher",
    "torch": "evenmatch.matching.torch_program:torch_matcher",
}


@dataclass(frozen=True)
class MatcherKind:
    """A kind of matcher, for a person choosing one.

    Attributes:
        kind: what the config calls it.
        needs: the modules it imports.
        install: the command that provides them.
        installed: whether they are here.
        description: one line.
    """

    kind: str
    needs: tuple[str, ...]
    install: str
    installed: bool
    description: str


_ABOUT: Final[dict[str, tuple[tuple[str, ...], str, str]]] = {
    "dlib": (
        ("dlib", "face_recognition_models"),
        "pip install 'evenmatch[dlib]'",
        "dlib's published 128-number descriptor; needs no network beyond installation",
    ),
    "facenet": (
        ("torch", "torchvision", "facenet_pytorch"),
        "pip install 'evenmatch[facenet]'",
        "InceptionResnetV1 of facenet-pytorch; fetches its weights on first use, or reads a file",
    ),
    "onnx": (
        ("onnx", "onnxruntime"),
        "pip install 'evenmatch[onnx]'",
        "any embedding network in ONNX, with a card that says what goes in and comes out",
    ),
    "torch": (
        ("torch",),
        "pip install 'evenmatch[torch]'",
        "a TorchScript file or an exported program, with such a card",
    ),
    COMMAND: ((), "", "a vendor's program, run beside this one and asked line by line"),
    HTTP: ((), "", "a vendor's service, asked the same over HTTP"),
    SCORES: ((), "", "a vendor's scores or candidate lists, in several published formats"),
    TEMPLATES: ((), "", "a vendor's templates: .npy, .npz, CSV or Parquet"),
}


def known_kinds() -> list[str]:
    """Return what a run may write as `kind`, built in or from another package."""
    return sorted(_ABOUT.keys() | _third_parties().keys())


def matcher_kinds() -> list[MatcherKind]:
    """Return every kind of matcher, built in or from another package."""
    return [_about(kind) for kind in known_kinds()]


def build_matcher(kind: str, options: MatcherOptions) -> Matcher:
    """Return a matcher of this kind, its module imported only now.

    Raises:
        RequestError: there is no such kind, or it lacks a package, a weights file or the network.
    """
    if kind in (SCORES, TEMPLATES):
        raise RequestError(
            f"matchers.kind: `{kind}` reads a vendor's file and no photographs, so it cannot be "
            "built as a matcher. Name it in a run, with the key `path`."
        )
    if kind in (COMMAND, HTTP):
        raise RequestError(
            f"matchers.kind: `{kind}` asks a vendor's program, whose templates mean nothing to "
            "anyone else, so it cannot be built as a matcher. Name it in a run."
        )
    matcher: Matcher = _factory(kind)(options)
    return matcher


def _factory(kind: str) -> Callable[[MatcherOptions], Any]:
    if kind in MATCHERS:
        module, _, attribute = MATCHERS[kind].partition(":")
        return getattr(import_module(module), attribute)  # type: ignore[no-any-return]
    others = _third_parties()
    if kind not in others:
        known = ", ".join(known_kinds())
        raise RequestError(f"matchers.kind: there is no matcher {kind!r}; choose one of {known}.")
    return others[kind].load()  # type: ignore[no-any-return]


def _third_parties() -> dict[str, Any]:
    return {point.name: point for point in entry_points(group=GROUP)}


def _about(kind: str) -> MatcherKind:
    if kind in _ABOUT:
        needs, install, description = _ABOUT[kind]
        return MatcherKind(kind, needs, install, all(map(find_spec, needs)), description)
    point = _third_parties()[kind]
    package = point.dist.name if point.dist else point.module
    return MatcherKind(kind, (point.module,), "", True, f"from the package {package}")
