"""Why a channel does not do what it is asked to, by whose fault it is."""

from __future__ import annotations


class ChannelError(Exception):
    """A channel does not do what it is asked to; the words may be told to peers."""


class RefusedError(ChannelError):
    """The message is none that the channel takes: the publisher's fault.

    What a typed channel refuses is a :class:`~protocols.codec.DecodeError`, which says more.
    """


class TooLargeError(RefusedError):
    """The body is longer than the channel's ``message``."""


class UnavailableError(ChannelError):
    """The store does not take, or give, anything now: nobody's fault that the peer could mend.  Nothing of
    what was to be published is kept; to try again later may help."""


class StalledError(UnavailableError):
    """The store has not answered for so long that nobody waits any longer.

    What was to be published may yet be: whoever publishes it again should name an id.
    """


class UnknownError(ChannelError):
    """There is no such channel, group or message."""
