"""The schema of lines says what is written."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

from protocols.connection_record import ConnectionRecord
from protocols.daemon import connection_lines
from protocols.daemon.command import main
from protocols.daemon.log import Flood, as_json
from protocols.daemon.log.flood import BURST
from protocols.daemon.log.schema import log_schema
from protocols.http import Headers, RequestHead
from protocols.http.access_log.access import Access
from protocols.http.access_log.lines import json_lines
from protocols.http.access_log.redaction import Redaction
from protocols.journal import Journal
from protocols.session import ForeseenError, Peer

FILE = Path(__file__).parents[3] / "docs" / "log.schema.json"
VALIDATOR = jsonschema.Draft202012Validator(log_schema(), format_checker=jsonschema.FormatChecker())
PEER = Peer("http", "192.0.2.1", 5, user="alice")


def check(line: str) -> dict[str, object]:
    found = json.loads(line)
    VALIDATOR.validate(found)
    return found


def test_the_file_is_current():
    done = CliRunner().invoke(main, ["schema", "--log"])
    assert FILE.read_text() == done.output, "make it anew: polyport schema --log > docs/log.schema.json"
    jsonschema.Draft202012Validator.check_schema(log_schema())
    assert json.loads(done.output) == log_schema()


def test_whatever_a_journal_says_of_failures(failures):
    events = []
    log = Logger("polyport", observer=events.append)
    log.info("hello")
    log.emit(LogLevel.debug, "{service}: listening on {address}", service="a", address="tcp://:1")
    log.failure("{service}: it failed", Failure(ValueError("on purpose")), service="a")
    journal = Journal("a")
    journal.failed(PEER, ValueError("on purpose"), "/items/{id}", "42")
    journal.failed(PEER, ForeseenError("late"))
    events += failures.take(ValueError, ForeseenError)
    keys = [set(check(as_json(event))) - {"time", "level", "logger", "message"} for event in events]
    assert keys == [
        set(),
        {"service", "address"},
        {"service", "traceback"},
        {"service", "route", "request", "peer", "traceback"},
        {"service", "peer"},
    ]


def test_what_a_flood_left_out():
    events = []
    flood = Flood(events.append)
    for _ in range(BURST + 3):
        Logger("polyport", observer=flood).warn("{service}: again", service="a")
    flood.close()
    assert check(as_json(events[-1]))["left_out"] == 3


def test_requests():
    headers = Headers([("User-Agent", "curl"), ("Referer", "https://a.test/?token=x")])
    request = RequestHead("GET", "/a", headers=headers, host="a.test")
    for access in (
        Access(PEER, 200, 5, 0.5, 0.25, request),
        Access(Peer("http"), 499, 0, 0.5, None, request),
        Access(PEER, 400, 0, None, None, None),
    ):
        check(json_lines("web", Redaction())(access))


def test_connections():
    for record in (
        ConnectionRecord(PEER, 1.5, 3, 10, 20, "reset"),
        ConnectionRecord(Peer("unix"), 0.0, None, 0, 0),
        ConnectionRecord(Peer("udp", "::1", 5), None, 1, 10, None),
    ):
        check(connection_lines.json_lines("a", Redaction())(record))


@pytest.mark.parametrize(
    "line",
    [
        {},
        {"time": "2026-01-31T12:00:00.000+00:00", "level": "loud", "logger": "a", "message": "b"},
        {"time": "2026-01-31T12:00:00.000+00:00", "level": "info", "logger": "a", "message": "b", "more": 1},
        {"time": "2026-01-31T12:00:00.000+00:00", "service": "a", "status": 200},
    ],
)
def test_it_knows_right_from_wrong(line):
    assert not VALIDATOR.is_valid(line)
