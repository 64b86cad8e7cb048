"""What the daemon of the proofs serves; `$version` is filled in whenever this is written."""

import asyncio
import os

VERSION = b"$version"
# Seconds, in which a request is under way whatever happens.
LATE = 0.3


def answer(message: bytes) -> bytes:
    """The message in upper case, and which version of this made it so."""
    return VERSION + b" " + message.upper()


async def answer_late(message: bytes) -> bytes:
    """The same, after a while."""
    await asyncio.sleep(LATE)
    return answer(message)


def version(message: bytes) -> bytes:
    """Which version of this there is, and in which process."""
    return b"%b %d" % (VERSION, os.getpid())
