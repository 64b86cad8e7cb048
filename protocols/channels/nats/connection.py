"""One connection to NATS, which all channels with the same servers share."""

from __future__ import annotations

import asyncio
import json
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from protocols.channels.errors import StalledError, UnavailableError
from protocols.channels.nats.obstacle import obstacle
from protocols.channels.nats.settings import NATSSettings
from protocols.handlers.coroutines import beginner
from protocols.outgoing_reason import why_unreachable

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

log = Logger(namespace="polyport")

CONNECT: Final = 2
"""Seconds for one server to answer: they are near; whole, since nats-py wants it so."""

PING: Final = 10
"""Seconds between two times that the server is asked whether it is still there; two without an answer are the
end of the connection."""

FIRST_WAIT: Final = 0.1
"""Seconds before the second attempt to connect; twice as long before each that follows."""

MOST_WAIT: Final = 5.0
"""Seconds between two attempts at most: channels are back so soon after NATS is."""

CLOSE: Final = 0.5
"""Seconds for a connection to close in order."""

ANSWER: Final = 5.0
"""Seconds for JetStream to answer: some more than a cluster takes to elect another leader."""

SHORT: Final = 1.0
"""Seconds for it to answer what can be asked again without harm, and may have gone to a server that is no
more."""


class Listener(Protocol):
    """What uses the connection."""

    def connected(self, client: Client) -> None:
        """There is a new one."""

    def lost(self) -> None:
        """There is none any more, or not yet: heard at the end of each attempt and of each connection."""


class RejectedError(UnavailableError):
    """JetStream does not do what it was asked to.

    .. attribute:: code

       Its number for that (``err_code``), 0 if it has said none.
    """

    def __init__(self, words: str, code: int = 0) -> None:
        super().__init__(f"JetStream: {words}")
        self.code = code


class NATSConnection:
    """Connects to `settings` when the first joins, and again for as long as anybody is there.

    nats-py would connect again by itself; but then it sends what it has kept, which we would send too, and
    says nothing of what was lost.  So each connection is a client of its own.

    Raises :class:`RuntimeError` where it cannot work, in the words of
    :func:`~protocols.channels.nats.obstacle`.

    .. attribute:: client

       What speaks to NATS; ``None`` while it is away.

    .. attribute:: reason

       Why it is away, in words that hold no secret.
    """

    def __init__(self, settings: NATSSettings, reactor: Any) -> None:
        why = obstacle(reactor)
        if why is not None:
            raise RuntimeError(why)
        self.settings = settings
        self.client: Client | None = None
        self.reason = "it has not been reached yet"
        self._reactor = reactor
        self._begin = beginner(reactor)
        self._listeners: dict[Listener, None] = {}
        self._serving: Any = None  # a task
        self._leaving: list[Deferred[None]] = []
        self._said_away = False
        self._error: BaseException | None = None

    # -- who uses it -----------------------------------------------------------------------------------

    def join(self, listener: Listener) -> None:
        """Have `listener` hear of the connection."""
        self._listeners[listener] = None
        if self.client is not None:
            listener.connected(self.client)
        elif len(self._listeners) == 1:
            self._reactor.callWhenRunning(self._start)

    def leave(self, listener: Listener) -> Deferred[None]:
        """It hears nothing more; with the last of them the connection ends, which has happened then.

        Who joins before it has happened, hears of the next one only."""
        self._listeners.pop(listener, None)
        if self._listeners or self._serving is None:
            return succeed(None)
        left: Deferred[None] = Deferred()
        self._leaving.append(left)
        if len(self._leaving) == 1:
            self.client = None
            self.reason = "nobody has used it any more"
            self._serving.cancel()
        return left

    def _start(self) -> None:
        if self._listeners and self._serving is None:
            self._serving = self._begin(self._serve())
            self._serving.tell(self._served)

    def _served(self, outcome: object) -> None:
        """It has been told to end, or something of ours went wrong."""
        if isinstance(outcome, Failure) and not outcome.check(CancelledError):
            log.failure("the connection to NATS cannot go on", failure=outcome)
        self._serving = None
        leaving, self._leaving = self._leaving, []
        for left in leaving:
            left.callback(None)
        if leaving:
            self._start()

    # -- what it does ----------------------------------------------------------------------------------

    async def _serve(self) -> None:
        wait = FIRST_WAIT
        while True:
            ended: Deferred[None] = Deferred()
            try:
                client = await self._connect(ended)
            except (OSError, UnavailableError) as error:
                self._away(error)
                await deferLater(self._reactor, wait)
                wait = min(2 * wait, MOST_WAIT)
                continue
            wait = FIRST_WAIT
            try:
                self._here(client)
                await ended
            finally:
                self.client = None
                await _close(client)
            self._away(self._error)

    async def _connect(self, ended: Deferred[None]) -> Client:
        from nats.errors import Error, NoServersError

        from protocols.channels.nats.client import ClosingClient

        async def went_wrong(error: Exception) -> None:
            if "permissions" in str(error).lower() and str(error) != str(self._error):
                # Of which the connection does not end, and nobody gets an answer.
                log.warn("NATS at {places}: {why}", places=self.settings.places, why=_words(error))
            self._error = error

        async def closed() -> None:
            if not ended.called:
                ended.callback(None)

        settings = self.settings
        self._error = None
        client = ClosingClient()
        try:
            await client.connect(
                list(settings.servers),
                name=settings.name,
                error_cb=went_wrong,
                closed_cb=closed,
                allow_reconnect=False,
                max_reconnect_attempts=1,
                reconnect_time_wait=0,
                connect_timeout=CONNECT,
                ping_interval=PING,
                user=settings.user or None,
                password=settings.password or None,
                token=settings.token or None,
                user_credentials=str(settings.credentials) if settings.credentials else None,
                tls=settings.tls(),
            )
        except BaseException as error:
            await _close(client)
            if isinstance(error, NoServersError) and self._error is not None:
                raise UnavailableError(_words(self._error)) from error
            if isinstance(error, Error | ImportError | ValueError):
                raise UnavailableError(_words(error)) from error
            raise
        return client

    def _here(self, client: Client) -> None:
        self.client = client
        if self._said_away:
            self._said_away = False
            log.info("NATS at {places} is back", places=self.settings.places)
        for listener in tuple(self._listeners):
            listener.connected(client)

    def _away(self, error: BaseException | None) -> None:
        self.reason = _words(error)
        if not self._said_away:
            self._said_away = True
            log.warn("NATS at {places} is away: {why}", places=self.settings.places, why=self.reason)
        for listener in tuple(self._listeners):
            listener.lost()

    # -- requests --------------------------------------------------------------------------------------

    async def request(self, subject: str, payload: bytes = b"", patience: float = ANSWER) -> Msg:
        """The answer to `payload`.

        Raises :class:`UnavailableError`, and :class:`StalledError` if there is none in `patience` seconds.
        """
        from nats.errors import Error, NoRespondersError

        client = self.client
        if client is None:
            raise UnavailableError(f"NATS is away: {self.reason}")
        try:
            return await client.request(subject, payload, timeout=patience)
        except NoRespondersError as error:
            raise UnavailableError("JetStream, or its leader, is not there") from error
        except TimeoutError as error:
            raise StalledError("NATS does not answer") from error
        except (Error, OSError) as error:
            raise UnavailableError(f"NATS is away: {_words(error)}") from error

    async def api(self, what: str, *, patience: float = ANSWER, **named: object) -> dict[str, Any]:
        """What JetStream's API answers (NATS's reference, "JetStream wire API").

        Raises :class:`RejectedError`, and what :meth:`request` raises.
        """
        payload = json.dumps(named).encode() if named else b""
        answer: dict[str, Any] = json.loads((await self.request(f"$JS.API.{what}", payload, patience)).data)
        error = answer.get("error")
        if error is not None:
            raise RejectedError(error.get("description", "it failed"), error.get("err_code", 0))
        return answer


async def _close(client: Client) -> None:
    if client.is_connected:
        with suppress(Exception):  # it is away, and what was not written is lost
            await asyncio.wait_for(client.flush(), CLOSE)
    # Where TLS is not agreed upon, nats-py waits for ever for the end of what it has given away.
    with suppress(Exception):
        await asyncio.wait_for(client.close(), CLOSE)


def _words(error: BaseException | None) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason}"
    if isinstance(error, OSError) and error.errno:
        why = why_unreachable(error)
        return f"{error.filename}: {why}" if error.filename else why
    if isinstance(error, TimeoutError):
        return "it does not answer"
    words = str(error or "").removeprefix("nats: ").strip("'\"")
    return words or "it closed the connection"
