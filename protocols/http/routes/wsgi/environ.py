"""What a WSGI application is told of a request (PEP 3333, "environ Variables")."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from protocols.http.request import RequestHead
from protocols.http.request_id import fields_with_id
from protocols.http.routes.client_variables import client_variables
from protocols.http.routes.wsgi.file_wrapper import FileWrapper
from protocols.http.target import split_mount

CONSTANT: Final[dict[str, Any]] = {
    "wsgi.version": (1, 0),
    "wsgi.multithread": True,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
    # Reading comes to an end where the content does, whether or not its length is known.
    "wsgi.input_terminated": True,
    "wsgi.file_wrapper": FileWrapper,
}
"""What is the same for every request."""

LEFT_OUT: Final = frozenset(
    {
        b"content-length",  # CONTENT_LENGTH says it
        b"content-type",
        b"proxy",  # HTTP_PROXY is a setting of HTTP clients, which the application may be too
    }
)

_PORTS: Final = {"http": "80", "https": "443"}


def environ_of(request: RequestHead, rest: str, length: int | None) -> dict[str, Any]:
    """The variables that describe `request`, whose path has `rest` behind that of the route.

    Text is as PEP 3333 wants it: its bytes as Latin-1.  A header whose name has an underscore is left out:
    it would be taken for the one with a hyphen, which a proxy may have checked.

    :param length: bytes of the content, where they are known.
    """
    mount, below = split_mount(request.path, rest)
    name, port = _server(request)
    environ = {
        **CONSTANT,
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": _octets(mount),
        "PATH_INFO": _octets(below),
        "QUERY_STRING": str(request.query),
        "SERVER_NAME": name,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{request.version}",
        "wsgi.url_scheme": request.scheme,
    }
    for octets, value in fields_with_id(request):
        key = _key(octets)
        if key:
            text = value.decode("latin-1")
            environ[key] = f"{environ[key]}{_between(key)}{text}" if key in environ else text
    if request.host:
        environ["HTTP_HOST"] = request.host
    if length is not None and (length or request.method in ("POST", "PUT", "PATCH")):
        environ["CONTENT_LENGTH"] = str(length)
    _add_peer(environ, request)
    return environ


def _add_peer(environ: dict[str, Any], request: RequestHead) -> None:
    """Who asks."""
    peer = request.peer
    # On a Unix socket the host is a path, or nothing.
    environ["REMOTE_ADDR"] = "" if peer.host[:1] in ("/", "@") else peer.host
    if peer.port:
        environ["REMOTE_PORT"] = str(peer.port)
    for name, value in client_variables(request).items():
        environ[name] = _octets(value)


def _server(request: RequestHead) -> tuple[str, str]:
    """The name and the port that the client asked for."""
    host = request.host
    name, colon, port = host.rpartition(":")
    if not colon or not port.isdecimal():
        name, port = host.removesuffix(":"), _PORTS[request.scheme]
    return name or "localhost", port


@lru_cache(maxsize=512)
def _key(name: bytes) -> str:
    """The variable for the header `name`; nothing, if there is to be none."""
    if name in LEFT_OUT or b"_" in name:
        return "CONTENT_TYPE" if name == b"content-type" else ""
    return "HTTP_" + name.decode("latin-1").upper().replace("-", "_")


def _between(key: str) -> str:
    """What stands between two values (RFC 9110, section 5.3; RFC 9113, section 8.2.3)."""
    return "; " if key == "HTTP_COOKIE" else ", "


def _octets(text: str) -> str:
    return text if text.isascii() else text.encode().decode("latin-1")
