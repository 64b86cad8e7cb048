"""A real daemon that passes messages on to a server of the test, and goes on after it was killed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import queue
import signal
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

WAIT = 20.0

KEY = b"0123456789abcdef0123456789abcdef"

YAML = """
server: {{control: off, drain: 2s}}
channels:
  orders:
    store: sqlite
    forward:
      shop:
        to: http://127.0.0.1:{hook}/hooks/orders
        secret: whsec_{secret}
        since: all
        tries: 0
        deadline: 2s  # what was on its way when it was killed is its own until a few seconds after that
        backoff: 10ms
services:
  intake: {{listen: "tcp://127.0.0.1:{line}", channel: orders}}
"""


class Hook(BaseHTTPRequestHandler):
    """Puts each request into the queue of its server, and answers what that has for it."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.put((self.path, dict(self.headers.items()), body))
        status = self.server.statuses.get(timeout=WAIT)
        if status is None:
            return  # it never answers
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        """Nothing."""


@pytest.fixture
def hook():
    """A server that answers with the statuses that the test puts into ``statuses``, one after the other."""
    server = HTTPServer(("127.0.0.1", 0), Hook)
    server.requests, server.statuses = queue.Queue(), queue.Queue()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.statuses.put(None)
    server.shutdown()
    thread.join(WAIT)
    server.server_close()


def signature(fields, body):
    """What Standard Webhooks wants, written down anew."""
    content = b".".join((fields["webhook-id"].encode(), fields["webhook-timestamp"].encode(), body))
    return "v1," + base64.b64encode(hmac.new(KEY, content, hashlib.sha256).digest()).decode()


def received(hook, status):
    """The body and the id of the next request, which is answered with `status`."""
    path, fields, body = hook.requests.get(timeout=WAIT)
    fields = {name.lower(): value for name, value in fields.items()}
    assert path == "/hooks/orders"
    assert hmac.compare_digest(fields["webhook-signature"], signature(fields, body))
    hook.statuses.put(status)
    return body, fields["webhook-id"]


def test_it_goes_on_where_it_was_killed(real_daemon, written, free_port, connect, hook):
    ports = {"hook": hook.server_address[1], "line": free_port()}
    file = written(YAML.format(secret=base64.b64encode(KEY).decode(), **ports))
    daemon = real_daemon(file).ready()
    with connect(ports["line"]) as publisher:
        assert publisher.ask("one") == b"OK 1"
        failed = [received(hook, status) for status in (500, 503, 204)]
        # Twice it fails, then it is taken: each time as the same message.
        assert [body for body, _ in failed] == [b"one"] * 3
        assert len({name for _, name in failed}) == 1
        for number, text in enumerate(("two", "three", "four"), 2):
            assert publisher.ask(text) == f"OK {number}".encode()
        assert received(hook, 200)[0] == b"two"
        _, third, _ = hook.requests.get(timeout=WAIT)  # and it is killed while this is on its way
        daemon.send_signal(signal.SIGKILL)
        assert daemon.status() == -signal.SIGKILL
        hook.statuses.put(None)
    again = real_daemon(file).ready()
    taken = [received(hook, 200) for _ in range(2)]
    assert [body for body, _ in taken] == [b"three", b"four"]
    assert taken[0][1] in third.values()
    assert again.stop() == 0
    assert again.errors == ""
