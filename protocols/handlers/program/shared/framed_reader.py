"""What a program says, cut into actions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from protocols.framing import Decoder, FramingError
from protocols.handlers.program.shared.actions import Action, NonsenseError


class FramedReader:
    """Messages from one process, of which each is an action.

    :param decoder: cuts them apart.
    :param action: what one of them wants done, if anything; raises :class:`NonsenseError`.
    """

    def __init__(self, decoder: Decoder, action: Callable[[bytes], Action | None]) -> None:
        self._decoder = decoder
        self._action = action

    def feed(self, data: bytes) -> list[Action]:
        """See :class:`~protocols.handlers.program.shared.actions.Reader`."""
        fault: FramingError | None = None
        try:
            messages: Sequence[bytes] = self._decoder.feed(data)
        except FramingError as error:
            messages, fault = error.messages, error
        actions: list[Action] = []
        try:
            for message in messages:
                action = self._action(message)
                if action is not None:
                    actions.append(action)
        except NonsenseError as error:
            error.actions = actions
            raise
        if fault is not None:
            raise NonsenseError(str(fault), data, actions)
        return actions
