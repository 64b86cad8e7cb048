"""What a client and its server say to each other: written once, for every kind of input and output."""

from __future__ import annotations

import errno
import ssl
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from typing import NoReturn

from protocols.client.errors import (
    ClientError,
    ClientTimeoutError,
    ClosedError,
    ConnectError,
    ConnectionLostError,
    NobodyListensError,
    ReplyFramingError,
    TLSError,
)
from protocols.client.reasons import is_refused, is_unknown_authority, why, why_tls
from protocols.client.retry import ONCE, Retry
from protocols.client.terms import Terms
from protocols.client.tls import CertificateNameError
from protocols.client.wire import Opener, Seconds, Sleep, Wire
from protocols.framing import Decoder, FramingError, Raw

LINGER = 1.0
"""Seconds the server has to take what was sent last: a socket closed with a reply still coming can cost it
messages that it has not read yet."""


class Conversation:
    """Messages to one server and back, over one connection after the other.

    A message is handed to one connection at most, unless the caller says that it may be repeated; when that
    breaks, those without a reply are counted in the :class:`~protocols.client.errors.ConnectionLostError`.

    :param open_wire: opens a connection.
    :param sleep: waits before the next attempt.
    :param lock: held while connecting, where several tasks may do so at once.
    """

    def __init__(
        self,
        terms: Terms,
        open_wire: Opener,
        sleep: Sleep,
        lock: AbstractAsyncContextManager[object, bool | None],
    ) -> None:
        self.terms = terms
        self.unanswered = 0
        """Messages on this connection that have no reply yet, if each has one."""
        self._url = str(terms.place)
        self._connecting = ONCE if terms.place.datagrams else terms.retry
        self._open = open_wire
        self._sleep = sleep
        self._lock = lock
        self._pauses: Iterator[float] | None = None
        self._wire: Wire | None = None
        self._decoder: Decoder | None = None
        self._inbox: deque[bytes] = deque()
        self._fault: ClientError | None = None
        self._doubtful = False
        self._begun = False
        self._half_closed = False
        self._closed = False

    # -- connecting ----------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Connect as the terms say.  Raises :class:`ConnectError` or :class:`ClientTimeoutError`."""
        waits = (self.terms.reconnect or self._connecting).waits()
        while True:
            try:
                self._wire = await self._opened()
                break
            except TLSError:
                raise  # another attempt would not be believed either
            except (ConnectError, ClientTimeoutError):
                wait = next(waits, None)
                if wait is None:
                    raise
            await self._sleep(wait)
        self._decoder = None if self.terms.framing is None else self.terms.framing.decoder()
        self._begun, self._doubtful = True, False
        self.unanswered = 0
        for message in self.terms.opening:
            await self._write(message)

    async def _opened(self) -> Wire:
        try:
            return await self._open(self.terms.timeout)
        except TimeoutError as error:
            if error.errno is not None:  # the system has given up first
                raise ConnectError(self._url, "it did not answer in time") from None
            raise ClientTimeoutError(
                self._url, f"no connection to {self._url} within {self.terms.timeout:g} s"
            ) from None
        except CertificateNameError as error:
            raise TLSError(self._url, str(error)) from None
        except ssl.SSLError as error:
            raise self._tls_error(error) from None
        except (OSError, UnicodeError) as error:
            if self.terms.place.scheme == "tls" and isinstance(error, ConnectionResetError | BrokenPipeError):
                broken = "the server closed the connection during the handshake"
                raise TLSError(self._url, broken) from None
            raise ConnectError(self._url, why(error)) from None

    def _tls_error(self, error: ssl.SSLError) -> TLSError:
        return TLSError(self._url, why_tls(error), unknown_authority=is_unknown_authority(error))

    async def _connected(self, *, to_write: bool = False) -> Wire:
        """The connection, a new one if there must and may be one."""
        if self._closed or (to_write and self._half_closed):
            raise ClosedError(self._url, "this client was closed")
        async with self._lock:
            if self._doubtful:
                await self.drop()
            if to_write and self.terms.reconnect is not None:
                await self._leave_a_lost_one()
            if self._wire is None:
                if self._begun and self.terms.reconnect is None and not self.terms.place.datagrams:
                    gone = "the connection is gone, and there is no reconnect= for another"
                    raise ClosedError(self._url, gone)
                await self.connect()
            assert self._wire is not None
            return self._wire

    async def _leave_a_lost_one(self) -> None:
        """Before something is written: nobody would read it there."""
        if self._wire is not None and self._wire.lost() and not self._inbox:
            if self.unanswered:
                await self._lose("the server closed it")
            await self.drop()

    # -- messages ------------------------------------------------------------------------------------

    async def send(self, message: bytes) -> None:
        """Hand `message` to the system.

        Raises :class:`ValueError` if the framing cannot carry it; :class:`ClientTimeoutError`,
        :class:`ConnectionLostError` or what :meth:`connect` raises.
        """
        data = self._dressed(message)
        await self._connected(to_write=True)
        self._count()
        await self._hand_over(data)

    async def receive(self, within: Seconds) -> bytes | None:
        """The next message; ``None`` once the server has closed in order, and is not to be connected to anew.

        Raises :class:`ClientTimeoutError`, :class:`ReplyFramingError`, :class:`ConnectionLostError` or what
        :meth:`connect` raises.
        """
        while not self._inbox:
            if self._fault is not None:
                fault, self._fault = self._fault, None
                await self.drop()
                raise fault
            if self._wire is None and not self._closed and self._at_the_end:
                return None
            await self._connected()
            if not await self._read(within):
                return None
        self._pauses = None
        self.unanswered = max(0, self.unanswered - 1)
        return self._inbox.popleft()

    async def ask(self, message: bytes, within: Seconds, *, repeat: bool = False) -> bytes:
        """Send `message`, and wait for the next one to come, which is its reply.

        When there is none, the connection is given up, for a late one would be taken for that to the next
        message.  Raises as :meth:`send` and :meth:`receive`; :class:`ConnectionLostError` also if the server
        closes without a reply.

        :param repeat: whether the message may be sent again on another connection, as it does no harm to have
            it twice.
        """
        if self.terms.place.datagrams:
            return await self._ask_by_datagram(message, within)
        data = self._dressed(message)
        waits = (self.terms.reconnect or ONCE).waits()
        while True:
            try:
                return await self._ask_once(data, within)
            except ConnectionLostError:
                wait = next(waits, None) if repeat else None
                if wait is None:
                    raise
            await self._sleep(wait)

    async def _ask_once(self, data: bytes, within: Seconds) -> bytes:
        await self._connected(to_write=True)
        self._count()
        reply = None
        try:
            await self._hand_over(data)
            reply = await self.receive(within)
        finally:
            self._doubtful = reply is None and self._wire is not None
        if reply is None:
            raise ConnectionLostError(self._url, "the server closed it without a reply", 1)
        return reply

    async def _ask_by_datagram(self, message: bytes, within: Seconds) -> bytes:
        waits, left, sent = self.terms.retry.waits(), within, 0
        reply: bytes | None = None
        try:
            while True:
                wait = next(waits, None)
                part = left if wait is None else (wait if left is None else min(wait, left))
                final = wait is None or part == left
                try:
                    await self._connected(to_write=True)
                    sent += 1
                    await self._hand_over(message)
                    reply = await self.receive(part)
                    assert reply is not None  # datagrams have no end
                    return reply
                except ConnectError:
                    await self.drop()
                    if final:
                        raise
                    await self._sleep(part or 0.0)
                except ClientTimeoutError:
                    if final:
                        raise self._silence(within) from None
                left = None if left is None else left - (part or 0.0)
        finally:
            # What comes to this socket later may be one more reply to this message.
            self._doubtful = (reply is None or sent > 1) and self._wire is not None

    async def end_sending(self) -> bool:
        """Say that no more will come; whether that can be said without closing (TLS, datagrams: no)."""
        if self._wire is None and self._at_the_end and not self._closed:
            return True  # the server has closed already
        wire = await self._connected()
        try:
            self._half_closed = await wire.end_writing()
        except OSError as error:
            await self._lose(why(error))
        return self._half_closed

    async def close(self, *, linger: bool = True) -> None:
        """Close, once the server has taken what was sent last, which it has a second for."""
        wire, self._wire = self._wire, None
        self._closed = True
        if wire is None:
            return
        last = LINGER if linger and self.unanswered else 0.0
        try:
            if last and not self._half_closed:
                self._half_closed = await wire.end_writing()
            while last and self._half_closed and await wire.read(last) is not None:
                pass
        except OSError:
            pass  # it was to be closed anyway
        finally:
            await wire.close(LINGER if linger else 0.0)

    async def drop(self, *, keep: bool = False) -> None:
        """Give this connection up, and what came but was not received, unless that is to be kept."""
        wire, self._wire = self._wire, None
        if not keep:
            self._inbox.clear()
        self._fault = None
        self._doubtful = False
        self.unanswered = 0
        if wire is not None:
            await wire.close(0.0)

    # -- inside --------------------------------------------------------------------------------------

    @property
    def _at_the_end(self) -> bool:
        """Whether there will be no connection after the last one."""
        final = self._half_closed or self.terms.reconnect is None
        return self._begun and final and not self.terms.place.datagrams

    def _dressed(self, message: bytes) -> bytes:
        return message if self.terms.framing is None else self.terms.framing.encode(message)

    def _count(self) -> None:
        if not isinstance(self.terms.framing, Raw) and not self.terms.place.datagrams:
            self.unanswered += 1

    async def _write(self, message: bytes) -> None:
        await self._hand_over(self._dressed(message))

    async def _hand_over(self, data: bytes) -> None:
        assert self._wire is not None
        try:
            await self._wire.write(data, self.terms.timeout)
        except TimeoutError as error:
            if error.errno is not None:
                await self._lose(why(error))
            await self.drop()  # half of a message may have been taken
            taken = f"{self._url} has taken nothing for {self.terms.timeout:g} s"
            raise ClientTimeoutError(self._url, taken) from None
        except OSError as error:
            if error.errno == errno.EMSGSIZE:
                raise ValueError(f"a message of {len(data)} bytes does not fit a datagram") from None
            await self._broken(error)

    async def _read(self, within: Seconds) -> bool:
        """Have more in the inbox, or at least less to wait for; ``False`` at the end."""
        wire = self._wire
        assert wire is not None
        try:
            piece = await wire.read(within)
        except OSError as error:
            if isinstance(error, TimeoutError) and error.errno is None:
                raise self._silence(within) from None
            if self._wire is wire:
                return await self._failed(error)
            piece = None
        if self._wire is not wire:
            return True  # somebody else has noticed meanwhile, and may have another already
        if piece is None:
            return await self._ended()
        if self._decoder is None:
            self._inbox.append(piece)
            return True
        try:
            self._inbox.extend(self._decoder.feed(piece))
        except FramingError as error:
            self._inbox.extend(error.messages)
            self._fault = ReplyFramingError(self._url, str(error))
        return True

    async def _ended(self) -> bool:
        """The server will send no more; whether to go on with another connection."""
        assert self._decoder is not None
        try:
            self._decoder.finish()
        except FramingError as error:
            self._fault = ReplyFramingError(self._url, str(error))
            return True
        if self.terms.reconnect is None or self._half_closed:
            await self.drop()
            return False
        await self._go_on(self.terms.reconnect, "the server closed it")
        return True

    async def _failed(self, error: OSError) -> bool:
        """Reading has failed; ``True`` if another connection will do."""
        lost = not self.terms.place.datagrams and not isinstance(error, ssl.SSLError)
        if not lost or self.terms.reconnect is None or self._half_closed:
            await self._broken(error)
        await self._go_on(self.terms.reconnect, why(error))
        return True

    async def _go_on(self, reconnect: Retry, reason: str) -> None:
        """Have another connection made, unless messages were lost with this one."""
        if self.unanswered:
            await self._lose(reason)
        self._pauses = self._pauses or reconnect.waits()
        pause = next(self._pauses, None)
        if pause is None:
            await self._lose(reason)
        await self.drop()
        await self._sleep(pause)

    def _silence(self, within: Seconds) -> ClientTimeoutError:
        waited = "" if within is None else f" for {within:g} s"
        return ClientTimeoutError(self._url, f"nothing came from {self._url}{waited}")

    async def _broken(self, error: OSError) -> NoReturn:
        if self.terms.place.datagrams:
            if not is_refused(error):
                raise ClientError(self._url, why(error)) from None
            raise NobodyListensError(self._url, why(error)) from None
        if isinstance(error, ssl.SSLError):
            await self.drop()
            raise self._tls_error(error) from None
        await self._lose(why(error))

    async def _lose(self, reason: str) -> NoReturn:
        unacknowledged = self.unanswered
        await self.drop(keep=True)
        raise ConnectionLostError(self._url, reason, unacknowledged) from None
