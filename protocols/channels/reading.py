"""A channel as something that a coroutine reads."""

from __future__ import annotations

from collections import deque
from typing import Final

from twisted.python.failure import Failure

from protocols.channels.batch import Batch
from protocols.channels.channel import Channel
from protocols.channels.errors import ChannelError, UnavailableError
from protocols.channels.message import Message
from protocols.channels.since import Since
from protocols.channels.sleeper import Sleeper
from protocols.channels.subscription import Subscription

AHEAD: Final = 512
"""Messages that are at hand before no more are asked for: what one read of a store gives."""

AHEAD_BYTES: Final = 1024 * 1024
"""Bytes of their bodies together, and what comes with the last of them: some reads of a store."""


class Reading:
    """The messages of `channel`, from the moment this is made, for ``async for``.

    It ends when nobody holds it any more, with :meth:`close`, or at the end of ``async with``.
    """

    def __init__(self, channel: Channel, since: Since, key: str = "") -> None:
        self._inbox = _Inbox(channel, since, key)

    @property
    def missed(self) -> int:
        """How many messages were left out so far: this was slow, or they were forgotten before their turn."""
        return self._inbox.left_out

    def __aiter__(self) -> Reading:
        return self

    async def __anext__(self) -> Message:
        """The next message.

        Raises :class:`~protocols.channels.errors.ChannelError` once there will be none any more, with the
        reason, and ends if it was closed here.
        """
        return await self._inbox.next()

    async def __aenter__(self) -> Reading:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Read no more."""
        self._inbox.close()

    def __del__(self) -> None:
        self._inbox.close()


class _Inbox:
    """The subscriber behind a reading, which must not keep the reading itself alive."""

    def __init__(self, channel: Channel, since: Since, key: str) -> None:
        self.left_out = 0
        self._channel = channel
        self._key = key
        self._messages: deque[Message] = deque()
        self._subscription: Subscription | None = None
        self._reason: Exception | None = None
        self._is_closed = False
        self._octets = 0  # of their bodies
        self._sleeper = Sleeper()
        channel.position(since).addCallback(self._begin).addErrback(self._failed)

    async def next(self) -> Message:
        while not self._messages:
            if self._is_closed:
                raise StopAsyncIteration
            if self._reason is not None:
                raise self._reason
            if self._subscription is not None:
                self._subscription.resume()
            if not self._messages:
                await self._sleeper.sleep()
        message = self._messages.popleft()
        self._octets -= len(message.body)
        return message

    def close(self) -> None:
        self._is_closed = True
        self._messages.clear()
        self._octets = 0
        if self._subscription is not None:
            self._subscription.close()
        self._sleeper.wake()

    def came(self, batch: Batch) -> None:
        self._messages.extend(batch.messages)
        for message in batch.messages:
            self._octets += len(message.body)
        is_enough = len(self._messages) >= AHEAD or self._octets >= AHEAD_BYTES
        if is_enough and self._subscription is not None:
            self._subscription.pause()
        self._sleeper.wake()

    def missed(self, count: int) -> None:
        self.left_out += count

    def cut_off(self, reason: str) -> None:
        self._reason = UnavailableError(reason)
        self._sleeper.wake()

    def _begin(self, position: int) -> None:
        if not self._is_closed:
            self._subscription = self._channel.subscribe(self, position, self._key)
            self._subscription.resume()

    def _failed(self, failure: Failure) -> None:
        error = failure.value
        if not isinstance(error, ChannelError):
            self._channel.failed(failure)
        self._reason = error if isinstance(error, Exception) else UnavailableError(str(error))
        self._sleeper.wake()
