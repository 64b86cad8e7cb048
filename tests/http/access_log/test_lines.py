from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.http import Headers, RequestHead
from protocols.http.access_log.access import Access
from protocols.http.access_log.lines import LONGEST, combined, json_lines
from protocols.http.access_log.redaction import Redaction
from protocols.session import Peer

COMBINED = re.compile(
    r"(?P<host>\S+) - (?P<user>\S+) \[(?P<time>\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "
    r'"(?P<asked>(?:[^"\\]|\\.)*)" (?P<status>\d{3}) (?P<sent>\d+|-) '
    r'"(?P<referer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)" '
    r'(?P<first>[\d.]+|-) (?P<duration>[\d.]+|-) "(?P<id>(?:[^"\\]|\\.)*)"\n'
)


def access(target: str = "/a?token=s3cret&b=c", peer: Peer | None = None, **headers: str) -> Access:
    given = {
        "User-Agent": "curl/8",
        "Referer": "https://b.test/?token=s3cret",
        "X-Request-ID": "42",
        "Authorization": "Bearer s3cret",
        "Cookie": "session=s3cret",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    request = RequestHead("GET", "/a", headers=Headers(given.items()), target=target, host="a.test")
    request.believe_id()
    return Access(peer or Peer("http", "192.0.2.7", 4, user="alice"), 200, 12, 0.25, 0.125, request)


REFUSED = Access(Peer("http", "2001:db8::1", 4), 431, 0, None, None, None)


def line(seen: Access) -> str:
    return combined("web", Redaction())(seen)


def parsed(seen: Access) -> dict[str, str]:
    found = COMBINED.fullmatch(line(seen))
    assert found, line(seen)
    return found.groupdict()


def test_combined() -> None:
    said = parsed(access())
    assert said.pop("time")
    assert said == {
        "host": "192.0.2.7",
        "user": "alice",
        "asked": "GET /a?token=***&b=c HTTP/1.1",
        "status": "200",
        "sent": "12",
        "referer": "https://b.test/?token=***",
        "agent": "curl/8",
        "first": "0.125000",
        "duration": "0.250000",
        "id": "42",
    }


def test_a_refused_request() -> None:
    assert re.fullmatch(r'2001:db8::1 - - \[.*\] "-" 431 - "-" "-" - - "-"\n', line(REFUSED))


def test_json() -> None:
    said = json.loads(json_lines("web", Redaction())(access()))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", said.pop("time"))
    assert said == {
        "service": "web",
        "peer": "192.0.2.7",
        "user": "alice",
        "method": "GET",
        "target": "/a?token=***&b=c",
        "host": "a.test",
        "scheme": "http",
        "version": "1.1",
        "referer": "https://b.test/?token=***",
        "agent": "curl/8",
        "id": "42",
        "status": 200,
        "bytes": 12,
        "first": 0.125,
        "duration": 0.25,
    }


def test_json_leaves_out_what_is_not_known() -> None:
    assert set(json.loads(json_lines("web", Redaction())(REFUSED))) == {
        "time",
        "service",
        "peer",
        "status",
        "bytes",
    }


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ('a"b', r"a\"b"),
        ("a\\b", r"a\\b"),
        ("a\r\nb", r"a\x0d\x0ab"),
        ("\x1b[31m", r"\x1b[31m"),
        ("ü", r"\xfc"),
    ],
)
def test_what_could_be_mistaken_is_escaped(written: str, shown: str) -> None:
    assert parsed(access(User_Agent=written))["agent"] == shown


def test_a_user_with_spaces_is_one_field() -> None:
    assert parsed(access(peer=Peer("http", "", user="börje")))["user"] == r"b\xc3\xb6rje"
    assert parsed(access(peer=Peer("http", "", user="a b")))["user"] == r"a\x20b"
    assert parsed(access(peer=Peer("http", "/run/a b.sock")))["host"] == r"/run/a\x20b.sock"


def test_long_fields_are_cut() -> None:
    assert len(parsed(access(target="/" + "a" * 30_000))["asked"]) < LONGEST + 20
    assert len(json_lines("web", Redaction())(access(target="/" + "a" * 30_000))) < LONGEST + 1000


@given(st.text(st.characters(max_codepoint=255), max_size=40))
def test_whatever_a_client_writes_it_is_one_line(text: str) -> None:
    seen = access("/" + text, User_Agent=text, Referer=text, X_Request_ID=text)
    assert parsed(seen)
    as_json = json_lines("web", Redaction())(seen)
    assert as_json.count("\n") == 1
    assert as_json.isascii()
    assert "s3cret" not in line(seen) + as_json
