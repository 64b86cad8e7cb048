"""One call of a WSGI application, in its thread: the server's side of PEP 3333."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from protocols.http.response import Response
from protocols.http.routes.app_head import AppHead
from protocols.http.routes.body_tally import BodyTally
from protocols.http.routes.wsgi.content import ContentError
from protocols.http.routes.wsgi.outflow import Outflow
from protocols.http.source import PIECE

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class ClientLeftError(BrokenPipeError):
    """Nobody reads what is written."""


class Sender(Protocol):
    """Where the response goes."""

    def check(self, head: AppHead) -> None:
        """Raises what the client is to be told instead of `head`, if there is anything."""

    def outflow(self, length: int | None) -> Outflow:
        """The way of a body of `length` bytes, if they are known."""

    def begin(self, head: AppHead, outflow: Outflow) -> None:
        """Send `head`, and what comes by `outflow`."""

    def report(self, error: BaseException) -> None:
        """Log `error`, of which the client hears nothing."""


class ApplicationCall:
    """What an application says to one request.

    :param method: the method of the request.
    """

    def __init__(self, method: str, sender: Sender) -> None:
        self._method = method
        self._sender = sender
        self._head: AppHead | None = None
        self._outflow: Outflow | None = None
        self._tally: BodyTally

    def run(self, application: Application, environ: dict[str, Any]) -> Response | None:
        """Call `application`, and send what it answers.

        :returns: the response, if it is short and nothing of it has been sent; it costs no further word
            between the threads.

        Raises what goes wrong before anything has been sent.
        """
        try:
            iterable = application(environ, self.start_response)
            try:
                return self._send(iterable)
            finally:
                self._close(iterable)
        except BaseException as error:
            cause = error.__cause__ if isinstance(error, ContentError) and error.__cause__ else error
            if self._outflow is None:
                if cause is error:
                    raise
                raise cause from None
            if not self._outflow.finish(cause) and not isinstance(error, ContentError | ClientLeftError):
                self._sender.report(cause)
            return None

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        """PEP 3333, "The start_response() Callable"; returns ``write``."""
        if exc_info:
            try:
                if self._outflow is not None:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # it refers to this frame
        elif self._head is not None:
            raise AssertionError("start_response was called again without exc_info")
        self._head = head = _head(status, headers)
        self._tally = BodyTally(head.length, self._sender.report)
        return self.write

    def write(self, block: bytes) -> None:
        """PEP 3333, "The write() Callable"; raises :class:`OSError` when the client has gone."""
        if not self._put(block) and self._outflow is not None and self._outflow.closed:
            raise ClientLeftError("the client went away")

    def _send(self, iterable: Iterable[bytes]) -> Response | None:
        if type(iterable) in (list, tuple) and self._outflow is None:
            # All there is, and nothing is computed between its blocks.
            body = b"".join(iterable)
            if len(body) <= PIECE:
                return self._whole(body)
            iterable = (body,)
        for block in iterable:
            if not self._put(block):
                break
        if self._outflow is None:
            return self._whole(b"")
        shortfall = self._tally.shortfall
        if shortfall is not None and not self._outflow.closed:
            raise shortfall
        self._outflow.finish()
        return None

    def _put(self, block: bytes) -> bool:
        """Send `block`; whether there is anybody for more."""
        head = self._started()
        if not isinstance(block, bytes):
            raise TypeError(f"the body of a response is made of bytes, not {type(block).__name__}")
        if not block:
            return True
        if head.bodiless(self._method):
            return False
        block = self._tally.fitting(block)
        if not block:
            return False
        sent = self._flow(head, block)
        if self._outflow is not None and self._tally.is_complete:
            self._outflow.finish()
        return sent

    def _flow(self, head: AppHead, block: bytes) -> bool:
        if self._outflow is not None:
            return self._outflow.write(block)
        self._sender.check(head)
        self._outflow = outflow = self._sender.outflow(head.length)
        # As much as there is room for: whoever reads finds something.
        outflow.write(block[:PIECE])
        if self._tally.is_complete and len(block) <= PIECE:
            outflow.finish()
        self._sender.begin(head, outflow)
        return outflow.write(block[PIECE:])

    def _whole(self, body: bytes) -> Response:
        head = self._started()
        self._sender.check(head)
        return head.whole(self._method, body, self._sender.report)

    def _started(self) -> AppHead:
        if self._head is None:
            raise RuntimeError("the application has not called start_response")
        return self._head

    def _close(self, iterable: Iterable[bytes]) -> None:
        close = getattr(iterable, "close", None)
        if close is None:
            return
        try:
            close()
        except BaseException as error:  # noqa: BLE001 - what was sent stays sent
            self._sender.report(error)


def _head(status: object, headers: object) -> AppHead:
    """What start_response was told.  A status without a reason is taken: clients read the number only."""
    if not isinstance(status, str) or not status[:3].isdecimal() or status[3:4] not in ("", " "):
        raise ValueError(f"{status!r} is not a status such as '200 OK'")
    if not isinstance(headers, list):
        raise TypeError(f"the headers of a response are a list, not {type(headers).__name__}")
    for name, value in headers:
        if not isinstance(name, str) or not isinstance(value, str):
            raise TypeError("the names and values of headers are str")
    return AppHead(int(status[:3]), headers)
