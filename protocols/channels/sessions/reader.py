"""One peer that a channel is streamed to."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from protocols.channels.batch import Batch
from protocols.channels.channel import Channel
from protocols.channels.errors import ChannelError, UnavailableError
from protocols.channels.since import Since
from protocols.channels.subscription import Subscription


class Reader:
    """A subscriber of `channel` that gives messages to `came`, and takes none while it is paused.

    :param missed: told how many messages are left out before the next.
    :param over: told why there will be none any more: a :class:`ChannelError`, or our own failure.
    """

    __slots__ = ("_is_closed", "_is_paused", "_over", "_subscription", "came", "channel", "missed")

    def __init__(
        self,
        channel: Channel,
        came: Callable[[Batch], None],
        missed: Callable[[int], None],
        over: Callable[[BaseException], None],
    ) -> None:
        self.channel = channel
        self.came = came
        self.missed = missed
        self._over = over
        self._subscription: Subscription | None = None
        self._is_paused = True
        self._is_closed = False

    def find(self, since: Since, key: str = "") -> Deferred[None]:
        """Find the place to begin at, and subscribe; messages come after :meth:`resume`.

        Fails with :class:`ChannelError`.
        """

        def found(position: int) -> None:
            if not self._is_closed:
                self._subscription = self.channel.subscribe(self, position, key)
                if not self._is_paused:
                    self._subscription.resume()

        return self.channel.position(since).addCallback(found)

    def begin(self, since: Since, key: str = "") -> None:
        """:meth:`find` it, and go on at once."""
        self._is_paused = False
        self.find(since, key).addErrback(self._failed)

    def pause(self) -> None:
        """Take nothing for now."""
        self._is_paused = True
        if self._subscription is not None:
            self._subscription.pause()

    def resume(self) -> None:
        """Undo :meth:`pause`."""
        self._is_paused = False
        if self._subscription is not None:
            self._subscription.resume()

    def close(self) -> None:
        """Read no more."""
        self._is_closed = True
        if self._subscription is not None:
            self._subscription.close()

    def cut_off(self, reason: str) -> None:
        """The channel gives it no more (see :class:`~protocols.channels.subscription.Subscriber`)."""
        self._is_closed = True
        self._over(UnavailableError(reason))

    def _failed(self, failure: Failure) -> None:
        assert failure.value is not None
        if not self._is_closed:
            self._is_closed = True
            self._over(failure.value)


def is_ours(error: BaseException) -> bool:
    """Whether `error` is a failure of ours, and not what a channel says."""
    return not isinstance(error, ChannelError)
