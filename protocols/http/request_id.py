"""What a request is called in the logs of all who have to do with it (``X-Request-Id``, of no document)."""

from __future__ import annotations

import re
from random import getrandbits
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from protocols.http.fields import Headers
    from protocols.http.request import RequestHead

FIELD: Final = "X-Request-Id"
OCTETS: Final = b"x-request-id"
"""The same as fields are read."""

SAFE: Final = re.compile(r"[A-Za-z0-9._:/+=@-]{1,64}")
"""What is taken over from others: as long as a UUID, a hash or a name and a UUID, and nothing in it that a
log, a shell or a page would take for something else."""


def made_id() -> str:
    """One that no other request has: 64 random bits.  It is no secret."""
    return f"{getrandbits(64):016x}"


def written_id(headers: Headers) -> str | None:
    """The one that whoever asks has written, if it is fit to be taken over."""
    written = headers.get(FIELD)
    return written if written is not None and SAFE.fullmatch(written) else None


def fields_with_id(request: RequestHead) -> list[tuple[bytes, bytes]]:
    """The header fields of `request`, names in lower case, with its own id instead of what the client may
    have written."""
    fields = [field for field in request.headers.octets() if field[0] != OCTETS]
    fields.append((OCTETS, request.id.encode("ascii")))
    return fields
