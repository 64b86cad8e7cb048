"""The page in a real browser, which is driven over its own protocol (Chrome DevTools Protocol)."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from websockets.sync.client import connect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

PATIENCE = 20.0
"""Seconds until something must have happened on the page; only a test that fails takes them."""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


class NavigatedError(Exception):
    """What was asked is lost, since the page gave way to the next one meanwhile."""


class Browser:
    """A headless Chromium, with one page; notes what the page complains of."""

    def __init__(self, profile: Any) -> None:
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        options += ["--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"]
        self.complaints: list[str] = []
        self._session = ""
        self._number = 0
        self._ends = ExitStack()
        process = subprocess.Popen(
            [str(CHROMIUM), *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self._ends.callback(self._end, process)
        try:
            self._socket = self._ends.enter_context(connect(_address(process), max_size=None))
        except BaseException:
            self._ends.close()
            raise

    @contextmanager
    def page(self) -> Iterator[Browser]:
        """Look at a page of its own."""
        self.complaints = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        try:
            yield self
        finally:
            self._session = ""
            self.call("Target.closeTarget", targetId=target)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._socket.send(json.dumps(message))
        while True:
            heard = json.loads(self._socket.recv(timeout=PATIENCE))
            if heard.get("id") == number:
                if heard.get("error", {}).get("message") == "Inspected target navigated or closed":
                    raise NavigatedError
                assert "error" not in heard, heard
                return heard["result"]
            self._note(heard)

    def _note(self, heard: dict[str, Any]) -> None:
        if heard.get("sessionId") != self._session:
            return  # of a page before
        method, parameters = heard.get("method"), heard.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.complaints.append(str(parameters["exceptionDetails"]))
        elif method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
            self.complaints.append(parameters["entry"]["text"] + " " + parameters["entry"].get("url", ""))
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning", "assert"):
            self.complaints.append(str(parameters["args"]))

    def go(self, url: str) -> None:
        self.call("Page.navigate", url=url)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    def value(self, expression: str) -> Any:
        """What `expression` is on the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def leave(self, expression: str) -> None:
        """Do what leads to another page, which may come before the answer does."""
        with suppress(NavigatedError):
            self.value(expression)

    def until(self, expression: str) -> Any:
        """What `expression` is once it is true."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with suppress(NavigatedError):
                if found := self.value(expression):
                    return found
        pytest.fail(f"{expression} has not come true\n{self.value('document.body.innerText')}")

    def size(self, width: int, height: int, *, dark: bool = False, motion: str = "reduce") -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        features = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": motion},
        ]
        self.call("Emulation.setEmulatedMedia", features=features)

    def end(self) -> None:
        self._ends.close()

    @staticmethod
    def _end(process: subprocess.Popen[bytes]) -> None:
        process.terminate()
        process.wait(PATIENCE)
        assert process.stderr is not None
        process.stderr.close()


def _address(process: subprocess.Popen[bytes]) -> str:
    """Where the browser listens, which it says when it does."""
    assert process.stderr is not None
    said = ""
    while not (found := re.search(r"listening on (ws://\S+)", said)):
        line = process.stderr.readline().decode()
        assert line, said
        said += line
    return found[1]


SERVER = """
import sys
from pathlib import Path

import protocols.reactor

protocols.reactor.install()
sys.path.insert(0, FOLDER)

from twisted.internet import reactor

from conftest import *
from protocols.daemon.dashboard.route import DashboardRoute
from protocols.daemon.dashboard.visitors import Visitors
from protocols.http import HTTPFactory, Limits, Request, Response
from protocols.journal import Journal

HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>\\u202e"


class Busy(FakeOperations):
    asked_for_status = 0

    def status(self):
        self.asked_for_status += 1
        n = self.asked_for_status
        services = [
            a_service(f"service-{i}", counts={"messages": n * 7 * i}, open=n) for i in range(FIRST, 40)
        ]
        worker = a_worker(cpu=n * 0.5, memory=10**8)
        channels = (
            a_channel(
                HOSTILE,
                messages=n,
                last=n,
                counts={"published": n * 5, "delivered": n * 50},
                groups=(GroupStatus(name=HOSTILE, lag=n), GroupStatus(name="audit", members=1)),
                forwards=(ForwardStatus(name=HOSTILE, to=HOSTILE, failing_since=NOW, error=HOSTILE),),
                trouble=HOSTILE,
                letters=n,
            ),
            a_channel("readings", counts={"published": n * 11}),
        )
        self.channels.messages = [
            a_message(i + 1, HOSTILE.encode(), key=HOSTILE, sender=HOSTILE) for i in range(n + 2)
        ]
        shouting = a_service(HOSTILE, counts={"failures": n * 3})
        self.now = a_status(shouting, *services, workers=(worker,), channels=channels)
        self.open = [a_connection(f"0-{i}", peer=HOSTILE, user=HOSTILE) for i in range(3)]
        self.shut_out = [PenaltyStatus(source="192.0.2.9", score=3, until=NOW)]
        return super().status()

    def kill(self, connection):
        return succeed(Outcome(done=True, text=f"{connection} {HOSTILE} is closed"))

    def tap(self, service, heard):
        for n in range(300):
            heard(a_frame(HOSTILE + str(n), peer=HOSTILE, direction=("in", "out")[n % 2]))
        return lambda: None


class Stop:
    methods, subtree, streams = ("GET",), False, False

    def respond(self, request, rest):
        # What a client is in the middle of is broken off, as where a process dies.
        port.stopListening()
        factory.abort()
        return Response(b"")

    def stop(self):
        pass


operations = Busy()
page = DashboardRoute("here", lambda: operations, reactor, Visitors(), actions=True, tap=True)
routes = {"/dashboard/": page, "/stop": Stop()}
factory = HTTPFactory(routes, journal=Journal("site"), clock=reactor, connections=100, limits=Limits())
port = reactor.listenTCP(PORT, factory, interface="127.0.0.1")
print("ready on", port.getHost().port, flush=True)
reactor.run()
"""


@pytest.fixture(scope="module")
def chromium(tmp_path_factory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.end()


@pytest.fixture
def browser(chromium) -> Iterator[Browser]:
    with chromium.page() as page:
        yield page


@pytest.fixture
def served(tmp_path) -> Iterator[Callable[..., str]]:
    """Serve the page of a daemon that is busy; its URL."""
    running: list[subprocess.Popen[bytes]] = []

    def serve(port: int = 0, first: int = 37) -> str:
        program = f"FOLDER, PORT, FIRST = {str(Path(__file__).parent)!r}, {port}, {first}\n{SERVER}"
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=Path(__file__).parents[3],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        running.append(process)
        assert process.stdout is not None
        said = process.stdout.readline().decode()
        assert said.startswith("ready on"), said
        return f"http://127.0.0.1:{said.split()[2]}/dashboard/"

    yield serve
    for process in running:
        process.kill()
        process.wait(PATIENCE)
        assert process.stdout is not None
        process.stdout.close()


BAD_CHANNEL = "?channel=" + quote("<img src=x onerror=alert(1)><script>alert(2)</script>\u202e")

TEXT = "document.querySelector('{}')?.textContent"


SAME_DRAWING = """
(async () => {
  const text = await (await fetch("./")).text();
  const drawn = page => page.querySelector("[data-key=service-38] .area").getAttribute("d");
  const served = drawn(new DOMParser().parseFromString(text, "text/html"));
  return served.split("L").length > 2 && drawn(document) === served;
})()
"""


def test_the_page_lives(browser, served):
    browser.go(served())
    browser.until(TEXT.format("#live") + " === 'Live'")
    assert browser.value("document.title") == "here · Polyport"
    browser.until(TEXT.format("[data-text=errors]") + " !== '\u2013'")
    number = "document.querySelector('[data-key=service-38] [data-text=open]').textContent"
    before = browser.value(number)
    browser.until(f"{number} !== '{before}'")
    # What the script draws is what the server would draw at that moment.
    browser.until(SAME_DRAWING)
    assert browser.complaints == []


def test_hostile_texts_are_texts(browser, served):
    browser.go(served())
    browser.until("document.querySelectorAll('[data-table=services] tr').length === 4")
    assert browser.value("document.querySelectorAll('[data-table] img, [data-table] script').length") == 0
    shown = browser.value("document.querySelector('[data-table=services] a').textContent")
    assert shown == "<img src=x onerror=alert(1)><script>alert(2)</script>\\u202e"
    browser.leave("location.href = document.querySelector('[data-table=services] a').href")
    browser.until("document.querySelectorAll('[data-table=connections] tr').length === 3")
    browser.until(TEXT.format("#live") + " === 'Live'")
    browser.value("document.getElementById('tap-switch').click()")
    browser.until("document.querySelectorAll('#frames tr').length === 200")
    assert "100 more passed unseen" in browser.value(TEXT.format("#tap-state"))
    assert browser.value("document.querySelectorAll('#frames img, #frames script').length") == 0
    assert browser.complaints == []


def test_the_page_of_a_channel(browser, served):
    browser.go(served())
    browser.until("document.querySelectorAll('[data-table=channels] tr').length === 2")
    browser.until(TEXT.format("[data-key=readings] [data-text=published]") + " !== '\u2013'")
    browser.leave("location.href = document.querySelector('[data-table=channels] a').href")
    browser.until("document.querySelectorAll('[data-table=messages] tr').length > 2")
    browser.until(TEXT.format("#live") + " === 'Live'")
    newest = TEXT.format("[data-table=messages] [data-text=seq]")
    before = browser.value(newest)
    browser.until(f"{newest} !== '{before}'")
    assert browser.value(TEXT.format("h1 [data-text=name]")).startswith("<img src=x")
    assert browser.value("document.querySelectorAll('main img, main script').length") == 0
    browser.leave("location.search = '?channel=nothing'")
    browser.until("document.body.textContent.includes('There is no channel of that name')")


def test_something_is_done_once_it_is_confirmed(browser, served):
    # A login in the address stays there, and scripts may not ask by such an address.
    browser.go(served().replace("127.0.0.1", "alice:secret@127.0.0.1") + "?service=service-38")
    browser.until(TEXT.format("#live") + " === 'Live'")
    for answer in ("no", "yes"):
        browser.until("document.querySelector('[data-table=connections] button')?.disabled === false")
        browser.value("document.querySelector('[data-table=connections] button').click()")
        browser.until("document.getElementById('ask').open")
        assert "the connection 0-0" in browser.value(TEXT.format("#ask-text"))
        assert browser.value("document.activeElement.value") == "no"
        assert browser.value("document.getElementById('outcome').hidden")
        browser.value(f"document.querySelector('#ask button[value={answer}]').click()")
        browser.until("!document.getElementById('ask').open")
    browser.until("!document.getElementById('outcome').hidden")
    assert browser.value(TEXT.format("#outcome p")).startswith("0-0 <img src=x onerror=alert(1)>")
    assert browser.complaints == []


def test_a_connection_that_is_lost_comes_back(browser, served, free_port):
    port = free_port()
    url = served(port)
    browser.go(url)
    browser.until(TEXT.format("#live") + " === 'Live'")
    browser.value("fetch('/stop').catch(() => 0)")
    browser.until(TEXT.format("#live") + " === 'Connection lost, trying again'")
    assert browser.value("document.body.className") == "lost"
    served(port)
    browser.until(TEXT.format("#live") + " === 'Live'")
    assert browser.value("document.body.className") == ""


@pytest.mark.parametrize("width", [360, 640, 800, 1000, 1200, 1920])
def test_no_page_is_wider_than_the_window(browser, served, width):
    url = served(first=30)
    browser.size(width, 800)
    for query in ("", "?service=service-38", "?channel=readings", BAD_CHANNEL):
        browser.go(url + query)
        browser.until(TEXT.format("#live") + " === 'Live'")
        assert browser.value("document.documentElement.scrollWidth") <= width


def test_by_keyboard(browser, served):
    browser.go(served())
    browser.until(TEXT.format("#live") + " === 'Live'")
    for kind in ("rawKeyDown", "keyUp"):
        browser.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
    assert browser.value("document.activeElement.className") == "skip"
    assert browser.value("document.activeElement.getBoundingClientRect().top >= 0")
    assert browser.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"


CONTRAST = """
(() => {
  const channels = colour => colour.match(/[\\d.]+/g).map(Number);
  const linear = c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => [r, g, b].map(c => linear(c / 255))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = element => {
    for (; element; element = element.parentElement) {
      const found = channels(getComputedStyle(element).backgroundColor);
      if (found.length === 3) return found;
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const element of document.querySelectorAll("body *")) {
    const says = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (!says || !element.checkVisibility()) continue;
    const both = [light(channels(getComputedStyle(element).color)), light(behind(element))];
    const [a, b] = both.sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) faint.push(`${element.outerHTML} ${(a + 0.05) / (b + 0.05)}`);
  }
  return faint;
})()
"""


@pytest.mark.parametrize("dark", [False, True])
def test_texts_stand_out(browser, served, dark):
    url = served()
    browser.size(1280, 900, dark=dark)
    for query in ("", "?service=service-38", "?channel=readings", BAD_CHANNEL):
        browser.go(url + query)
        browser.until(TEXT.format("#live") + " === 'Live'")
        assert browser.value(CONTRAST) == []


def test_without_scripts(browser, served):
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.go(served())
    page = browser.call("DOM.getDocument", depth=-1)
    assert "service-38" in json.dumps(page)
    assert browser.complaints == []
