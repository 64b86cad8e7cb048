"""The functions every measured server puts on the network."""

import asyncio


def shout(message: bytes) -> bytes:
    """The message in upper case."""
    return message.upper()


async def nap(message: bytes) -> bytes:
    """The same, after everybody else had a turn."""
    await asyncio.sleep(0)
    return message.upper()
