"""``channels``: named logs that are published to and read from."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictBool, StrictInt, StrictStr, WithJsonSchema
from pydantic_core import PydanticCustomError

from protocols.channels.groups import GroupTerms
from protocols.channels.settings import LAG, PENDING, Settings
from protocols.daemon.problems import quoted
from protocols.daemon.spec.channel_forward import ChannelForwardSpec
from protocols.daemon.spec.channel_store import SQLiteSpec, StoreSpec
from protocols.daemon.spec.choice import Known
from protocols.daemon.spec.handler import Reference
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.tls import Name
from protocols.daemon.spec.values import Duration, PositiveDuration, PositiveSize, Size

SENDER = "sender"
"""The key that names who has published a message."""

_KEY = r"^(sender|body(\.[^.\s]+)+)$"


def _key(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(_KEY, value):
        text = (
            f"{quoted(value)} is not where a key comes from: "
            "sender, or a member of a JSON body such as body.device"
        )
        raise PydanticCustomError("key", "{problem}", {"problem": text})
    return value


KeyText = Annotated[StrictStr, BeforeValidator(_key), WithJsonSchema({"type": "string", "pattern": _KEY})]
"""Where the key of a message comes from."""


class SlowSpec(Spec):
    """What becomes of a subscriber that had come up to the newest message, and cannot keep up any more."""

    short = "policy"

    policy: Annotated[Literal["disconnect", "drop-oldest", "wait"], Known()] = "drop-oldest"
    """`disconnect` ends it; `drop-oldest` leaves out what it has missed; `wait` makes publishers wait for
    it."""
    lag: Annotated[StrictInt, Field(ge=1)] = LAG
    """How many messages it may be behind."""


class GroupSpec(Spec):
    """Readers that share the messages: each goes to one of them, again if that does not say that it has dealt
    with it."""

    deadline: PositiveDuration = Duration.parse("30s")
    """How long a reader may take for a message; then another one gets it."""
    tries: Annotated[StrictInt, Field(ge=0)] = GroupTerms().tries
    """How often a message is handed out before it goes to the dead letters; `0`: for ever."""
    inflight: Annotated[StrictInt, Field(ge=1)] = GroupTerms().inflight
    """How many messages one reader has at a time."""
    dead: Name | None = None
    """The channel for dead letters: messages that nobody could deal with, with the last error. Unless said,
    `NAME-dead`, which is there without being listed, in the same kind of store."""


MESSAGE = Size.parse("1MiB")
"""The longest body unless said."""


def _too_small(most: object, message: object) -> Iterator[tuple[tuple[str, ...], str]]:
    """What is wrong where so much is kept that one message may be more, which would be forgotten at once."""
    try:
        size, longest = Size.parse(str(most)), Size.parse(str(message))
    except ValueError:
        return
    if 0 < size < longest:
        yield ("max",), f"must be at least {longest}, which is how long one message may be (message)"


with warnings.catch_warnings():
    # pydantic has a method of that name, which is deprecated, and nobody calls here.
    warnings.filterwarnings("ignore", 'Field name "schema"')

    class ChannelSpec(Spec):
        """A named log of messages, each with a number, which anything that can open a socket publishes to and
        reads from."""

        store: StoreSpec = StoreSpec(sqlite=SQLiteSpec())
        """What keeps its messages: `memory`, `sqlite` or `nats`, or that with settings."""
        keep: PositiveDuration | None = None
        """How long messages are kept; unless said, for ever."""
        max: PositiveSize | None = None
        """How much is kept, and at least one `message`: the oldest messages go first; unless said,
        everything."""
        message: PositiveSize = MESSAGE
        """The longest body of a message. Lines of services that say no `framing` may be as long."""
        pending: Annotated[StrictInt, Field(ge=1)] = PENDING
        """How many messages may wait for the store, or for a slow subscriber, of 64 MiB at most;
        further ones are refused."""
        key: KeyText | None = None
        """Where the key of a message comes from whose publisher names none: `sender`, or a member of a JSON
        body such as `body.device`. Readers may ask for one key only."""
        schema: Reference | None = None  # type: ignore[assignment]  # of pydantic's method
        """The type that bodies must be of, as `module:Type`: anything that annotates a function's message.
        Others are refused, with the reason."""
        codec: Annotated[Literal["json", "msgpack", "text", "bytes"], Known()] | None = None
        """How bodies become values of `schema`; unless said, the type decides."""
        slow: SlowSpec = SlowSpec()
        """What becomes of subscribers that cannot keep up."""
        groups: Annotated[dict[Name, GroupSpec], Field(default_factory=dict)]
        """Groups of readers, by name, that share the messages."""
        forward: Annotated[dict[Name, ChannelForwardSpec], Field(default_factory=dict)]
        """Other servers, by a name for each, that messages are passed on to."""
        enabled: StrictBool = True
        """Whether there is the channel; `false` keeps its text, checked."""

        @classmethod
        def faults(cls, data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
            if data.get("codec") is not None and not {"schema"} & (data.keys() | cls.misspelt(dict(data))):
                yield ("codec",), "is for bodies of a schema, and there is none"
            if "message" not in cls.misspelt(dict(data)):
                yield from _too_small(data.get("max"), data.get("message") or MESSAGE)


def settings_of(spec: ChannelSpec) -> Settings:
    """What `spec` promises, for the channel itself."""
    return Settings(
        slow=spec.slow.policy,
        lag=spec.slow.lag,
        message=spec.message,
        pending=spec.pending,
        keep=spec.keep or 0.0,
        octets=spec.max or 0,
    )
