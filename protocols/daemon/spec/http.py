"""``http``: the routes of a web site."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    StrictInt,
    StrictStr,
    Tag,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticCustomError

from protocols.daemon.problems import quoted
from protocols.daemon.spec.access import AccessSpec
from protocols.daemon.spec.applications import AsgiSpec, ResourceSpec, WsgiSpec
from protocols.daemon.spec.cgi import CgiSpec
from protocols.daemon.spec.channel_use import ChannelRouteSpec
from protocols.daemon.spec.choice import Known, Listed, OneOf
from protocols.daemon.spec.dashboard import DashboardSpec
from protocols.daemon.spec.events import EventsSpec
from protocols.daemon.spec.files import FilesSpec
from protocols.daemon.spec.handler import BareSpec, FunctionSpec
from protocols.daemon.spec.header import HeaderText
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.policy import AuthSpec, CorsSpec, HeaderFields, Method, RateSpec
from protocols.daemon.spec.proxy import ProxySpec
from protocols.daemon.spec.sentences import described
from protocols.daemon.spec.values import PositiveSize
from protocols.daemon.spec.websocket import WebSocketSpec

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


class RedirectSpec(Spec):
    """Sends the client to another place."""

    short = "to"

    to: HeaderText
    """The URL or path; for a route that ends in a slash, the rest of the path is appended if this
    ends in a slash too."""
    status: Annotated[Literal[301, 302, 303, 307, 308], Known()] = 308
    """The HTTP status: 301 and 308 are for ever, 302, 303 and 307 for now; 307 and 308 keep the
    method (RFC 9110 section 15.4)."""


class DocsSpec(Spec):
    """A page of what the service offers, made from the annotations of its functions, with its OpenAPI and
    AsyncAPI documents beside it: `openapi.json` and `asyncapi.json`."""

    short = "title"

    title: StrictStr | None = None
    """What the interface is called; unless said, the name of the service."""
    version: StrictStr = "1.0.0"
    """The version of the interface."""


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


class RouteBuiltinSpec(OneOf):
    """A page that is built in."""

    welcome: BareSpec | None = None
    """What this daemon serves, for people who have just started it; not for the public to see."""


class PlainRouteSpec(BareSpec):
    """A kind of route that has no settings: `true`."""

    @classmethod
    def expand(cls, data: Any) -> Any:
        return {} if data is True else data

    @classmethod
    def _no_mapping(cls, data: Any) -> str:
        return f"true is expected, for there are no settings, not {described(data)}"

    @classmethod
    def short_schema(cls, properties: dict[str, Any]) -> JsonSchemaValue | None:
        return {"const": True}


class RouteSpec(Spec):
    """What answers the requests for one path: exactly one kind of route, and what is asked of a request
    before it."""

    choices = (
        "files",
        "function",
        "events",
        "websocket",
        "channel",
        "cgi",
        "wsgi",
        "asgi",
        "resource",
        "proxy",
        "redirect",
        "respond",
        "docs",
        "metrics",
        "dashboard",
        "builtin",
    )

    files: FilesSpec | None = None
    """Serves the files of a folder."""
    function: FunctionSpec | None = None
    """Calls a Python function."""
    cgi: CgiSpec | None = None
    """Runs programs (CGI, RFC 3875)."""
    events: EventsSpec | None = None
    """Sends what a Python generator yields as Server-Sent Events."""
    proxy: ProxySpec | None = None
    """Passes requests on to other HTTP servers."""
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
    websocket: WebSocketSpec | None = None
    """Carries messages over WebSocket."""
    channel: ChannelRouteSpec | None = None
    """Publishes to a channel, and reads it."""
    docs: DocsSpec | None = None
    """Shows what the service offers, as a page and as OpenAPI and AsyncAPI documents."""
    metrics: PlainRouteSpec | None = None
    """Tells Prometheus how the daemon is: all of it, not only this service."""
    dashboard: DashboardSpec | None = None
    """Shows how the daemon is, live."""
    builtin: RouteBuiltinSpec | None = None
    """A page that is built in: welcome."""
    methods: Annotated[tuple[Method, ...], Listed(least=1)] | None = None
    """The methods it is for; unless said, all that it can answer. Others get 405."""
    hosts: Annotated[tuple[HostName, ...], Listed(least=1)] | None = None
    """The hosts it is for, such as `example.org` or `*.example.org`; unless said, all."""
    body: PositiveSize | None = None
    """The largest content of a request; unless said, that of the service's limits."""
    headers: HeaderFields | None = None
    """Header fields of every answer of the route, errors too, in the place of others of these names."""
    cors: CorsSpec | None = None
    """Which other sites' scripts may use the route."""
    rate: RateSpec | None = None
    """How often it may be asked: `50/s`, or that with settings."""
    auth: AuthSpec | None = None
    """Who may use it: those who prove who they are."""
    access: AccessSpec | None = None
    """Who may use it, of those who may use the service: by network, user, hour … Others get 403."""

    policies: ClassVar[tuple[str, ...]] = ("headers", "cors", "access", "rate", "auth")
    """What wraps the route, from the outside in; a rate by user, and rules of ``access`` about users, stand
    inside of ``auth``."""

    @property
    def is_wrapped(self) -> bool:
        """Whether there is any policy."""
        return any(getattr(self, name) is not None for name in self.policies)

    @classmethod
    def faults(cls, data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
        rate = data.get("rate")
        if isinstance(rate, dict) and rate.get("by") == "user" and "auth" not in data:
            yield ("rate", "by"), "nobody is known here: a rate by user needs auth"
        access = data.get("access")
        if isinstance(access, dict) and "refuse" in access:
            yield ("access", "refuse"), "a request is refused with status 403; remove this key"


def _form(value: Any) -> str:
    return "=routes" if isinstance(value, list | tuple) else "=route"


RouteSpecs = Annotated[
    Annotated[RouteSpec, Tag("=route")]
    | Annotated[tuple[RouteSpec, ...], Field(min_length=1), Tag("=routes")],
    Discriminator(_form),
]
"""A route, or several of one path, for different methods or hosts."""
