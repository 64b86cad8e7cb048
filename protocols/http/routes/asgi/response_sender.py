"""The response of an ASGI application, on its way to the client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from protocols.http.routes.app_head import AppHead, NoContent
from protocols.http.routes.asgi.change import Change
from protocols.http.routes.asgi.runtime import DisconnectedError, Message, header_pairs
from protocols.http.routes.body_tally import BodyTally
from protocols.http.routes.outflow import Outflow


class ResponseSender:
    """What the application sends by ``send``, on its way to the client.

    :param left: is called if the client goes before everything is sent.
    :param report: hears of errors that the client hears nothing of.

    .. attribute:: answer

       Fires with the response.
    """

    def __init__(
        self, method: str, left: Callable[[], None], report: Callable[[BaseException], None]
    ) -> None:
        self.answer: Deferred[Any] = Deferred(lambda _: left())
        self.complete = False
        """Whether the application has sent everything."""
        self._method = method
        self._left = left
        self._report = report
        self._head: AppHead | None = None
        self._outflow: Outflow | None = None
        self._tally: BodyTally
        self._room = Change()
        self._closed = False

    async def send(self, message: Message) -> None:
        """ASGI's ``send``, for ``http.response.start`` and ``http.response.body``.

        Raises :class:`DisconnectedError` when the client has gone, :class:`RuntimeError` for messages in
        the wrong order, and :class:`ValueError` or :class:`TypeError` for what cannot be sent.
        """
        kind = message["type"].rpartition(".")[2]
        if self._closed:
            raise DisconnectedError("the client went away")
        if kind == "start" and self._head is None:
            self._head = AppHead(int(message["status"]), header_pairs(message.get("headers", ())))
        elif kind == "body" and self._head is not None and not self.complete:
            body, more = bytes(message.get("body", b"")), bool(message.get("more_body", False))
            self._put(self._head, body, more)
            while more and self._outflow is not None and self._outflow.full:
                await self._room.wait()
        else:
            raise RuntimeError(f"{message['type']} is not what can be sent now")

    @property
    def has_head(self) -> bool:
        """Whether the application has said how the response begins."""
        return self._head is not None

    def begin(self) -> None:
        """Send the head, before anything of the body is here."""
        assert self._head is not None
        self._put(self._head, b"", more=True)
        if self._outflow is not None:
            self._outflow.begin()

    def end(self, error: BaseException | None) -> None:
        """The application sends nothing more."""
        if self.complete:
            if error is not None:
                self._report(error)
            return
        cause = error or RuntimeError("the application returned before its response was whole")
        if self._outflow is not None:
            self._outflow.finish(cause)
        elif not self.answer.called:
            self.answer.errback(cause)

    def close(self) -> None:
        """Nobody reads it."""
        self._closed = True

    def _put(self, head: AppHead, body: bytes, more: bool) -> None:
        if self._outflow is not None:
            self.complete = not more
            self._flow(self._outflow, body, more)
        elif not more:
            response = head.whole(self._method, body, self._report)
            self.complete = True
            self.answer.callback(response)
        elif head.bodiless(self._method):
            # What follows would be made for nobody.
            self.answer.callback(head.response(NoContent(head.length)))
            self._left()
        else:
            self._outflow = Outflow(head.length, left=self._left, drained=self._room.tell)
            self._tally = BodyTally(head.length, self._report)
            self._flow(self._outflow, body, more)
            self.answer.callback(head.response(self._outflow))

    def _flow(self, outflow: Outflow, body: bytes, more: bool) -> None:
        if body:
            outflow.put(self._tally.fitting(body))
        if not more:
            outflow.finish(self._tally.shortfall)
