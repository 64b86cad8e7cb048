"""What can go wrong between a proxy and its origins."""

from __future__ import annotations

from protocols.http.errors import HTTPError


class OriginError(HTTPError):
    """An origin has not answered, or not in HTTP.  The client hears a status; why is for the log.

    :param reason: for the operator; no client is told.
    """

    def __init__(self, status: int, detail: str, reason: str) -> None:
        super().__init__(status, detail)
        self.reason = reason


def unreachable(reason: str) -> OriginError:
    return OriginError(502, "The server behind this one cannot be reached", reason)


def slow_to_connect() -> OriginError:
    return OriginError(
        504, "The server behind this one cannot be reached in time", "it did not connect in time"
    )


def broken_off(reason: str) -> OriginError:
    return OriginError(502, "The server behind this one broke off", reason)


def unreadable(reason: str) -> OriginError:
    return OriginError(502, "The answer of the server behind this one cannot be read", reason)


def silent(reason: str) -> OriginError:
    return OriginError(504, "The server behind this one did not answer in time", reason)


def overloaded(detail: str) -> HTTPError:
    return HTTPError(503, detail, {"Retry-After": "1"})
