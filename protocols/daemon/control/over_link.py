"""Operations at the other end of a link."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar

from pydantic import BaseModel
from twisted.internet.defer import Deferred

from protocols.daemon.control.asking import Ended
from protocols.daemon.control.channels_over_link import RemoteChannels, served_channels
from protocols.daemon.control.link import Link
from protocols.daemon.control.operations import OperationError, Operations
from protocols.daemon.control.serving import Method, Methods, Outlet, Stream
from protocols.daemon.control.status import ConnectionStatus, Frame, Outcome, PenaltyStatus, Status

Model = TypeVar("Model", bound=BaseModel)


def served(operations: Operations) -> Methods:
    """`operations` as methods for a link: names and arguments are the same, and what
    :mod:`~protocols.daemon.control.status` has is JSON."""

    def tap(service: str) -> Stream:
        return Stream(lambda outlet: operations.tap(service, _Tapped(outlet)))

    return {
        "status": lambda: operations.status().addCallback(_json),
        "reload": lambda: operations.reload().addCallback(_json),
        "upgrade": lambda: operations.upgrade().addCallback(_json),
        "drain": _of_texts(lambda service: operations.drain(service).addCallback(_json)),
        "connections": _of_texts(
            lambda service=None: operations.connections(service).addCallback(_json_each)
        ),
        "kill": _of_texts(lambda connection: operations.kill(connection).addCallback(_json)),
        "tap": _of_texts(tap),
        "penalties": lambda: operations.penalties().addCallback(_json_each),
        "forgive": _of_texts(lambda source: operations.forgive(source).addCallback(_json)),
        "log_level": _of_texts(lambda level: operations.log_level(level).addCallback(_json)),
        **served_channels(lambda: operations.channels),
    }


class _Tapped:
    """Hears frames and sends them on; what a slow reader would make pile up is not even made JSON of."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self._missed = 0

    def __call__(self, frame: Frame) -> None:
        self._missed += frame.missed
        if self._outlet.has_room:
            item = frame.model_copy(update={"missed": self._missed})
            self._missed = 0
            self._outlet.send(_json(item))
        else:
            self._missed += 1


def _of_texts(method: Method) -> Method:
    """`method`, whose arguments are texts; or nothing, where that is allowed."""

    @wraps(method)
    def checked(**arguments: Any) -> Any:
        for name, value in arguments.items():
            if not (value is None or isinstance(value, str)):
                raise OperationError(f"{name}: a text is expected")
        return method(**arguments)

    return checked


def _json(value: BaseModel) -> Any:
    return value.model_dump(mode="json")


def _json_each(values: Sequence[BaseModel]) -> list[Any]:
    return [_json(value) for value in values]


class RemoteOperations:
    """:class:`Operations` of whoever is at the other end of `link` and serves them (:func:`served`).

    All fail with :class:`~protocols.daemon.control.link.LinkClosedError`, too.
    """

    def __init__(self, link: Link) -> None:
        self.channels = RemoteChannels(link)
        self._link = link

    def status(self) -> Deferred[Status]:
        return self._one(Status, "status")

    def reload(self) -> Deferred[Outcome]:
        return self._one(Outcome, "reload")

    def upgrade(self) -> Deferred[Outcome]:
        return self._one(Outcome, "upgrade")

    def drain(self, service: str) -> Deferred[Outcome]:
        return self._one(Outcome, "drain", service=service)

    def connections(self, service: str | None = None) -> Deferred[list[ConnectionStatus]]:
        return self._many(ConnectionStatus, "connections", service=service)

    def kill(self, connection: str) -> Deferred[Outcome]:
        return self._one(Outcome, "kill", connection=connection)

    def tap(
        self, service: str, heard: Callable[[Frame], None], ended: Ended = lambda error: None
    ) -> Callable[[], None]:
        """As :meth:`Operations.tap`, but it is `ended` that hears if that makes no sense."""
        return self._link.follow(
            "tap", lambda item: heard(Frame.model_validate(item)), ended, service=service
        )

    def penalties(self) -> Deferred[list[PenaltyStatus]]:
        return self._many(PenaltyStatus, "penalties")

    def forgive(self, source: str) -> Deferred[Outcome]:
        return self._one(Outcome, "forgive", source=source)

    def log_level(self, level: str) -> Deferred[Outcome]:
        return self._one(Outcome, "log_level", level=level)

    def _one(self, model: type[Model], do: str, **arguments: Any) -> Deferred[Model]:
        return self._link.call(do, **arguments).addCallback(model.model_validate)

    def _many(self, model: type[Model], do: str, **arguments: Any) -> Deferred[list[Model]]:
        answer = self._link.call(do, **arguments)
        return answer.addCallback(lambda items: [model.model_validate(item) for item in items])
