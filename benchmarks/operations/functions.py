"""What the daemon of the proofs serves; `$version` is filled in whenever this is written."""

import os

VERSION = b"$version"


def answer(message: bytes) -> bytes:
    """The message in upper case, and which version of this made it so."""
    return VERSION + b" " + message.upper()


def version(message: bytes) -> bytes:
    """Which version of this there is, and in which process."""
    return b"%b %d" % (VERSION, os.getpid())
