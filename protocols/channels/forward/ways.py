"""Which kind of delivery goes to which kind of target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from protocols.channels.forward.datagram import DatagramDelivery
from protocols.channels.forward.delivery import Delivery
from protocols.channels.forward.settings import ForwardSettings
from protocols.channels.forward.stream import StreamDelivery
from protocols.channels.forward.webhook import WebhookDelivery
from protocols.channels.forward.webhook_url import PORTS, WebhookURL
from protocols.handlers.forward.target import Target
from protocols.outgoing_tls import OutgoingTLS

if TYPE_CHECKING:
    from protocols.channels.channel import Channel

Way: TypeAlias = WebhookURL | Target


def parse_way(text: str) -> Way:
    """Where messages are passed on to: a URL of HTTP, or one that streams and datagrams are forwarded to.

    Raises :class:`ValueError`, whose text says what is wrong with it.
    """
    return (WebhookURL if text.partition(":")[0] in PORTS else Target).parse(text)


def delivery_to(
    way: Way, channel: Channel, settings: ForwardSettings, *, reactor: Any, tls: OutgoingTLS | None
) -> Delivery:
    """What passes single messages of `channel` on.  Raises as :class:`WebhookDelivery` does."""
    if isinstance(way, WebhookURL):
        return WebhookDelivery(way, channel.name, settings, reactor=reactor, now=channel.now, tls=tls)
    if way.is_stream:
        return StreamDelivery(way, settings, reactor=reactor, tls=tls)
    return DatagramDelivery(way, settings, reactor=reactor)
