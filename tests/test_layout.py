"""The rooms of the house: who may import whom, and how large anything may grow."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "evals" / "evenmatch"
ROOMS = ["data", "matching", "scoring", "stats", "results", "reporting"]
PURE = {"numpy", "scipy"}
MODULES = sorted(PACKAGE.rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Return every module a file imports, also inside functions and for type checking."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def room_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == "evenmatch" and len(parts) > 1 and parts[1] in ROOMS else None


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_rooms_to_its_left(room):
    allowed = set(ROOMS[: ROOMS.index(room) + 1])
    for path in (PACKAGE / room).rglob("*.py"):
        rooms = {room_of(name) for name in imported(path)} - {None}
        assert rooms <= allowed, f"{path.name} imports {sorted(rooms - allowed)}"


def test_the_statistics_import_nothing_but_arrays():
    for path in (PACKAGE / "stats").rglob("*.py"):
        for name in imported(path):
            root = name.split(".")[0]
            assert room_of(name) == "stats" or root in PURE or root in sys.stdlib_module_names, (
                f"{path.name} imports {name}"
            )


def test_only_tracking_imports_mlflow():
    for path in MODULES:
        if any(name.split(".")[0] == "mlflow" for name in imported(path)):
            assert path.relative_to(PACKAGE).as_posix() == "reporting/tracking.py", path


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_and_functions_stay_small(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno + 1 <= 60, node.name


def test_datasets_holds_cards_and_nothing_else():
    assert {path.suffix for path in (ROOT / "datasets").iterdir()} <= {".yaml", ".md"}
