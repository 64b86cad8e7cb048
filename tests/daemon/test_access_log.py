"""The access log of a service."""

from __future__ import annotations

import json
import re
import signal

import pytest
from twisted.logger import globalLogPublisher

from protocols.daemon.access_log import access_log
from protocols.daemon.carriers import Carriers
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
