"""The opening handshake: RFC 6455 section 4.2, RFC 8441, and whose pages may connect."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from protocols.http import HTTPError, Request
from protocols.http.fields import Headers
from protocols.http.websocket import Endpoint, Settings
from protocols.journal import Journal
from protocols.session import Peer

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
"""The one of RFC 6455, section 1.3."""


def request(
    version: str = "1.1", upgrade: str | None = "websocket", host: str = "a.test", **headers: str | None
):
    fields = {"sec-websocket-version": "13", "sec-websocket-key": KEY if version == "1.1" else None}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    pairs = [(name, value) for name, value in fields.items() if value is not None]
    peer = Peer("https", "192.0.2.7", 4321, user="ada")
    return Request("GET", "/", headers=Headers(pairs), host=host, version=version, upgrade=upgrade, peer=peer)


def endpoint(**settings) -> Endpoint:
    return Endpoint(clock=Clock(), journal=Journal("tested"), settings=Settings(**settings))


def answer(asked: Request, **settings) -> dict[str, str]:
    served = endpoint(**settings)
    upgrade = served.accept(served.handshake(asked), None)  # type: ignore[arg-type]  # nobody listens
    assert upgrade.token == "websocket"
    return dict(upgrade.headers)


def refused(asked: Request, **settings) -> HTTPError:
    with pytest.raises(HTTPError) as raised:
        endpoint(**settings).handshake(asked)
    return raised.value


class TestRequest:
    def test_the_key_is_proven_to_be_read(self):
        assert answer(request())["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

    def test_http2_has_no_key(self):
        assert "Sec-WebSocket-Accept" not in answer(request("2"))

    def test_the_peer_is_that_of_the_request(self):
        served = endpoint()
        upgrade = served.accept(served.handshake(request()), None)  # type: ignore[arg-type]
        assert upgrade.protocol.peer == Peer("wss", "192.0.2.7", 4321, user="ada")

    def test_a_request_for_something_else(self):
        error = refused(request(upgrade=None))
        assert error.status == 426
        assert error.headers == {"Sec-WebSocket-Version": "13", "Upgrade": "websocket"}
        assert refused(request(upgrade="h2c")).status == 426
        assert "Upgrade" not in refused(request("2", upgrade=None)).headers  # HTTP/2 has no such field

    def test_one_of_several(self):
        assert answer(request(upgrade="h2c, websocket"))

    def test_another_method(self):
        asked = request()
        asked.method = "POST"
        error = refused(asked)
        assert (error.status, error.headers) == (405, {"Allow": "GET"})

    @pytest.mark.parametrize("version", [None, "12", "8", "13, 8", ""])
    def test_another_version(self, version):
        error = refused(request(sec_websocket_version=version))
        assert (error.status, error.headers["Sec-WebSocket-Version"]) == (426, "13")

    @pytest.mark.parametrize(
        "key", [None, "", "AAAA", KEY + "=", KEY[:-2], KEY + ", " + KEY, "ä" * 24, "!" * 24]
    )
    def test_a_key_that_is_none(self, key):
        assert refused(request(sec_websocket_key=key)).status == 400

    @pytest.mark.parametrize("name", ["sec_websocket_protocol", "sec_websocket_extensions"])
    def test_fields_that_cannot_be_read(self, name):
        assert refused(request(**{name: "a;;=b c"})).status == 400


class TestOrigin:
    @pytest.mark.parametrize(
        ("origin", "host"),
        [
            (None, "a.test"),
            ("http://a.test", "a.test"),
            ("https://A.test", "a.TEST"),
            ("https://a.test:443", "a.test"),
            ("http://a.test", "a.test:80"),
            ("http://a.test:8080", "a.test:8080"),
            ("http://[::1]:8080", "[::1]:8080"),
        ],
    )
    def test_of_the_host_that_is_asked(self, origin, host):
        assert answer(request(origin=origin, host=host))

    @pytest.mark.parametrize(
        "origin",
        [
            "http://b.test",
            "http://a.test:8080",
            "http://a.test.evil.test",
            "http://xa.test",
            "null",
            "",
            "file://",
            "http://",
            "http://a.test, http://b.test",
        ],
    )
    def test_of_another(self, origin):
        assert refused(request(origin=origin)).status == 403

    def test_said_twice(self):
        asked = request()
        asked.headers = Headers([*asked.headers, ("origin", "http://a.test"), ("origin", "http://a.test")])
        assert refused(asked).status == 403

    def test_of_a_list(self):
        origins = ("https://app.test", "null")
        assert answer(request(origin="https://app.test"), origins=origins)
        assert answer(request(origin="https://APP.test"), origins=origins)
        assert answer(request(origin="null"), origins=origins)
        assert answer(request(), origins=origins)
        assert refused(request(origin="http://app.test"), origins=origins).status == 403
        assert refused(request(origin="http://a.test"), origins=origins).status == 403

    def test_of_anywhere(self):
        assert answer(request(origin="https://b.test"), origins=("*",))


class TestSubprotocol:
    def test_ours_come_first(self):
        offered = request(sec_websocket_protocol="soap, wamp, chat")
        assert answer(offered, subprotocols=("chat", "soap"))["Sec-WebSocket-Protocol"] == "chat"

    def test_none_in_common(self):
        error = refused(request(sec_websocket_protocol="wamp"), subprotocols=("chat", "soap"))
        assert error.status == 400
        assert "chat, soap" in error.detail

    def test_none_offered_or_none_spoken(self):
        assert "Sec-WebSocket-Protocol" not in answer(request(), subprotocols=("chat",))
        assert "Sec-WebSocket-Protocol" not in answer(request(sec_websocket_protocol="chat"))

    def test_one_that_the_caller_chose(self):
        served = endpoint()
        handshake = served.handshake(request(sec_websocket_protocol="a, b"))
        assert handshake.subprotocols == ("a", "b")
        upgrade = served.accept(
            handshake,
            None,
            subprotocol="b",
            headers=[("X-More", "1")],  # type: ignore[arg-type]
        )
        assert dict(upgrade.headers)["Sec-WebSocket-Protocol"] == "b"
        assert dict(upgrade.headers)["X-More"] == "1"
        assert upgrade.protocol.subprotocol == "b"


class TestCompression:
    def agreed(self, offer: str, **settings) -> str | None:
        return answer(request(sec_websocket_extensions=offer), **settings).get("Sec-WebSocket-Extensions")

    @pytest.mark.parametrize(
        ("offer", "agreed"),
        [
            ("permessage-deflate", "permessage-deflate; server_max_window_bits=12"),
            (
                "permessage-deflate; client_max_window_bits",
                "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12",
            ),
            (
                "x-unknown, permessage-deflate; server_no_context_takeover; server_max_window_bits=10",
                "permessage-deflate; server_no_context_takeover; server_max_window_bits=10",
            ),
            (
                "permessage-deflate; server_max_window_bits=99, permessage-deflate",
                "permessage-deflate; server_max_window_bits=12",
            ),
        ],
    )
    def test_13_windows_are_small(self, offer, agreed):
        assert self.agreed(offer) == agreed

    @pytest.mark.parametrize(
        "offer", ["x-unknown", "permessage-deflate; what", "permessage-deflate; client_max_window_bits=7"]
    )
    def test_offers_that_are_not_taken(self, offer):
        assert self.agreed(offer) is None

    def test_switched_off(self):
        assert self.agreed("permessage-deflate", compression=False) is None
