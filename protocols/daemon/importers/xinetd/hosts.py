"""``only_from`` and ``no_access``: hosts as xinetd writes them, as ``access``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final

from protocols.daemon.importers.place import ValueFault

Network = IPv4Network | IPv6Network

_DOTTED: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){0,3}")
_FACTORED: Final = re.compile(r"(?P<begin>([0-9]{1,3}\.){1,3})\{(?P<parts>[0-9]{1,3}(,[0-9]{1,3})*)\}")
_LOOPBACK: Final = (ip_network("127.0.0.1"), ip_network("::1"))
"""What the name ``localhost`` is of, on every machine."""


def networks_of(text: str) -> list[Network]:
    """The networks of one value: an address (zeros at the end of an IPv4 address stand for anything),
    ``1.2.{3,4}``, ``1.2.3.0/24``, ``localhost``.

    Raises :class:`ValueFault` for a name, which Polyport does not look up, and for what is neither.
    """
    try:
        if text == "localhost":
            return [*_LOOPBACK]
        if "/" in text:
            return [_plain(ip_network(text, strict=False))]
        if factored := _FACTORED.fullmatch(text):
            parts = factored["parts"].split(",")
            return [_prefix((factored["begin"] + part).split(".")) for part in parts]
        if _DOTTED.fullmatch(text):
            numbers = text.split(".")
            while numbers and int(numbers[-1]) == 0:
                numbers.pop()
            return [_prefix(numbers)]
        return [_plain(ip_network(ip_address(text)))]
    except ValueError:
        pass
    if re.fullmatch(r"[0-9./]*|.*[:{},/].*", text):
        raise ValueFault(f"{text[:60]!r} is no address, network or name of a host")
    raise ValueFault(f"{text[:60]!r} is a name, which would have to be looked up for each connection")


def is_name(text: str) -> bool:
    """Whether `text` could be the name of a host or of a network."""
    return re.fullmatch(r"\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?", text) is not None


def _prefix(numbers: Sequence[str]) -> IPv4Network:
    """The network of the addresses that begin with `numbers`."""
    whole = ".".join([*(str(int(one)) for one in numbers), *["0"] * (4 - len(numbers))])
    return IPv4Network(f"{whole}/{8 * len(numbers)}")


def _plain(network: Network) -> Network:
    """`network`, of IPv4 where it is IPv4 within IPv6 (``::ffff:0:0/96``)."""
    if isinstance(network, IPv6Network) and network.subnet_of(IPv6Network("::ffff:0:0/96")):
        return IPv4Network((int(network.network_address) & 0xFFFFFFFF, network.prefixlen - 96))
    return network


def written(network: Network) -> str:
    """`network` as the YAML has it: an address without the length of its prefix."""
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)


def access_of(
    allowed: Sequence[Network] | None, denied: Sequence[Network], hours: Sequence[str]
) -> dict[str, Any]:
    """``access`` for those `allowed` (``None``: everybody) and `denied`, at these `hours` (none: always).

    Who is in both lists is refused, as xinetd 2.3.15 does; its manual has it that the better match decides.
    """
    if allowed is not None and not allowed:
        return {"deny": "all"}
    access: dict[str, Any] = {}
    if hours:
        access["allow"] = {"hours": [*hours]}
        if allowed is not None:
            access["allow"] = {"networks": _written(allowed), "hours": [*hours]}
    elif allowed is not None:
        access["allow"] = _written(allowed)
    if denied:
        access["deny"] = _written(denied)
    return access


def hidden(allowed: Sequence[Network], denied: Sequence[Network]) -> list[str]:
    """Those of `allowed` that are altogether `denied`, which the manual of xinetd would let in."""
    return _written(
        [
            one
            for one in allowed
            if any(one.version == other.version and one.subnet_of(other) for other in denied)  # type: ignore[arg-type]
        ]
    )


def _written(networks: Sequence[Network]) -> list[str]:
    return [written(one) for one in dict.fromkeys(networks)]
