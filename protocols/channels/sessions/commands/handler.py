"""What is done with commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, cast

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from protocols.channels.channel import Channel
from protocols.channels.errors import ChannelError, RefusedError, UnavailableError, UnknownError
from protocols.channels.groups import Membership
from protocols.channels.message import Entry, Receipt
from protocols.channels.sender import sender_of
from protocols.channels.sessions.answers import Answer, Answers
from protocols.channels.sessions.commands.grammar import (
    Ack,
    CommandError,
    Nak,
    Plain,
    Publish,
    Subscribe,
    Unsubscribe,
    guess,
    parse,
)
from protocols.channels.sessions.commands.help_text import HELP
from protocols.channels.sessions.commands.topics import GroupTopic, StreamTopic, Topic
from protocols.channels.sessions.reader import is_ours
from protocols.channels.sessions.teller import Teller
from protocols.channels.sessions.words import err, words_of
from protocols.codec import DecodeError
from protocols.session import Connection, Session

SUBSCRIPTIONS: Final = 64
"""Channels that one connection may read: each costs a place among the readers of its channel."""

NAMED: Final = 16
"""Seqs that are named where they are not a member's own: as many as it has at a time."""

OK: Final = (b"OK",)


class CommandsHandler:
    """Does with `channels` what peers say, command by command (:mod:`.grammar`).

    Each command is answered, in the order in which they were said, by ``OK …``, or by ``ERR`` and what is
    wrong with it.  What is read comes in between.  Nothing that a peer says closes its connection but
    ``QUIT``.
    """

    def __init__(self, channels: Mapping[str, Channel]) -> None:
        self.channels = channels

    def open(self, connection: Connection) -> Session:
        return CommandsSession(self.channels, connection)


class CommandsSession:
    """One peer that says commands.

    It is busy for as long as it reads a channel, and its peer what is sent.
    """

    def __init__(self, channels: Mapping[str, Channel], connection: Connection) -> None:
        self._channels = channels
        self._connection = connection
        self._sender = sender_of(connection.peer)
        self._answers = Answers(connection)
        self._teller = Teller(connection, self._answers, acknowledge=_oks, complain=err)
        self._topics: dict[str, Topic] = {}
        self._is_blocked = False
        self._is_over = False

    @property
    def busy(self) -> bool:
        return bool(self._answers.owed or self._topics) and not self._is_blocked

    def started(self) -> None:
        """It says nothing before it is asked."""

    def received(self, message: bytes) -> None:
        if self._is_over:
            return
        try:
            command = parse(message)
            if type(command) is Publish:
                self._publish(command)
            elif type(command) is Subscribe:
                self._subscribe(command)
            elif type(command) is Ack:
                self._settle(command)
            elif type(command) is Nak:
                self._give_back(command)
            elif type(command) is Unsubscribe:
                self._topic(command.channel).close()
                del self._topics[command.channel]
                self._answers.add(OK)
            elif command is not None:
                self._do(cast("Plain", command))
        except (CommandError, UnknownError) as error:
            self._connection.reject(error)
            self._answers.add([err(error)], is_error=True)

    def received_many(self, messages: Sequence[bytes], replies: list[bytes]) -> None:
        """As :meth:`received` for each (see :class:`~protocols.session.BatchSession`)."""
        for message in messages:
            self.received(message)

    def ended(self, error: Exception | None) -> None:
        self._let_go()
        if error is not None:
            self._answers.add([err(error)], is_error=True)
        self._answers.finish(self._connection.close)

    def closed(self, reason: Exception | None) -> None:
        self._let_go()
        self._answers.drop()

    def pause_writing(self) -> None:
        self._is_blocked = True
        for topic in self._topics.values():
            topic.pause()

    def resume_writing(self) -> None:
        self._is_blocked = False
        for topic in tuple(self._topics.values()):
            topic.resume()

    # -- commands --------------------------------------------------------------------------------------

    def _publish(self, command: Publish) -> None:
        channel = self._channel(command.channel)
        entry = Entry(command.body, command.key, command.id, self._sender, command.content_type)
        try:
            receipts = channel.publish((entry,))
        except (RefusedError, DecodeError, UnavailableError) as error:
            self._teller.unpublished(error, 1)
        else:
            self._teller.follow(receipts, 1, len(command.body))

    def _subscribe(self, command: Subscribe) -> None:
        name = command.channel
        channel = self._channel(name)
        if name in self._topics:
            raise CommandError(f"you read {name} already")
        if len(self._topics) >= SUBSCRIPTIONS:
            raise CommandError(f"you read {SUBSCRIPTIONS} channels already")
        if command.group:
            self._join(channel, command)
            return
        topic = StreamTopic(
            channel, self._connection, command.form, lambda error: self._over(name, topic, error)
        )
        self._add(name, topic)
        answer = self._answers.owe()
        found: Deferred[None] = topic.reader.find(command.since, command.key)
        found.addCallbacks(
            lambda _: self._begin(topic, answer), self._not_found, errbackArgs=(name, topic, answer)
        )
        found.addErrback(self._broken)

    def _join(self, channel: Channel, command: Subscribe) -> None:
        name = command.channel
        group = channel.groups.get(command.group)
        if group is None:
            near = guess(command.group, channel.groups)
            raise UnknownError(f"{name} has no group {command.group!r}{near}")
        topic = GroupTopic(
            group,
            self._connection,
            command.form,
            lambda reason: self._over(name, topic, UnavailableError(reason)),
        )
        self._add(name, topic)
        self._begin(topic, self._answers.owe())

    def _add(self, name: str, topic: Topic) -> None:
        self._topics[name] = topic
        if self._is_blocked:
            topic.pause()

    def _begin(self, topic: Topic, answer: Answer) -> None:
        answer.sent = topic.begin
        answer.given(OK)

    def _not_found(self, failure: Failure, name: str, topic: Topic, answer: Answer) -> None:
        failure.trap(ChannelError)
        if self._topics.get(name) is topic:
            del self._topics[name]
        answer.given([err(cast("Exception", failure.value))], is_error=True)

    def _settle(self, command: Ack) -> None:
        strange = self._membership(command.channel).settle(command.seqs)
        if strange:
            raise _not_yours(strange)
        self._answers.add(OK)

    def _give_back(self, command: Nak) -> None:
        membership = self._membership(command.channel)
        if not membership.give_back(command.seq, command.reason or "NAK", command.delay):
            raise _not_yours([command.seq])
        self._answers.add(OK)

    def _do(self, command: Plain) -> None:
        if command == "PING":
            self._answers.add([b"PONG"])
        elif command == "HELP":
            self._answers.add([*HELP, *OK])
        else:
            self._answers.add(OK)
            self._is_over = True
            self._let_go()
            self._answers.finish(self._connection.close)

    # -- channels --------------------------------------------------------------------------------------

    def _channel(self, name: str) -> Channel:
        if name not in self._channels:
            raise UnknownError(f"there is no channel {name!r}{guess(name, self._channels)}")
        return self._channels[name]

    def _topic(self, name: str) -> Topic:
        found = self._topics.get(name)
        if found is None:
            raise CommandError(f"you do not read {name}{guess(name, self._topics)}")
        return found

    def _membership(self, name: str) -> Membership:
        membership = self._topic(name).membership
        if membership is None:
            raise CommandError(f"you do not read {name} as a member of a group")
        return membership

    def _over(self, name: str, topic: Topic, error: BaseException) -> None:
        """`topic` gives no more."""
        if is_ours(error):
            self._connection.fail(error)
        elif self._topics.get(name) is topic:
            del self._topics[name]
            words = words_of(cast("Exception", error))
            self._answers.add([f"END {name} {words}".encode()], is_error=True)

    def _let_go(self) -> None:
        topics, self._topics = self._topics, {}
        for topic in topics.values():
            topic.close()

    def _broken(self, failure: Failure) -> None:
        assert failure.value is not None
        self._connection.fail(failure.value)


def _not_yours(seqs: Sequence[int]) -> CommandError:
    numbers = ", ".join(map(str, seqs[:NAMED])) + (", …" if len(seqs) > NAMED else "")
    return CommandError(f"{numbers} {'is' if len(seqs) == 1 else 'are'} not yours")


def _oks(receipts: Sequence[Receipt]) -> list[bytes]:
    return [b"OK %d" % seq if is_new else b"OK %d again" % seq for seq, is_new in receipts]
