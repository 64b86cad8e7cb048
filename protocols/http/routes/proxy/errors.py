"""What can go wrong between a proxy and its origins."""

from __future__ import annotations

from protocols.http.errors import HTTPError


class OriginError(HTTPError):
    """An origin has not answered, or not in HTTP.  The client hears a status and what kind of failure it was;
    why is for the log.

    :param kind: what the origin did, in words that go behind its name.
    :param reason: for the operator; no client is told.
    """

    def __init__(self, status: int, detail: str, kind: str, reason: str) -> None:
        super().__init__(status, detail)
        self.kind = kind
        self.reason = reason


def unreachable(reason: str) -> OriginError:
    return OriginError(502, "The server behind this one cannot be reached", "cannot be reached", reason)


def slow_to_connect(seconds: float) -> OriginError:
    return OriginError(
        504,
        "The server behind this one cannot be reached in time",
        "cannot be reached in time",
        f"no connection within {seconds:g} s",
    )


def broken_off(reason: str) -> OriginError:
    return OriginError(502, "The server behind this one broke off", "broke off", reason)


def unreadable(reason: str) -> OriginError:
    return OriginError(
        502,
        "The answer of the server behind this one cannot be read",
        "answers what cannot be read",
        reason,
    )


def silent(reason: str) -> OriginError:
    return OriginError(504, "The server behind this one did not answer in time", "is silent", reason)


def overloaded(detail: str) -> HTTPError:
    return HTTPError(503, detail, {"Retry-After": "1"})
