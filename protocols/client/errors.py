"""What can go wrong between a client and its server; each error says which server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class ClientError(Exception):
    """Something went wrong with the server at `url`.

    :param url: the server, as it was asked for.
    :param reason: what went wrong; the whole sentence, with the URL in it, is ``str()`` of the error.
    """

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason)
        self.url = url
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.url}: {self.reason}"


class ConnectError(ClientError):
    """There is no connection: nobody listens, the host is not known, the socket may not be opened."""

    def __str__(self) -> str:
        return f"could not connect to {self.url}: {self.reason}"


class TLSError(ConnectError):
    """The handshake failed: the server has not proved who it is, or does not want this client.

    :param unknown_authority: whether another authority (``ca``) would have made it believed.
    """

    def __init__(self, url: str, reason: str, *, unknown_authority: bool = False) -> None:
        super().__init__(url, reason)
        self.unknown_authority = unknown_authority

    def __str__(self) -> str:
        return f"TLS with {self.url} failed: {self.reason}"


class NobodyListensError(ConnectError):
    """A datagram came to a place where no socket is."""

    def __str__(self) -> str:
        return f"nobody listens on {self.url}"


class ClientTimeoutError(ClientError, TimeoutError):
    """A step took longer than `timeout` seconds: connecting, being heard, or a reply."""

    def __str__(self) -> str:
        return self.reason


class ConnectionLostError(ClientError):
    """The connection broke, or the server closed it before it had said what was waited for.

    :param unacknowledged: messages that were handed to this connection and have no reply.  They may have
        arrived or not; they are not sent again.
    """

    def __init__(self, url: str, reason: str, unacknowledged: int = 0) -> None:
        super().__init__(url, reason)
        self.unacknowledged = unacknowledged

    def __str__(self) -> str:
        lost = f"the connection to {self.url} was lost: {self.reason}"
        if self.unacknowledged:
            number = "1 message" if self.unacknowledged == 1 else f"{self.unacknowledged} messages"
            lost += f" ({number} without a reply, not sent again)"
        return lost


class ReplyFramingError(ClientError):
    """The bytes of the server are not framed as expected; the messages before them have been delivered."""

    def __str__(self) -> str:
        return f"the replies of {self.url} are not framed as expected: {self.reason}"


class ReplyError(ClientError):
    """A reply is no value of the type that was asked for."""

    def __str__(self) -> str:
        return f"a reply of {self.url} is not what was asked for: {self.reason}"


class ProblemError(ReplyError):
    """The server has answered with a problem document (RFC 9457) instead: the message was not to its liking.

    :param status: as of HTTP: 400 for a message that cannot be read, 422 for one that says the wrong thing.
    :param problem: the whole document.
    """

    def __init__(self, url: str, problem: Mapping[str, Any]) -> None:
        super().__init__(url, f"{problem['title']}: {problem.get('detail', '')}".rstrip(": "))
        self.problem = problem
        self.status = problem["status"]

    @property
    def errors(self) -> Sequence[Any]:
        """What is wrong, one by one, where the server says it."""
        errors = self.problem.get("errors")
        return errors if isinstance(errors, list) else ()

    def __str__(self) -> str:
        return f"{self.url} refused the message: {self.reason}"


class ClosedError(ClientError):
    """The client was closed, or its sending side was."""
