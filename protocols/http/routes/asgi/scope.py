"""What an ASGI application is told of a connection: its scope."""

from __future__ import annotations

import re
from typing import Any, Final

from protocols.http.request import RequestHead
from protocols.http.request_id import fields_with_id
from protocols.http.target import origin_form, split_mount

VERSIONS: Final = {"version": "3.0", "spec_version": "2.4"}
"""Of ASGI, and of its HTTP and WebSocket; since 2.4 ``send`` raises :class:`OSError` when nobody reads."""

_SPECIAL: Final = re.compile(r'["+,;<>\\]')

_PORTS: Final = {"http": 80, "https": 443}


def http_scope(request: RequestHead, rest: str, state: dict[str, Any]) -> dict[str, Any]:
    """The scope of `request`, whose path has `rest` behind that of the route."""
    return {
        "type": "http",
        "method": request.method,
        "scheme": request.scheme,
        "extensions": _extensions(request),
        **_scope(request, rest, state),
    }


def websocket_scope(
    request: RequestHead, rest: str, state: dict[str, Any], subprotocols: tuple[str, ...]
) -> dict[str, Any]:
    """The scope of a WebSocket that `request` asks for, and whose client offers `subprotocols`."""
    return {
        "type": "websocket",
        "scheme": "wss" if request.scheme == "https" else "ws",
        "subprotocols": list(subprotocols),
        "extensions": {"websocket.http.response": {}, **_extensions(request)},
        **_scope(request, rest, state),
    }


def _scope(request: RequestHead, rest: str, state: dict[str, Any]) -> dict[str, Any]:
    peer = request.peer
    scope = {
        "asgi": dict(VERSIONS),
        "http_version": request.version,
        "path": request.path,
        "raw_path": origin_form(request.target).partition("?")[0].encode("latin-1"),
        "query_string": str(request.query).encode("latin-1"),
        "root_path": split_mount(request.path, rest)[0],
        "headers": fields_with_id(request),
        # A Unix socket has no port, and a path instead of a host.
        "client": (peer.host, peer.port) if peer.port else None,
        "server": _server(request),
        "state": dict(state),
    }
    if peer.user is not None:
        scope["polyport.user"] = peer.user
    return scope


def _extensions(request: RequestHead) -> dict[str, Any]:
    """What is known of TLS, as the extension ``tls`` of ASGI has it: of a certificate, whose it is."""
    if request.scheme != "https":
        return {}
    certificate = request.peer.certificate
    tls: dict[str, Any] = {
        "server_cert": None,
        "client_cert_chain": [],
        "client_cert_name": None if certificate is None else f"CN={_escaped(certificate.subject)}",
        "client_cert_error": None,
        "tls_version": None,
        "cipher_suite": None,
    }
    return {"tls": tls}


def _escaped(text: str) -> str:
    """`text` as a value of a distinguished name (RFC 4514, section 2.4)."""
    escaped = _SPECIAL.sub(r"\\\g<0>", text).replace("\0", r"\00")
    if escaped.startswith((" ", "#")):
        escaped = "\\" + escaped
    return escaped[:-1] + "\\ " if escaped.endswith(" ") and escaped != "\\ " else escaped


def _server(request: RequestHead) -> tuple[str, int] | None:
    """What the client asked for; nothing, if it does not say."""
    name, colon, port = request.host.rpartition(":")
    if not colon or not port.isdecimal():
        name, port = request.host.removesuffix(":"), str(_PORTS[request.scheme])
    return (name, int(port)) if name else None
