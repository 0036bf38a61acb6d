"""A vendor's program and its service through the public door: the same numbers, and no hang."""

import base64
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from evenmatch.errors import OutsideError, RequestError
from evenmatch.run import evaluate

REFERENCE = Path(__file__).parent / "matching" / "vendor_program.py"
PEOPLE, SHOTS = 12, 3


@pytest.fixture(autouse=True)
def _no_answers_yet(tmp_path, monkeypatch):
    """Give each test a cache of its own: the same program is asked in many of them."""
    monkeypatch.setenv("EVENMATCH_CACHE", str(tmp_path / "private"))


def people(bench, black=(), root=None):
    """Write people of two sexes, each a colour of their own, some photographs black."""
    rng = np.random.default_rng(3)
    bench.attribute("sex", "subject", ("female", "male"))
    bench.attribute("session", "sample")
    rows = []
    for person in range(PEOPLE):
        own = rng.integers(30, 225, (8, 8, 3))
        for shot in range(SHOTS):
            name = f"p{person:02}-{shot}"
            shown = np.clip(own + rng.integers(-60, 60, own.shape), 1, 255).astype(np.uint8)
            shown = np.zeros_like(shown) if name in black else shown
            Image.fromarray(shown).save((root or bench.folder) / f"{name}.png")
            rows.append(
                {
                    "sample_id": name,
                    "subject_id": f"p{person:02}",
                    "path": f"{name}.png",
                    "sex": ("female", "male")[person % 2],
                    "session": f"s{shot}",
                }
            )
    bench.manifest(rows)
    return pd.DataFrame(rows)


def command(*arguments, program=REFERENCE, **more):
    return {
        "name": "black-box",
        "kind": "command",
        "command": [sys.executable, str(program), *map(str, arguments)],
    } | more


SEARCHES = {
    "gallery": {"where": {"session": "s0"}},
    "searches": {"where": {"session": "s1"}},
    "operating_points": ["fpir=0.2", "threshold=0.9"],
    "ranks": [1, 3],
    "splits": 2,
}


def audited(bench, tmp_path, *matchers, **changes):
    config = bench.config(matchers=list(matchers), groups=[["sex"]], **changes)
    return evaluate(config, tmp_path / "out")


def rows_of(audit, matcher, table):
    return [
        {k: v for k, v in row.model_dump().items() if k not in ("matcher", "threshold")}
        for row in getattr(audit.result, table)
        if row.matcher == matcher
    ]


def mean_colours(bench, manifest):
    """Write the reference program's templates as a vendor's file of templates."""
    sys.path.insert(0, str(REFERENCE.parent))
    try:
        import vendor_program  # noqa: PLC0415 - a program, not a module of the tests
    finally:
        sys.path.pop(0)
    made = [
        vendor_program.mean_colours((bench.folder / path).read_bytes()) for path in manifest["path"]
    ]
    nothing = np.full(3 * vendor_program.GRID**2, np.nan, dtype=np.float32)
    path = bench.folder / "templates.npz"
    np.savez(
        path,
        ids=manifest["sample_id"].to_numpy(str),
        templates=np.array([nothing if each is None else each for each in made]),
        status=np.array(["no_face" if each is None else "" for each in made]),
    )
    return path


@pytest.mark.parametrize("kind", ["similarity", "distance"])
@pytest.mark.parametrize("searching", [True, False])
def test_a_program_and_its_templates_give_the_same_audit(bench, tmp_path, kind, searching):
    manifest = people(bench, black=("p03-1", "p07-0"))
    compared = "inner_product" if kind == "similarity" else "euclidean"
    file = {
        "name": "file",
        "kind": "templates",
        "path": str(mean_colours(bench, manifest)),
        "score_kind": compared,
    }
    options = ["--distance"] * (kind == "distance") + ["--no-search"] * (not searching)
    at = "threshold=0.99" if kind == "similarity" else "threshold=0.1"
    audit = audited(
        bench,
        tmp_path,
        file,
        command(*options),
        one_to_one={"operating_points": ["fmr=0.05", at]},
        one_to_many={**SEARCHES, "operating_points": ["fpir=0.2", at]},
    )
    assert rows_of(audit, "file", "error_rates") == rows_of(audit, "black-box", "error_rates")
    assert rows_of(audit, "file", "failures") == rows_of(audit, "black-box", "failures")
    for table in ("identification", "candidates", "selectivity", "gallery_size"):
        assert rows_of(audit, "file", table) == rows_of(audit, "black-box", table)
    assert any(row["metric"] == "fnir" for row in rows_of(audit, "file", "identification"))


# ---------------------------------------------------------------- hostile programs

HOSTILE = REFERENCE.with_name("hostile_program.py")
QUICK = {"timeout": 1.0, "restarts": 1}


def hostile(habit, *arguments, **more):
    return command(habit, *arguments, program=HOSTILE, **QUICK | more)


def processes_of(program):
    """Return the ids of running processes whose command line names a program."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes()
        except OSError:
            continue
        if str(program).encode() in words:
            found.append(int(entry.parent.name))
    return found


COMPARING = ["hang", "flood", "lines", "die", "nest", "drip", "deaf", "no-json", "too-few", "nan"]
ENROLLING = ["hang", "both", "other-id"]
SEARCHING = ["die", "stranger"]


@pytest.mark.parametrize(
    ("habit", "at"),
    [
        *((habit, "compare") for habit in COMPARING),
        *((habit, "enroll") for habit in ENROLLING),
        *((habit, "search") for habit in SEARCHING),
        ("other-size", "gallery"),
    ],
)
def test_a_bad_habit_shown_once_costs_nothing_but_a_new_start(bench, tmp_path, habit, at):
    people(bench)
    marker = tmp_path / "marker"
    searches = {} if at == "compare" else {"one_to_many": {**SEARCHES, "splits": 1}}
    black_box = hostile(habit, "--at", at, "--marker", marker)
    audit = audited(bench, tmp_path, black_box, **searches)
    assert marker.exists()
    assert not audit.result.failures
    assert audit.result.matchers[0].failed_comparisons == 0
    assert not processes_of(HOSTILE)


@pytest.mark.parametrize("habit", ["hang", "flood", "die", "both"])
def test_a_program_that_always_fails_ends_the_audit_with_a_reason(bench, tmp_path, habit):
    people(bench)
    with pytest.raises(OutsideError, match="gives no usable answer") as caught:
        audited(bench, tmp_path, hostile(habit, "--at", "enroll", timeout=0.4, restarts=0))
    assert "run again" in str(caught.value)
    assert str(caught.value).isprintable()
    assert not processes_of(HOSTILE)


@pytest.mark.parametrize(
    ("habit", "said"),
    [
        ("hang", "timed_out: no answer within 0.5 seconds"),
        ("die", "ended with exit code 3.* It last wrote: segmentation"),
        ("no-json", "'Loading model ...' is no JSON object"),
        ("other-version", "`score_kind` is 'odds'"),
    ],
)
def test_a_program_that_fails_at_hello_is_refused_with_its_last_words(bench, tmp_path, habit, said):
    people(bench)
    with pytest.raises(OutsideError, match=said) as caught:
        audited(bench, tmp_path, hostile(habit, "--at", "hello", timeout=0.5, restarts=0))
    assert str(caught.value).isprintable()  # no escape sequence reaches a terminal
    assert not processes_of(HOSTILE)


def test_a_program_that_dies_and_leaves_a_child_at_its_pipes_is_dead_all_the_same(bench, tmp_path):
    people(bench)
    program = tmp_path / "leaves_a_child.py"
    program.write_text(
        "import subprocess, sys\n"
        "sys.stdin.readline()\n"
        f"subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(90)', '{program}'])\n"
        "sys.exit(3)\n"
    )
    start = time.monotonic()
    with pytest.raises(OutsideError, match="ended with exit code 3"):
        audited(bench, tmp_path, command(program=program, timeout=80, restarts=0))
    assert time.monotonic() - start < 60
    while processes_of(program) and time.monotonic() - start < 80:
        time.sleep(0.1)  # a killed process takes a moment to go
    assert not processes_of(program)


def encoded(bench, name):
    return base64.b64encode((bench.folder / f"{name}.png").read_bytes()).decode()


def test_a_photograph_that_kills_the_program_is_a_failure_of_that_photograph(bench, tmp_path):
    people(bench)
    deadly = encoded(bench, "p04-2")[:400]
    audit = audited(bench, tmp_path, hostile("die", "--at", "enroll", "--on", deadly))
    every = [row for row in audit.result.failures if row.group_by == "all"]
    assert [(row.stage, row.reason, row.failed, row.attempts) for row in every] == [
        ("extract", "crashed", 1, PEOPLE * SHOTS)
    ]
    fta = [row for row in audit.result.error_rates if row.metric == "fta" and row.group_by == "all"]
    assert [row.errors for row in fta] == [1]


def test_a_comparison_that_hangs_is_a_failure_of_that_comparison_alone(bench, tmp_path):
    manifest = people(bench)
    sys.path.insert(0, str(REFERENCE.parent))
    import vendor_program  # noqa: PLC0415 - a program, not a module of the tests

    sys.path.pop(0)
    # The request that holds both of these templates, wherever they stand in it.
    made = [
        base64.b64encode(vendor_program.mean_colours((bench.folder / p).read_bytes())).decode()
        for p in manifest["path"][:2]
    ]
    together = f'"probe":"{made[0]}","references":["{made[1]}"'
    black_box = hostile("hang", "--at", "compare", "--on", together, timeout=0.4)
    audit = audited(bench, tmp_path, black_box)
    every = [row for row in audit.result.failures if row.group_by == "all"]
    assert [(row.stage, row.reason, row.failed) for row in every] == [
        ("compare", "comparison_timed_out", 1)
    ]
    assert audit.result.matchers[0].failed_comparisons == 1


def test_shouting_on_standard_error_disturbs_nobody(bench, tmp_path):
    people(bench)
    audit = audited(bench, tmp_path, hostile("shout", timeout=20))
    assert audit.result.matchers[0].failed_comparisons == 0


def test_a_program_that_calls_itself_otherwise_after_a_restart_is_refused(bench, tmp_path):
    people(bench)
    script = tmp_path / "two_faced.py"
    script.write_text(
        "import pathlib, sys\n"
        f"sys.path.insert(0, {str(REFERENCE.parent)!r})\n"
        "import vendor_program\n"
        f"seen = pathlib.Path({str(tmp_path / 'seen')!r})\n"
        "hello = vendor_program.Program.hello\n"
        "vendor_program.Program.hello = lambda self, request: {\n"
        "    **hello(self, request), 'version': '2' if seen.exists() else '1'\n"
        "}\n"
        "vendor_program.Program.enroll = lambda self, r: (seen.touch(), sys.exit(1))\n"
        "vendor_program.main()\n"
    )
    with pytest.raises(OutsideError, match="something else of itself than before"):
        audited(bench, tmp_path, command(program=script, **QUICK))


def test_a_program_that_says_it_is_symmetric_and_is_not_is_refused(bench, tmp_path):
    people(bench)
    script = tmp_path / "lopsided.py"
    script.write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(REFERENCE.parent)!r})\n"
        "import vendor_program\n"
        "vendor_program.Program.score = lambda self, one, other: float(one[0] - other[1])\n"
        "vendor_program.main()\n"
    )
    with pytest.raises(RequestError, match=r"in one order and .* in the other; have it say"):
        audited(bench, tmp_path, command(program=script))


def asymmetric(tmp_path):
    script = tmp_path / "asymmetric.py"
    script.write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(REFERENCE.parent)!r})\n"
        "import vendor_program\n"
        "hello = vendor_program.Program.hello\n"
        "vendor_program.Program.hello = lambda self, r: {**hello(self, r), 'symmetric': False}\n"
        "vendor_program.Program.score = lambda self, one, other: float(one[0] - other[1])\n"
        "vendor_program.main()\n"
    )
    return command("--no-search", program=script)


def test_scores_that_depend_on_the_order_need_a_run_that_gives_one(bench, tmp_path):
    people(bench)
    with pytest.raises(RequestError, match=r"which photograph is the probe.*one_to_one.probe"):
        audited(bench, tmp_path, asymmetric(tmp_path))
    roles = {
        "probe": {"where": {"session": "s1"}},
        "reference": {"where": {"session": "s0"}},
        "operating_points": ["fmr=0.1"],
    }
    audit = audited(bench, tmp_path, asymmetric(tmp_path), one_to_one=roles)
    assert audit.result.matchers[0].comparisons == PEOPLE**2


# ---------------------------------------------------------------- what is kept


def requests_in(log):
    return [line.split()[0] for line in log.read_text().splitlines()] if log.exists() else []


LOGGED = {"environment": ["VENDOR_LOG"]}


def test_a_second_audit_asks_for_nothing_but_the_name(bench, tmp_path, monkeypatch):
    people(bench, black=("p01-0",))
    log = tmp_path / "log"
    monkeypatch.setenv("VENDOR_LOG", str(log))
    first = audited(bench, tmp_path, command(**LOGGED), one_to_many=SEARCHES)
    asked = requests_in(log)
    assert asked.count("enroll") == PEOPLE * SHOTS
    log.unlink()
    again = audited(bench, tmp_path, command(**LOGGED), one_to_many=SEARCHES, name="other")
    assert set(requests_in(log)) == {"hello"}
    assert rows_of(first, "black-box", "error_rates") == rows_of(again, "black-box", "error_rates")


def test_a_killed_run_goes_on_where_it_stopped(bench, tmp_path, monkeypatch):
    people(bench)
    log, script = tmp_path / "log", tmp_path / "slow.py"
    monkeypatch.setenv("VENDOR_LOG", str(log))
    script.write_text(
        "import sys, time\n"
        f"sys.path.insert(0, {str(REFERENCE.parent)!r})\n"
        "import vendor_program\n"
        "enroll = vendor_program.Program.enroll\n"
        "def slow(self, request):\n"
        "    time.sleep(0.05)\n"
        "    return enroll(self, request)\n"
        "vendor_program.Program.enroll = slow\n"
        "vendor_program.main()\n"
    )
    config = bench.file(matchers=[command(program=script, **LOGGED)], groups=[["sex"]])
    program = [sys.executable, "-c", "from evenmatch.cli import main; main()"]
    run = [*program, "run", str(config), "--out", str(tmp_path / "o")]
    started = subprocess.Popen(
        run, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    wait = time.monotonic() + 60
    while requests_in(log).count("enroll") < 8 and time.monotonic() < wait:
        time.sleep(0.02)
    os.kill(started.pid, signal.SIGKILL)
    started.wait()
    while processes_of(script) and time.monotonic() < wait:
        time.sleep(0.02)  # its input has ended, and so does it
    done = requests_in(log).count("enroll")
    assert 8 <= done < PEOPLE * SHOTS
    subprocess.run(run, check=True, capture_output=True, timeout=60)
    # At most what was being asked when it was killed is asked again.
    assert requests_in(log).count("enroll") <= PEOPLE * SHOTS + 1
    assert list((tmp_path / "o").glob("*/*/results.json"))


def test_an_interrupted_run_leaves_no_program_behind(bench, tmp_path):
    people(bench)
    marker = tmp_path / "marker"
    black_box = hostile("hang", "--at", "enroll", "--marker", marker, timeout=60)
    config = bench.file(matchers=[black_box], groups=[["sex"]])
    # Whoever runs the tests in the background has made Ctrl-C mean nothing to its children.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    code = f"{heard}from evenmatch.cli import main; main()"
    run = [sys.executable, "-c", code, "run", str(config)]
    started = subprocess.Popen(
        run, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    wait = time.monotonic() + 60
    while not marker.exists() and time.monotonic() < wait:
        time.sleep(0.02)
    started.send_signal(signal.SIGINT)
    assert started.wait(20) != 0
    assert not [each for each in processes_of(HOSTILE) if each != started.pid]


def changed_program(folder, change):
    """Write the reference program with something about it changed."""
    script = folder / "changed.py"
    script.write_text(
        f"import sys\nsys.path.insert(0, {str(REFERENCE.parent)!r})\nimport vendor_program\n"
        f"{change}vendor_program.main()\n"
    )
    return script


def test_a_search_that_the_program_refuses_is_a_failed_search(bench, tmp_path):
    people(bench)
    script = changed_program(
        tmp_path,
        "search, seen = vendor_program.Program.search, []\n"
        "def refusing(self, request):\n"
        "    seen.append(request['probe'])\n"
        "    refused = request['probe'] == seen[0]\n"
        "    return {'failed': 'too_dark'} if refused else search(self, request)\n"
        "vendor_program.Program.search = refusing\n",
    )
    one = {**SEARCHES, "splits": 1, "searches": {"where": {"session": "s1"}}}
    audit = audited(bench, tmp_path, command(program=script), one_to_many=one)
    table = pd.read_parquet(audit.folder / "searches" / "black-box.parquet")
    assert len(set(table.loc[table["status"] == "too_dark", "probe_id"])) == 1


def test_searches_that_all_fail_are_failed_searches(bench, tmp_path):
    people(bench)
    script = changed_program(
        tmp_path, "vendor_program.Program.search = lambda self, request: {'failed': 'closed'}\n"
    )
    given = {**SEARCHES, "operating_points": ["threshold=0.9"]}
    audit = audited(bench, tmp_path, command(program=script), one_to_many=given)
    missed = [row for row in audit.result.identification if row.metric == "fnir"]
    assert missed
    assert all(row.errors == row.searches for row in missed if row.failures == "non-match")


# ---------------------------------------------------------------- what a program is told and gets


def test_a_program_is_told_no_name_and_gets_no_environment(bench, tmp_path, monkeypatch):
    monkeypatch.setenv("OTHER_SECRET", "not-for-vendors")
    monkeypatch.setenv("VENDOR_LICENCE", "for-this-vendor")
    monkeypatch.setenv("HOME", str(tmp_path))
    people(bench)
    heard = tmp_path / "heard"
    script = tmp_path / "curious.py"
    script.write_text(
        "import json, os, sys\n"
        f"sys.path.insert(0, {str(REFERENCE.parent)!r})\n"
        "import vendor_program\n"
        f"out = open({str(heard)!r}, 'a')\n"
        "print(json.dumps([os.getcwd(), dict(os.environ)]), file=out)\n"
        "def heard(lines):\n"
        "    for line in lines:\n"
        "        print(line, end='', file=out, flush=True)\n"
        "        yield line\n"
        "sys.stdin = heard(sys.stdin)\n"
        "vendor_program.main()\n"
    )
    audited(bench, tmp_path, command(program=script, environment=["VENDOR_LICENCE"]))
    said = heard.read_text()
    where, variables = json.loads(said.splitlines()[0])
    assert "for-this-vendor" in variables["VENDOR_LICENCE"]
    assert "OTHER_SECRET" not in variables
    assert variables["HOME"] == where
    assert not Path(where).exists()
    requests = said.replace(json.dumps([where, variables]), "")
    for name in ("p01-1", "p01", str(bench.folder), "female"):
        assert name not in requests


def test_what_cannot_be_run_is_refused_before_anything_else(bench, tmp_path):
    people(bench)
    with pytest.raises(RequestError, match=r"no program 'not-there' .* correct the path"):
        audited(bench, tmp_path, {"name": "x", "kind": "command", "command": ["not-there"]})


def test_a_matcher_of_another_kind_takes_none_of_these_keys(bench):
    entry = {"name": "x", "kind": "http", "url": "https://example.org", "command": ["x"]}
    with pytest.raises(RequestError, match="`command` is no key of a matcher of kind 'http'"):
        bench.config(matchers=[entry])
    with pytest.raises(RequestError, match="needs `command`"):
        bench.config(matchers=[{"name": "x", "kind": "command"}])


def test_a_program_whose_lists_end_early_is_taken_at_its_word(bench, tmp_path):
    people(bench)
    script = tmp_path / "short.py"
    script.write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(REFERENCE.parent)!r})\n"
        "import vendor_program\n"
        "search = vendor_program.Program.search\n"
        "def short(self, request):\n"
        "    return {'candidates': search(self, request)['candidates'][:2]}\n"
        "vendor_program.Program.search = short\n"
        "vendor_program.main()\n"
    )
    audit = audited(bench, tmp_path, command(program=script), one_to_many=SEARCHES)
    assert any("end at rank 2" in notice for notice in audit.result.notices)
    assert {row.rank for row in audit.result.identification} <= {1, None}


def test_how_a_program_is_reached_is_no_part_of_the_runs_identity(bench):
    people(bench)
    one = bench.config(matchers=[command(timeout=5)])
    other = bench.config(matchers=[command("--no-search", restarts=1, environment=["X"])])
    assert one.digest() == other.digest()  # the program's own digest tells them apart
