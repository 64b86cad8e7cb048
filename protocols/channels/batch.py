"""Messages on their way to subscribers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from protocols.channels.message import Message

Render: TypeAlias = Callable[[Message], bytes]

KEYS: Final = 256
"""Keys that a batch is looked through for, and the answer kept: whoever reads names any."""


class Batch:
    """Messages that came together, in order, at least one.

    However many subscribers want them in the same form, they are brought into it once: what
    :meth:`rendered` and :meth:`joined` give is the same object for all of them, which a carrier may rely on.
    """

    __slots__ = ("_joined", "_keyed", "_rendered", "last", "messages")

    def __init__(self, messages: Sequence[Message]) -> None:
        self.messages = messages
        self.last = messages[-1].seq
        self._rendered: dict[Render, list[bytes]] = {}
        self._joined: dict[Render, bytes] = {}
        self._keyed: dict[str, Batch | None] = {}

    def __len__(self) -> int:
        return len(self.messages)

    def rendered(self, render: Render) -> list[bytes]:
        """What `render` makes of each; not to be changed."""
        found = self._rendered.get(render)
        if found is None:
            found = self._rendered[render] = [render(message) for message in self.messages]
        return found

    def joined(self, render: Render) -> bytes:
        """The same, in one piece."""
        found = self._joined.get(render)
        if found is None:
            found = self._joined[render] = b"".join(self.rendered(render))
        return found

    def of_key(self, key: str) -> Batch | None:
        """Those with that key, if there are any."""
        if key not in self._keyed:
            if len(self._keyed) >= KEYS:
                self._keyed.clear()
            messages = [message for message in self.messages if message.key == key]
            self._keyed[key] = Batch(messages) if messages else None
        return self._keyed[key]
