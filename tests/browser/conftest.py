"""A headless Chromium driven through its DevTools pipe: no driver, no port, no package."""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import select
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evenmatch.reporting.pdf import COMMANDS, FLAGS
from evenmatch.run import evaluate

PATIENCE = 60.0
KEYS = {"ArrowLeft": 37, "ArrowRight": 39, "Home": 36, "End": 35, "PageUp": 33, "Tab": 9}


class Tab:
    """One page of one Chromium."""

    def __init__(self, command, folder):
        self.folder = folder
        read, self._write = os.pipe()
        self._read, write = os.pipe()
        # Chromium reads its orders from descriptor 3 and answers on 4.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (read, write)]
        arguments = [
            command,
            *FLAGS,
            "--remote-debugging-pipe",
            f"--user-data-dir={folder}/profile",
        ]
        quiet = os.open(os.devnull, os.O_RDWR)
        actions = [(os.POSIX_SPAWN_DUP2, ends[0], 3), (os.POSIX_SPAWN_DUP2, ends[1], 4)]
        actions += [(os.POSIX_SPAWN_DUP2, quiet, number) for number in (1, 2)]
        self._process = os.posix_spawn(
            command, [*arguments, "about:blank"], os.environ, file_actions=actions, setpgroup=0
        )
        for end in (read, write, quiet, *ends):
            os.close(end)
        self._numbers, self._buffer, self._session, self.events = itertools.count(1), b"", None, []
        page = next(t for t in self.ask("Target.getTargets")["targetInfos"] if t["type"] == "page")
        wanted = {"targetId": page["targetId"], "flatten": True}
        self._session = self.ask("Target.attachToTarget", **wanted)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.ask(f"{domain}.enable")

    def ask(self, method, **params):
        """Send one order and return its answer."""
        number = next(self._numbers)
        order = {"id": number, "method": method, "params": params}
        if self._session and not method.startswith("Browser."):
            order["sessionId"] = self._session
        text = json.dumps(order).encode() + b"\0"
        while text:
            text = text[os.write(self._write, text) :]
        return self._wait(lambda message: message.get("id") == number)["result"]

    def open(self, path, *, width=1280, height=900, dark=False, media=""):
        """Open a file and wait until it is shown."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", media=media, features=[scheme])
        self.events.clear()
        self.ask("Page.navigate", url=Path(path).absolute().as_uri())
        self._wait(lambda message: message.get("method") == "Page.loadEventFired")

    def js(self, expression):
        """Return what an expression gives, a promise waited for."""
        answer = self.ask(
            "Runtime.evaluate",
            expression=expression, returnByValue=True, awaitPromise=True, userGesture=True,
        )  # fmt: skip
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def key(self, name):
        """Press and release a key."""
        code = {"key": name, "code": name, "windowsVirtualKeyCode": KEYS[name]}
        self.ask("Input.dispatchKeyEvent", type="rawKeyDown", **code)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **code)

    def downloads(self):
        """Let downloads go to a folder of their own and return it."""
        folder = self.folder / "downloads"
        folder.mkdir(exist_ok=True)
        self.ask("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
        return folder

    def complaints(self):
        """Return what the page logged or threw since it was opened."""
        self.js("1")
        bad = ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")
        return [each for each in self.events if each["method"] in bad]

    def close(self):
        """End the browser."""
        os.killpg(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)
        for end in (self._read, self._write):
            os.close(end)

    def _wait(self, wanted):
        until = time.monotonic() + PATIENCE
        while True:
            while b"\0" in self._buffer:
                text, _, self._buffer = self._buffer.partition(b"\0")
                message = json.loads(text)
                assert "error" not in message, message
                if wanted(message):
                    return message
                if "method" in message:
                    self.events.append(message)
            ready, _, _ = select.select([self._read], [], [], max(0.0, until - time.monotonic()))
            assert ready, "Chromium did not answer"
            part = os.read(self._read, 1 << 20)
            assert part, "Chromium ended"
            self._buffer += part


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """A Chromium, or a skip where none is installed."""
    command = next(filter(None, map(shutil.which, COMMANDS)), None)
    if command is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    tab = Tab(command, tmp_path_factory.mktemp("chromium"))
    yield tab
    tab.close()


@pytest.fixture(scope="session")
def axe():
    """The source of axe-core, or a skip where EVENMATCH_AXE does not name it."""
    path = os.environ.get("EVENMATCH_AXE")
    if not path or not Path(path).is_file():
        pytest.skip("needs axe-core: npm install axe-core, and EVENMATCH_AXE=.../axe.min.js")
    return Path(path).read_text(encoding="utf-8")


LABELS = ("<script>alert(1)</script>", "مرحبا <b>", "=cmd|' /C calc'!A0", "x" * 300, "plain")
GROUP = "<i>trait</i>"


@pytest.fixture(scope="session")
def audit(bench_in, tmp_path_factory):
    """An audit of a vendor's scores whose labels try to break the page."""
    folder = tmp_path_factory.mktemp("audited")
    bench, rng = bench_in(folder), np.random.default_rng(7)
    rows = [
        {"sample_id": f"{number}-{shot}", "subject_id": f"p{number}", GROUP: label, "shot": shot}
        for number, label in enumerate(label for label in LABELS for _ in range(36))
        for shot in ("a", "b")
    ]
    bench.manifest(rows)
    bench.attribute(GROUP, "subject", LABELS)
    bench.attribute("shot", "sample", ("a", "b"))
    ids = [row["sample_id"] for row in rows]
    first, second = np.triu_indices(len(ids), 1)
    same, alike = first // 2 == second // 2, first // 72 == second // 72
    scores = rng.normal(np.where(same, 0.75, np.where(alike, 0.3, 0.2)), 0.12).round(4)
    failed = rng.random(len(scores)) < 0.002
    table = {
        "probe_id": [ids[k] for k in first],
        "reference_id": [ids[k] for k in second],
        "score": np.where(failed, None, scores),
        "status": np.where(failed, "no_face", ""),
    }
    pd.DataFrame(table).to_csv(folder / "vendor.csv", index=False)
    config = bench.config(
        groups=[[GROUP]],
        one_to_one={"operating_points": ["fmr=0.01", "threshold=0.5"]},
        one_to_many={
            "gallery": {"where": {"shot": "a"}, "enrolled": 0.5},
            "searches": {"where": {"shot": "b"}},
            "operating_points": ["threshold=0.5"],
        },
        scenario={"searches": {"travellers": 60000, "enrolled": 5000}},
        report={"formats": ["html", "csv", "json", "md"]},
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVENMATCH_CACHE", str(tmp_path_factory.getbasetemp() / "private"))
        return evaluate(config, folder / "reports")
