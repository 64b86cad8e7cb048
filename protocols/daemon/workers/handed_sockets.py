"""Sockets of the first process in the hands of those that serve: which are whose, and which are new."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from protocols.daemon.numbers import Numbers
from protocols.daemon.sockets import BoundSocket
from protocols.daemon.spec.address import Address

Listed = dict[str, list[dict[str, Any]]]
"""For each service its sockets, each by its number and what else is known of it, as JSON can say it."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """Some sockets for another process."""

    numbers: list[int]
    descriptors: list[int]


class Sending:
    """What one other process has been given.

    :param numbers: of the sockets of this process, whose descriptors are used again.
    :param most: how many sockets go into one parcel.
    """

    def __init__(self, numbers: Numbers[socket.socket], most: int) -> None:
        self._numbers = numbers
        self._most = most
        self._there: set[int] = set()

    def listed(self, sockets: Mapping[str, Sequence[BoundSocket]]) -> Listed:
        """What the process is to serve each service on."""
        return {
            service: [
                {
                    "number": self._numbers.of(one.socket),
                    "address": asdict(one.address),
                    "shared": one.is_shared,
                }
                for one in bound
            ]
            for service, bound in sockets.items()
        }

    def parcels(self, sockets: Mapping[str, Sequence[BoundSocket]]) -> Iterable[Parcel]:
        """What the process has not got of `sockets`; it has after this."""
        wanted = {self._numbers.of(one.socket): one.socket for bound in sockets.values() for one in bound}
        new = [number for number in wanted if number not in self._there]
        for start in range(0, len(new), self._most):
            some = new[start : start + self._most]
            yield Parcel(some, [wanted[number].fileno() for number in some])
        self._there |= set(new)

    def forget(self, sockets: Mapping[str, Sequence[BoundSocket]]) -> None:
        """The process keeps nothing but `sockets`."""
        self._there &= {self._numbers.of(one.socket) for bound in sockets.values() for one in bound}


class Received:
    """What this process has been given."""

    def __init__(self) -> None:
        self._sockets: dict[int, socket.socket] = {}
        self._bound: dict[tuple[int, Address], BoundSocket] = {}
        """The same object each time, so that who listens on it already need not begin anew."""

    def take(self, numbers: Sequence[int], descriptors: Sequence[int]) -> None:
        """A parcel has come."""
        for number, descriptor in zip(numbers, descriptors, strict=True):
            self._sockets[number] = socket.socket(fileno=descriptor)

    def bound(self, listed: Listed) -> dict[str, list[BoundSocket]]:
        """The sockets that `listed` names."""
        return {service: [self._one(each) for each in sockets] for service, sockets in listed.items()}

    def keep(self, listed: Listed) -> None:
        """Close those that are not among `listed`."""
        kept = {each["number"] for sockets in listed.values() for each in sockets}
        for number in [number for number in self._sockets if number not in kept]:
            self._sockets.pop(number).close()
        self._bound = {key: one for key, one in self._bound.items() if key[0] in kept}

    def _one(self, listed: Mapping[str, Any]) -> BoundSocket:
        number, address = listed["number"], Address(**listed["address"])
        if (number, address) not in self._bound:
            # Without a path to unlink: that belongs to who has bound it.
            self._bound[number, address] = BoundSocket(
                address, self._sockets[number], is_shared=listed["shared"]
            )
        return self._bound[number, address]
