"""Which engine a run works with, and what is said where it cannot."""

import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

from evenmatch.distributed import cluster
from evenmatch.distributed.cluster import Cluster, connect
from evenmatch.distributed.spread import RaySpread
from evenmatch.engines import spread_of
from evenmatch.errors import OutsideError, RequestError
from evenmatch.scoring.needs import Compute


def test_a_run_in_one_process_imports_no_ray(small, tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text(json.dumps(small.raw()))
    code = (
        "import sys; from evenmatch.run import evaluate\n"
        "evaluate(sys.argv[1], sys.argv[2]); sys.exit('ray' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(path), str(tmp_path / "out")]
    subprocess.run(command, check=True, timeout=120)


def test_local_is_the_default_and_no_cluster(small):
    config = small.config()
    assert config.compute.engine == "local"
    assert spread_of(config) is None


@pytest.mark.parametrize("address", ["ray://head:10001", "somewhere", "http://a:1", "a:b"])
def test_an_address_that_ray_cannot_take_is_refused(small, address):
    with pytest.raises(RequestError, match="address"):
        small.config(compute={"engine": "ray", "address": address})


@pytest.mark.parametrize("address", ["local", "auto", "10.0.0.4:6379", "head.cluster:6379"])
def test_an_address_is_local_auto_or_a_host_and_port(small, address):
    assert small.config(compute={"address": address}).compute.address == address


def test_without_ray_the_install_line_is_said(monkeypatch):
    monkeypatch.setattr(cluster, "find_spec", lambda _: None)
    with pytest.raises(RequestError, match=r"pip install 'evenmatch\[ray\]'"):
        connect("local")


def test_one_run_has_one_cluster_and_the_engine_changes_no_run_id(small):
    one, other = small.config(), small.config(compute={"engine": "ray", "device": "cpu"})
    assert one.digest() == other.digest()
    assert spread_of(other) is spread_of(other)


def a_cluster(**resources):
    return Cluster(SimpleNamespace(cluster_resources=lambda: resources))


def test_a_graphics_card_that_no_machine_has_is_refused_before_any_work():
    without = a_cluster(CPU=8.0)
    with pytest.raises(RequestError, match="ray start --num-gpus"):
        without.on_gpu("cuda:0")
    assert not without.on_gpu("auto")
    assert [a_cluster(CPU=8.0, GPU=1.0).on_gpu(each) for each in ("auto", "cuda", "cpu")] == [
        True,
        True,
        False,
    ]


def test_searches_are_shared_out_among_cores_where_graphics_cards_count(monkeypatch):
    mixed = a_cluster(CPU=64.0, GPU=2.0)
    monkeypatch.setattr("evenmatch.distributed.spread.connect", lambda _: mixed)
    spread = RaySpread("local", "auto")
    assert spread.slots(Compute()) == 2
    assert spread.slots(Compute(device="cpu")) == 64


def test_a_cluster_without_room_says_where_to_look():
    failing = type("RayError", (Exception,), {})
    task = type("RayTaskError", (failing,), {})

    def put(value):
        raise failing(f"no room for {value}")

    errors = SimpleNamespace(RayError=failing, RayTaskError=task)
    with pytest.raises(OutsideError, match=r"no room for templates.*ray status"):
        Cluster(SimpleNamespace(put=put, exceptions=errors)).put("templates")
