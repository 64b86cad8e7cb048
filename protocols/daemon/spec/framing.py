"""``framing``: how the bytes of a stream become messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StrictInt

from protocols.daemon.spec.choice import Known, OneOf
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.values import PositiveSize, Size


class LinesSpec(Spec):
    """Lines of text."""

    ending: Annotated[Literal["lf", "crlf", "any"], Known()] = "any"
    """What ends a line: `lf`, `crlf`, or `any` of the two. Replies end in `crlf` if that is set, and
    in `lf` otherwise; with `any`, those whose last character is a CR end in `crlf` too."""
    limit: PositiveSize = Size.parse("64KiB")
    """The longest line, without its ending."""


class DelimitedSpec(Spec):
    """Messages with a mark of your own between them."""

    delimiter: Annotated[bytes, Field(min_length=1)]
    """What ends a message: text, as UTF-8. In double quotes YAML knows escapes such as "\\0"."""
    limit: PositiveSize = Size.parse("64KiB")
    """The longest message, without its delimiter."""


class LengthSpec(Spec):
    """Each message begins with its length, as a binary number."""

    bytes: Annotated[Literal[1, 2, 4, 8], Known()] = 4
    """How many bytes the length itself has."""
    order: Annotated[Literal["big", "little"], Known()] = "big"
    """The order of these bytes: `big` (network order) or `little`."""
    includes_header: StrictBool = False
    """Whether the length counts all bytes of the message, or only those after the length."""
    offset: Annotated[StrictInt, Field(ge=0)] = 0
    """How many bytes stand before the length, such as a type; they stay part of the message."""
    signed: StrictBool = False
    """Whether the length is a signed number, as in Java; a negative one is an error."""
    limit: PositiveSize = Size.parse("64KiB")
    """The longest message: the bytes before the length, and those after it."""

    @classmethod
    def faults(cls, data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
        offset = data.get("offset", 0)
        try:
            limit = Size.parse(str(data.get("limit", cls.model_fields["limit"].default)))
        except ValueError:
            return
        if isinstance(offset, int) and offset > limit > 0:
            yield ("offset",), "must not be more than the limit"


class NetstringSpec(Spec):
    """Netstrings: `5:hello,`."""

    limit: PositiveSize = Size.parse("64KiB")
    """The longest message."""


class FixedSpec(Spec):
    """Messages that all have one size."""

    size: PositiveSize
    """The size of every message."""


class RawSpec(Spec):
    """No framing: each message is what one read gives."""

    limit: PositiveSize = Size.parse("64KiB")
    """The largest piece that is handed on at once."""


class FramingSpec(OneOf):
    """How the bytes of a stream become messages: a name, or a name with its settings."""

    lines: LinesSpec | None = None
    """Lines of text: what `nc` and people send."""
    delimited: DelimitedSpec | None = None
    """Messages with a mark of your own between them."""
    length: LengthSpec | None = None
    """Each message begins with its length, as a binary number."""
    netstring: NetstringSpec | None = None
    """Netstrings: `5:hello,`."""
    fixed: FixedSpec | None = None
    """Messages that all have one size."""
    raw: RawSpec | None = None
    """No framing: each message is what one read gives."""
