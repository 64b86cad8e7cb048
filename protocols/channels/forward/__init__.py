"""What a channel passes on to a TCP, TLS, Unix, UDP or HTTP(S) address.

*target*
    Where messages are passed on to, as the operator writes it; nobody else has a say in it.
*delivery*
    Passes single messages on to one kind of target (:class:`~protocols.channels.forward.delivery.Delivery`):
    a webhook, a stream, datagrams.
*outcome*
    What became of one attempt (:class:`~protocols.channels.forward.outcome.Outcome`).
*forward*
    Takes messages from a channel, has them delivered, and decides what becomes of those that are not
    (:class:`~protocols.channels.forward.forward.Forward`).

Proxies that the environment names (``http_proxy`` …) are not used.
"""

from protocols.channels.forward.counts import ForwardCounts
from protocols.channels.forward.forward import Forward
from protocols.channels.forward.settings import ForwardSettings
from protocols.channels.forward.ways import Way, parse_way
from protocols.channels.forward.webhook_url import WebhookURL

__all__ = ["Forward", "ForwardCounts", "ForwardSettings", "Way", "WebhookURL", "parse_way"]
