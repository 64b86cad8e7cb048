"""A real daemon whose channel is in a real nats-server."""

from __future__ import annotations

import json
import urllib.request

import pytest

from tests.channels.conftest import NATSServer

WAIT = 20.0

YAML = """
server: {{control: off, drain: 1s}}
channels:
  readings: {{store: {{nats: {{servers: "{url}", token: secret}}}}}}
services:
  publish: {{listen: "tcp://127.0.0.1:{line}", channel: readings}}
  web: {{listen: "tcp://127.0.0.1:{web}", http: {{/readings: {{channel: readings}}}}}}
"""


@pytest.fixture
def server(asyncio_inside, tmp_path, free_port):
    server = NATSServer(tmp_path / "jetstream", free_port(), "--auth", "secret")
    server.start()
    yield server
    server.kill()


def test_it_goes_on_when_nats_is_back(server, real_daemon, written, connect, free_port):
    ports = {"line": free_port(), "web": free_port()}
    daemon = real_daemon(written(YAML.format(url=server.url, **ports))).ready()

    def history():
        with urllib.request.urlopen(f"http://127.0.0.1:{ports['web']}/readings", timeout=WAIT) as answer:
            return [json.loads(line)["body"] for line in answer]

    with connect(ports["line"]) as publisher:
        assert publisher.ask("one") == b"OK 1"
        assert history() == ["one"]
        server.kill()
        publisher.send(b"two\n")
        server.start()
        assert publisher.line() == b"OK 2"
    assert history() == ["one", "two"]
    assert daemon.stop() == 0
    assert "is back" in daemon.output
    assert daemon.errors == ""
