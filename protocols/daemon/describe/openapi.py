"""The HTTP routes of a service as an OpenAPI 3.1 document.

https://spec.openapis.org/oas/v3.1.1.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from protocols.daemon.describe.channel_operation import channel_operation
from protocols.daemon.describe.function_operation import FunctionOperation
from protocols.daemon.describe.problem import DETAIL, PROBLEM
from protocols.daemon.describe.schemas import PATH_TEXT, Built, Schemas
from protocols.daemon.loader import Loaded
from protocols.daemon.spec.address import Address
from protocols.daemon.spec.http import RouteSpec
from protocols.daemon.spec.service import ServiceSpec
from protocols.http.routes.function import takes_request_alone, usual_methods
from protocols.http.routing import parameter_names

VERSION: Final = "3.1.1"

REST: Final = "rest"
"""What the part of a path is called that a route below a slash looks at itself."""

REPLACED: Final = ("200", "default")
"""Responses that are not sent where what a function returns is published."""

WORDS: Final = {
    "files": ("A file of a folder", ("get",)),
    "cgi": ("A program (CGI)", ("get", "post")),
    "wsgi": ("A WSGI application", ("get", "post", "put", "patch", "delete")),
    "asgi": ("An ASGI application", ("get", "post", "put", "patch", "delete")),
    "resource": ("A resource of twisted.web", ("get", "post")),
    "proxy": ("Another HTTP server", ("get", "post", "put", "patch", "delete")),
    "redirect": ("Another place", ("get", "post", "put", "patch", "delete")),
    "respond": ("A fixed answer", ("get",)),
    "builtin": ("A page for people", ("get",)),
    "metrics": ("How the daemon is, for Prometheus", ("get",)),
    "docs": ("What there is, as a page and as documents", ("get",)),
    "dashboard": ("How the daemon is, live", ("get",)),
    "websocket": ("A WebSocket (RFC 6455)", ("get",)),
    "events": ("A stream of events", ("get",)),
    "channel": ("A channel: published to, and read", ("get", "post")),
}
"""What each kind of route is whose requests nothing here can describe, and the methods worth naming."""


def openapi(loaded: Loaded, service: str, title: str, version: str) -> dict[str, Any]:
    """The document of `service`, which is one of those with ``http``.

    :param title: of the interface, for people.
    :param version: of the interface.
    """
    spec = loaded.config.services[service]
    schemas = Schemas()
    routes = [_Route(str(place[1]), route, loaded, schemas) for place, route in spec.routes]
    built = schemas.build()
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        item = paths.setdefault(route.path, {})
        for method, operation in route.operations(built):
            item.setdefault(method, operation)
    components: dict[str, Any] = {"schemas": {"Problem": PROBLEM, **built.definitions}}
    security = dict(_security(spec))
    if security:
        components["securitySchemes"] = security
    return {
        "openapi": VERSION,
        "info": {"title": title, "version": version},
        "servers": [{"url": url} for address in _shown(service, spec, loaded) if (url := _url(address))],
        "paths": {path: item for path, item in paths.items() if item},
        "components": components,
    }


class _Route:
    """One route."""

    def __init__(self, path: str, spec: RouteSpec, loaded: Loaded, schemas: Schemas) -> None:
        self.path = path + f"{{{REST}}}" if path.endswith("/") and path != "/" else path
        self._spec = spec
        self._names = (*parameter_names(path), *((REST,) if self.path != path else ()))
        self._function: FunctionOperation | None = None
        self._whole: Any = None
        if spec.function is not None:
            function: Any = loaded.resolved[spec.function.call]
            if takes_request_alone(function):
                self._whole = function
            else:
                self._function = FunctionOperation(function, path, spec.function.codec, schemas)

    def operations(self, built: Built) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every method, in lower case, with its operation."""
        for method in self._methods():
            if self._function is not None:
                operation = self._function.operation(method.upper(), built)
            else:
                operation = self._other(method)
            operation["operationId"] = _identifier(method, self.path)
            if self._spec.function is not None and self._spec.function.publish is not None:
                told = channel_operation("post", self._spec.function.publish)["responses"]
                others = {key: one for key, one in operation["responses"].items() if key not in REPLACED}
                operation["responses"] = others | told
            if self._spec.auth is not None:
                kinds = ("basic", self._spec.auth.basic), ("bearer", self._spec.auth.bearer)
                operation["security"] = [{kind: []} for kind, file in kinds if file is not None]
                operation["responses"]["401"] = DETAIL
            if self._spec.rate is not None:
                operation["responses"]["429"] = DETAIL
            operation["responses"].setdefault("default", DETAIL)
            yield method, operation

    def _methods(self) -> tuple[str, ...]:
        if self._function is not None:
            known = tuple(method.lower() for method in self._function.methods)
        elif self._whole is not None:
            known = ("get", "post", "put", "patch", "delete")
        else:
            known = WORDS[self._spec.kind][1]
            channel = self._spec.channel
            if channel is not None:
                wanted = {"get": channel.read, "post": channel.publish}
                known = tuple(method for method in known if wanted[method])
        chosen: tuple[str, ...] | None = self._spec.methods
        if chosen is None and self._function is not None:
            chosen = usual_methods(self._function.methods)
        if self._spec.function is not None and self._spec.function.publish is not None:
            # What a GET asks for is not published.
            known = tuple(method for method in known if method not in ("get", "head"))
        return tuple(method for method in known if chosen is None or method.upper() in chosen)

    def _other(self, method: str) -> dict[str, Any]:
        """The operation of a route that looks at requests itself."""
        spec = self._spec
        summary = WORDS.get(spec.kind, ("A function of the whole request", ()))[0]
        operation: dict[str, Any] = {
            "summary": summary,
            "responses": {"default": {"description": "The answer"}},
        }
        words = (self._whole.__doc__ or "").strip() if self._whole is not None else ""
        if words:
            operation["description"] = words
        if spec.redirect is not None:
            operation["responses"] = {str(spec.redirect.status): {"description": f"To {spec.redirect.to}"}}
        elif spec.respond is not None:
            media = {spec.respond.type: {"schema": {"type": "string"}}} if spec.respond.body else {}
            operation["responses"] = {
                str(spec.respond.status): {"description": "As always", "content": media}
            }
        elif spec.events is not None:
            media = {"text/event-stream": {"schema": {"type": "string"}}}
            operation["responses"] = {"200": {"description": "Events", "content": media}, "default": DETAIL}
        elif spec.channel is not None:
            operation |= channel_operation(method, spec.channel.name)
        elif spec.websocket is not None:
            operation["responses"] = {"101": {"description": "WebSocket from here on"}, "default": DETAIL}
        if self._names:
            places = [
                {"name": name, "in": "path", "required": True, "schema": PATH_TEXT} for name in self._names
            ]
            operation["parameters"] = [*places, *operation.get("parameters", ())]
        return operation


def _security(spec: ServiceSpec) -> Iterator[tuple[str, dict[str, Any]]]:
    """How clients of `spec` prove who they are."""
    auths = [route.auth for _, route in spec.routes if route.auth is not None]
    if any(auth.basic is not None for auth in auths):
        yield "basic", {"type": "http", "scheme": "basic"}
    if any(auth.bearer is not None for auth in auths):
        yield "bearer", {"type": "http", "scheme": "bearer"}


def _shown(name: str, spec: ServiceSpec, loaded: Loaded) -> list[Address]:
    """The addresses that no secret went into."""
    listen = enumerate(spec.listen)
    return [each for i, each in listen if not loaded.origin.hides(("services", name, "listen", i))]


def _url(address: Address) -> str | None:
    if address.scheme not in ("tcp", "tls"):
        return None
    scheme = "https" if address.scheme == "tls" else "http"
    host = f"[{address.host}]" if ":" in address.host else address.host or "localhost"
    return f"{scheme}://{host}:{address.port}"


def _identifier(method: str, path: str) -> str:
    """A name that no other operation of the document has."""
    words = re.sub(r"[^A-Za-z0-9]+", "_", path).strip("_") or "root"
    return f"{method}_{words}" + ("_" if path.endswith("/") and path != "/" else "")
