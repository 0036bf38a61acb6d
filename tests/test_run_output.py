"""`evenmatch run --json` and shell completion: what scripts and shells read."""

import json
import os
import subprocess
import sys

import pytest

SYSTEM = [
    sys.executable,
    "-c",
    "import sys; sys.argv[0] = 'evenmatch'; from evenmatch.cli import main; main()",
]


def command(*arguments, **environment):
    return subprocess.run(
        [*SYSTEM, *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | environment,
    )


def test_a_run_prints_one_json_document_with_folders_verdicts_and_rates(small, tmp_path):
    claim = {
        "id": "c1",
        "text": "t",
        "source": "s",
        "matcher": "vendor",
        "metric": "fnmr",
        "at": "threshold=0.5",
        "bound": "<= 0.01",
    }
    first = small.file(claims=[claim])
    second = tmp_path / "second.yaml"
    second.write_text(first.read_text().replace("name: made-up", "name: other", 1))
    ran = command("run", first, second, "--out", tmp_path / "out", "--json")
    assert ran.returncode == 0, ran.stderr
    audits = json.loads(ran.stdout)["audits"]
    assert [audit["name"] for audit in audits] == ["made-up", "other"]
    audit = audits[0]
    assert audit["folder"] == str(tmp_path / "out" / "made-up" / audit["run_id"])
    assert (audit["report"], audit["mlflow_run"]) == (None, None)
    assert [(row["claim"], row["verdict"]) for row in audit["claims"]] == [("c1", "undecided")]
    rates = {(row["metric"], row["failures"]): row for row in audit["error_rates"]}
    assert rates["fnmr", "non-match"]["trials"] == 3
    assert rates["fmr", "excluded"]["rate"] is None
    assert (tmp_path / "out" / "index.html").is_file()


def test_json_is_printed_with_quiet_too_and_before_a_refusal_by_exit_code(small, tmp_path):
    ran = command("run", small.file(), "--out", tmp_path / "out", "--json", "--quiet")
    assert ran.returncode == 0
    assert ran.stderr == ""
    assert json.loads(ran.stdout)["audits"][0]["name"] == "made-up"


def test_a_wrong_config_prints_no_document(tmp_path):
    ran = command("run", tmp_path / "none.yaml", "--json")
    assert (ran.returncode, ran.stdout) == (2, "")


# Typer looks for the shell among the processes above, which need not have one that it knows.
NAMED_SHELL = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_can_be_shown_and_completes_commands(shell):
    shown = command("--show-completion", shell, **NAMED_SHELL)
    assert shown.returncode == 0
    assert "_EVENMATCH_COMPLETE" in shown.stdout


def test_a_shell_is_offered_the_commands():
    asked = {
        "_EVENMATCH_COMPLETE": "complete_bash",
        "COMP_WORDS": "evenmatch da",
        "COMP_CWORD": "1",
    }
    assert command(**asked).stdout.split() == ["datasets"]


def test_completion_is_installed_for_a_shell(tmp_path):
    installed = command("--install-completion", "bash", HOME=str(tmp_path), **NAMED_SHELL)
    assert installed.returncode == 0, installed.stderr
    assert "evenmatch" in (tmp_path / ".bashrc").read_text()
