"""``forward`` of a channel: to whom its messages are passed on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import BeforeValidator, Field, StrictBool, StrictInt, StrictStr, WithJsonSchema
from pydantic_core import PydanticCustomError

from protocols.daemon.problems import known_help, quoted
from protocols.daemon.spec.choice import Known
from protocols.daemon.spec.framing import FramingSpec
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.sentences import described
from protocols.daemon.spec.since import SinceText
from protocols.daemon.spec.values import Duration, PositiveDuration

SCHEMES: Final = ("https", "http", "tcp", "tls", "udp")
"""What messages are forwarded by."""

_HOST = r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)"
_TO = rf"^(https?://{_HOST}(:[0-9]{{1,5}})?(/[^\s#]*)?|(tcp|tls|udp)://{_HOST}:[0-9]{{1,5}})$"


def _to(value: Any) -> str:
    if not isinstance(value, str):
        text = f"a URL such as https://example.org/hook is expected, not {described(value)}"
    else:
        text = _wrong(value)
    if text:
        raise PydanticCustomError("target", "{problem}", {"problem": text})
    return str(value)


def _wrong(value: str) -> str:
    scheme, colon, _ = value.partition("://")
    if not colon or scheme not in SCHEMES:
        if not colon:
            return f"{quoted(value)} is no URL such as https://example.org/hook or tcp://127.0.0.1:9000"
        known = known_help(scheme, SCHEMES, "known schemes")
        return f"messages cannot be forwarded by {quoted(scheme)}{known}"
    try:
        url = urlsplit(value)
        port = url.port
    except ValueError:
        return f"{quoted(value)} has no port from 1 to 65535"
    return _misses(value, url, port)


def _misses(value: str, url: SplitResult, port: int | None) -> str:
    if "@" in url.netloc:
        return "a URL must not hold a user or a password: it would be shown"
    if url.scheme in ("tcp", "tls", "udp") and not port:
        return f"{quoted(value)} has no port; write {url.scheme}://{url.hostname or 'HOST'}:PORT"
    if port == 0:
        return f"{quoted(value)} has no port from 1 to 65535"
    return "" if re.fullmatch(_TO, value) else f"{quoted(value)} is not of the form {url.scheme}://HOST…"


RelayURL = Annotated[
    str,
    BeforeValidator(_to),
    WithJsonSchema(
        {"type": "string", "pattern": _TO, "examples": ["https://example.org/hook", "tcp://127.0.0.1:9000"]}
    ),
]
"""Where to: https://, http://, tcp://, tls:// or udp://."""


class ChannelForwardSpec(Spec):
    """Passes each message on to another server, at least once, and goes on where it was after a restart."""

    short = "to"

    to: RelayURL
    """Where to: `https://HOST/PATH` or `http://` posts each message (a webhook), `tcp://HOST:PORT` and
    `tls://HOST:PORT` send them over a connection, `udp://HOST:PORT` sends each as a datagram."""
    secret: StrictStr | None = None
    """What requests are signed with (HMAC-SHA-256), so that the receiver can tell who sent them
    (`https://`, `http://`)."""
    cookies: StrictBool = False
    """Whether cookies that the receiver sets are sent back to it (`https://`, `http://`)."""
    deadline: PositiveDuration = Duration.parse("30s")
    """How long one attempt may take."""
    tries: Annotated[StrictInt, Field(ge=0)] = 0
    """How often a message is tried before it goes to the dead letters; `0`: for ever."""
    backoff: PositiveDuration = Duration.parse("1s")
    """How long to wait after the first attempt that failed; twice as long after each further one, 5 minutes
    at most."""
    format: Annotated[Literal["body", "json"], Known()] = "body"
    """What is sent: the `body` alone, or the message as `json` with its number, time, key and sender."""
    key: StrictStr = ""
    """Only messages of that key; unless said, all."""
    since: SinceText = "new"
    """Where to begin, the first time."""
    framing: FramingSpec | None = None
    """How messages are told apart (`tcp://`, `tls://`); unless said, by `lines`."""

    @classmethod
    def faults(cls, data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
        scheme = str(data.get("to")).partition(":")[0]
        if scheme in ("tcp", "tls", "udp"):
            for key in ("secret", "cookies"):
                if data.get(key):
                    yield (key,), "is for requests of http:// and https://"
        if scheme in ("http", "https", "udp") and data.get("framing") is not None:
            yield ("framing",), f"is for streams, and {scheme} has messages already"
