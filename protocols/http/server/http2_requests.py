"""The requests of one HTTP/2 connection, most of which say what others have said before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from protocols.http.limits import Limits
from protocols.http.server.http2_fields import Field
from protocols.http.server.http2_request import RequestParts, read_request

KNOWN: Final = 32
"""Different requests of one connection whose parts are kept: what comes again need not be looked at again."""


class RequestReader:
    """Reads field blocks (:func:`~.http2_request.read_request`), each of the usual ones once.

    :param scheme: of the connection.
    """

    def __init__(self, scheme: str, limits: Limits) -> None:
        self._scheme = scheme
        self._limits = limits
        self._known: dict[tuple[Field, ...], RequestParts] = {}

    def read(self, block: Iterable[Field]) -> RequestParts:
        """What `block` asks for.  Raises :class:`~.http2_request.MalformedError`."""
        fields = tuple(block)
        parts = self._known.get(fields)
        if parts is None:
            parts = read_request(fields, self._scheme, self._limits)
            if parts.fault is None and len(fields) <= KNOWN:
                if len(self._known) >= KNOWN:
                    self._known.clear()
                self._known[fields] = parts
        return parts
