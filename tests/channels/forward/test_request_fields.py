"""What a request says besides its body."""

from __future__ import annotations

import pytest

from protocols.channels.forward import ForwardSettings
from protocols.channels.forward.request_fields import RequestFields
from protocols.channels.forward.signature import Signer
from protocols.channels.message import Message

MESSAGE = Message(17, 1_767_225_600_123, b"body", content_type="text/plain")


def fields(message=MESSAGE, name="readings", now=1_767_225_700.9, **settings):
    made = RequestFields(name, ForwardSettings(**settings)).of(message, message.body, now)
    return {key.decode().lower(): value[0].decode() for key, value in made.getAllRawHeaders()}


def test_those_that_all_have():
    assert fields() == {
        "user-agent": "polyport",
        "content-type": "text/plain",
        "webhook-id": "readings/17/1767225600123",
        "webhook-timestamp": "1767225700",
        "polyport-channel": "readings",
        "polyport-seq": "17",
    }


def test_the_signature_is_of_what_the_others_say():
    signed = fields(secrets=("YQ==", "Yg=="))
    expected = Signer(["YQ==", "Yg=="]).sign(signed["webhook-id"], int(signed["webhook-timestamp"]), b"body")
    assert signed["webhook-signature"] == expected


def test_the_id_is_the_same_for_each_attempt_and_the_time_is_not():
    first, second = fields(now=1.0), fields(now=2.0)
    assert first["webhook-id"] == second["webhook-id"]
    assert first["webhook-timestamp"] != second["webhook-timestamp"]


def test_there_is_no_full_stop_in_an_id():
    assert fields(name="site.räume/1")["webhook-id"] == "site%2Er%C3%A4ume%2F1/17/1767225600123"


def test_the_type_of_the_content():
    assert fields(MESSAGE._replace(content_type=""))["content-type"] == "application/octet-stream"
    assert fields(format="json")["content-type"] == "application/json"
    assert fields(headers=(("Content-Type", "a/b"),))["content-type"] == "a/b"


def test_nothing_can_be_smuggled_into_a_field():
    made = fields(MESSAGE._replace(key="a\r\nX: y", content_type="te\nxt/ü"), name="x\ny")
    assert made["polyport-key"] == "a%0D%0AX: y"
    assert made["content-type"] == "te%0Axt/%C3%BC"
    assert made["polyport-channel"] == "x%0Ay"


def test_an_operator_may_say_more():
    made = fields(headers=(("Authorization", "Bearer t0ken"), ("User-Agent", "mine")))
    assert (made["authorization"], made["user-agent"]) == ("Bearer t0ken", "mine")


@pytest.mark.parametrize("header", [("X Y", "a"), ("", "a"), ("X", "a\r\nb"), ("X", "s3crät"), ("Ä", "a")])
def test_what_is_no_header(header):
    with pytest.raises(ValueError, match="header") as caught:
        fields(headers=(header,))
    assert "s3cr" not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "Webhook-Id",
        "WEBHOOK-SIGNATURE",
        "Polyport-Seq",
        "Host",
        "content-length",
        "Transfer-Encoding",
        "Connection",
    ],
)
def test_what_each_request_has_already(name):
    with pytest.raises(ValueError, match=f"the header {name} is one that each request has already"):
        fields(headers=((name, "1"),))


def test_of_two_headers_of_one_name_both_are_sent():
    settings = ForwardSettings(headers=(("X-Tag", "a"), ("x-tag", "b")))
    made = RequestFields("readings", settings).of(MESSAGE, b"", 1.0)
    assert made.getRawHeaders("X-Tag") == ["a", "b"]


def test_a_header_may_have_any_name_of_the_rfc():
    assert fields(headers=(("X.Y!", "a"),))["x.y!"] == "a"


def test_settings_show_no_secret():
    shown = repr(ForwardSettings(secrets=("s3cret",), headers=(("Authorization", "t0ken"),)))
    assert "s3cret" not in shown
    assert "t0ken" not in shown
