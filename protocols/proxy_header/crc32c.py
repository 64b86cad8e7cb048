"""The checksum of version 2 (RFC 4960, appendix B: CRC-32C, Castagnoli's polynomial)."""

from __future__ import annotations

from typing import Final

POLYNOMIAL: Final = 0x82F63B78
"""0x1EDC6F41, its bits in the order in which they are shifted out."""


def _entry(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (POLYNOMIAL if byte & 1 else 0)
    return byte


_TABLE: Final = tuple(_entry(byte) for byte in range(256))


def crc32c(data: bytes) -> int:
    """The CRC-32C of `data`, 32 bits."""
    value = 0xFFFFFFFF
    for byte in data:
        value = value >> 8 ^ _TABLE[(value ^ byte) & 0xFF]
    return value ^ 0xFFFFFFFF
