"""What can be asked of the channels of one process."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from protocols.channels import Channel, ChannelError
from protocols.channels.groups import Group
from protocols.channels.message import Entry, Message
from protocols.channels.since import Since
from protocols.channels.store import READ_MESSAGES
from protocols.codec import DecodeError
from protocols.daemon.control.channel_messages import (
    DeadLetter,
    NewMessage,
    Page,
    Piece,
    Published,
    StoredMessage,
)
from protocols.daemon.control.channel_operations import WAIT
from protocols.daemon.control.dead_letter_box import DeadLetterBox, Wanted
from protocols.daemon.control.operations import OperationError
from protocols.daemon.control.status import Outcome

log = Logger(namespace="polyport")

SENDER: Final = "operator"
"""Who has published what came over the control socket."""

LETTERS: Final = 1000
"""Dead letters that are listed unless somebody says otherwise: what a screen, or a person, can do with."""

Parameters = ParamSpec("Parameters")
T = TypeVar("T")


def _asked(
    method: Callable[Parameters, Coroutine[Any, Any, T]],
) -> Callable[Parameters, Deferred[T]]:
    """`method`, in whose words fails what a channel does not do."""

    @wraps(method)
    def ask(*arguments: Parameters.args, **named: Parameters.kwargs) -> Deferred[T]:
        async def answer() -> T:
            try:
                return await method(*arguments, **named)
            except (ChannelError, DecodeError) as error:
                raise OperationError(str(error)) from error

        return Deferred.fromCoroutine(answer())

    return ask


class LocalChannels:
    """:class:`~protocols.daemon.control.channel_operations.ChannelOperations` of `channels`."""

    def __init__(self, channels: Mapping[str, Channel], clock: Any) -> None:
        self._channels = channels
        self._clock = clock

    @_asked
    async def position(self, channel: str, since: str) -> int:
        one = self._channel(channel)
        try:
            place = Since.parse(since)
        except ValueError as error:
            raise OperationError(str(error)) from error
        return await one.position(place)

    @_asked
    async def page(self, channel: str, after: int, most: int = 0, key: str = "", wait: float = 0.0) -> Page:
        one = self._channel(channel)
        await one.store.known()
        most = min(most, READ_MESSAGES) or READ_MESSAGES
        last = one.last
        found = await one.store.read(after, most, key) if after < last else ()
        if not found and wait > 0:
            after = max(after, last)
            await self._news(one, after, min(wait, WAIT))
            last = one.last
            found = await one.store.read(after, most, key) if after < last else ()
        position = found[-1].seq if found else max(after, last)
        return Page(
            messages=tuple(map(StoredMessage.of, found)),
            position=position,
            first=one.store.extent.first,
            last=one.last,
        )

    def _news(self, channel: Channel, position: int, wait: float) -> Deferred[None]:
        """Fires once there is something behind `position`, or after `wait` seconds."""
        came: Deferred[None] = Deferred()
        if channel.last > position:
            came.callback(None)
            return came

        def heard() -> None:
            if not came.called:
                came.callback(None)

        def over(result: object) -> None:
            channel.on_news.discard(heard)
            if timer.active():
                timer.cancel()

        timer = self._clock.callLater(wait, heard)
        channel.on_news.add(heard)
        return came.addBoth(over)

    @_asked
    async def export(self, channel: str, after: int, through: int, key: str = "") -> Piece:
        piece = await self._channel(channel).store.export(after, through, READ_MESSAGES, key)
        text = piece.octets.decode("utf-8", "replace")
        return Piece(text=text, messages=piece.messages, position=piece.position)

    @_asked
    async def publish(self, channel: str, messages: Sequence[NewMessage]) -> list[Published]:
        one = self._channel(channel)
        receipts = await one.publish_later(
            [Entry(_octets(new), new.key, new.id, SENDER, new.content_type) for new in messages]
        )
        return [Published(seq=receipt.seq, is_new=receipt.is_new) for receipt in receipts]

    @_asked
    async def trim(self, channel: str, through: int) -> Outcome:
        one = self._channel(channel)
        await one.store.known()
        forgotten = await one.trim(min(through, one.last))
        log.info(
            "{channel}: {count} messages are forgotten, as somebody has asked",
            channel=channel,
            count=forgotten,
        )
        return Outcome(done=True, text=f"{_several(forgotten, 'message')} of {channel} forgotten")

    @_asked
    async def rewind(self, channel: str, group: str, after: int) -> Outcome:
        one = self._channel(channel)
        self._group(one, group)
        await one.store.rewind(group, after)
        for heard in tuple(one.on_news):
            heard()
        log.info(
            "{channel}: {group} begins again behind {after}, as somebody has asked",
            channel=channel,
            group=group,
            after=after,
        )
        return Outcome(done=True, text=f"{group} of {channel} goes on behind message {after}")

    @_asked
    async def dead(self, channel: str, group: str = "", most: int = 0) -> list[DeadLetter]:
        found: list[DeadLetter] = []
        for letters in self._letters(channel, group):
            left = (min(most, LETTERS) or LETTERS) - len(found)
            listed = await letters.listed(left, _wanted(group))
            found += [_letter(letters.channel, message) for message in listed]
        return found

    @_asked
    async def retry(self, channel: str, group: str = "", letters: Sequence[int] = ()) -> Outcome:
        one, count = self._channel(channel), 0
        for each in self._letters(channel, group):
            count += await each.put_back(one, _wanted(group, letters))
        return _dealt_with(count, letters, f"published again in {channel}")

    @_asked
    async def drop(self, channel: str, group: str = "", letters: Sequence[int] = ()) -> Outcome:
        count = 0
        for each in self._letters(channel, group):
            count += await each.drop(_wanted(group, letters))
        return _dealt_with(count, letters, "dropped")

    def _letters(self, channel: str, group: str) -> list[DeadLetterBox]:
        one = self._channel(channel)
        if group:
            self._group(one, group)
        found = list(DeadLetterBox.of(one, group))
        if not found:
            whose = f"the group {group}" if group else "no group"
            raise OperationError(f"{whose} of {channel} has a channel of dead letters")
        return found

    def _channel(self, name: str) -> Channel:
        if name not in self._channels:
            known = ", ".join(self._channels) or "none"
            raise OperationError(f"there is no channel {name}; there are: {known}")
        return self._channels[name]

    def _group(self, channel: Channel, name: str) -> Group:
        found = channel.groups.get(name)
        if found is None:
            known = ", ".join(channel.groups) or "none"
            raise OperationError(f"{channel.name} has no group {name}; it has: {known}")
        return found


def _octets(new: NewMessage) -> bytes:
    try:
        return b64decode(new.base64, validate=True)
    except ValueError as error:
        raise OperationError(f"a body is not base64: {error}") from error


def _wanted(group: str, letters: Sequence[int] = ()) -> Wanted:
    """Whether a letter is of `group`, and one of `letters`; nothing stands for any."""
    known = frozenset(letters)

    def wanted(letter: Message) -> bool:
        return (not known or letter.seq in known) and (not group or group_of(letter) == group)

    return wanted


def group_of(letter: Message) -> str:
    """The group that has given it up."""
    return dict(letter.headers).get("group", "")


def _letter(dead: Channel, letter: Message) -> DeadLetter:
    headers = dict(letter.headers)
    return DeadLetter(
        channel=dead.name,
        letter=StoredMessage.of(letter),
        group=group_of(letter),
        seq=_number(headers.get("seq", "")),
        tries=_number(headers.get("tries", "")),
        error=headers.get("error", ""),
    )


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _dealt_with(count: int, letters: Sequence[int], what: str) -> Outcome:
    if count < len(letters):
        missing = len(set(letters)) - count
        text = f"{_several(count, 'dead letter')} {what}; {missing} more that there are not"
        return Outcome(done=missing == 0, text=text)
    return Outcome(done=True, text=f"{_several(count, 'dead letter')} {what}")


def _several(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
