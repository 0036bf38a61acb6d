"""The page `bring a vendor's matcher`: what stands there works as it stands there."""

import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from evenmatch.run import evaluate

PAGE = Path(__file__).parents[1] / "docs" / "vendor.md"
BLOCK = re.compile(r"^```(?:python|yaml|csv) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run(name, folder):
    subprocess.run([sys.executable, name], cwd=folder, check=True, timeout=120)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Write every named block of the page into one folder, and make the photographs."""
    made = tmp_path_factory.mktemp("page")
    for name, text in BLOCK.findall(PAGE.read_text()):
        (made / name).write_text(text)
    run("faces.py", made)
    run("vendor_makes.py", made)
    return made


@pytest.fixture(autouse=True)
def _there(folder, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("EVENMATCH_CACHE", str(folder / "private"))


def rates(config):
    """Return the error counts of an audit, whatever its threshold's last digits are."""
    audit = evaluate(config)
    assert audit.result.matchers[0].failed_comparisons == 0
    return [
        (row.metric, row.probe_group, row.errors, row.trials) for row in audit.result.error_rates
    ]


def test_the_page_has_every_file_it_speaks_of():
    named = {name for name, _ in BLOCK.findall(PAGE.read_text())}
    runs = set(re.findall(r"evenmatch run (\S+\.yaml)", PAGE.read_text()))
    assert runs == {f"{each}.yaml" for each in ("scores", "templates", "torch", "command", "http")}
    assert runs <= named


def test_scores_and_a_program_give_the_same_counts():
    one = [row for row in rates("scores.yaml") if row[0] != "fta"]
    assert one == [row for row in rates("command.yaml") if row[0] != "fta"]
    assert any(errors for _, _, errors, _ in one)


def test_templates_are_compared_and_searched():
    audit = evaluate("templates.yaml")
    assert audit.result.error_rates
    assert audit.result.identification


def test_a_model_file_with_its_card(folder):
    pytest.importorskip("torch")
    run("model.py", folder)
    assert rates("torch.yaml")


def test_a_service(folder, monkeypatch):
    monkeypatch.setenv("VENDOR_TOKEN", "a-secret-of-ours")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    for name in ("service.py", "http.yaml"):
        file = folder / name
        file.write_text(file.read_text().replace("8765", port))
    service = subprocess.Popen([sys.executable, "service.py"])
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", int(port)), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        assert rates("http.yaml") == rates("command.yaml")
    finally:
        service.terminate()
        service.wait()
