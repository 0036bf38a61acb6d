"""A benchmark on a server of this machine, which knows ranges and takes its time."""

from __future__ import annotations

import hashlib
import io
import os
import random
import signal
import time
import zipfile
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import yaml
from faulting.places import CARD, PreparedPlace

PIECE, PAUSE = 1 << 15, 0.002
PHOTOGRAPHS = 24


def archives() -> dict[str, bytes]:
    """Return a set's two archives: a manifest with photographs that nobody decodes, and labels."""
    chance = random.Random(1)  # noqa: S311 - bytes, no secrets
    names = [f"p{number // 2:02}/{number % 2}.jpg" for number in range(PHOTOGRAPHS)]
    rows = [f"{name},{Path(name).parent},{name}" for name in names]
    listed = "\n".join(["sample_id,subject_id,path", *rows, ""])
    photographs = {name: chance.randbytes(9000) for name in names}
    return {
        "/set.zip": packed({"samples.csv": listed.encode(), **photographs}),
        "/more.zip": packed({"deep/labels.bin": chance.randbytes(500_000), "note.txt": b"-"}),
    }


def packed(files: dict[str, bytes]) -> bytes:
    """Return files as a zip archive."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as into:
        for name, content in files.items():
            into.writestr(zipfile.ZipInfo(name), content)
    return made.getvalue()


class Handler(BaseHTTPRequestHandler):
    """Sends one of some files, or the rest of it, in pieces."""

    protocol_version = "HTTP/1.1"

    def __init__(self, files: dict[str, bytes], *arguments: object) -> None:
        self._files = files
        super().__init__(*arguments)  # type: ignore[arg-type]

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Send what is asked for."""
        body = self._files[self.path]
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        if start and start >= len(body):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(body)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("ETag", '"one"')
        self.send_header("Content-Length", str(len(body) - start))
        self.send_header("Connection", "close")
        self.end_headers()
        for place in range(start, len(body), PIECE):
            self.wfile.write(body[place : place + PIECE])
            time.sleep(PAUSE)


class Server(HTTPServer):
    """Answers one after the other; clients that are killed are no news."""

    def handle_error(self, *_: object) -> None:
        """Say nothing."""


def prepared_place(root: Path) -> PreparedPlace:
    """Serve a benchmark until this process ends; write its card, one digest of two not known."""
    root.mkdir(parents=True, exist_ok=True)
    files = archives()
    server = Server(("127.0.0.1", 0), partial(Handler, files))
    parent, pid = os.getpid(), os.fork()
    if pid == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        server.timeout = 1.0
        while os.getppid() == parent:
            server.handle_request()
        os._exit(0)
    server.server_close()
    url = f"http://127.0.0.1:{server.server_port}"
    known = hashlib.sha256(files["/set.zip"]).hexdigest()
    access = [
        {"url": f"{url}/set.zip", "path": "set.zip", "unpack": ".", "sha256": known},
        {"url": f"{url}/more.zip", "path": "more.zip", "unpack": "labels"},
    ]
    made = CARD | {"access": {"how": "download", "files": access}, "attributes": {}}
    (root / "card.yaml").write_text(yaml.safe_dump(made, sort_keys=False))
    return PreparedPlace(root, ("datasets", "prepare", str(root / "card.yaml")))
