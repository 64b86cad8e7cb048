"""What the names of ``networks`` stand for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_network

from protocols.daemon.spec.networks import ALL, RESERVED, is_name
from protocols.networks import EVERYBODY, UNIX, Networks


class NamedNetworks:
    """The entries of ``networks``, which may be made of one another."""

    def __init__(self, entries: Mapping[str, Sequence[str]]) -> None:
        self._entries = entries

    def resolve(self, members: Iterable[str]) -> Networks:
        """The hosts that `members` mean: networks, names, ``unix`` and ``all``.

        Raises :class:`KeyError` for a name that is not known.
        """
        plain = dict.fromkeys(self._plain(members, set()))
        if ALL in plain:
            return EVERYBODY
        return Networks([ip_network(one) for one in plain if one != UNIX], unix=UNIX in plain)

    def _plain(self, members: Iterable[str], seen: set[str]) -> Iterator[str]:
        for member in members:
            if member in RESERVED or not is_name(member):
                yield member
            elif member not in seen:
                seen.add(member)
                yield from self._plain(self._entries[member], seen)

    def cycles(self) -> Iterator[tuple[str, ...]]:
        """Names that are made of one another, each cycle once, from its first name to that name again."""
        done: set[str] = set()
        for name in self._entries:
            yield from self._cycles(name, [], done)

    def _cycles(self, name: str, trail: list[str], done: set[str]) -> Iterator[tuple[str, ...]]:
        if name in trail:
            yield (*trail[trail.index(name) :], name)
        elif name in self._entries and name not in done:
            for member in self._entries[name]:
                if is_name(member):
                    yield from self._cycles(member, [*trail, name], done)
            done.add(name)
