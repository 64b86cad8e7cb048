"""``forward`` of a channel: to whom its messages are passed on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import (
    BeforeValidator,
    Field,
    PlainValidator,
    StrictBool,
    StrictInt,
    StrictStr,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from protocols.channels.forward.request_fields import is_reserved
from protocols.channels.forward.settings import TRIES
from protocols.channels.forward.signature import Signer
from protocols.channels.forward.ways import Way, parse_way
from protocols.channels.forward.webhook_url import WebhookURL
from protocols.daemon.problems import known_help, quoted
from protocols.daemon.spec.choice import Known, Listed
from protocols.daemon.spec.forward import ForwardTlsSpec
from protocols.daemon.spec.framing import FramingSpec
from protocols.daemon.spec.header import HeaderName, HeaderText
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.paths import folder_of
from protocols.daemon.spec.sentences import described
from protocols.daemon.spec.since import SinceText
from protocols.daemon.spec.values import Duration, PositiveDuration
from protocols.handlers.forward.target import Target

SCHEMES: Final = ("https", "http", "tcp", "tls", "udp", "unix")
"""What messages are forwarded by."""

WEBHOOKS: Final = ("secret", "headers", "cookies", "redirects")
"""Keys about requests of HTTP."""

_HOST = r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)"
_TO = rf"^(https?://{_HOST}(:[0-9]{{1,5}})?([/?][^\s#]*)?|(tcp|tls|udp)://{_HOST}:[0-9]{{1,5}}|unix:.+)$"


def _wrong(text: str) -> PydanticCustomError:
    return PydanticCustomError("wrong_value", "{problem}", {"problem": text})


def _to(value: Any, info: ValidationInfo) -> Way:
    if isinstance(value, WebhookURL | Target):
        return value
    if not isinstance(value, str):
        raise _wrong(f"a URL such as https://example.org/hook is expected, not {described(value)}")
    scheme, colon, _ = value.partition(":")
    if not colon:
        raise _wrong(f"{quoted(value)} is no URL such as https://example.org/hook or tcp://127.0.0.1:9000")
    if scheme not in SCHEMES:
        help_text = known_help(scheme, SCHEMES, "known schemes")
        raise _wrong(f"messages cannot be forwarded by {quoted(scheme)}{help_text}")
    try:
        way, folder = parse_way(value), folder_of(info)
        return way.within(folder) if folder and isinstance(way, Target) else way
    except ValueError as error:
        raise _wrong(str(error)) from error


ForwardURL = Annotated[
    Way,
    PlainValidator(_to),
    WithJsonSchema(
        {"type": "string", "pattern": _TO, "examples": ["https://example.org/hook", "tcp://127.0.0.1:9000"]}
    ),
]
"""Where to: https://, http://, tcp://, tls://, udp:// or unix:."""


def _secret(value: Any) -> Any:
    if isinstance(value, str):
        try:
            Signer([value])
        except ValueError as error:
            raise _wrong(str(error)) from None
    return value


Secret = Annotated[StrictStr, BeforeValidator(_secret), WithJsonSchema({"type": "string", "minLength": 1})]
"""What requests are signed with."""


def _not_ours(value: Any) -> Any:
    if isinstance(value, str) and is_reserved(value):
        raise _wrong(f"{quoted(value)} is a header that each request has already")
    return value


OwnHeader = Annotated[HeaderName, BeforeValidator(_not_ours)]
"""The name of a header that an operator may add."""


class ChannelForwardSpec(Spec):
    """Passes each message on to another server, in order and at least once, and goes on where it was after a
    restart."""

    short = "to"

    to: ForwardURL
    """Where to: `https://HOST/PATH` or `http://` posts each message (a webhook), `tcp://HOST:PORT`,
    `tls://HOST:PORT` and `unix:PATH` send them over a connection, `udp://HOST:PORT` sends each as a
    datagram."""
    secret: Annotated[tuple[Secret, ...], Listed(least=1)] | None = None
    """What requests are signed with (Standard Webhooks), so that the receiver can tell who sent them: base64,
    with `whsec_` before it or without; a list while one is replaced by another."""
    headers: Annotated[dict[OwnHeader, HeaderText], Field(default_factory=dict)]
    """More header fields of requests, such as `Authorization`."""
    cookies: StrictBool = False
    """Whether cookies that the receiver sets are sent back to it."""
    redirects: Annotated[StrictInt, Field(ge=0, le=10)] = 0
    """How many redirections of the receiver to itself are followed (307, 308)."""
    framing: FramingSpec | None = None
    """How messages are told apart on a connection; unless said, by `lines`."""
    answers: StrictBool = False
    """Whether the other side of a connection answers each message with one of its own, in their order; one
    that begins with `ERR` says that it has not taken it."""
    tls: ForwardTlsSpec = ForwardTlsSpec()
    """What a receiver of `https://` or `tls://` must prove."""
    format: Annotated[Literal["body", "json"], Known()] = "body"
    """What is sent: the `body` alone, or the message as `json` with its number, time, key and sender."""
    key: StrictStr = ""
    """Only messages of that key; unless said, all."""
    since: SinceText = "new"
    """Where to begin, the first time."""
    deadline: PositiveDuration = Duration.parse("15s")
    """How long one attempt may take."""
    tries: Annotated[StrictInt, Field(ge=0)] = TRIES
    """How often a message is tried before it goes to the dead letters, which are the channel `NAME-dead`;
    `0`: for ever."""
    backoff: PositiveDuration = Duration.parse("1s")
    """How long to wait after the first attempt that failed; twice as long after each further one."""
    inflight: Annotated[StrictInt, Field(ge=1)] | None = None
    """How many messages are on their way at a time; unless said, one request, one message of a connection
    with `answers`, or as many as a connection takes."""

    @classmethod
    def faults(cls, data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
        scheme = str(data.get("to")).partition(":")[0]
        if scheme not in SCHEMES:
            return
        is_web, is_stream = scheme in ("http", "https"), scheme in ("tcp", "tls", "unix")
        for key in WEBHOOKS:
            if data.get(key) and not is_web:
                yield (key,), "is for requests of http:// and https://"
        for key in ("framing", "answers"):
            if data.get(key) and not is_stream:
                yield (key,), f"is for connections, and {scheme} has messages already"
        if data.get("tls") is not None and scheme not in ("https", "tls"):
            yield ("tls",), "is for https:// and tls://"
