"""The same config makes the same bytes on this machine, and the same counts on another."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HARNESS = Path(__file__).parent / "bench" / "determinism.py"

pytestmark = pytest.mark.slow


def differing(*names):
    """Run the harness; return what differs by circumstance, and how many files an audit has."""
    asked = subprocess.run(
        [sys.executable, str(HARNESS), "--small", *names],
        capture_output=True,
        text=True,
        timeout=580,
        check=False,
    )
    assert asked.returncode == 0, asked.stdout + asked.stderr
    answer = json.loads(asked.stdout.splitlines()[-1])
    return answer["differ"], answer["files"]


def test_nothing_but_the_config_and_the_seed_decides_a_byte():
    """Hash seed, threads, batches, places, order of folders, locale, zone and umask at once."""
    pytest.importorskip("dlib", reason="needs the extra `dlib`")
    pytest.importorskip("onnxruntime", reason="needs the extra `onnx`")
    found, files = differing("together")
    assert found == {"together": []}
    assert files > 60


def test_a_processor_without_wide_instructions_counts_the_same():
    found, _ = differing("processors")
    assert found == {"processors": []}
