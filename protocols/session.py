"""The words every carrier and every handler share.

A *carrier* (a stream, a datagram socket, an HTTP route) turns bytes into messages; a *handler* answers
them.  They meet here: the carrier opens one :class:`Session` per conversation and pushes messages into
it; the session answers through its :class:`Connection`.  Neither knows the other's class, so a handler
cannot tell what carries it.

The order of calls on one session is::

    open → started → received* → ended? → closed

* After :meth:`Connection.pause` no message is delivered until :meth:`Connection.resume`, not even one
  that was already read; after :meth:`Connection.close` or :meth:`Connection.fail` none at all.
* ``ended`` comes at most once, never while the connection is paused, and no message follows it.
* ``closed`` comes exactly once, last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a peer's verified certificate says."""

    subject: str
    """The subject's common name."""
    names: tuple[str, ...]
    """Subject alternative names: DNS names, IP addresses, URIs and mail addresses, as text."""
    fingerprint: str
    """SHA-256 of the DER encoding, lower-case hex; empty where a load balancer tells the name only."""
    expires: datetime
    """End of validity, with a time zone."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Whose process is at the other end of a Unix socket, as the kernel says (unix(7), SO_PEERCRED)."""

    uid: int
    gid: int
    pid: int


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end, as far as anything knows."""

    transport: str
    """``tcp``, ``tls``, ``unix``, ``udp``, ``unixgram``, ``http``, ``https``, ``ws`` or ``wss``."""
    host: str = ""
    """An IP address (IPv4 never in its IPv6-mapped form), or the path of a Unix socket, or ``""``."""
    port: int = 0
    """0 where the transport has no ports."""
    user: str | None = None
    """Account, token, client certificate or Unix credentials: one identity, whatever proved it."""
    certificate: Certificate | None = None
    credentials: Credentials | None = None
    """Of a Unix socket's peer only."""

    def __str__(self) -> str:
        if self.port:
            host = f"[{self.host}]" if ":" in self.host else self.host
            return f"{self.transport}://{host}:{self.port}"
        return f"{self.transport}://{self.host}"


class ForeseenError(RuntimeError):
    """A failure of the handler whose words say everything, such as an answer that did not come in time: where
    in our code it was noticed helps nobody, so it is logged as one line, without a traceback."""


class Connection(Protocol):
    """What a session may do with its peer."""

    @property
    def peer(self) -> Peer: ...

    def send(self, message: bytes) -> None:
        """Send one message.  After the connection has closed this does nothing.

        Raises :class:`ValueError` if the carrier's framing cannot carry `message`: that is the
        handler's fault, not the peer's.
        """

    def close(self) -> None:
        """Deliver what has been sent, then close.  No further message is received."""

    def fail(self, error: BaseException) -> None:
        """Say that the handler failed: `error` is logged and counted, and the connection closes."""

    def reject(self, error: Exception) -> None:
        """Say that the peer sent a bad message: counted and noted, and the connection stays open."""

    def pause(self) -> None:
        """Stop delivering messages, and stop reading from the peer."""

    def resume(self) -> None:
        """Undo :meth:`pause`."""


class ManyConnection(Connection, Protocol):
    """A connection that sends several messages at the price of one.

    Not every carrier has it; :func:`many_by` is for whoever sends many.
    """

    def send_many(self, messages: Sequence[bytes]) -> None:
        """Send `messages`, one after the other, or none of them.

        The carrier may remember what it has made of the same object for another connection: it must not be
        changed any more.  Raises :class:`ValueError` as :meth:`send` does, and has sent nothing then.
        """


def many_by(connection: Connection) -> Callable[[Sequence[bytes]], None]:
    """What sends several messages by `connection`: its ``send_many`` where it has one.

    One that has none sends each by itself, and may have sent some where :class:`ValueError` is raised.
    """
    many: Callable[[Sequence[bytes]], None] | None = getattr(connection, "send_many", None)
    if many is not None:
        return many
    send = connection.send

    def each(messages: Sequence[bytes]) -> None:
        for message in messages:
            send(message)

    return each


class DistinguishingConnection(Connection, Protocol):
    """A connection that carries text and other messages, and tells them apart, as WebSockets do.

    Not every carrier does; :func:`send_as_by` is for whoever knows which is which.  A session that has a
    method ``received_as(messages, text)`` hears by it, instead of ``received``, of what comes.
    """

    def send_as(self, messages: Sequence[bytes], text: bool) -> None:
        """Send `messages`, as :meth:`ManyConnection.send_many` does.

        :param text: whether those that are UTF-8 go as text, where nobody has said what all are.
        """


def send_as_by(connection: Connection) -> Callable[[Sequence[bytes], bool], None]:
    """What sends several messages as text or not, where `connection` knows the difference."""
    send_as: Callable[[Sequence[bytes], bool], None] | None = getattr(connection, "send_as", None)
    if send_as is not None:
        return send_as
    many, send = many_by(connection), connection.send

    def alike(messages: Sequence[bytes], text: bool) -> None:
        if len(messages) == 1 and type(messages) is tuple:
            send(messages[0])  # which nobody else is sent
        else:
            many(messages)

    return alike


class ExplainedConnection(Connection, Protocol):
    """A connection that tells its peer what is wrong with a message in another way than it sends replies.

    Not every carrier has it; :func:`explain_by` is for whoever explains.
    """

    def explain(self, message: bytes) -> None:
        """Send `message`, which says what is wrong with what the peer has said."""


def explain_by(connection: Connection) -> Callable[[bytes], None]:
    """What tells the peer of `connection` what is wrong with what it has said."""
    explain: Callable[[bytes], None] = getattr(connection, "explain", connection.send)
    return explain


class DismissingConnection(Connection, Protocol):
    """A connection that can tell its peer why it is closed.

    Not every carrier has a way to; :func:`dismiss_by` is for whoever has a reason.
    """

    def dismiss(self, reason: str) -> None:
        """Close as :meth:`close` does, and tell the peer why, and that it may come back."""


def dismiss_by(connection: Connection) -> Callable[[str], None]:
    """What closes `connection` and tells its peer why, where there is a way to."""
    dismiss: Callable[[str], None] = getattr(connection, "dismiss", lambda reason: connection.close())
    return dismiss


class PartingConnection(Connection, Protocol):
    """A connection that can tell its peer why it is closed, and whether to come back.

    Not every carrier has a way to; :func:`part_by` is for whoever has a reason.
    """

    def part(self, reason: str, restarting: bool) -> None:
        """Close as :meth:`close` does, and tell the peer why.

        :param restarting: whether what served it starts anew, so that it may come back at once.
        """


def part_by(connection: Connection) -> Callable[[str, bool], None]:
    """What closes `connection` and tells its peer why, where there is a way to."""
    part: Callable[[str, bool], None] | None = getattr(connection, "part", None)
    return part or (lambda reason, restarting: connection.close())


class DuplexConnection(Connection, Protocol):
    """A connection whose two directions end one by one, as those of a stream do.

    Not every carrier has them: whoever could use what is here looks whether it is there.
    """

    @property
    def local(self) -> tuple[str, int]:
        """The host and port that the peer connected to; as in :class:`Peer`."""

    @property
    def tls_version(self) -> str:
        """What the peer speaks, such as ``TLSv1.3``; empty if it speaks no TLS, or with a load balancer."""

    def finish(self) -> None:
        """Deliver what has been sent, and have the peer know that there will be no more; go on receiving."""

    def abort(self) -> None:
        """Close at once, whatever is still to be sent: the peer sees that something went wrong."""


class Session(Protocol):
    """One conversation, as its handler sees it."""

    @property
    def busy(self) -> bool:
        """Whether an answer is being made: silence meanwhile is not idleness."""

    def started(self) -> None:
        """The connection is ready: a session that speaks first does it now.

        Not before: until ``open`` has returned, nothing could tell the session to pause writing.
        """

    def received(self, message: bytes) -> None:
        """The peer has sent a whole message."""

    def ended(self, error: Exception | None) -> None:
        """The peer will send nothing more; answer what is owed, then call ``connection.close()``.

        `error` is ``None`` after an orderly end (the peer shut down its side, or the service is
        draining), and says what was wrong if the bytes stopped making sense.
        """

    def closed(self, reason: Exception | None) -> None:
        """The connection is gone.  `reason` is ``None`` if it ended cleanly."""

    def pause_writing(self) -> None:
        """The peer reads slower than this session sends: send no more than is already under way."""

    def resume_writing(self) -> None:
        """Undo :meth:`pause_writing`."""


class BatchSession(Session, Protocol):
    """A session that answers most messages at once, and so takes those of one read in one call.

    A carrier may use :meth:`received_many` instead of ``received``; what it costs per message is then
    what the answer costs, and little else.
    """

    def received_many(self, messages: Sequence[bytes], replies: list[bytes]) -> None:
        """The peer has sent `messages`.

        Appending to `replies` is sending, except that one the carrier cannot carry counts as the
        handler's failure instead of raising :class:`ValueError` here.  Whatever the session sends by its
        connection meanwhile goes out behind what is in `replies` by then.
        """


class Handler(Protocol):
    """What answers: opened once per conversation."""

    def open(self, connection: Connection) -> Session:
        """A session for `connection`, on which nothing may be done before ``started``."""


class DirectHandler(Handler, Protocol):
    """A handler that can answer a message without a conversation, as datagrams have none."""

    @property
    def direct(self) -> Callable[[bytes], object] | None:
        """From a message to ``bytes``, the reply; ``None``: there is none; or any other value, with which
        a session's ``settle(value)`` knows what to do.

        Raises :class:`~protocols.codec.DecodeError` if the message is bad, in which case nobody has seen
        it; a session that receives it will say what is wrong.  ``None`` in place of a function: not here.
        """


class PeerDirectHandler(Handler, Protocol):
    """As :class:`DirectHandler`, for a handler that asks who has sent a message."""

    @property
    def direct_from(self) -> Callable[[bytes, Peer], object] | None:
        """As :attr:`DirectHandler.direct`, given the peer too."""
