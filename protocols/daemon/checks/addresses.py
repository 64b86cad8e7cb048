"""Services, or the daemon itself, that would listen on one address."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from protocols.daemon.checks.parts import Parts
from protocols.daemon.problems import Path, Problem, path_text
from protocols.daemon.spec.address import Address, ip_address

_EVERY_IPV4, _EVERY_IPV6 = "0.0.0.0", "::"  # noqa: S104 (compared with, not bound)


@dataclass(frozen=True, slots=True)
class _Listener:
    path: Path
    address: Address


def check(parts: Parts) -> Iterator[Problem]:
    """Each address that an earlier one, of the daemon itself or of an enabled service, has taken already."""
    rivals: defaultdict[tuple[str, object], list[_Listener]] = defaultdict(list)
    for listener in _listeners(parts):
        place = place_of(listener.address)
        if place is None:
            continue
        for earlier in rivals[place]:
            if overlap(earlier.address, listener.address):
                yield _clash(parts, earlier, listener)
                break
        rivals[place].append(listener)


def _listeners(parts: Parts) -> Iterator[_Listener]:
    for key in ("control", "metrics") if parts.server is not None else ():
        own = getattr(parts.server, key)
        if isinstance(own, Address):
            yield _Listener(("server", key), own)
    for path, service in parts.enabled():
        for index, address in enumerate(service.listen):
            yield _Listener((*path, "listen", index), address)


def _clash(parts: Parts, earlier: _Listener, later: _Listener) -> Problem:
    where = parts.origin.place(earlier.path)
    taken = path_text(parts.origin.known(earlier.path))
    text = f"this address is taken already by {taken} at {where}"
    return parts.origin.problem(later.path, text, safe=True)


def place_of(address: Address) -> tuple[str, object] | None:
    """What two addresses must share to clash at all; ``None`` for one that never does."""
    if address.scheme == "fd":
        return "fd", address.name
    if address.path:
        return "path", address.path
    if address.name:
        return f"{address.scheme} name", address.name
    if address.port == 0:
        return None
    return "udp" if address.scheme == "udp" else "tcp", address.port


def overlap(one: Address, other: Address) -> bool:
    """Whether two addresses with one :func:`place_of` clash."""
    if one.scheme in ("fd", "unix", "unixgram"):
        return True
    if one.is_multicast and other.is_multicast:
        return (_hosts(one), one.interface) == (_hosts(other), other.interface)
    first, second = _hosts(one), _hosts(other)
    return bool(first & second) or _covers(first, second) or _covers(second, first)


def _hosts(address: Address) -> frozenset[str]:
    """The addresses bound; ``[::]`` is for IPv6 only."""
    if address.host == "":
        return frozenset({_EVERY_IPV4, _EVERY_IPV6})
    if address.host.lower() == "localhost":
        return frozenset({"127.0.0.1", "::1"})
    ip = ip_address(address.host)
    if ip is None:
        return frozenset({address.host.lower().rstrip(".")})
    return frozenset({str(getattr(ip, "ipv4_mapped", None) or ip)})


def _covers(every: frozenset[str], hosts: frozenset[str]) -> bool:
    """Whether `every` holds the wildcard of a family that one of `hosts` is, or may be, of."""
    for host in hosts:
        ip = ip_address(host)
        if _EVERY_IPV4 in every and (ip is None or ip.version == 4):
            return True
        if _EVERY_IPV6 in every and (ip is None or ip.version == 6):
            return True
    return False
