"""What every codec offers, and the one error its decoding raises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a message.  Holds no value that the peer sent."""

    path: str
    """Where, as a JSON pointer (RFC 6901); ``""`` is the whole message."""
    message: str
    """What is wrong, for a person."""
    kind: str
    """What is wrong, for a program: pydantic's error type, or ours (``utf8_invalid`` …)."""

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class DecodeError(Exception):
    """The peer's message is well framed, but its content is not what the function takes.

    All three arguments are also in ``args``, so the error survives the way between processes.
    """

    title: str
    """``Malformed message`` or ``Invalid message``."""
    status: int
    """400 if the bytes are not in the codec's format at all; 422 if they say the wrong thing."""
    errors: tuple[Fault, ...]
    """At least one fault, in the order in which they were found."""

    def __init__(self, title: str, status: int, errors: tuple[Fault, ...]) -> None:
        super().__init__(title, status, errors)
        self.title = title
        self.status = status
        self.errors = errors

    @classmethod
    def malformed(cls, message: str, kind: str) -> DecodeError:
        """The bytes are not in the codec's format (status 400)."""
        return cls("Malformed message", 400, (Fault("", message, kind),))

    @classmethod
    def invalid(cls, *errors: Fault) -> DecodeError:
        """The message can be read, but says the wrong thing (status 422)."""
        return cls("Invalid message", 422, errors)

    def __str__(self) -> str:
        more = len(self.errors) - 1
        return f"{self.errors[0]} (and {more} more)" if more else str(self.errors[0])

    def problem(self) -> dict[str, object]:
        """The problem document that tells the peer (RFC 9457, sections 3.1 and 3.2)."""
        return {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": str(self),
            "errors": [
                {"pointer": fault.path, "detail": fault.message, "kind": fault.kind} for fault in self.errors
            ],
        }


class Codec(Protocol):
    """How messages become values, and values messages.  Immutable; one serves all connections."""

    name: str
    """``json``, ``msgpack``, ``text``, ``bytes`` or ``pickle``."""
    content_type: str
    """The media type of what :meth:`encode` makes, with its parameters."""

    def decode(self, message: bytes) -> object:
        """The value that `message` says.  Raises :class:`DecodeError`: the peer's fault."""

    def encode(self, value: object) -> bytes:
        """The message that says `value`: ``bytes`` as is, ``str`` as UTF-8, the rest in the format.

        Raises :class:`TypeError` or :class:`ValueError`: the handler's fault.
        """

    def encode_error(self, error: DecodeError) -> bytes | None:
        """The message that tells the peer what was wrong; ``None`` where the format has none."""
