"""``http``: the routes of a web site."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    Tag,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from protocols.daemon.problems import quoted
from protocols.daemon.spec.applications import AsgiSpec, ResourceSpec, WsgiSpec
from protocols.daemon.spec.choice import Known, Listed
from protocols.daemon.spec.handler import FunctionSpec
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.paths import FilePath
from protocols.daemon.spec.sentences import described
from protocols.daemon.spec.values import PositiveSize

_ROUTE = r"^/[^?#\s]*$"


def _route_path(value: Any) -> str:
    text = ""
    if not isinstance(value, str) or not value.startswith("/"):
        text = f'a path begins with "/", and {described(value)} does not'
    elif not re.fullmatch(_ROUTE[1:-1], value) or not value.isprintable():
        text = f"{quoted(value)} holds ?, # or a space, which a path cannot"
    elif "//" in value or {".", ".."} & set(value.split("/")):
        text = f'{quoted(value)} holds "//", "/./" or "/../", which no request would match'
    if text:
        raise PydanticCustomError("route", "{problem}", {"problem": text})
    return str(value)


RoutePath = Annotated[
    str, BeforeValidator(_route_path), WithJsonSchema({"type": "string", "pattern": _ROUTE})
]
"""The path of a URL.  One that ends in a slash stands for everything below it, any other for itself."""


def _one_line(value: str) -> str:
    if not value.isprintable() or not value.isascii() or not value:
        text = f"{quoted(value)} must be printable ASCII on one line"
        raise PydanticCustomError("header", "{problem}", {"problem": text})
    return value


HeaderText = Annotated[StrictStr, BeforeValidator(lambda v: _one_line(v) if isinstance(v, str) else v)]
"""Text that can stand in a header (RFC 9110 section 5.5): a line break would begin another header."""


def _file_name(value: Any) -> Any:
    if isinstance(value, str) and (not value or "/" in value or "\0" in value or value in (".", "..")):
        text = f"{quoted(value)} is not the name of a file"
        raise PydanticCustomError("file_name", "{problem}", {"problem": text})
    return value


class FilesSpec(Spec):
    """Serves the files of a folder."""

    short = "folder"

    folder: FilePath
    """The folder; relative ones begin in the folder of the YAML file."""
    index: tuple[Annotated[StrictStr, BeforeValidator(_file_name)], ...] = ("index.html",)
    """The files that stand for a folder; the first that exists is sent."""
    listing: StrictBool = False
    """Whether a folder without any of these is shown as a list of its files."""


class RedirectSpec(Spec):
    """Sends the client to another place."""

    short = "to"

    to: HeaderText
    """The URL or path; for a route that ends in a slash, the rest of the path is appended if this
    ends in a slash too."""
    status: Annotated[Literal[301, 302, 303, 307, 308], Known()] = 308
    """The HTTP status: 301 and 308 are for ever, 302, 303 and 307 for now; 307 and 308 keep the
    method (RFC 9110 section 15.4)."""


class RespondSpec(Spec):
    """Answers with a text that never changes."""

    short = "body"

    body: StrictStr
    """The text, sent as UTF-8."""
    status: Annotated[StrictInt, Field(ge=200, le=599)] = 200
    """The HTTP status, from 200 to 599."""
    type: HeaderText = "text/plain; charset=utf-8"
    """The media type, for the Content-Type header."""


_HOST = r"^(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?$|^\[[0-9a-f:.]+\]$"


def _host(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(_HOST, value.lower()):
        text = f"{quoted(value)} is not the name of a host, such as example.org or *.example.org"
        raise PydanticCustomError("host", "{problem}", {"problem": text})
    return value.lower() if isinstance(value, str) else value


HostName = Annotated[StrictStr, BeforeValidator(_host), WithJsonSchema({"type": "string", "pattern": _HOST})]
"""The name of a host as clients ask for it, without a port."""

Method = Annotated[Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"], Known()]


class RouteSpec(Spec):
    """What answers the requests for one path: exactly one kind of route, and what is asked of a request
    before it."""

    choices = ("files", "function", "wsgi", "asgi", "resource", "redirect", "respond")

    files: FilesSpec | None = None
    """Serves the files of a folder."""
    function: FunctionSpec | None = None
    """Calls a Python function."""
    wsgi: WsgiSpec | None = None
    """Answers with a WSGI application (PEP 3333), such as one of Flask or Django."""
    asgi: AsgiSpec | None = None
    """Answers with an ASGI application, such as one of Starlette, FastAPI or Django."""
    resource: ResourceSpec | None = None
    """Answers with a resource of twisted.web, such as one of Klein."""
    redirect: RedirectSpec | None = None
    """Sends the client to another place."""
    respond: RespondSpec | None = None
    """Answers with a text that never changes."""
    methods: Annotated[tuple[Method, ...], Listed(least=1)] | None = None
    """The methods it is for; unless said, all that it can answer. Others get 405."""
    hosts: Annotated[tuple[HostName, ...], Listed(least=1)] | None = None
    """The hosts it is for, such as `example.org` or `*.example.org`; unless said, all."""
    body: PositiveSize | None = None
    """The largest content of a request; unless said, that of the service's limits."""


def _form(value: Any) -> str:
    return "=routes" if isinstance(value, list | tuple) else "=route"


RouteSpecs = Annotated[
    Annotated[RouteSpec, Tag("=route")]
    | Annotated[tuple[RouteSpec, ...], Field(min_length=1), Tag("=routes")],
    Discriminator(_form),
]
"""A route, or several of one path, for different methods or hosts."""
