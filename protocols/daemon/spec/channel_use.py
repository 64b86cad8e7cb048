"""``channel`` of a service and of routes: how peers publish to channels and read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import StrictBool, StrictStr
from pydantic.json_schema import JsonSchemaValue

from protocols.daemon.spec.choice import Known, Listed
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.since import SinceText
from protocols.daemon.spec.tls import Name
from protocols.daemon.spec.values import Duration, PositiveDuration

Mode = Literal["publish", "subscribe", "chat", "commands"]

POINTLESS: Final[Mapping[str, tuple[tuple[tuple[str, ...], str], ...]]] = {
    "publish": ((("since", "format", "group"), "is about reading, and mode: publish reads nothing"),),
    "subscribe": ((("reply",), "is for publishers, and mode: subscribe has none"),),
    "chat": ((("key", "group", "reply"), "not with mode: chat, where everybody hears everything"),),
    "commands": (
        (("since", "key", "format", "group", "reply"), "not with mode: commands, where each command says it"),
    ),
}
"""Keys that mean nothing in each mode, and why."""


class ChannelUseSpec(Spec):
    """What peers do with a channel: each message that comes is published, or each that is published is sent
    to them."""

    usual: ClassVar[Mode] = "publish"
    """The mode unless another is said."""

    name: Annotated[tuple[Name, ...], Listed(least=1)]
    """The channel; or a list, for `mode: commands`."""
    mode: Annotated[Mode, Known()] = "publish"
    """`publish`: what a peer sends is published; `subscribe`: it is sent what is published; `chat`: both;
    `commands`: it says what it wants, in lines such as `SUB NAME since=1h` (see docs/channels.md)."""
    since: SinceText = "new"
    """Where readers begin: `new`, `last`, `all`, a number, a time ago such as `2h`."""
    key: StrictStr = ""
    """`publish`: the key of what is published here; `subscribe`: only messages of that key."""
    format: Annotated[Literal["body", "json"], Known()] = "body"
    """What readers are sent: the `body` alone, or the message as `json` with its number, time, key and
    sender."""
    group: Name | None = None
    """The group of the channel that all readers here are members of."""
    reply: StrictBool | None = None
    """Whether publishers are told `OK` and the number, or `ERR` and the reason; unless said, those of streams
    are, and those of datagrams are not."""

    @property
    def channels(self) -> tuple[str, ...]:
        """The names."""
        return self.name

    @classmethod
    def expand(cls, data: Any) -> Any:
        return {"name": data} if isinstance(data, str | list) else data

    @classmethod
    def faults(cls, data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
        mode = data.get("mode", cls.usual)
        if mode not in POINTLESS:
            return
        if mode != "commands" and isinstance(data.get("name"), list) and len(data["name"]) > 1:
            yield ("name",), f"several channels are for mode: commands, and this is mode: {mode}"
        for key, text in _pointless(mode, data):
            yield (key,), text

    @classmethod
    def short_schema(cls, properties: dict[str, Any]) -> JsonSchemaValue | None:
        return dict(properties["name"])


class WebSocketChannelSpec(ChannelUseSpec):
    """What the clients of a WebSocket do with a channel."""

    usual: ClassVar[Mode] = "subscribe"

    mode: Annotated[Mode, Known()] = "subscribe"
    """`subscribe`: a client is sent what is published; `publish`: what it sends is published; `chat`: both;
    `commands`: it says what it wants, in messages such as `SUB NAME since=1h` (see docs/channels.md)."""


class ChannelRouteSpec(Spec):
    """Publishes what is posted, and answers with what was published: as a page of JSON, as Server-Sent
    Events, or once something comes."""

    short = "name"

    name: Name
    """The channel."""
    publish: StrictBool = True
    """Whether it may be published to (POST)."""
    read: StrictBool = True
    """Whether it may be read (GET)."""
    since: SinceText = "all"
    """Where readers begin that do not say."""
    format: Annotated[Literal["body", "json"], Known()] = "json"
    """What an event is unless the client says: the `body` alone, or the message as `json`."""
    retry: Duration = Duration.parse("3s")
    """After how long browsers come back when a stream of events has ended."""
    heartbeat: PositiveDuration = Duration.parse("15s")
    """How long nothing may be sent to readers of events; then a comment is."""

    @property
    def channels(self) -> tuple[str, ...]:
        """The names."""
        return (self.name,)

    @classmethod
    def faults(cls, data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
        if data.get("publish") is False and data.get("read") is False:
            yield ("read",), "neither publish nor read: nothing would be left"
        for key in ("since", "format", "retry", "heartbeat"):
            if data.get("read") is False and data.get(key) is not None:
                yield (key,), "is about reading, and this route cannot be read"


def _pointless(mode: object, data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Keys of `data` that mean nothing in `mode`, and why."""
    for keys, why in POINTLESS[str(mode)]:
        yield from ((key, why) for key in keys if data.get(key) is not None)
    if mode == "subscribe" and data.get("group") is not None:
        why = "not beside group, which goes on where it was, with all messages"
        yield from ((key, why) for key in ("since", "key") if data.get(key) is not None)
