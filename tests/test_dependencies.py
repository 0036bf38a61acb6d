"""What is installed is pinned, by version and by digest, and its licences are listed."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCKS = sorted((ROOT / "locks").glob("*.txt"))
# PyTorch and what its builds bring come without digests: which build fits is up to the machine.
TORCH = re.compile(r"torch|torchvision|triton|(nvidia|cuda)-.*")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINNED = {
    canonicalize_name(name): version
    for name, version in re.findall(
        r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE
    )
}


def locked(path):
    """Return what a lock holds: name to version, marker and number of digests."""
    found = {}
    for entry in re.split(r"\n(?=\S)", path.read_text().strip()):
        wanted, *digests = entry.split(" \\\n")
        requirement = Requirement(wanted)
        assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}", each) for each in digests)
        version = str(requirement.specifier).removeprefix("==")
        found[canonicalize_name(requirement.name)] = (version, requirement.marker, len(digests))
    return found


def listed():
    page = (ROOT / "docs" / "dependencies.md").read_text()
    rows = re.findall(r"^\| ([\w.-]+) \| (\S+) \| ([^|]+) \| ([^|]+) \|$", page, re.MULTILINE)
    return {name: row for name, *row in rows if name != "package"}


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_each_locked_package_has_one_version_and_the_digests_of_its_files(path):
    entries = locked(path)
    assert entries
    assert all(version and digests for version, _, digests in entries.values())


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_no_lock_names_a_registry(path):
    text = path.read_text()
    assert "://" not in text
    assert "index" not in text


def test_the_locks_and_the_constraints_agree():
    assert {path.stem for path in LOCKS} == {"build", "demo", "test"}
    entries = {}
    for path in LOCKS:
        for name, (version, marker, _) in locked(path).items():
            assert entries.setdefault(name, (version, marker))[0] == version, name
    here = {name for name, (_, marker) in entries.items() if not marker or marker.evaluate()}
    assert {name: entries[name][0] for name in here & PINNED.keys()} == {
        name: version for name, version in PINNED.items() if not TORCH.fullmatch(name)
    }
    assert here - PINNED.keys() <= {"pip", "setuptools"}, "run `make locks`"


def test_every_requirement_of_the_project_is_locked_at_a_version_that_it_allows():
    versions = {name: found[0] for path in LOCKS for name, found in locked(path).items()} | PINNED
    extras = PROJECT["optional-dependencies"]
    for text in [*PROJECT["dependencies"], *(each for extra in extras.values() for each in extra)]:
        wanted = Requirement(text)
        name = canonicalize_name(wanted.name)
        assert wanted.specifier.contains(versions[name]), f"{text}: run `make locks`"
    demo = locked(ROOT / "locks" / "demo.txt")
    for text in [*PROJECT["dependencies"], *extras["dlib"]]:
        assert canonicalize_name(Requirement(text).name) in demo


def test_every_pinned_package_has_a_licence_on_the_list():
    assert listed().keys() == {*PINNED, "setuptools"}, "run `make dependencies`"
    unsaid = {name for name, (_, licence, _) in listed().items() if licence == "not said"}
    assert unsaid <= {"cuda-toolkit"}, "read their licence files and add them to the script"


def test_the_list_says_who_needs_each():
    groups = {"evenmatch", *PROJECT["optional-dependencies"]}
    for name, (_, _, needed_by) in listed().items():
        assert set(needed_by.split(", ")) <= groups, name
    direct = {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}
    assert direct <= {name for name, row in listed().items() if row[2] == "evenmatch"}


def test_the_makefile_installs_nothing_else_without_digests():
    text = (ROOT / "Makefile").read_text()
    installs = re.findall(r"^\t\$\((PIP|LOCKED)\) (.*)$", text, re.MULTILINE)
    free = [rest for tool, rest in installs if tool == "PIP"]
    assert free == ["--no-deps --no-build-isolation -e .", "-c constraints.txt torch torchvision"]
    assert "--require-hashes" in re.search(r"^LOCKED := (.*)$", text, re.MULTILINE)[1]
