"""A real daemon with channels: published to and read by anything that can open a socket."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner
from websockets.sync.client import connect as connect_websocket

from protocols.daemon.command import main

WAIT = 20.0

YAML = """
server: {{control: off, drain: 2s, workers: {workers}}}
channels:
  readings: {{store: {store}, key: body.device}}
  shouts: {{store: {store}}}
services:
  publish: {{listen: ["tcp://127.0.0.1:{line}", "udp://127.0.0.1:{line}"], channel: readings}}
  follow: {{listen: "tcp://127.0.0.1:{follow}", channel: {{name: readings, mode: subscribe, since: all}}}}
  shout: {{listen: "tcp://127.0.0.1:{shout}", function: {{call: functions:shout, publish: shouts}}}}
  web:
    listen: "tcp://127.0.0.1:{web}"
    http:
      /readings: {{channel: readings}}
      /shouts: {{channel: shouts}}
      /live: {{websocket: {{channel: readings}}}}
      /relay: {{function: functions:relay}}
"""

FUNCTIONS = """
from protocols.channels import publish

def shout(message: str) -> str:
    return message.upper()

async def relay(text: str) -> int:
    return (await publish("shouts", text)).seq
"""


class Served:
    """A daemon with channels, as its users see it."""

    def __init__(self, daemon, ports, written, connect):
        self.daemon = daemon
        self.ports = ports
        self.connect = connect
        self._written = written

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.ports['web']}{path}"

    def post(self, path: str, body: bytes, content_type: str = "text/plain") -> int:
        request = urllib.request.Request(self.url(path), body, {"Content-Type": content_type})
        with urllib.request.urlopen(request, timeout=WAIT) as answer:
            assert answer.status == 201
            return json.load(answer)["seq"]

    def history(self, path: str = "/readings") -> list[str]:
        with urllib.request.urlopen(self.url(path), timeout=WAIT) as answer:
            return [json.loads(line)["body"] for line in answer]

    def waited_for(self, count: int, path: str = "/readings") -> list[str]:
        """The history once it has `count` messages: what comes without an answer takes its time."""
        while len(found := self.history(path)) < count:
            position = f"{path}?since={len(found)}&wait=1s"
            urllib.request.urlopen(self.url(position), timeout=WAIT).read()
        return found

    def reload(self, yaml: str) -> str:
        self._written(yaml, FUNCTIONS)
        before = len(re.findall("reloaded: ", self.daemon.output))
        self.daemon.send_signal(signal.SIGHUP)
        return self.daemon.expect(rf"(?s)\A(?:.*?reloaded: ){{{before + 1}}}([^\n]*)\n")[1]


@pytest.fixture
def ports(free_port):
    return {name: free_port() for name in ("line", "follow", "shout", "web")}


@pytest.fixture
def yaml(ports):
    """The YAML for a `store` and so many `workers`."""
    return lambda store="memory", workers=1: YAML.format(store=store, workers=workers, **ports)


@pytest.fixture
def start(real_daemon, written, ports, connect):
    def start(yaml: str) -> Served:
        return Served(real_daemon(written(yaml, FUNCTIONS)).ready(), ports, written, connect)

    return start


@pytest.mark.parametrize("store", ["memory", "sqlite"])
def test_whatever_publishes_everybody_reads_it(start, yaml, store):
    served = start(yaml(store))
    with served.connect(served.ports["line"]) as publisher, served.connect(served.ports["follow"]) as reader:
        assert publisher.ask("one") == b"OK 1"
        assert reader.line() == b"one"
        assert served.post("/readings", b"two") == 2
        assert reader.line() == b"two"
        with socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            datagrams.sendto(b"three", ("127.0.0.1", served.ports["line"]))
        assert reader.line() == b"three"
        with connect_websocket(f"ws://127.0.0.1:{served.ports['web']}/live") as browser:
            assert publisher.ask("four") == b"OK 4"
            assert browser.recv(WAIT) == "four"
        events = urllib.request.Request(
            served.url("/readings"), headers={"Accept": "text/event-stream", "Last-Event-ID": "3"}
        )
        with urllib.request.urlopen(events, timeout=WAIT) as stream:
            lines = iter(stream.readline, b"")
            assert next(line for line in lines if line.startswith(b"id:")) == b"id: 4\n"
    assert served.history() == ["one", "two", "three", "four"]
    assert served.daemon.stop() == 0
    assert served.daemon.errors == ""


def test_functions_publish_what_they_answer_or_what_they_like(start, yaml):
    served = start(yaml())
    with served.connect(served.ports["shout"]) as client:
        assert client.ask("hello") == b"OK 1"
    with urllib.request.urlopen(served.url("/relay?text=more"), timeout=WAIT) as answer:
        assert answer.read() == b"2"
    assert served.history("/shouts") == ["HELLO", "more"]
    assert served.daemon.stop() == 0
    assert served.daemon.errors == ""


def test_what_a_typed_channel_refuses_closes_nothing(real_daemon, written, yaml, ports, connect):
    typed = yaml().replace("key: body.device", "schema: functions:Reading")
    reading = "from dataclasses import dataclass\n\n@dataclass\nclass Reading:\n    bar: float\n"
    daemon = real_daemon(written(typed, FUNCTIONS + reading)).ready()
    with connect(ports["line"]) as publisher:
        assert publisher.ask('{"bar": "much"}').startswith(b"ERR /bar: ")
        assert publisher.ask('{"bar": 2.5}') == b"OK 1"
    assert daemon.stop() == 0


def test_a_restart_forgets_nothing_of_a_file(start, yaml, tmp_path):
    served = start(yaml("sqlite"))
    with served.connect(served.ports["line"]) as publisher:
        assert publisher.ask("one") == b"OK 1"
    assert served.daemon.stop() == 0
    file = tmp_path / "channels" / "readings.sqlite"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    served = start(yaml("sqlite"))
    with served.connect(served.ports["line"]) as publisher:
        assert publisher.ask("two") == b"OK 2"
    assert served.history() == ["one", "two"]


@pytest.mark.parametrize("store", ["memory", "sqlite"])
def test_a_reload_keeps_changes_adds_and_drops_channels(start, yaml, store):
    served = start(yaml(store))
    with served.connect(served.ports["line"]) as before, served.connect(served.ports["follow"]) as reader:
        assert before.ask("one") == b"OK 1"
        assert reader.line() == b"one"
        changed = yaml(store).replace("key: body.device", "message: 10")
        said = served.reload(changed)
        assert said == "1 kept, 3 changed, 0 added, 0 dropped; channels: 1 changed"
        # Who was there goes on with what it was, for the time that it has to finish.
        assert before.ask("longer than ten") == b"OK 2"
        assert reader.line() == b"longer than ten"
        with served.connect(served.ports["line"]) as after:
            assert after.ask("longer than ten").startswith(b"ERR a message of 15 bytes")
            assert after.ask("three") == b"OK 3"
            assert served.history() == ["one", "longer than ten", "three"]
        assert reader.line() == b"three"
    added = changed.replace("  shouts:", f"  more: {{store: {store}}}\n  shouts:")
    added = added.replace("/shouts:", "/more: {channel: more}\n      /shouts:")
    assert served.reload(added) == "3 kept, 1 changed, 0 added, 0 dropped; channels: 1 added"
    assert served.post("/more", b"first") == 1
    assert served.reload(changed) == "3 kept, 1 changed, 0 added, 0 dropped; channels: 1 dropped"
    with pytest.raises(urllib.error.HTTPError, match="404"):
        served.post("/more", b"second")
    assert served.history() == ["one", "longer than ten", "three"]
    assert served.daemon.stop() == 0
    assert served.daemon.errors == ""


def test_processes_see_each_others_messages(start, yaml):
    served = start(yaml("sqlite", workers=2))
    readers = [served.connect(served.ports["follow"]) for _ in range(8)]
    publishers = [served.connect(served.ports["line"]) for _ in range(8)]
    try:
        for index, publisher in enumerate(publishers):
            assert publisher.ask(f"m{index}") == f"OK {index + 1}".encode()
        for reader in readers:
            assert [reader.line() for _ in publishers] == [f"m{index}".encode() for index in range(8)]
    finally:
        for client in (*readers, *publishers):
            client.socket.close()
    assert served.daemon.stop() == 0
    assert served.daemon.errors == ""


def test_another_daemon_takes_over_with_the_same_files(real_daemon, written, ports, connect, gone, yaml):
    upgrading = yaml("sqlite").replace("control: off", "control: 'unix:control.sock'")
    daemon = real_daemon(written(upgrading, FUNCTIONS)).ready()
    with connect(ports["line"]) as before, connect(ports["follow"]) as reader:
        assert before.ask("one") == b"OK 1"
        daemon.send_signal(signal.SIGUSR2)
        successor = int(daemon.expect(r"process (\d+) has taken over")[1])
        try:
            with connect(ports["line"]) as after:
                assert after.ask("two") == b"OK 2"
            # Who is still with the first is heard by all, and hears everything.
            assert before.ask("three") == b"OK 3"
            assert [reader.line() for _ in range(3)] == [b"one", b"two", b"three"]
            with connect(ports["follow"]) as other:
                assert [other.line() for _ in range(3)] == [b"one", b"two", b"three"]
        finally:
            os.kill(successor, signal.SIGTERM)
            assert gone(successor)
    assert daemon.status() == 0
    assert daemon.errors == ""


def test_whoever_only_checks_makes_no_file(written, forgotten_imports, yaml, tmp_path):
    result = CliRunner().invoke(main, ["check", str(written(yaml("sqlite"), FUNCTIONS))])
    assert result.exit_code == 0, result.output
    assert not (tmp_path / "channels").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_files_are_those_of_whom_the_daemon_has_become(real_daemon, free_port):
    port = free_port()
    # What another user may enter: the folders of tests are root's.
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o777)
        file = folder / "polyport.yaml"
        file.write_text(
            "server: {control: off, user: nobody}\nchannels: {readings: {}}\n"
            f"services: {{in: {{listen: 'tcp://127.0.0.1:{port}', channel: readings}}}}\n"
        )
        daemon = real_daemon(file).ready()
        kept = folder / "channels" / "readings.sqlite"
        assert kept.owner() == kept.parent.owner() == "nobody"
        assert daemon.stop() == 0


def test_a_channel_that_cannot_be_opened_ends_the_start(real_daemon, written, yaml, tmp_path):
    (tmp_path / "channels").write_text("no folder")
    daemon = real_daemon(written(yaml("sqlite"), FUNCTIONS))
    assert daemon.status() == 1
    assert len(re.findall("cannot start: channel readings: ", daemon.output)) == 1
    assert "Traceback" not in daemon.output + daemon.errors


def test_a_reload_that_cannot_open_one_changes_nothing(start, yaml, tmp_path):
    served = start(yaml())
    assert served.post("/readings", b"one") == 1
    (tmp_path / "channels").write_text("no folder")
    served._written(yaml("sqlite"), FUNCTIONS)
    served.daemon.send_signal(signal.SIGHUP)
    served.daemon.expect("not reloaded: .*channel readings: ")
    assert served.post("/readings", b"two") == 2
    assert "Traceback" not in served.daemon.output + served.daemon.errors


def test_messages_are_passed_on(start, yaml):
    with socket.socket(type=socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(WAIT)
        to = f"udp://127.0.0.1:{receiver.getsockname()[1]}"
        forwarding = yaml().replace("key: body.device", f"forward: {{out: '{to}'}}")
        served = start(forwarding)
        assert served.post("/readings", b"one") == 1
        assert receiver.recv(100) == b"one"
        # It is no other channel because of that.
        said = served.reload(yaml().replace(", key: body.device", ""))
        assert said == "4 kept, 0 changed, 0 added, 0 dropped; channels: 1 changed, 1 dropped"
        assert served.post("/readings", b"two") == 2
        assert served.reload(forwarding).startswith("4 kept")
        assert receiver.recv(100) == b"two"
    assert served.daemon.stop() == 0
    assert served.daemon.errors == ""
