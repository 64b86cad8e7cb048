"""What a script is told of a request (RFC 3875, section 4.1)."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from protocols.handlers.program.command import Environment, clean_environment
from protocols.http.request import RequestHead
from protocols.http.request_id import fields_with_id
from protocols.http.routes.cgi.script import Script
from protocols.http.routes.client_variables import client_variables

SOFTWARE: Final = "polyport"
"""SERVER_SOFTWARE; no version, as in the Server header."""

WITHHELD: Final = frozenset(
    {
        b"authorization",  # whoever may list processes may see it
        b"connection",
        b"content-length",
        b"content-type",
        b"expect",
        b"keep-alive",
        b"proxy",  # as HTTP_PROXY it would send what a script asks of others to anybody (httpoxy)
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Header fields that no HTTP_ variable is made of: secrets, what has a variable of its own, and what was
about the connection (RFC 3875, section 4.1.18)."""

_NAME = re.compile(rb"[a-z0-9-]+")
_DASH_TO_LINE = bytes.maketrans(b"abcdefghijklmnopqrstuvwxyz-", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_ADDRESS = re.compile(r"[0-9.]+|[0-9A-Fa-f:.]+(%\w+)?")
_HOST = re.compile(r"(\[[^\]]*\]|[^:]*)(?::(\d*))?")
_PORTS: Final = {"http": "80", "https": "443"}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all requests to a route have in common.

    :param documents: the folder that PATH_TRANSLATED begins with.
    :param environment: more variables, which win over those of a request.
    :param authorization: whether scripts check passwords themselves, and so are told them.
    """

    documents: str
    environment: Mapping[str, str]
    authorization: bool = False


def metavariables(
    request: RequestHead, script: Script, rest: str, length: int, surroundings: Surroundings
) -> Environment:
    """The environment of `script`.

    :param rest: the path below the route.
    :param length: bytes of the content; 0 for none.
    """
    named = surroundings.environment
    # What is below the route is the end of the path, also where that has parameters.
    prefix = request.path[: len(request.path) - len(rest)]
    variables = {
        "GATEWAY_INTERFACE": "CGI/1.1",
        "QUERY_STRING": str(request.query),
        "REQUEST_METHOD": request.method,
        "REQUEST_SCHEME": request.scheme,
        "REQUEST_URI": request.target,
        "SCRIPT_FILENAME": script.file,
        "SCRIPT_NAME": prefix + script.name if script.name else prefix.rstrip("/"),
        "SERVER_PROTOCOL": "HTTP/2.0" if request.version == "2" else f"HTTP/{request.version}",
        "SERVER_SOFTWARE": SOFTWARE,
    }
    if script.info:
        variables["PATH_INFO"] = script.info
        variables["PATH_TRANSLATED"] = surroundings.documents + script.info
    variables |= _server(request)
    variables |= _client(request)
    variables |= client_variables(request)
    environment = clean_environment({})
    _add_fields(environment, request, length, surroundings.authorization)
    environment.update((os.fsencode(name), os.fsencode(value)) for name, value in variables.items())
    environment.update((os.fsencode(name), os.fsencode(value)) for name, value in named.items())
    return environment


def _server(request: RequestHead) -> dict[str, str]:
    """The name and port that the client asked for, which links of the script's should lead to again."""
    host = _HOST.fullmatch(request.host)
    name, port = host.groups() if host is not None else ("", None)
    return {"SERVER_NAME": name or "localhost", "SERVER_PORT": port or _PORTS.get(request.scheme, "80")}


def _client(request: RequestHead) -> dict[str, str]:
    peer = request.peer
    # A Unix socket has no address; "unix:" is what nginx says of one, too.
    address = peer.host if _ADDRESS.fullmatch(peer.host) else "unix:"
    client = {"REMOTE_ADDR": address, "REMOTE_HOST": address}
    if peer.port:
        client["REMOTE_PORT"] = str(peer.port)
    return client


def _add_fields(environment: Environment, request: RequestHead, length: int, authorization: bool) -> None:
    for name, value in fields_with_id(request):
        if name == b"authorization" and authorization:
            environment[b"HTTP_AUTHORIZATION"] = value
        elif name == b"content-type":
            environment[b"CONTENT_TYPE"] = value
        elif name not in WITHHELD and _NAME.fullmatch(name):
            # "X_Foo" is left out: it would look like "X-Foo", which a proxy in front may have set.
            key = b"HTTP_" + name.translate(_DASH_TO_LINE)
            if key in environment:
                value = environment[key] + (b"; " if name == b"cookie" else b", ") + value
            environment[key] = value
    if length:
        environment[b"CONTENT_LENGTH"] = b"%d" % length
