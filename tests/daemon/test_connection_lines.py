"""What a connection is in the access log."""

from __future__ import annotations

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from protocols.connection_record import ConnectionRecord
from protocols.daemon.connection_lines import json_lines, text_lines
from protocols.http.access_log.redaction import Redaction
from protocols.session import Peer

STAMP = r"\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]"
PEER = Peer("tls", "192.0.2.1", 5, user="alice b")


def text(record: ConnectionRecord) -> str:
    return text_lines("a", Redaction())(record)


def as_json(record: ConnectionRecord) -> dict[str, object]:
    line = json_lines("a", Redaction())(record)
    assert line.count("\n") == 1
    found = json.loads(line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", found.pop("time"))
    return found


def test_a_connection():
    record = ConnectionRecord(PEER, 1.5, 3, 10, 20, 'it "broke" off')
    said = re.escape(r'tls 1.500000 3 10 20 "it \"broke\" off"')
    assert re.fullmatch(rf"192\.0\.2\.1 - alice\\x20b {STAMP} {said}\n", text(record))
    assert as_json(record) == {
        "service": "a",
        "peer": "192.0.2.1",
        "port": 5,
        "user": "alice b",
        "transport": "tls",
        "duration": 1.5,
        "messages": 3,
        "received": 10,
        "sent": 20,
        "reason": 'it "broke" off',
    }


def test_what_is_not_known():
    record = ConnectionRecord(Peer("unixgram"), None, 1, 10, None)
    assert re.fullmatch(rf'- - - {STAMP} unixgram - 1 10 - "-"\n', text(record))
    assert as_json(record) == {"service": "a", "transport": "unixgram", "messages": 1, "received": 10}


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_it_is_one_line_whatever_others_write(host, user, reason):
    record = ConnectionRecord(Peer("tcp", host, user=user), 0.0, 0, 0, 0, reason)
    said = text(record)
    assert said.count("\n") == 1
    assert said.isascii()
    as_json(record)
