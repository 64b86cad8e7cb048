"""Who asks, in the variables of CGI."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from protocols.account_name import account_name
from protocols.http import Headers, Request
from protocols.http.routes.client_variables import client_variables
from protocols.session import Certificate, Credentials, Peer

EVE = Certificate("eve", (), "ab", datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC))
BASIC = ("authorization", "basic eA==")


def told(peer: Peer, *fields: tuple[str, str], scheme: str = "http") -> dict[str, str]:
    return client_variables(Request("GET", "/", headers=Headers(fields), peer=peer, scheme=scheme))


@pytest.mark.parametrize(
    ("peer", "fields", "proof"),
    [
        (Peer("http", user="eve"), [BASIC], "Basic"),
        (Peer("http", user="eve"), [("authorization", "Bearer x")], "Bearer"),
        (Peer("https", user="eve", certificate=EVE), [], "Certificate"),
        (Peer("https", user="eve", certificate=EVE), [BASIC], "Certificate"),
        (Peer("https", user="adam", certificate=EVE), [BASIC], "Basic"),
        (Peer("http", user=account_name(0), credentials=Credentials(0, 0, 1)), [BASIC], "Unix"),
        (Peer("http", user="eve", credentials=Credentials(0, 0, 1)), [BASIC], "Basic"),
    ],
)
def test_how_it_was_proved(peer, fields, proof) -> None:
    found = told(peer, *fields)
    assert (found["REMOTE_USER"], found["AUTH_TYPE"]) == (peer.user, proof)


def test_nobody() -> None:
    assert told(Peer("http"), BASIC) == {}
    assert told(Peer("https"), scheme="https") == {"HTTPS": "on", "SSL_CLIENT_VERIFY": "NONE"}


def test_a_certificate() -> None:
    found = told(Peer("https", user="eve", certificate=EVE), scheme="https")
    assert found["SSL_CLIENT_VERIFY"] == "SUCCESS"
    assert found["SSL_CLIENT_S_DN_CN"] == "eve"
    assert found["SSL_CLIENT_V_END"] == "Jan 02 03:04:05 2030 UTC"


def test_a_name_that_no_variable_can_hold() -> None:
    certificate = Certificate("root\0eve", (), "ab", EVE.expires)
    found = told(Peer("https", user="root\0eve", certificate=certificate), scheme="https")
    assert found["REMOTE_USER"] == found["SSL_CLIENT_S_DN_CN"] == "root\ufffdeve"
