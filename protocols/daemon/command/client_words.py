"""What a client's errors mean to somebody at a command line."""

from __future__ import annotations

from protocols.client import ClientError, TLSError


def words_of(error: ClientError) -> str:
    """`error` in one line, with the option that may help."""
    if isinstance(error, TLSError) and error.unknown_authority:
        return f"{error} (--ca FILE trusts another authority)"
    if isinstance(error, TLSError) and "client's certificate" in error.reason:
        return f"{error} (--certificate FILE)"
    return str(error)
