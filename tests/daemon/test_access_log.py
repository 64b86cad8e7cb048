"""The access log of a service."""

from __future__ import annotations

import json
import re
import signal
import socket

import pytest
from twisted.logger import globalLogPublisher

from protocols.daemon.access_log import access_log
from protocols.daemon.carriers import Carriers
from protocols.daemon.loader import load
from protocols.daemon.problems import ConfigError
from protocols.daemon.spec.log import LogSpec
from protocols.http import RequestHead
from protocols.http.access_log.access import Access
from protocols.journal import Journal
from protocols.session import Peer

ACCESS = Access(Peer("http", "192.0.2.7"), 200, 5, 0.5, 0.25, RequestHead("GET", "/a", target="/a?pin=1"))


@pytest.mark.parametrize("spec", [None, LogSpec(), LogSpec(access="off", file="access.log")])
def test_it_is_off_unless_somebody_wants_it(spec, clock) -> None:
    carriers = Carriers(Journal("web"))
    assert access_log(spec, carriers, clock) is None
    assert (carriers.stops, carriers.rotates) == ([], [])


def test_to_the_log_of_the_daemon(clock) -> None:
    said = []
    globalLogPublisher.addObserver(said.append)
    write = access_log(
        LogSpec.model_validate({"access": "combined", "redact": "pin"}), Carriers(Journal("web")), clock
    )
    write(ACCESS)
    globalLogPublisher.removeObserver(said.append)
    [event] = [event for event in said if event["log_namespace"] == "polyport.access"]
    line = event["log_format"].format(**event)
    assert re.fullmatch(r'web: 192\.0\.2\.7 - - \[.*\] "GET /a\?pin=\*\*\* HTTP/1\.1" 200 5 .*', line)


def test_to_a_file(tmp_path, clock) -> None:
    carriers = Carriers(Journal("web"))
    spec = LogSpec.model_validate({"access": "json", "file": tmp_path / "access.log"})
    write = access_log(spec, carriers, clock)
    write(ACCESS)
    [rotate], [stop] = carriers.rotates, carriers.stops
    rotate()
    write(ACCESS)
    stop()
    for name in ("access.log", "access.log.1"):
        assert json.loads((tmp_path / name).read_text())["peer"] == "192.0.2.7"


YAML = """
services:
  web:
    listen: tcp://127.0.0.1:0
    log: {access: combined, file: access.log}
    http: {/a: {respond: a}}
"""


def test_a_real_daemon_writes_and_rotates_it(real_daemon, written, connect, tmp_path) -> None:
    daemon = real_daemon(written(YAML)).ready()

    def ask(request: bytes) -> bytes:
        with connect(daemon.port("web")) as client:
            client.send(request)
            return client.rest()

    assert ask(b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").startswith(b"HTTP/1.1 200")
    daemon.send_signal(signal.SIGUSR1)
    # What is taken after the signal is answered by a daemon that has heeded it.
    assert ask(b"nonsense\r\n\r\n").startswith(b"HTTP/1.1 400")
    assert daemon.stop() == 0
    assert '"GET /a HTTP/1.1" 200 1 ' in (tmp_path / "access.log.1").read_text()
    assert re.fullmatch(r'127\.0\.0\.1 - - \[.*\] "-" 400 .*\n', (tmp_path / "access.log").read_text())


CONNECTIONS = """
services:
  shout:
    listen: [tcp://127.0.0.1:0, udp://127.0.0.1:0]
    log: {access: json, file: shout.log}
    function: functions:shout
  greeting:
    listen: tcp://127.0.0.1:0
    log: text
    factory: functions:Greeting
"""

FUNCTIONS = """
from twisted.internet.protocol import Factory, Protocol
def shout(message: str) -> str: return message.upper() + "!"
class Greet(Protocol):
    def connectionMade(self):
        self.transport.write(b"hello")
        self.transport.loseConnection()
def Greeting(): return Factory.forProtocol(Greet)
"""


def test_connections_and_datagrams_of_a_real_daemon(real_daemon, written, connect, tmp_path) -> None:
    daemon = real_daemon(written(CONNECTIONS, FUNCTIONS)).ready()
    with connect(daemon.port("shout")) as client:
        assert client.ask("hello") == b"HELLO!"
    with socket.socket(type=socket.SOCK_DGRAM) as asking:
        asking.settimeout(20)
        asking.sendto(b"a", ("127.0.0.1", daemon.port("shout", "udp")))
        assert asking.recv(100) == b"A!"
    with connect(daemon.port("greeting")) as client:
        assert client.rest() == b"hello"
    daemon.expect(r'info  greeting: 127\.0\.0\.1 - - \[[^]]+\] tcp [\d.]+ - 0 5 "-"$')
    assert daemon.stop() == 0
    lines = [json.loads(line) for line in (tmp_path / "shout.log").read_text().splitlines()]
    stream, datagram = sorted(lines, key=lambda line: line["transport"])
    assert (stream["messages"], stream["received"], stream["sent"]) == (1, 6, 7)
    assert (datagram["transport"], datagram["received"]) == ("udp", 1)


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ("builtin: echo, log: combined", "log: combined is for requests of http, and connections have text"),
        ("http: {/: {respond: a}}, log: text", "log: text is for connections, and requests of http have"),
        ("builtin: echo, log: {redact: a}", "log.redact: only requests of http have queries"),
    ],
)
def test_forms_that_do_not_fit(written, keys, problem) -> None:
    with pytest.raises(ConfigError) as found:
        load(written(f"services: {{a: {{listen: 'tcp://127.0.0.1:0', {keys}}}}}"))
    assert problem in str(found.value).replace("log.access", "log")
