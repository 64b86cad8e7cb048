"""What a configuration serves, in words for people: never a value that may be secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Final
from urllib.parse import quote

from protocols.daemon.loader import Loaded
from protocols.daemon.origin import Origin
from protocols.daemon.redaction import SECRET
from protocols.daemon.spec.address import Address
from protocols.daemon.spec.channel_use import ChannelUseSpec
from protocols.daemon.spec.forward import ForwardSpec
from protocols.daemon.spec.handler import FunctionSpec
from protocols.daemon.spec.http import RouteSpec
from protocols.daemon.spec.program import ProgramSpec
from protocols.daemon.spec.service import ServiceSpec
from protocols.http.routes.welcome import Served, Way
from protocols.http.target import SAFE

OPENING = frozenset({"files", "redirect", "respond", "docs", "metrics", "dashboard", "builtin"})
"""Kinds of route that answer a browser which just goes there."""

DOING: Final[Mapping[str, str]] = {
    "publish": "publish to",
    "subscribe": "subscribe to",
    "chat": "chat in",
    "commands": "commands for",
}
"""What is done in each mode of a channel."""

_RUNS = {
    "connection": "for each connection",
    "wait": "which accepts by itself",
    "message": "for each message",
    "shared": "for all clients",
}
"""What a program of each mode is run for."""


def overview(loaded: Loaded) -> list[Served]:
    """Every enabled service."""
    services = loaded.config.services.items()
    return [_served(name, spec, loaded.origin) for name, spec in services if spec.enabled]


def shown_answers(name: str, spec: ServiceSpec, origin: Origin) -> str:
    """What answers in the service `name`, unless a secret went into that."""
    hides = spec.http is None and origin.hides(("services", name, spec.kind))
    return f"{spec.kind} {SECRET}" if hides else answers(spec)


def shown_address(name: str, index: int, address: Address, origin: Origin) -> str:
    """One address of the service `name`, unless a secret went into that."""
    return SECRET if origin.hides(origin.known(("services", name, "listen", index))) else str(address)


def answers(spec: ServiceSpec) -> str:
    """What answers in a service, such as ``function shop:price``."""
    if spec.function is not None:
        return function_answers(spec.function)
    if spec.program is not None:
        return program_answers(spec.program)
    if spec.builtin is not None:
        return f"builtin {spec.builtin.kind}"
    if spec.forward is not None:
        return forward_answers(spec.forward)
    if spec.channel is not None:
        return channel_answers(spec.channel)
    if spec.factory is not None:
        return f"factory {spec.factory}"
    return "http " + ", ".join(spec.http or ())


def forward_answers(spec: ForwardSpec) -> str:
    """Where everything goes, such as ``forward to tcp://10.0.0.1:80, tcp://10.0.0.2:80, round-robin``."""
    text = f"forward to {', '.join(map(str, spec.to))}"
    return text if len(spec.to) == 1 else f"{text}, {spec.balance}"


def function_answers(spec: FunctionSpec) -> str:
    """What a function does, such as ``function shop:price, published to the channel prices``."""
    text = f"function {spec.call}"
    return text if spec.publish is None else f"{text}, published to the channel {spec.publish}"


def program_answers(spec: ProgramSpec) -> str:
    """What a program does, such as ``program /usr/bin/finger -l, for each connection``."""
    return f"program {' '.join(spec.command)}, {_RUNS[spec.mode]}"


def channel_answers(spec: ChannelUseSpec) -> str:
    """What is done with a channel, such as ``publish to the channel readings``."""
    several = "s" if len(spec.channels) > 1 else ""
    text = f"{DOING[spec.mode]} the channel{several} {', '.join(spec.channels)}"
    return text if spec.group is None else f"{text} as the group {spec.group}"


def _served(name: str, spec: ServiceSpec, origin: Origin) -> Served:
    addresses = tuple(
        _shown(address, origin)
        for index, address in enumerate(spec.listen)
        if not origin.hides(origin.known(("services", name, "listen", index)))
    )
    if spec.http is None:
        return Served(name, addresses, shown_answers(name, spec, origin), example=_example(spec, addresses))
    ways = tuple(
        Way(str(place[1]), route.kind, False)
        if origin.hides(("services", name, *place))
        else _way(str(place[1]), route)
        for place, route in spec.routes
    )
    return Served(name, addresses, "http", _site(spec), ways)


def _shown(address: Address, origin: Origin) -> str:
    return str(replace(address, path=origin.shown(FilePath(address.path))) if address.path else address)


def route_answers(route: RouteSpec) -> str:
    """What answers in a route, such as ``GET: function shop:price, with a login``."""
    text: str = route.kind
    if route.function is not None:
        text = function_answers(route.function)
    elif route.builtin is not None:
        text = f"builtin {route.builtin.kind}"
    elif route.channel is not None:
        text = f"channel {route.channel.name}"
    elif route.websocket is not None and route.websocket.channel is not None:
        text = f"websocket, {channel_answers(route.websocket.channel)}"
    elif route.redirect is not None:
        text = f"redirect to {route.redirect.to}"
    if route.methods:
        text = f"{', '.join(route.methods)}: {text}"
    if route.auth is not None:
        text += ", with a login"
    return text


def _way(path: str, route: RouteSpec) -> Way:
    may_open = route.kind in OPENING and "{" not in path and not route.hosts
    opens = may_open and (route.methods is None or "GET" in route.methods)
    return Way(quote(path, safe=SAFE + "%{}"), route_answers(route), opens)


def _site(spec: ServiceSpec) -> str:
    for address in spec.listen:
        if address.scheme in ("tcp", "tls") and address.port:
            scheme = "https" if address.scheme == "tls" else "http"
            host = "localhost" if address.host in ("", "::", "0.0.0.0") else address.host  # noqa: S104 - compared with
            return f"{scheme}://{f'[{host}]' if ':' in host else host}:{address.port}"
    return ""


def _example(spec: ServiceSpec, addresses: tuple[str, ...]) -> str:
    publishes = spec.channel is not None and spec.channel.mode in ("publish", "chat")
    takes = publishes or spec.function is not None
    if not takes or not addresses or spec.listen[0].scheme not in ("tcp", "udp"):
        return ""
    framing = f"--framing {spec.framing.kind} " if spec.framing and spec.framing.kind != "lines" else ""
    return f"polyport send {framing}{addresses[0]} hello"
