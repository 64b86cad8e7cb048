"""The functions of the daemon that is attacked."""

import gc


def shout(message: bytes) -> bytes:
    """The message in upper case."""
    return message.upper()


def collect(message: bytes) -> bytes:
    """Take away what nobody can reach any more, and say how much that was."""
    return str(gc.collect()).encode()
