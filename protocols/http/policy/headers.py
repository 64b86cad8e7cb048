"""Header fields of every answer of a route."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from typing import Any, Final

from protocols.http.contract import Answer, Route
from protocols.http.local_redirect import LocalRedirect
from protocols.http.policy.around import DressingRoute
from protocols.http.response import FRAMING, OURS, Response
from protocols.http.upgrade import Upgrade

RESERVED: Final = OURS - {"server"}
"""Fields that only the route, or the server, can know."""

Lines = tuple[tuple[str, str], ...]


class HeadersRoute(DressingRoute):
    """Adds `fields` to every answer of `inner`, errors included, in the place of others of these names.

    Raises :class:`ValueError` for fields of :data:`RESERVED`, and for what no header can hold.
    """

    def __init__(self, inner: Route, fields: Mapping[str, str]) -> None:
        super().__init__(inner)
        self._fields = checked_fields(fields)
        self._names = frozenset(name.lower() for name in fields)

    def own(self, request: Any, answer: Answer) -> Answer:
        return with_lines(answer, self._names, self._fields)


def checked_fields(fields: Mapping[str, str]) -> Lines:
    """`fields` as a response has them.  Raises :class:`ValueError`, as :class:`HeadersRoute` does."""
    for name in fields:
        if name.lower() in FRAMING:
            raise ValueError(
                f"the header {name} says how the connection is used, which is the server's affair"
            )
        if name.lower() in RESERVED:
            raise ValueError(f"the header {name} is written by the server")
    Response(headers=[(name, value) for name, value in fields.items() if name.lower() != "server"])
    Response(headers=[("X", value) for name, value in fields.items() if name.lower() == "server"])
    return tuple(fields.items())


def with_lines(answer: Answer, names: frozenset[str], lines: Lines) -> Answer:
    """`answer` with `lines` in the place of its fields of `names`, which are in lower case."""
    if isinstance(answer, LocalRedirect):
        return answer  # the answer that it leads to has its own
    kept = tuple(line for line in answer.headers if line[0].lower() not in names)
    if isinstance(answer, Upgrade):
        return replace(answer, headers=kept + lines)
    # Not with_headers: what another program answered may have fields that a route may not set.
    other = copy(answer)
    other.headers = kept + lines
    return other
