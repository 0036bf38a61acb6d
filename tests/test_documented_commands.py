"""Every command in the documentation is run: what a page tells a reader to type works.

A page's files, the fenced blocks whose first line names one (```yaml audit.yaml), are written into
an empty folder, and its commands run there in the page's order.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from evenmatch import cli

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
DEMO = ROOT / "evals" / "evenmatch" / "data" / "demo"
FENCE = re.compile(r"^```(\w*)[ ]*(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUN_ID = re.compile(r"reports/(\S+?)/[0-9a-f]{12}")

# What cannot be run here, each with the reason and what runs it instead.
NOT_RUN = {
    r"run configs/demo\.yaml": "takes a minute or more; `make demo` and `make sample` run it",
    r"reveal ": "needs the key of the machine that made the audit; tests/test_cli.py",
    r"review ": "needs photographs; tests/reviewing",
    r"track ": "needs what MLflow could not take; tests/reporting/test_tracking.py",
    r"datasets prepare ": "needs a network; tests/data/test_preparing.py",
    r"datasets draw ": "needs a register; tests/data/test_drawing.py",
    r"bench ": "measures the machine and needs torch; tests/test_benchmarking.py",
    r"mask ": "needs dlib's models; tests/data/test_masks.py",
}


def commands(page):
    """Return the commands of a page in its order, those of its fenced blocks."""
    return [
        line[2:].strip()
        for _, _, block in FENCE.findall(page.read_text(encoding="utf-8"))
        for line in block.splitlines()
        if re.match(r"\$ (evenmatch|python) ", line)
    ]


def why_not(command):
    """Return the reason why a command is not run, or None."""
    arguments = command.removeprefix("evenmatch ")
    return next((why for form, why in NOT_RUN.items() if re.match(form, arguments)), None)


@pytest.fixture
def typed(monkeypatch, capfd):
    """Type a command; fail with what it said where it does not end well."""

    def ran(command):
        program, *arguments = shlex.split(command)
        if program == "python":
            subprocess.run([sys.executable, *arguments], check=True, timeout=60)
            return
        if arguments[0] == "run":
            arguments += ["--set", "tracking=null"]  # MLflow has tests of its own
        monkeypatch.setattr(sys, "argv", ["evenmatch", *arguments])
        with pytest.raises(SystemExit) as left:
            cli.main()
        said = capfd.readouterr()
        allowed = (None, 0, 1) if "--fail-on-refuted" in arguments else (None, 0)
        assert left.value.code in allowed, f"{command}\n{said.out}\n{said.err}"

    return ran


def with_its_audit(command):
    """Put the audit that was made for the one that the page names."""

    def newest(match):
        made = sorted(Path("reports", match[1]).iterdir(), key=os.path.getmtime)
        return str(made[-1])

    return RUN_ID.sub(newest, command)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_work_in_its_order(page, typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVENMATCH_CACHE", str(tmp_path / "private"))
    shutil.copytree(ROOT / "configs", "configs")
    for _, name, block in FENCE.findall(page.read_text(encoding="utf-8")):
        if name and "/" not in name:
            Path(name).write_text(block, encoding="utf-8")
    if "reports/demo/" in page.read_text(encoding="utf-8"):
        _demo_audit(typed)
    later = {
        name: block
        for _, name, block in FENCE.findall(page.read_text(encoding="utf-8"))
        if "/" in name
    }
    for command in commands(page):
        if why_not(command) is None:
            typed(with_its_audit(command))
        if command.startswith("evenmatch init"):
            for name, block in later.items():  # a page edits what the command wrote
                Path(name).write_text(block, encoding="utf-8")


def _demo_audit(typed):
    """Make an audit under the demonstration's name, of scores, in a second."""
    text = FENCE.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    for _, name, block in text:
        if name:
            Path(name).write_text(block, encoding="utf-8")
    points = "one_to_one.operating_points=[fmr=0.01, fmr=0.001, threshold=0.6]"
    typed(f"evenmatch run audit.yaml --set name=demo --set '{points}' --quiet")


def test_the_readmes_own_example_runs_as_it_says(typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVENMATCH_CACHE", str(tmp_path / "private"))
    _demo_audit(typed)
    assert list(Path("reports/demo").glob("*/report.html"))


def test_no_exception_is_left_over_and_each_says_why():
    every = [command.removeprefix("evenmatch ") for page in PAGES for command in commands(page)]
    for form, why in NOT_RUN.items():
        assert why
        assert any(re.match(form, command) for command in every), f"no page says {form}"


def test_every_command_is_in_the_readme():
    shown = (ROOT / "README.md").read_text(encoding="utf-8")
    names = [command.name or command.callback.__name__ for command in cli.app.registered_commands]
    for group in cli.app.registered_groups:
        names += [
            f"{group.name} {command.name}" for command in group.typer_instance.registered_commands
        ]
    missing = [name for name in names if f"$ evenmatch {name}" not in shown]
    assert not missing, f"write into README.md, under Commands: {missing}"


def test_what_a_page_links_to_is_there():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links to {target}"
