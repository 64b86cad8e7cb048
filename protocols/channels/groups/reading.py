"""A group's messages as something that a coroutine reads."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from protocols.channels.errors import UnavailableError
from protocols.channels.groups.group import Group
from protocols.channels.groups.membership import Membership
from protocols.channels.message import Message
from protocols.channels.sleeper import Sleeper
from protocols.channels.store import Claim

UNFINISHED: Final = "whoever read it did not go on"


class GroupReading:
    """The messages of a group that are this reader's own, for ``async for``.

    Going on to the next message settles the one before.  Whoever stops in the middle gives it back: with
    :meth:`aclose`, with an exception that leaves ``async with``, whose words are the reason, or because
    nobody holds this any more, as when an exception leaves ``async for message in subscribe(…)``.
    """

    def __init__(self, group: Group, inflight: int = 1) -> None:
        self._inbox = _Inbox()
        self._membership = self._inbox.membership = group.join(self._inbox, inflight)

    @property
    def tries(self) -> int:
        """How often the message at hand was handed out, this time too; 0 if none is at hand."""
        current = self._inbox.current
        return current.tries if current is not None else 0

    def __aiter__(self) -> GroupReading:
        return self

    async def __anext__(self) -> Message:
        """The next message, once there is one; the one before is dealt with.

        Raises :class:`~protocols.channels.errors.ChannelError` once there will be none any more, with the
        reason, and ends if it was closed here.
        """
        self.settle()
        return await self._inbox.next()

    async def __aenter__(self) -> GroupReading:
        return self

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error is not None:
            self.give_back(str(error) or type(error).__name__)
        self.close()

    def settle(self) -> None:
        """The message at hand is dealt with: for one that stops reading behind it."""
        current, self._inbox.current = self._inbox.current, None
        if current is not None:
            self._membership.settle([current.message.seq])

    def give_back(self, error: str, delay: float = 0.0) -> None:
        """The message at hand could not be dealt with: somebody shall try again, in `delay` seconds."""
        current, self._inbox.current = self._inbox.current, None
        if current is not None:
            self._membership.give_back(current.message.seq, error, delay)

    async def aclose(self) -> None:
        """Read no more."""
        self.close()

    def close(self) -> None:
        """Read no more; the message at hand, and those that wait, go to others."""
        self.give_back(UNFINISHED)
        self._inbox.close()

    def __del__(self) -> None:
        if hasattr(self, "_membership"):  # else the group is closed, and nobody has joined it
            self.close()


class _Inbox:
    """The member behind a reading, which must not keep the reading itself alive."""

    membership: Membership

    def __init__(self) -> None:
        self.current: Claim | None = None
        self._claims: deque[Claim] = deque()
        self._reason: str | None = None
        self._is_closed = False
        self._sleeper = Sleeper()

    async def next(self) -> Message:
        while True:
            while self._claims:
                claim = self._claims.popleft()
                if self.membership.has(claim.message.seq):  # else it has waited here too long
                    self.current = claim
                    return claim.message
            if self._is_closed:
                raise StopAsyncIteration
            if self._reason is not None:
                raise UnavailableError(self._reason)
            await self._sleeper.sleep()

    def close(self) -> None:
        self._is_closed = True
        self._claims.clear()
        self.membership.leave()
        self._sleeper.wake()

    def claimed(self, claims: Sequence[Claim]) -> None:
        self._claims.extend(claims)
        self._sleeper.wake()

    def cut_off(self, reason: str) -> None:
        self._reason = reason
        self._sleeper.wake()
