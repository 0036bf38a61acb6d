"""Memory is worked out before anything is counted, kept to, and refused where it does not fit."""

import numpy as np
import pytest

from evenmatch.errors import RequestError
from evenmatch.scoring import memory
from evenmatch.scoring.bench import made_up
from evenmatch.scoring.engine import Compute, count
from evenmatch.scoring.memory import available_memory, plan_memory, refuse_unless_it_fits
from evenmatch.scoring.plan import Plan, Roster
from evenmatch.scoring.watch import MemoryWatch

GIB = 1 << 30


def planned(rows, groups=64, dim=512, **options):
    everyone = np.arange(rows, dtype=np.int32)
    roster = Roster(everyone // 4, everyone, everyone % groups, groups)
    plan = Plan("bare", "bare", everyone, everyone, symmetric=True)
    return plan_memory(plan, roster, dim, Compute(threads=2, **options))


def test_a_million_templates_in_64_groups_need_less_than_a_gibibyte():
    sizes = [planned(rows).total for rows in (16_384, 131_072, 1_000_000)]
    assert sizes[-1] < GIB
    assert sizes[1] - sizes[0] < 64 << 20


def test_what_is_kept_is_what_memory_goes_into():
    assert planned(131_072, keep_tail=10**6).total < planned(131_072).total
    assert planned(131_072, keep_tail=10**9).kept > 40 * GIB


def test_the_plan_is_one_line_that_names_its_parts():
    line = str(planned(16_384))
    assert line.count("MiB") == 6
    assert "above the templates" in line
    assert "\n" not in line


def test_the_plan_is_kept_to():
    plan, roster, templates = made_up(4096, 64, 8)
    compute = Compute(keep_scores=0, keep_tail=100_000, tile=256, device="cpu")
    count(plan, roster, templates, compute=compute)  # libraries take their own memory once
    with MemoryWatch() as watch:
        count(plan, roster, templates, compute=compute)
    assert watch.rise <= plan_memory(plan, roster, 64, compute).total + (16 << 20)


def test_what_does_not_fit_is_refused_before_it_is_begun(monkeypatch):
    plan, roster, templates = made_up(256, 8, 2)
    monkeypatch.setattr(memory, "available_memory", lambda: 1000)
    with pytest.raises(RequestError, match=r"lower compute\.keep_scores"):
        count(plan, roster, templates)


def test_where_the_system_says_nothing_nothing_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: None)
    refuse_unless_it_fits(10**18, "Everything")


def test_the_available_memory_is_what_this_process_could_take():
    available = available_memory()
    assert available is None or available > 1 << 20
