"""A browser's own EventSource, WebSocket and fetch, and the pages that are built in."""

from __future__ import annotations

import shutil
import subprocess

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

FUNCTIONS = """
from twisted.internet.defer import Deferred
from protocols.http import Event, Request, Response

finished = Deferred()

async def wait(request: Request) -> Response:
    # Answers when the page has what it waits for; until then it has not loaded.
    await finished
    return Response(status=204)

async def done(request: Request) -> Response:
    finished.callback(None)
    return Response(status=204)

async def ticks(last_event_id: str | None):
    for number in range(int(last_event_id or 0) + 1, 4):
        yield Event(f"tick {number}", id=str(number))

def shout(message: str) -> str:
    return message.upper()
"""

SERVICES = """
services:
  web:
    listen: tcp://127.0.0.1:0
    http:
      /: {builtin: welcome}
      /docs/: {docs: Tried}
      /page/: {files: site}
      /ticks: {events: functions:ticks}
      /live: {websocket: {function: functions:shout}}
      /shout: {function: functions:shout}
      /wait: {function: functions:wait}
      /done: {function: functions:done}
"""

PAGE = """<!doctype html>
<title>waiting</title>
<pre id="said"></pre>
<img src="/wait">
<script>
const said = [];
const expected = 5;
function say(words) {
  said.push(words);
  document.getElementById("said").textContent = said.sort().join("\\n");
  if (said.length === expected) fetch("/done");
}
const events = new EventSource("/ticks");
events.onmessage = event => {
  say("event " + event.data + " " + event.lastEventId);
  if (event.lastEventId === "3") events.close();
};
const socket = new WebSocket("ws://" + location.host + "/live");
socket.onopen = () => socket.send("hello");
socket.onmessage = message => { say("message " + message.data); socket.close(1000); };
fetch("/shout", {method: "POST", body: "over http"}).then(r => r.text()).then(text => say("fetched " + text));
</script>
"""


@pytest.fixture
def daemon(real_daemon, written, tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text(PAGE)
    return real_daemon(written(SERVICES, FUNCTIONS)).ready()


def dom(daemon, path: str, tmp_path) -> str:
    """The page at `path` once its scripts have come to rest."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    options += [f"--user-data-dir={tmp_path}/profile", "--timeout=10000", "--dump-dom"]
    url = f"http://127.0.0.1:{daemon.port('web')}{path}"
    done = subprocess.run([CHROMIUM, *options, url], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


def test_events_messages_and_answers_reach_a_page(daemon, tmp_path):
    page = dom(daemon, "/page/", tmp_path)
    said = page.partition('<pre id="said">')[2].partition("</pre>")[0].splitlines()
    assert said == [
        "event tick 1 1",
        "event tick 2 2",
        "event tick 3 3",
        "fetched OVER HTTP",
        "message HELLO",
    ]
    assert daemon.stop() == 0
    assert daemon.errors == ""


@pytest.mark.parametrize(("path", "words"), [("/", "Polyport is running"), ("/docs/", "Over HTTP")])
def test_pages_that_are_built_in(daemon, tmp_path, path, words):
    page = dom(daemon, path, tmp_path)
    assert words in page
    assert "/shout" in page
