"""The journeys of people in a real browser, on a real instance: `entregent demo` on a free port with its own data.

By role and label, as a person finds things; every page that a journey stops at is scanned by axe, in light and dark,
at 1440 and 320 px (`Visitor.looks`). Screenshots go to journeys/screenshots/ when ENTREGENT_SCREENSHOTS is set.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

PASSWORD = "demonstration"
CHROMIUM = os.environ.get("ENTREGENT_CHROMIUM", "/usr/bin/chromium")
CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run", "--disable-quic",
]  # fmt: skip
SCREENSHOTS = Path(__file__).parent / "screenshots"
ROOT = Path(__file__).resolve().parents[1]
READY_WITHIN = 300
# A size or a theme that just changed is laid out by the next frame; colours that fade are looked at when they have.
SETTLED = """async () => {
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  for (const animation of document.getAnimations()) { try { animation.finish(); } catch { /* it never ends */ } }
  await new Promise(done => requestAnimationFrame(done));
}"""


def pytest_addoption(parser):
    parser.addoption("--half", choices=["1", "2"], help="Only every other file: two halves may run beside each other.")


def pytest_ignore_collect(collection_path, config):
    """Files by turns in the order of their names: neither half is much longer than the other."""
    half = config.getoption("--half")
    if half is None or not collection_path.name.startswith("test_"):
        return None
    names = sorted(path.name for path in collection_path.parent.glob("test_*.py"))
    return names.index(collection_path.name) % 2 != int(half) - 1 or None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Instance:
    """A running demo. `url` is its address, `command` runs `entregent …` beside it."""

    def __init__(self, **environment):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.data_dir = Path(tempfile.mkdtemp(prefix="entregent-journeys-"))
        self.data_dir.chmod(0o711)
        self.environment = (
            {key: value for key, value in os.environ.items() if not key.startswith(("ENTREGENT_", "DJANGO_"))}
            | {"ENTREGENT_DATA_DIR": str(self.data_dir), "PORT": str(self.port), "LANG": "fr_FR.UTF-8"}
            | environment
        )
        if "ENTREGENT_PG_BIN_DIR" in os.environ:
            self.environment["ENTREGENT_PG_BIN_DIR"] = os.environ["ENTREGENT_PG_BIN_DIR"]
        self.log = (self.data_dir / "demo.log").open("wb")
        self.process = subprocess.Popen(
            [Path(sys.executable).parent / "entregent", "demo"],
            env=self.environment, stdout=self.log, stderr=subprocess.STDOUT, cwd=ROOT, start_new_session=True,
        )  # fmt: skip
        self._wait()

    def _wait(self):
        deadline = time.monotonic() + READY_WITHIN
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.3)
        self.stop()
        pytest.fail(f"the demo did not start:\n{self.told()}")

    def told(self) -> str:
        return (self.data_dir / "demo.log").read_text(errors="replace")[-4000:] if self.data_dir.exists() else ""

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(30)


@pytest.fixture(scope="session")
def instance():
    running = Instance()
    yield running
    running.stop()
    running.log.close()
    shutil.rmtree(running.data_dir, ignore_errors=True)


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


class Visitor:
    """A person at a browser. `page` is Playwright's page; errors of the console end the journey."""

    def __init__(self, browser, url, *, language="fr-FR", width=1440, height=900):
        self.url = url
        self.context = browser.new_context(
            base_url=url, locale=language, viewport={"width": width, "height": height}, accept_downloads=True
        )
        self.context.set_default_timeout(20_000)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _listen(self, message):
        # Chromium reports every 4xx answer as an error of the console; what a page shows then is looked at itself.
        if message.type != "error" or "Failed to load resource" in message.text:
            return
        # Whoever leaves a page ends what it was still loading (the bell): htmx tells so by these two, in this order.
        if message.text.startswith(("htmx:sendAbort", "htmx:afterRequest")):
            return
        self.complaints.append(message.text)

    def signs_in(self, email, password=PASSWORD):
        self.page.goto("/connexion/")
        self.page.locator("input[name=login]").fill(email)
        self.page.locator("input[name=password]").fill(password)
        self.page.get_by_role("button", name=re.compile(r"^(Se connecter|Sign in)$")).click()
        self.page.wait_for_url("**/*/")
        return self

    def looks(self, name, *, widths=(1440, 320), themes=("light", "dark")):
        """axe on the page as it stands, in each theme and width; a picture of each when pictures are wanted."""
        before = self.page.viewport_size
        html = self.page.locator("html")
        theme_before = html.get_attribute("data-bs-theme")
        faults = []
        for width in widths:
            self.page.set_viewport_size({"width": width, "height": 900 if width > 500 else 800})
            for theme in themes:
                html.evaluate("(html, theme) => html.setAttribute('data-bs-theme', theme)", theme)
                self.page.evaluate(SETTLED)
                if os.environ.get("ENTREGENT_SCREENSHOTS"):
                    SCREENSHOTS.mkdir(exist_ok=True)
                    self.page.screenshot(path=SCREENSHOTS / f"{name}-{width}-{theme}.png")
                results = Axe().run(self.page)
                faults += [
                    f"{name} {width} {theme}: {found['id']} ({found['impact']}) "
                    f"{[node['target'] for node in found['nodes'][:3]]}"
                    for found in results.response["violations"]
                ]
                wide = self.page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
                if wide > 1:
                    faults.append(f"{name} {width}: the page is {wide} px too wide")
        self.page.set_viewport_size(before)
        if theme_before is None:
            html.evaluate("html => html.removeAttribute('data-bs-theme')")
        else:
            html.evaluate("(html, theme) => html.setAttribute('data-bs-theme', theme)", theme_before)
        assert faults == [], "\n".join(faults)

    def leaves(self):
        self.context.close()
        assert self.complaints == []


@pytest.fixture
def visit(browser, instance):
    """`visit()` gives a person at a fresh browser; `visit("nadia@eaux-du-val.example")` one who has signed in."""
    visitors = []

    def arrive(email=None, **options):
        visitor = Visitor(browser, instance.url, **options)
        visitors.append(visitor)
        return visitor.signs_in(email) if email else visitor

    yield arrive
    for visitor in visitors:
        visitor.leaves()
