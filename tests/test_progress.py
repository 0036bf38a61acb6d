"""Progress bars: for people at a terminal, and only where there is something to wait for."""

import io
import sys
import time

import pytest
from rich.console import Console

from evenmatch.data.progress import silent
from evenmatch.progress import TerminalTask, terminal_progress


def shown(delay, seconds):
    """Run a step of 40 units for so long; return what the terminal got."""
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=100)
    with TerminalTask("templates", 40, console=console, delay=delay) as task:
        task.advance(10)
        time.sleep(seconds)
        task.advance(10)
    return stream.getvalue()


def test_a_long_step_shows_its_count_and_time_left():
    text = shown(delay=0.0, seconds=0.3)
    assert "templates" in text
    assert "/40" in text
    assert "0:00:" in text


def test_a_short_step_shows_nothing():
    assert shown(delay=5.0, seconds=0.0) == ""


def test_nothing_is_shown_where_nobody_watches(capfd):
    with terminal_progress("templates", 3) as task:
        task.advance(3)
    assert capfd.readouterr() == ("", "")


def test_a_terminal_gets_a_bar(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert isinstance(terminal_progress("templates", None), TerminalTask)


@pytest.mark.parametrize("start", [silent, TerminalTask])
def test_an_error_passes_through(start):
    with pytest.raises(KeyboardInterrupt), start("templates", 3):
        raise KeyboardInterrupt
