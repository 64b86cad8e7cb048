"""Has the name of a module of Python's own."""


def shout(message: str) -> str:
    return message.upper()
