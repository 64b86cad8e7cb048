"""The error of a part that cannot be made from what the configuration says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from protocols.daemon.problems import Path


class MisfitError(Exception):
    """What one key of a service names cannot be used for it.

    :param path: leads from the service to the key.
    :param key: whether it is the key itself that is wrong, and not what it names.
    :param safe: whether the message shows nothing of its value, which a secret may have gone into.
    """

    def __init__(self, path: Path, message: str, *, key: bool = False, safe: bool = False) -> None:
        super().__init__(message)
        self.path = path
        self.key = key
        self.safe = safe


class MisfitsError(Exception):
    """Several of them."""

    def __init__(self, misfits: Sequence[MisfitError]) -> None:
        super().__init__("\n".join(map(str, misfits)))
        self.misfits = tuple(misfits)


class Misfits:
    """Collects what does not fit while parts are made, so that all of it is reported together."""

    def __init__(self) -> None:
        self.found: list[MisfitError] = []

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Goes on behind the block whatever of it does not fit."""
        try:
            yield
        except MisfitError as misfit:
            self.found.append(misfit)
        except MisfitsError as several:
            self.found += several.misfits

    def check(self) -> None:
        """Raises :class:`MisfitsError` with what has been found, if anything has."""
        if self.found:
            raise MisfitsError(self.found)
