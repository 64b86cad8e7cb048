"""What a process says, to whom it is for: to each in one piece, made once where it is the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from protocols.handlers.program.shared.actions import Action, Close, Ids, NonsenseError, Reader
from protocols.handlers.program.shared.client import Client


class Spreading:
    """Does what one process wants.

    :param reader: reads what it says.
    :param clients: those it knows, by their numbers.
    :param refused: hears of messages that what carries a client cannot carry.

    .. attribute:: ignored

       How much was for clients that had gone.
    """

    def __init__(
        self,
        reader: Reader,
        clients: Mapping[int, Client],
        refused: Callable[[Client, ValueError], None],
    ) -> None:
        self.ignored = 0
        self._reader = reader
        self._clients = clients
        self._refused = refused
        self._text = True
        self._everybody: list[bytes] = []
        """What goes to all, as long as nothing else does."""
        self._batches: dict[Client, list[bytes]] = {}
        self._several = False
        """Whether batches may be the same."""

    def take(self, said: bytes) -> None:
        """Do what is wanted by `said`, which was read at one time.  Raises :class:`NonsenseError`, after what
        made sense is done."""
        try:
            actions = self._reader.feed(said)
        except NonsenseError as nonsense:
            self.perform(nonsense.actions)
            raise
        if actions:
            self.perform(actions)

    def perform(self, actions: Sequence[Action]) -> None:
        """Do `actions`."""
        batches = self._batches
        for action in actions:
            if type(action) is Close:
                self._flush()
                for client in list(self._chosen(action.to, action.but)):
                    client.part(action.reason)
                continue
            to, message, text, but = action  # type: ignore[misc]  # mypy does not see that it is a Send
            if text is not self._text:
                self._flush()
                self._text = text
            if to is None and not but and not batches:
                self._everybody.append(message)
                continue
            if self._everybody:
                self._divide()
            if to is not None and len(to) == 1 and not but:
                self._for_one(to[0], message)
            else:
                self._several = True
                for client in self._chosen(to, but):
                    batches.setdefault(client, []).append(message)
        self._flush()

    def _for_one(self, number: int, message: bytes) -> None:
        client = self._clients.get(number)
        if client is None:
            self.ignored += 1
        elif client in self._batches:
            self._batches[client].append(message)
        else:
            self._batches[client] = [message]

    def _chosen(self, to: Ids | None, but: Ids) -> Iterable[Client]:
        clients = self._clients
        if to is None:
            if not but:
                return clients.values()
            return [client for number, client in clients.items() if number not in but]
        chosen: dict[Client, None] = {}
        for number in to:
            client = clients.get(number)
            if client is None:
                self.ignored += 1
            elif number not in but:
                chosen[client] = None
        return chosen

    def _divide(self) -> None:
        """What was for all is one of several things that each of them gets."""
        self._several = True
        everybody, self._everybody = self._everybody, []
        for client in self._clients.values():
            self._batches[client] = list(everybody)

    def _flush(self) -> None:
        text = self._text
        if self._everybody:
            everybody, self._everybody = self._everybody, []
            for client in list(self._clients.values()):
                self._send_many(client, everybody, text)
            return
        if not self._batches:
            return
        batches = dict(self._batches)
        self._batches.clear()
        if self._several:
            self._several = False
            same: dict[tuple[bytes, ...], list[bytes]] = {}
            for client, messages in batches.items():
                self._send_many(client, same.setdefault(tuple(messages), messages), text)
            return
        for client, messages in batches.items():
            if len(messages) == 1:
                try:
                    client.send(messages[0], text)
                except ValueError as error:
                    self._refused(client, error)
            else:
                self._send_many(client, messages, text)

    def _send_many(self, client: Client, messages: list[bytes], text: bool) -> None:
        try:
            client.send_many(messages, text)
        except ValueError:
            for message in messages:  # those that it can be sent
                try:
                    client.send(message, text)
                except ValueError as error:
                    self._refused(client, error)
