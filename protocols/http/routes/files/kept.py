"""A small file that is kept, ready to be sent."""

from __future__ import annotations

from typing import Final

from protocols.http.content_coding import IDENTITY, best_coding
from protocols.http.request import RequestHead
from protocols.http.response import Response
from protocols.http.routes.files.conditions import FIELDS
from protocols.http.routes.files.file_source import cut
from protocols.http.routes.files.representation import Representation
from protocols.http.routes.files.variants import State, Variants

SMALL: Final = 64 * 1024
"""Bytes of the largest file that is kept: what is sent in one write."""

FRESH: Final = 1.0
"""Seconds after which it is looked whether a file has changed."""

OVERHEAD: Final = 2048
"""Bytes that a file takes besides its content, about: a million empty ones are not free."""


class Form:
    """One form of a file, with its bytes."""

    __slots__ = ("content", "representation", "whole")

    def __init__(self, representation: Representation, content: bytes) -> None:
        self.representation = representation
        self.content = content
        self.whole = representation.whole().response(content)

    def answer(self, request: RequestHead) -> Response:
        """What `request`, which has conditions, gets.  Raises :class:`HTTPError`."""
        reply = self.representation.reply(request)
        if reply is self.representation.whole():
            return self.whole
        return reply.response(b"" if reply.plan is None else cut(self.content, reply.plan))


class Kept:
    """A file in the forms that have been asked for.

    :param until: the time at which it is to be looked at again.
    """

    __slots__ = ("_forms", "offers", "size", "state", "until")

    def __init__(self, variants: Variants, until: float) -> None:
        self.state: State = variants.state
        self.offers = variants.offers
        self.until = until
        self.size = OVERHEAD
        self._forms: dict[str, Form] = {}

    def form(self, coding: str) -> Form | None:
        """The file in `coding`, if it is here."""
        return self._forms.get(coding)

    def add(self, coding: str, form: Form) -> None:
        """Keep one more form, or the same anew: two clients may have asked at once."""
        before = self._forms.get(coding)
        self._forms[coding] = form
        self.size += len(form.content) - (len(before.content) if before is not None else 0)

    def answer(self, request: RequestHead) -> Response | None:
        """What `request` gets; ``None`` if the form that it wants is not here.

        Raises :class:`HTTPError` as :meth:`Representation.reply` does.
        """
        accept: bytes | None = None
        conditional = False
        for name, value in request.headers.octets():
            if name == b"accept-encoding":
                accept = value if accept is None else accept + b"," + value
            elif name in FIELDS:
                conditional = True
        if conditional:
            form = self._forms.get(wanted_coding(request, self.offers))
            return None if form is None else form.answer(request)
        coding = IDENTITY if accept is None else best_coding(accept.decode("latin-1"), self.offers)
        form = self._forms.get(coding)
        return None if form is None else form.whole


def wanted_coding(request: RequestHead, offers: tuple[str, ...]) -> str:
    """The coding for `request` among `offers`; a part is always one of the file as it is."""
    headers = request.headers
    if request.method == "GET" and "range" in headers:
        return IDENTITY
    return best_coding(headers.get("accept-encoding"), offers)
