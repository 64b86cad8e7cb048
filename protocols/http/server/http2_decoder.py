"""Field blocks of requests to their fields (RFC 7541)."""

from __future__ import annotations

from typing import Final

from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError
from hpack import Decoder, HeaderTuple, HPACKError, OversizedHeaderListError

KEPT: Final = 16
"""Blocks whose fields are kept: a client that repeats itself has few different requests."""

LARGEST: Final = 512
"""Bytes of a block that is worth it: one that refers to tables, and says little itself."""


class CompressionError(ProtocolError):
    """A field block that cannot be read, after which no other can (RFC 9113, section 4.3)."""

    error_code = ErrorCodes.COMPRESSION_ERROR


class RepeatDecoder(Decoder):
    """A decoder that remembers what the same bytes meant, for as long as its table stays what it is.

    A client that has asked once for something has everything about it in the table; from then on its
    requests are the same few bytes.
    """

    def __init__(self, largest_list: int) -> None:
        super().__init__(largest_list)
        self._known: dict[bytes, list[HeaderTuple]] = {}

    def decode(self, data: bytes, raw: bool = False) -> list[HeaderTuple]:
        block = bytes(data)
        fields = self._known.get(block)
        if fields is None:
            table = self.header_table
            before = self._newest()
            size = table.maxsize, len(table.dynamic_entries)
            fields = self._decode(block, raw)
            if self._newest() is not before or (table.maxsize, len(table.dynamic_entries)) != size:
                self._known.clear()
            elif len(block) <= LARGEST:
                if len(self._known) >= KEPT:
                    self._known.clear()
                self._known[block] = fields
        return fields

    def _decode(self, block: bytes, raw: bool) -> list[HeaderTuple]:
        try:
            return list(super().decode(block, raw=raw))
        except OversizedHeaderListError:
            raise
        except HPACKError as error:
            raise CompressionError(str(error)) from None

    def _newest(self) -> object:
        """The entry that is new after every addition."""
        entries = self.header_table.dynamic_entries
        return entries[0] if entries else None
