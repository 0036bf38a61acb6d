"""Which matchers there are, built in and from other packages."""

from importlib.metadata import EntryPoint

import pytest

from evenmatch.errors import RequestError
from evenmatch.matching import registry
from evenmatch.matching.options import MatcherOptions
from evenmatch.matching.registry import MATCHERS, build_matcher, matcher_kinds


class TheirMatcher:
    """A matcher of another package."""

    def __init__(self, options):
        self.name = options.name


@pytest.fixture
def third_party(monkeypatch):
    point = EntryPoint("theirs", f"{__name__}:TheirMatcher", registry.GROUP)
    monkeypatch.setattr(EntryPoint, "load", lambda _self: TheirMatcher)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point] if group else [])


def test_every_kind_is_listed_with_what_it_needs():
    kinds = {kind.kind: kind for kind in matcher_kinds()}
    read = {"command", "http", "scores", "templates"}
    assert kinds.keys() == MATCHERS.keys() | read
    assert "dlib" in kinds["dlib"].needs
    assert kinds["scores"].installed
    assert all(kind.description and "\n" not in kind.description for kind in kinds.values())


def test_a_kind_whose_packages_are_absent_is_listed_as_absent(monkeypatch):
    monkeypatch.setattr(registry, "find_spec", lambda name: None if name == "dlib" else name)
    kinds = {kind.kind: kind for kind in matcher_kinds()}
    assert not kinds["dlib"].installed
    assert kinds["dlib"].install == "pip install 'evenmatch[dlib]'"


@pytest.mark.usefixtures("third_party")
def test_another_package_joins_through_its_entry_point():
    assert "theirs" in [kind.kind for kind in matcher_kinds()]
    assert build_matcher("theirs", MatcherOptions("m")).name == "m"


@pytest.mark.usefixtures("third_party")
def test_an_unknown_kind_is_refused_with_the_known_ones():
    with pytest.raises(RequestError, match=r"choose one of .*scores.*theirs"):
        build_matcher("arcface", MatcherOptions("m"))


def test_scores_are_read_not_built():
    with pytest.raises(RequestError, match="key `path`"):
        build_matcher("scores", MatcherOptions("m"))
