"""What a stranger installs: the program, the cards, the configs and the generated faces."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OPTIONS = ("--no-deps", "--no-build-isolation", "--quiet", "--disable-pip-version-check")
SHIPPED = {".py", ".css", ".js", ".j2", ".html", ".csv"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    # A file that somebody forgot among the cards must not be published.
    stray = ROOT / "datasets" / "raw" / "face.jpg"
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"not a photograph")
    try:
        subprocess.run(
            [sys.executable, "-m", "pip", "wheel", *OPTIONS, "-w", str(folder), str(ROOT)],
            check=True,
            capture_output=True,
        )
    finally:
        stray.unlink()
        stray.parent.rmdir()
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_the_wheel_holds_every_module_card_config_and_template(wheel):
    inside = set(wheel.namelist())
    package = ROOT / "evals" / "evenmatch"
    for path in package.rglob("*"):
        if path.suffix in SHIPPED and "__pycache__" not in path.parts:
            assert f"evenmatch/{path.relative_to(package).as_posix()}" in inside
    for folder, place in (("datasets", "_cards"), ("configs", "_configs")):
        for path in (ROOT / folder).glob("*.yaml"):
            assert f"evenmatch/{place}/{path.name}" in inside


def test_the_wheel_holds_the_generated_faces_and_no_other_photograph(wheel):
    pictures = [name for name in wheel.namelist() if name.lower().endswith((".jpg", ".png"))]
    assert len(pictures) == 480
    assert all(name.startswith("evenmatch/data/demo/faces/") for name in pictures)


def test_the_wheel_names_the_licence_and_the_command(wheel):
    metadata = next(name for name in wheel.namelist() if name.endswith("METADATA"))
    assert b"License-Expression: Apache-2.0" in wheel.read(metadata)
    entry_points = next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert b"evenmatch = evenmatch.cli:main" in wheel.read(entry_points)
