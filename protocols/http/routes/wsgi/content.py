"""``wsgi.input``: the content of a request, read in a thread while it comes."""

from __future__ import annotations

from collections.abc import Callable
from io import RawIOBase
from queue import SimpleQueue
from typing import Any

from twisted.python.failure import Failure

from protocols.http.body import BodyStream, ClientGoneError
from protocols.http.errors import HTTPError
from protocols.http.source import read_from


class ContentError(OSError):
    """The content cannot be read to its end; its cause says why.

    An :class:`OSError`, since that is what applications expect of a client that has gone.
    """


class Content(RawIOBase):
    """The bytes of `body`, for a reader in another thread, which waits for them.

    At most what `body` holds is here at a time: a reader that does not read stops the client.

    :param in_reactor: calls a function with arguments in the reactor's thread.
    :param moved: is called there whenever some of the content has come.
    """

    def __init__(
        self, body: BodyStream, in_reactor: Callable[..., object], moved: Callable[[], object]
    ) -> None:
        super().__init__()
        self.error: Exception | None = None
        """Why there is no more of it."""
        self._body = body
        self._in_reactor = in_reactor
        self._moved = moved
        self._outcomes: SimpleQueue[bytes | Exception | None] = SimpleQueue()
        self._piece = memoryview(b"")
        self._over = False

    @property
    def refusal(self) -> HTTPError | None:
        """What is wrong with the content itself: there is more of it than the route takes."""
        return self.error if isinstance(self.error, HTTPError) else None

    # -- in the reader's thread ----------------------------------------------------------------------

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._piece and not self._over:
            self._fetch()
        size = min(len(buffer), len(self._piece))
        buffer[:size] = self._piece[:size]
        self._piece = self._piece[size:]
        return size

    def _fetch(self) -> None:
        """Wait for the next piece."""
        if self.error is None:
            self._in_reactor(self._ask)
            outcome = self._outcomes.get()
            if isinstance(outcome, Exception):
                self.error = self.error or outcome
            elif outcome is None:
                self._over = True
            else:
                self._piece = memoryview(outcome)
        if self.error is not None:
            raise ContentError(str(self.error)) from self.error

    # -- in the reactor's thread ---------------------------------------------------------------------

    def give_up(self) -> None:
        """Nobody waits for what would be done with it: reading fails from now on."""
        self.error = self.error or ClientGoneError("nobody waits for the answer any more")
        self._body.close()

    def _ask(self) -> None:
        read_from(self._body, self._come, self._failed)

    def _come(self, piece: bytes | None) -> None:
        self._moved()
        self._outcomes.put(piece)

    def _failed(self, failure: Failure) -> None:
        error = failure.value
        known = isinstance(error, HTTPError | ClientGoneError)
        self._outcomes.put(error if known else ClientGoneError("the client was not waited for"))  # type: ignore[arg-type]
