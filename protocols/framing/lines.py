"""Messages that are lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from protocols.framing.contract import Decoder
from protocols.framing.delimited import DelimitedDecoder
from protocols.framing.limit import DEFAULT_LIMIT, check_limit

LF, CR = b"\n\r"
"""As numbers: looking for those costs an eighth of looking for strings of one byte."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Each message is a line; its ending is no part of the message.

    ======== ============================= =============
    `ending` a line ends at                is sent with
    ======== ============================= =============
    ``lf``   LF; a CR before it stays      LF
    ``crlf`` CR LF; a lone LF is content   CR LF
    ``any``  LF, with one CR or none       LF
    ======== ============================= =============

    With ``any``, a message that ends in a CR is sent with CR LF, or its reader would lose that: whatever
    comes as one line can be sent back as one.

    `limit` is the longest line accepted, in bytes, the ending not counted.

    Raises :class:`ValueError` for another ending or a limit below 1.
    """

    ending: Literal["lf", "crlf", "any"] = "any"
    limit: int = DEFAULT_LIMIT

    def __post_init__(self) -> None:
        if self.ending not in ("lf", "crlf", "any"):
            raise ValueError(f"the ending of a line is lf, crlf or any, not {self.ending!r}")
        check_limit(self.limit)

    def decoder(self) -> Decoder:
        """A fresh decoder for one connection."""
        if self.ending == "crlf":
            return DelimitedDecoder(b"\r\n", self.limit)
        return DelimitedDecoder(b"\n", self.limit, b"\r" if self.ending == "any" else b"")

    def encode(self, message: bytes) -> bytes:
        """`message` and the line ending.

        Raises :class:`ValueError` if the message contains the ending and would read as two.
        """
        if self.ending == "crlf":
            if b"\r\n" in message:
                raise ValueError("a message sent as a line cannot contain a line ending (CR LF)")
            return message + b"\r\n"
        if LF in message:
            raise ValueError("a message sent as a line cannot contain a line ending (LF)")
        if self.ending == "any" and message[-1:] == b"\r":
            return message + b"\r\n"
        return message + b"\n"

    def encode_all(self, messages: Sequence[bytes]) -> bytes:
        """`messages`, each as :meth:`encode` has it, one after the other.

        All are joined and checked as one, which costs a tenth of doing it line by line.
        """
        ending = b"\r\n" if self.ending == "crlf" else b"\n"
        lines = ending.join((*messages, b""))
        # Looking for one byte first: finding two takes ten times as long.
        cr_lf = self.ending == "any" and CR in lines and b"\r\n" in lines
        if cr_lf or lines.count(ending) != len(messages):
            return b"".join(map(self.encode, messages))  # which says what is wrong, and with which
        return lines
