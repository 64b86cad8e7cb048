"""What one connection reads, channel by channel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from protocols.channels.channel import Channel
from protocols.channels.errors import UnavailableError
from protocols.channels.form import Form
from protocols.channels.groups import Group, Membership
from protocols.channels.sessions.commands.lines import claim_lines, message_lines
from protocols.channels.sessions.feed import Feed
from protocols.channels.sessions.member import UNCARRIED, is_sent
from protocols.channels.sessions.reader import Reader
from protocols.channels.store import Claim
from protocols.session import Connection


class Topic(Protocol):
    """A channel that is read."""

    membership: Membership | None
    """Of a group."""

    def begin(self) -> None:
        """The peer knows that it reads."""

    def pause(self) -> None:
        """It reads nothing for now."""

    def resume(self) -> None:
        """It reads again."""

    def close(self) -> None:
        """It is to be told no more."""


class StreamTopic:
    """A channel that one peer reads all of.

    :param over: told why there will be no more.
    """

    membership: Membership | None = None

    def __init__(
        self, channel: Channel, connection: Connection, form: Form, over: Callable[[BaseException], None]
    ) -> None:
        name = channel.name.encode()

        def missed(count: int) -> None:
            with suppress(ValueError):  # a framing that cannot carry it
                connection.send(b"MISSED %b %d" % (name, count))

        self.reader = Reader(
            channel, Feed(connection, message_lines(channel.name, form), missed).send, missed, over
        )
        self._has_begun = False
        self._is_blocked = False

    def begin(self) -> None:
        self._has_begun = True
        if not self._is_blocked:
            self.reader.resume()

    def pause(self) -> None:
        self._is_blocked = True
        self.reader.pause()

    def resume(self) -> None:
        self._is_blocked = False
        if self._has_begun:
            self.reader.resume()

    def close(self) -> None:
        self.reader.close()


class GroupTopic:
    """A channel whose messages one peer shares with the other members of a group.

    :param over: told why there will be no more.
    """

    def __init__(self, group: Group, connection: Connection, form: Form, over: Callable[[str], None]) -> None:
        self.membership: Membership | None = None
        self._group = group
        self._connection = connection
        self._renders = claim_lines(group.channel.name, form)
        self._over = over
        self._is_closed = False
        self._uncarried: list[int] = []

    def begin(self) -> None:
        if self._is_closed:
            return
        try:
            self.membership = self._group.join(self)
        except UnavailableError as error:
            self.cut_off(str(error))
            return
        self._give_back_uncarried()  # it may have been given some by now
        if self._is_closed:
            self.close()

    def pause(self) -> None:
        """It has no more messages at a time than a member may have."""

    def resume(self) -> None:
        """As before."""

    def close(self) -> None:
        self._is_closed = True
        membership, self.membership = self.membership, None
        if membership is not None:
            membership.leave()

    # -- for the group (Member) ------------------------------------------------------------------------

    def claimed(self, claims: Sequence[Claim]) -> None:
        if not self._is_closed:
            self._uncarried += [
                claim.message.seq for claim in claims if not is_sent(self._connection, self._renders, claim)
            ]
            self._give_back_uncarried()

    def cut_off(self, reason: str) -> None:
        self.membership = None
        self._is_closed = True
        self._over(reason)

    def _give_back_uncarried(self) -> None:
        if self.membership is not None:
            for seq in self._uncarried:
                self.membership.give_back(seq, UNCARRIED)
            self._uncarried.clear()
