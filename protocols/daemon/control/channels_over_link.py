"""Operations on channels at the other end of a link."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, validate_call
from twisted.internet.defer import Deferred

from protocols.daemon.control.channel_messages import DeadLetter, NewMessage, Page, Piece, Published
from protocols.daemon.control.channel_operations import ChannelOperations
from protocols.daemon.control.link import Link
from protocols.daemon.control.operations import OperationError
from protocols.daemon.control.serving import Method, Methods
from protocols.daemon.control.status import Outcome

Model = TypeVar("Model", bound=BaseModel)

STRICT = ConfigDict(strict=True)
"""Nothing is taken for something else, such as a text for a number."""


def served_channels(operations: Callable[[], ChannelOperations]) -> Methods:
    """`operations` as methods for a link: ``channel_`` and the name; arguments are the same."""

    def position(channel: str, since: str) -> Any:
        return operations().position(channel, since)

    def page(channel: str, after: int, most: int = 0, key: str = "", wait: float = 0.0) -> Any:
        return operations().page(channel, after, most, key, wait).addCallback(_json)

    def export(channel: str, after: int, through: int, key: str = "") -> Any:
        return operations().export(channel, after, through, key).addCallback(_json)

    def publish(channel: str, messages: list[dict[str, str]]) -> Any:
        new = [NewMessage.model_validate(one) for one in messages]
        return operations().publish(channel, new).addCallback(_json_each)

    def trim(channel: str, through: int) -> Any:
        return operations().trim(channel, through).addCallback(_json)

    def rewind(channel: str, group: str, after: int) -> Any:
        return operations().rewind(channel, group, after).addCallback(_json)

    def dead(channel: str, group: str = "", most: int = 0) -> Any:
        return operations().dead(channel, group, most).addCallback(_json_each)

    def retry(channel: str, group: str = "", letters: list[int] | None = None) -> Any:
        return operations().retry(channel, group, letters or ()).addCallback(_json)

    def drop(channel: str, group: str = "", letters: list[int] | None = None) -> Any:
        return operations().drop(channel, group, letters or ()).addCallback(_json)

    methods = (position, page, export, publish, trim, rewind, dead, retry, drop)
    return {f"channel_{method.__name__}": _checked(method) for method in methods}


def _checked(method: Method) -> Method:
    """`method`, which is called with what it expects only."""
    call = validate_call(config=STRICT)(method)

    def checked(**arguments: Any) -> Any:
        try:
            return call(**arguments)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise OperationError(f"{where}: {first['msg']}") from error

    return checked


def _json(value: BaseModel) -> Any:
    return value.model_dump(mode="json")


def _json_each(values: Sequence[BaseModel]) -> list[Any]:
    return [_json(value) for value in values]


class RemoteChannels:
    """:class:`ChannelOperations` of whoever is at the other end of `link`, and serves them
    (:func:`served_channels`)."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def position(self, channel: str, since: str) -> Deferred[int]:
        return self._link.call("channel_position", channel=channel, since=since)

    def page(
        self, channel: str, after: int, most: int = 0, key: str = "", wait: float = 0.0
    ) -> Deferred[Page]:
        return self._one(Page, "page", channel=channel, after=after, most=most, key=key, wait=wait)

    def export(self, channel: str, after: int, through: int, key: str = "") -> Deferred[Piece]:
        return self._one(Piece, "export", channel=channel, after=after, through=through, key=key)

    def publish(self, channel: str, messages: Sequence[NewMessage]) -> Deferred[list[Published]]:
        return self._many(Published, "publish", channel=channel, messages=_json_each(messages))

    def trim(self, channel: str, through: int) -> Deferred[Outcome]:
        return self._one(Outcome, "trim", channel=channel, through=through)

    def rewind(self, channel: str, group: str, after: int) -> Deferred[Outcome]:
        return self._one(Outcome, "rewind", channel=channel, group=group, after=after)

    def dead(self, channel: str, group: str = "", most: int = 0) -> Deferred[list[DeadLetter]]:
        return self._many(DeadLetter, "dead", channel=channel, group=group, most=most)

    def retry(self, channel: str, group: str = "", letters: Sequence[int] = ()) -> Deferred[Outcome]:
        return self._one(Outcome, "retry", channel=channel, group=group, letters=list(letters))

    def drop(self, channel: str, group: str = "", letters: Sequence[int] = ()) -> Deferred[Outcome]:
        return self._one(Outcome, "drop", channel=channel, group=group, letters=list(letters))

    def _one(self, model: type[Model], do: str, **arguments: Any) -> Deferred[Model]:
        return self._link.call(f"channel_{do}", **arguments).addCallback(model.model_validate)

    def _many(self, model: type[Model], do: str, **arguments: Any) -> Deferred[list[Model]]:
        answer = self._link.call(f"channel_{do}", **arguments)
        return answer.addCallback(lambda items: [model.model_validate(item) for item in items])
