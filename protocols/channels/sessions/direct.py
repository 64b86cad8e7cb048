"""Publishes one message of a peer without a session."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from protocols.channels.channel import Channel
from protocols.channels.errors import ChannelError
from protocols.channels.message import Entry, Receipt
from protocols.channels.sender import sender_of
from protocols.channels.store import is_later
from protocols.codec import DecodeError
from protocols.session import Peer

log = Logger(namespace="polyport")


def direct_publisher(channel: Channel, *, reply: bool, key: str = "") -> Callable[[bytes, Peer], object]:
    """What publishes a message in `channel` (see :class:`~protocols.session.PeerDirectHandler`): it gives the
    answer, the receipts that are yet to come, or the error.

    :param reply: whether anything but an error is given.
    """

    def publish(message: bytes, peer: Peer) -> object:
        try:
            receipts = channel.publish([Entry(message, key, "", sender_of(peer))])
        except (ChannelError, DecodeError) as error:
            return error
        if reply:
            return receipts if is_later(receipts) else b"OK %d" % receipts[0].seq
        if is_later(receipts):
            _untold(channel, receipts)
        return None

    return publish


def _untold(channel: Channel, receipts: Deferred[Sequence[Receipt]]) -> None:
    """Nobody is told what becomes of what was published in `channel`; it is counted there."""

    def failed(failure: Failure) -> None:
        if not failure.check(ChannelError, DecodeError):
            log.failure("{channel}: could not publish", failure=failure, channel=channel.name)

    receipts.addErrback(failed)
