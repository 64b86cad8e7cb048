"""What the examples here refer to."""


def shout(message: str) -> str:
    return message.upper()
