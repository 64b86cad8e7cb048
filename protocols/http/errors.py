"""A request that cannot be answered as it was meant."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final


class HTTPError(Exception):
    """A request that cannot be answered as it was meant; not logged, for it is the client's affair.

    A function that takes a :class:`~protocols.http.Request` may raise it too.

    :param status: from 300 to 599, also as an :class:`http.HTTPStatus`.
    :param detail: one sentence for the client, without anything that it should not know.
    :param headers: further header fields of the response.
    """

    def __init__(self, status: int, detail: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, detail, headers)
        self.status = int(status)
        self.detail = detail
        self.headers = dict(headers or {})

    def __str__(self) -> str:
        return f"{self.status} {phrase(self.status)}" + (f": {self.detail}" if self.detail else "")


RENAMED: Final = {413: "Content Too Large", 414: "URI Too Long", 422: "Unprocessable Content"}
"""What RFC 9110, section 15.5, calls differently from older versions of Python."""


def phrase(status: int) -> str:
    """What `status` is called, such as ``Not Found``."""
    try:
        return RENAMED.get(status) or HTTPStatus(status).phrase
    except ValueError:
        return "Unknown Status"
