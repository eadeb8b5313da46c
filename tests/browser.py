"""Headless Chromium for tests, spoken to through pipes: no driver, no port, no network.

The protocol is Chrome's DevTools protocol (https://chromedevtools.github.io/devtools-protocol/), messages in
JSON that end with a zero byte, on file descriptors 3 (to the browser) and 4 (from it).
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_PROBLEMS = ("warning", "error", "assert")


def find_browser() -> str:
    """Chromium's path; the test is skipped where there is none."""
    for name in _PROGRAMS:
        if path := shutil.which(name):
            return path
    pytest.skip("no Chromium found; install it (Debian, Ubuntu: apt-get install chromium)")


class Page:
    """One page, with what it asked the network for and what it complained about."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._to, self._from = to_browser, from_browser
        self._number, self._buffer = 0, b""
        self._session = ""
        self.requests: list[str] = []
        self.complaints: list[str] = []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = str(attached["sessionId"])
        for domain in ("Page", "Network", "Runtime", "Log"):
            self._call(f"{domain}.enable")

    def open(self, file: Path) -> None:
        """Load a file and wait until it is loaded and has settled."""
        self.go(file.as_uri())

    def go(self, address: str) -> None:
        """Load a page and wait until it is loaded and has settled."""
        self._call("Page.navigate", url=address)
        self.run(
            "new Promise(done => document.readyState === 'complete' ? done() :"
            " addEventListener('load', done))"
        )
        self.settle()

    def settle(self) -> None:
        """Let the page draw twice."""
        self.run(
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame("
            "() => setTimeout(done, 50))))"
        )

    def run(self, script: str) -> Any:
        """The value of an expression, awaited when it is a promise."""
        answer = self._call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, element: str) -> None:
        """Click on what an expression finds, once it is there; what comes up then has come to rest."""
        self.wait(element)
        self.run(f"{element}.click()")
        self.settle()
        self.wait("document.getAnimations().every(one => one.playState != 'running')")

    def write(self, field: str, text: str) -> None:
        """Put a text into the field that an expression finds, where its cursor is, as if it were typed."""
        self.wait(field)
        before = self.run(f"{field}.value")
        self.run(f"{field}.focus()")
        self._call("Input.insertText", text=text)
        self.wait(f"{field}.value != {json.dumps(before)}")
        # React hands the text on a moment later: sooner than anybody's next click, but not than ours.
        time.sleep(0.5)

    def wait(self, condition: str, seconds: float = 30.0) -> None:
        """Wait until an expression is true."""
        deadline = time.monotonic() + seconds
        while not self.run(f"Boolean({condition})"):
            assert time.monotonic() < deadline, f"not on the page: {condition}"
            time.sleep(0.1)

    def look(self, width: int, height: int, *, dark: bool = False, media: str = "") -> None:
        """Set the window's size in pixels, the preferred colours and the medium (``print``)."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._call("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", media=media, features=[scheme])
        self.settle()

    def screenshot(self, file: Path) -> None:
        """Write the whole page as PNG."""
        answer = self._call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(answer["data"]))

    def pdf(self, file: Path) -> None:
        """Print the page."""
        answer = self._call("Page.printToPDF", printBackground=True)
        file.write_bytes(base64.b64decode(answer["data"]))

    def _call(self, method: str, **parameters: object) -> dict[str, Any]:
        self._number += 1
        message: dict[str, object] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer["error"]
                result: dict[str, Any] = answer["result"]
                return result
            self._note(answer)

    def _note(self, event: dict[str, Any]) -> None:
        method, parameters = event.get("method"), event.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(parameters["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in _PROBLEMS:
            self.complaints.append(str(parameters["args"]))
        elif method == "Log.entryAdded" and parameters["entry"]["level"] in _PROBLEMS:
            self.complaints.append(parameters["entry"]["text"])

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            chunk = os.read(self._from, 1 << 20)
            assert chunk, "the browser has ended"
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        return message


@contextmanager
def browser_page() -> Iterator[Page]:
    """An empty page in a browser of its own, gone with its profile when the block ends."""
    program = find_browser()
    to_browser, from_browser = os.pipe(), os.pipe()
    with tempfile.TemporaryDirectory(prefix="bitfront-browser-") as profile:
        command = [
            program,
            "--headless",
            "--disable-gpu",
            "--no-sandbox",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-dev-shm-usage",
            "--remote-debugging-pipe",
            f"--user-data-dir={profile}",
            "about:blank",
        ]
        # The shell puts the pipes where the browser looks for them.
        place = f'exec {to_browser[0]}<&{to_browser[0]} 3<&{to_browser[0]} 4>&{from_browser[1]}; exec "$@"'
        process = subprocess.Popen(
            ["bash", "-c", place, "bash", *command],
            pass_fds=(to_browser[0], from_browser[1]),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser[0])
        os.close(from_browser[1])
        try:
            yield Page(to_browser[1], from_browser[0])
        finally:
            os.close(to_browser[1])
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            os.close(from_browser[0])
