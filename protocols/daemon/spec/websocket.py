"""``websocket``: a route whose connections carry messages."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, StrictBool, StrictStr, WithJsonSchema
from pydantic_core import PydanticCustomError

from protocols.daemon.problems import quoted
from protocols.daemon.spec.channel_use import WebSocketChannelSpec
from protocols.daemon.spec.choice import Known, Listed
from protocols.daemon.spec.forward import ForwardSpec
from protocols.daemon.spec.handler import BuiltinSpec, FunctionSpec
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.program import ProgramSpec
from protocols.daemon.spec.values import Duration, PositiveDuration, PositiveSize, Size

_ORIGIN = r"^(\*|null|[a-z][a-z0-9+.-]*://[^/?#\s@]+)$"
_TOKEN = r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"  # noqa: S105 - a word of a header


def _origin(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(_ORIGIN, value.lower()):
        text = f"{quoted(value)} is not an origin, such as https://example.org, without a path, or *"
        raise PydanticCustomError("origin", "{problem}", {"problem": text})
    return value.lower() if isinstance(value, str) else value


Origin = Annotated[
    StrictStr, BeforeValidator(_origin), WithJsonSchema({"type": "string", "pattern": _ORIGIN})
]
"""Where a web page comes from: scheme, host, and the port if it is not the scheme's own (RFC 6454)."""


def _subprotocol(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(_TOKEN, value):
        text = f"{quoted(value)} is not the name of a subprotocol: letters, digits and a few signs"
        raise PydanticCustomError("subprotocol", "{problem}", {"problem": text})
    return value


Subprotocol = Annotated[
    StrictStr, BeforeValidator(_subprotocol), WithJsonSchema({"type": "string", "pattern": _TOKEN})
]
"""The name of a subprotocol (RFC 6455 section 1.9)."""


class WebSocketSpec(Spec):
    """Carries messages over WebSocket (RFC 6455): what answers them, and how they are carried."""

    choices = ("function", "program", "builtin", "forward", "channel")

    carrying: ClassVar[tuple[str, ...]] = (
        "origins",
        "subprotocols",
        "limit",
        "ping",
        "pong_timeout",
        "close_timeout",
        "compression",
    )
    """Those that say how messages are carried."""

    function: FunctionSpec | None = None
    """Calls a Python function with each message; or with the connection, if it takes a `Conversation`."""
    program: ProgramSpec | None = None
    """A program: a process for each connection, whose lines are the messages, or one for all of them."""
    builtin: BuiltinSpec | None = None
    """One of the classic services."""
    forward: ForwardSpec | None = None
    """Another server, to which the content of messages is passed on as a stream."""
    channel: WebSocketChannelSpec | None = None
    """A channel, whose messages are sent to clients, or in which what they send is published."""
    replies: Annotated[Literal["auto", "text", "binary"], Known()] = "auto"
    """What replies are sent as. `auto`: text where the codec is json or text, binary where it is msgpack or
    pickle; where it is bytes, as the peer's last message came, if it is UTF-8; what a `shared` program
    says it is."""
    origins: Annotated[tuple[Origin, ...], Listed()] | None = None
    """The origins whose pages may connect, such as `https://example.org`; `*` is any. Unless said, only pages
    of the host that is asked. Others get 403; clients that are no browsers name none, and may connect."""
    subprotocols: Annotated[tuple[Subprotocol, ...], Listed()] = ()
    """The subprotocols spoken, best first. A client that offers others only gets 400."""
    limit: PositiveSize = Size.parse("1MiB")
    """The longest message, decompressed (close code 1009)."""
    ping: Duration = Duration.parse("20s")
    """Silence after which the peer is asked for a sign of life; `0s`: never, and then the service's `idle`
    ends the connection."""
    pong_timeout: PositiveDuration = Duration.parse("20s")
    """How long the peer may take to give one; then the connection is closed."""
    close_timeout: PositiveDuration = Duration.parse("10s")
    """How long the closing handshake may take, with the answers that are still owed."""
    compression: StrictBool = True
    """Whether messages are compressed (RFC 7692) where the client offers it."""
