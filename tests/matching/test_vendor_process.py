"""A vendor's program as a process: what it says last is heard."""

import selectors
import sys
import time

import pytest

from evenmatch.matching import vendor_process as module
from evenmatch.matching.vendor_process import ProcessChannel

ANSWERS_ONCE = """
import json, sys, time
asked = json.loads(sys.stdin.readline())
time.sleep(0.5)
print(json.dumps({"id": asked["id"], "said": "done"}), flush=True)
"""


class Late(selectors.DefaultSelector):
    """Sees nothing for a moment, in which a program answers and ends."""

    def select(self, timeout=None):
        """Look, and where there is nothing come back late."""
        found = super().select(timeout)
        if not found:
            time.sleep(1.5)
        return found


@pytest.mark.skipif(sys.platform == "win32", reason="programs are run on Linux and macOS alone")
def test_an_answer_is_heard_of_a_program_that_ends_while_nobody_looks(monkeypatch):
    monkeypatch.setattr(module, "_PATIENCE", 0.1)
    monkeypatch.setattr(module.selectors, "DefaultSelector", Late)
    channel = ProcessChannel([sys.executable, "-c", ANSWERS_ONCE], timeout=60)
    try:
        assert channel.ask({"op": "hello"}, 1 << 10)["said"] == "done"
    finally:
        channel.close()
