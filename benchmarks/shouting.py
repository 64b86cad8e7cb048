"""The function every measured server puts on the network."""


def shout(message: bytes) -> bytes:
    """The message in upper case."""
    return message.upper()
