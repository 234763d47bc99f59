"""A page in a real browser, by the driver's own protocol (W3C WebDriver): what it shows, asks for and complains
about."""

from __future__ import annotations

import base64
import json
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# It is to ask for nothing on its own.
ARGUMENTS = [
    *(
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
    ),
    *("--disable-component-update", "--disable-sync", "--hide-scrollbars", "--window-size=1100,1400"),
]


class Browser:
    """One window."""

    def __init__(self, session: str) -> None:
        self.session = session

    def call(self, method: str, path: str, **body: object) -> object:
        """Send a command to the driver and return its answer."""
        data = json.dumps(body).encode() if method == "POST" else None
        request = urllib.request.Request(
            f"{self.session}{path}", data, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def command(self, name: str, **params: object) -> object:
        """A command of Chrome's own protocol."""
        return self.call("POST", "/goog/cdp/execute", cmd=name, params=params)

    def open(self, page: Path) -> None:
        self.call("POST", "/url", url=page.resolve().as_uri())

    def run(self, script: str) -> object:
        """Run a function with this body in the page and return its result."""
        return self.call("POST", "/execute/sync", script=script, args=[])

    def complaints(self) -> list[str]:
        """Read the console's messages, including violations of the page's own rules."""
        return [entry["message"] for entry in self.call("POST", "/se/log", type="browser")]

    def requested(self) -> list[str]:
        """The addresses that were asked for since the last question."""
        events = [json.loads(entry["message"])["message"] for entry in self.call("POST", "/se/log", type="performance")]
        return [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]

    def prefer(self, scheme: str) -> None:
        """Be one of those people who like pages C(light) or C(dark)."""
        self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self) -> bytes:
        """The window as PNG."""
        return base64.b64decode(self.call("GET", "/screenshot"))


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser without a past; it ends with the context."""
    with tempfile.TemporaryDirectory() as past:
        driver = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            assert driver.stdout
            said = next((line for line in driver.stdout if "started successfully on port" in line), "")
            assert said, f"chromedriver has ended with status {driver.wait()}"
            address = f"http://127.0.0.1:{said.split()[-1].rstrip('.')}/session"
            wanted = {
                "goog:chromeOptions": {"args": [*ARGUMENTS, f"--user-data-dir={past}"]},
                "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            }
            session = Browser(address).call("POST", "", capabilities={"alwaysMatch": wanted})
            found = Browser(f"{address}/{session['sessionId']}")
            # Instead of its own first page, whose requests are nobody's.
            found.call("POST", "/url", url="about:blank")
            found.requested()
            try:
                yield found
            finally:
                found.call("DELETE", "")
        finally:
            driver.terminate()
            driver.wait()
