from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from protocols.framing import Decoder, FramingError

Receive = Callable[[Decoder, Iterable[bytes]], tuple[list[bytes], FramingError | None]]


@pytest.fixture(scope="session")
def receive() -> Receive:
    """Feed pieces until they end or one is refused: the messages in order, and the refusal."""

    def receive(decoder: Decoder, pieces: Iterable[bytes]) -> tuple[list[bytes], FramingError | None]:
        messages: list[bytes] = []
        for piece in pieces:
            try:
                messages += decoder.feed(piece)
            except FramingError as error:
                return [*messages, *error.messages], error
        return messages, None

    return receive


@pytest.fixture(scope="session")
def byte_by_byte() -> Callable[[bytes], list[bytes]]:
    """The bytes of some data, one at a time."""

    def byte_by_byte(data: bytes) -> list[bytes]:
        return [data[index : index + 1] for index in range(len(data))]

    return byte_by_byte
