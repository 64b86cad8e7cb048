"""The sockets of the daemon: bound all or none, and kept over reloads."""

from __future__ import annotations

import errno
import socket
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from protocols.daemon.checks.addresses import overlap, place_of
from protocols.daemon.kept_sockets import KeptSockets
from protocols.daemon.sockets import BindError, BoundSocket, Inherited, bind
from protocols.daemon.spec.address import Address
from protocols.daemon.spec.config import Config


@dataclass(frozen=True, slots=True)
class Place:
    """One address of one service."""

    service: str
    index: int
    """Which of the service's."""
    address: Address


def places_of(config: Config) -> list[Place]:
    """Where the enabled services of `config` listen."""
    return [
        Place(name, index, address)
        for name, spec in config.services.items()
        if spec.enabled
        for index, address in enumerate(spec.listen)
    ]


class PlaceError(Exception):
    """A place cannot be listened on; the text says why."""

    def __init__(self, place: Place, error: BindError) -> None:
        super().__init__(str(error))
        self.place = place


@dataclass(frozen=True, slots=True)
class _Entry:
    """What is bound for one address: for each copy, the sockets that it takes."""

    address: Address
    copies: tuple[tuple[BoundSocket, ...], ...]

    def sockets(self) -> Iterable[BoundSocket]:
        """Each once: copies may share them."""
        return dict.fromkeys(one for copy in self.copies for one in copy)

    def close(self) -> None:
        for one in self.sockets():
            one.close()


class SocketTable:
    """Every socket that listens, by its address.

    :param inherited: sockets that systemd handed over.
    :param copies: how many processes accept from each address.  Each has a socket of its own where the kernel
        can share the work among several (SO_REUSEPORT, socket(7)), so that what waits for one is not lost
        when that ends; Unix sockets, multicast groups and what was handed over are shared.
    :param kept: sockets that a process before this one has bound.
    :param leaves_paths: whether paths of Unix sockets stay when those who serve them close them: for somebody
        who has the sockets still.
    """

    def __init__(
        self,
        inherited: Inherited,
        copies: int = 1,
        *,
        kept: KeptSockets | None = None,
        leaves_paths: bool = False,
    ) -> None:
        self.leaves_paths = leaves_paths
        self._inherited = inherited
        self._kept = kept or KeptSockets()
        self._copies = copies
        self._entries: dict[Hashable, _Entry] = {}

    def bind(self, places: Sequence[Place]) -> Binding:
        """Bind what `places` lack, or nothing: raises :class:`PlaceError`.

        Nothing is given up before :meth:`Binding.commit`.
        """
        wanted: dict[Hashable, tuple[Place, _Entry]] = {}
        made: list[_Entry] = []
        for key, place in _keyed(places).items():
            entry = self._entries.get(key)
            if entry is None:
                try:
                    entry = self._bind(place.address)
                except BindError as error:
                    for one in made:
                        one.close()
                    raise PlaceError(place, error) from error
                made.append(entry)
            wanted[key] = place, entry
        return Binding(self, wanted, made)

    def let_go(self) -> None:
        """Close all of them here; whoever has them too goes on, and so paths stay."""
        for one in self.sockets():
            one.socket.close()
        self._entries = {}

    def close(self) -> None:
        """Close all of them."""
        for entry in self._entries.values():
            entry.close()
        self._entries = {}

    def sockets(self) -> list[BoundSocket]:
        """All of them, each once."""
        return [one for entry in self._entries.values() for one in entry.sockets()]

    def replace_entries(self, entries: dict[Hashable, _Entry]) -> None:
        """Keep `entries`, and close all others."""
        gone = [entry for key, entry in self._entries.items() if key not in entries]
        self._entries = entries
        for entry in gone:
            entry.close()

    def _bind(self, address: Address) -> _Entry:
        try:
            return self._bound(address)
        except BindError as error:
            rivals = self._rivals(address)
            if error.number != errno.EADDRINUSE or not rivals:
                raise
        # They will be closed, but not before this one is sure: for the moment, the kernel lets both be.
        for rival in rivals:
            rival.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        return self._bound(address, reuse_port=True)

    def _bound(self, address: Address, *, reuse_port: bool = False) -> _Entry:
        is_shared = address.scheme in ("fd", "unix", "unixgram") or address.is_multicast
        if self._copies == 1 or is_shared:
            sockets = tuple(bind(address, self._inherited, reuse_port=reuse_port, kept=self._kept))
            if reuse_port:
                for one in sockets:
                    one.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 0)
            return _Entry(address, (sockets,) * self._copies)
        taken = None if reuse_port or not address.port else self._taken(address)
        before = self._kept.claimed
        copies: list[tuple[BoundSocket, ...]] = []
        try:
            for _ in range(self._copies):
                # All have the port that the kernel chose for the first.
                port = address.port or (copies[0][0].address.port if copies else 0)
                same = replace(address, port=port)
                copies.append(tuple(bind(same, self._inherited, reuse_port=True, kept=self._kept)))
                if taken is not None and self._kept.claimed == before:
                    raise taken
        except BindError:
            for one in (one for copy in copies for one in copy):
                one.close()
            raise
        return _Entry(address, tuple(copies))

    def _taken(self, address: Address) -> BindError | None:
        """What the kernel has against `address` for us alone.

        Another daemon of this user may share its port in the same way as we do, and would get half of our
        clients.
        """
        try:
            for one in bind(address, self._inherited):
                one.close()
        except BindError as error:
            return error
        return None

    def _rivals(self, address: Address) -> list[BoundSocket]:
        """Our own sockets that stand in the way of `address`."""
        place = place_of(address)
        return [
            one
            for entry in self._entries.values()
            if place is not None and place_of(entry.address) == place and overlap(entry.address, address)
            for one in entry.sockets()
        ]


class Binding:
    """Sockets for a configuration, of which nothing is settled yet."""

    def __init__(
        self, table: SocketTable, wanted: Mapping[Hashable, tuple[Place, _Entry]], made: Sequence[_Entry]
    ) -> None:
        self._table = table
        self._wanted = wanted
        self._made = made

    def sockets(self, copy: int = 0) -> dict[str, list[BoundSocket]]:
        """The sockets of each service, in the order of its addresses, for one of the processes."""
        found: dict[str, list[BoundSocket]] = {}
        for place, entry in self._wanted.values():
            found.setdefault(place.service, []).extend(self._as(place, one) for one in entry.copies[copy])
        return found

    def _as(self, place: Place, one: BoundSocket) -> BoundSocket:
        # An address may have become one with TLS, or one without: that is a matter of the service.
        bound = replace(one, address=replace(one.address, scheme=place.address.scheme))
        return bound.lent() if self._table.leaves_paths else bound

    def places(self) -> list[tuple[Place, Sequence[BoundSocket]]]:
        """Each place, with the sockets that one process has there."""
        return [(place, entry.copies[0]) for place, entry in self._wanted.values()]

    def commit(self) -> None:
        """This is it: what no place is for any more is closed."""
        self._table.replace_entries({key: entry for key, (_, entry) in self._wanted.items()})

    def cancel(self) -> None:
        """It stays as it was."""
        for entry in self._made:
            entry.close()


def _keyed(places: Sequence[Place]) -> dict[Hashable, Place]:
    """`places` by what makes their sockets the same over a reload."""
    chosen: Counter[Hashable] = Counter()
    keyed: dict[Hashable, Place] = {}
    for place in places:
        address = place.address
        # TLS is a matter of the service, not of the socket.
        plain = replace(address, scheme="tcp") if address.scheme == "tls" else address
        key: Hashable = plain
        if place_of(address) is None:
            # The kernel chooses the port, for this service, each time it is asked.
            key = (place.service, plain, chosen[place.service, plain])
            chosen[place.service, plain] += 1
        keyed[key] = place
    return keyed
