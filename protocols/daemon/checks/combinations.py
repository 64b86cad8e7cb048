"""Keys of one service that do not go together."""

from __future__ import annotations

from collections.abc import Iterator

from protocols.daemon.checks.parts import Parts
from protocols.daemon.inheritance import has_scheme, has_stream
from protocols.daemon.origin import Origin
from protocols.daemon.problems import Path, Problem
from protocols.daemon.spec.handler import BuiltinSpec
from protocols.daemon.spec.limits import LimitsSpec
from protocols.daemon.spec.service import ServiceSpec


def check(parts: Parts) -> Iterator[Problem]:
    """TLS without a place for it, or the reverse; framing where nothing is framed; PROXY headers or datagrams
    where a stream is needed or is not; limits and logs of HTTP without it."""
    for name, service in parts.own.items():
        path = ("services", name)
        yield from _datagrams(path, service, parts.origin)
        yield from _framing(path, service, parts.origin)
        yield from _headers(path, service, parts.origin)
        yield from _without_http(path, service, parts.origin)
        yield from _log(path, service, parts.origin)
        yield from _waiting(path, service, parts)
        if service.tls is not None and not has_scheme(service, "tls", "fd"):
            text = "no address of this service is tls:// or fd://, so nothing would be encrypted"
            yield parts.origin.problem((*path, "tls"), text, key=True)
        if parts.defaults is not None and parts.services[name].tls is None:
            for index, address in enumerate(service.listen):
                if address.scheme == "tls":
                    text = "tls:// needs a certificate: this service has no tls, and defaults neither"
                    yield parts.origin.problem((*path, "listen", index), text, safe=True)


def _datagrams(path: Path, service: ServiceSpec, origin: Origin) -> Iterator[Problem]:
    forward = service.forward
    if forward is not None and not forward.is_stream:
        needs, family, carried = f"forward to {forward.to[0].scheme} needs datagrams", "stream", "a stream"
    elif forward is not None:
        needs, family, carried = f"forward to {forward.to[0].scheme} needs a stream", "datagram", "datagrams"
    elif service.program is not None and service.program.mode == "connection":
        needs, family, carried = "a program for each connection needs a stream", "datagram", "datagrams"
    elif service.kind in ("http", "factory"):
        needs, family, carried = f"{service.kind} needs a stream", "datagram", "datagrams"
    else:
        return
    for index, address in enumerate(service.listen):
        if address.family == family:
            text = f"{needs}, and {address.scheme} carries {carried}"
            yield origin.problem((*path, "listen", index), text, safe=True)
    yield from _routes(path, service, origin)


def _routes(path: Path, service: ServiceSpec, origin: Origin) -> Iterator[Problem]:
    for place, route in service.routes:
        forward = None if route.websocket is None else route.websocket.forward
        if forward is not None and not forward.is_stream:
            text = f"a WebSocket is passed on as a stream, and {forward.to[0].scheme} carries datagrams"
            yield origin.problem((*path, *place, "websocket", "forward", "to"), text)


def _without_http(path: Path, service: ServiceSpec, origin: Origin) -> Iterator[Problem]:
    if service.http is not None:
        return
    if service.trusted is not None:
        text = "only services with http have that; remove this key"
        yield origin.problem((*path, "trusted"), text, key=True)
    for limit in service.limits.model_fields_set.intersection((*LimitsSpec.http, *LimitsSpec.forms)):
        text = "only requests of http have that; remove this key"
        yield origin.problem((*path, "limits", limit), text, key=True)


def _log(path: Path, service: ServiceSpec, origin: Origin) -> Iterator[Problem]:
    log = service.log
    if log is None:
        return
    if service.http is not None and log.access == "text":
        text = "text is for connections, and requests of http have combined or json"
        yield origin.problem((*path, "log", "access"), text, safe=True)
    if service.http is None and log.access == "combined":
        text = "combined is for requests of http, and connections have text or json"
        yield origin.problem((*path, "log", "access"), text, safe=True)
    if service.http is None and "redact" in log.model_fields_set:
        text = "only requests of http have queries; remove this key"
        yield origin.problem((*path, "log", "redact"), text, key=True)


def _waiting(path: Path, service: ServiceSpec, parts: Parts) -> Iterator[Problem]:
    """What nobody does for a program that accepts by itself."""
    if service.program is None or service.program.mode != "wait":
        return
    why = "a program of mode wait accepts by itself"
    for key in ("tls", "accept_proxy", "log"):
        if getattr(service, key) is not None:
            yield parts.origin.problem((*path, key), f"{why}; remove this key", key=True)
    for index, address in enumerate(service.listen):
        if address.scheme == "tls":
            text = f"{why}, and nobody would speak TLS"
            yield parts.origin.problem((*path, "listen", index), text, safe=True)
    if service.access is not None:
        yield parts.origin.problem((*path, "access"), f"{why}, whoever comes; remove this key", key=True)
    elif parts.services[path[1]].access is not None:  # type: ignore[index]  # the name of the service
        text = f"{why}, whoever comes, and defaults.access would not be kept; run it in another mode"
        yield parts.origin.problem((*path, "program"), text, key=True)
    for limit in service.limits.model_fields_set:
        yield parts.origin.problem((*path, "limits", limit), f"{why}; remove this key", key=True)


def _headers(path: Path, service: ServiceSpec, origin: Origin) -> Iterator[Problem]:
    if service.accept_proxy is not None and not has_stream(service):
        text = "a PROXY header begins a stream, and this service has datagrams only; remove this key"
        yield origin.problem((*path, "accept_proxy"), text, key=True)


def _framing(path: Path, service: ServiceSpec, origin: Origin) -> Iterator[Problem]:
    if service.framing is None:
        return
    if service.kind in ("http", "factory"):
        text = f"{service.kind} does its own framing; remove this key"
    elif service.program is not None and service.program.mode == "wait":
        text = "a program of mode wait does its own framing; remove this key"
    elif service.builtin is not None and service.builtin.kind not in BuiltinSpec.listening:
        text = f"what {service.builtin.kind} says is not framed; remove this key"
    elif not has_stream(service):
        text = "datagrams are messages already; framing is for streams"
    else:
        return
    yield origin.problem((*path, "framing"), text, key=True)
