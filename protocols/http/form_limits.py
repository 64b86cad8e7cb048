"""How much one form may hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FormLimits:
    """All of them; sizes in bytes.  The whole is bounded by the limit of the content besides."""

    parts: int = 100
    """Fields and uploads together (status 413): each costs memory, however small it is."""
    field: int = 64 * 1024
    """The value of one field (status 413), which is held in memory: a long letter, and no file."""
    header: int = 4 * 1024
    """One header field of a part (status 400): room for any file name, and no more."""
    memory: int = 64 * 1024
    """Of one upload, what is held in memory; a larger one is in a temporary file."""
