"""`evenmatch bench`: what it says of this machine, and what it refuses."""

import json
import re

import pytest
from typer.testing import CliRunner

from evenmatch.cli import app
from evenmatch.errors import RequestError

pytest.importorskip("torch", reason="the measure is torch's product")
SMALL = ["bench", "--templates", "300", "--dim", "16", "--groups", "3", "--device", "cpu"]


def test_bench_prints_one_json_object_with_the_contracts_keys():
    answer = CliRunner().invoke(app, [*SMALL, "--json"])
    assert answer.exit_code == 0, answer.output
    speed = json.loads(answer.output)
    assert speed["device"] == "cpu"
    assert re.fullmatch(r"\S.*, \d+ cores", speed["device_name"])
    assert (speed["dim"], speed["templates"], speed["groups"]) == (16, 300, 3)
    for key in ("comparisons_per_second", "matmul_comparisons_per_second", "matmul_ratio"):
        assert speed[key] > 0
    assert speed["peak_memory_bytes"] > 2**20
    assert speed["images_per_second"] is None


def test_bench_prints_words_and_the_ratio():
    answer = CliRunner().invoke(app, SMALL)
    assert "300 templates of 16 numbers in 3 groups" in answer.output
    assert "median of five interleaved pairs" in answer.output


def test_bench_times_a_matcher_on_the_generated_faces():
    pytest.importorskip("dlib", reason="dlib is not installed")
    answer = CliRunner().invoke(app, [*SMALL, "--matcher", "dlib", "--json"])
    speed = json.loads(answer.output)
    assert speed["images_per_second"] > 0
    assert speed["matcher"] == "dlib"


@pytest.mark.parametrize("device", ["cuda:7", "abacus"])
def test_bench_refuses_a_device_that_is_not_there(device):
    answer = CliRunner().invoke(app, [*SMALL, "--device", device])
    assert isinstance(answer.exception, RequestError)
    assert device in str(answer.exception)


@pytest.mark.parametrize("wrong", [["--groups", "0"], ["--dim", "0"], ["--templates", "1"]])
def test_bench_refuses_sizes_that_measure_nothing(wrong):
    answer = CliRunner().invoke(app, [*SMALL, *wrong])
    assert isinstance(answer.exception, RequestError)
    assert "correct the numbers" in str(answer.exception)
