"""Networks by name or in CIDR notation, wherever hosts are meant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv6Network, ip_address, ip_network
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, StrictStr, WithJsonSchema
from pydantic_core import PydanticCustomError

from protocols.daemon.problems import Path, quoted
from protocols.daemon.spec.choice import Listed
from protocols.daemon.spec.model import Spec
from protocols.networks import UNIX

ALL = "all"
"""The name that stands for everybody, on IP and Unix sockets."""

RESERVED = (UNIX, ALL)
"""Names that mean something already."""

_NAME = r"[^\s.:/]+"
_CIDR = r"[0-9a-fA-F:.]+(/[0-9]{1,3})?"
_MAPPED = IPv6Network("::ffff:0:0/96")


def is_name(text: str) -> bool:
    """Whether `text` is the name of a network, ``unix`` or ``all``: addresses have dots or colons."""
    return re.fullmatch(_NAME, text) is not None


def _member(value: Any) -> Any:
    if isinstance(value, str) and not is_name(value):
        try:
            _check(value)
        except ValueError as error:
            raise PydanticCustomError("network", "{problem}", {"problem": str(error)}) from None
    return value


def _check(text: str) -> None:
    """Raises :class:`ValueError` with words."""
    try:
        network = ip_network(text, strict=False) if re.fullmatch(_CIDR, text) else None
    except ValueError:
        network = None
    if network is None:
        raise ValueError(f"{quoted(text)} is no network such as 10.0.0.0/8 or ::1, nor the name of one")
    if ip_address(text.partition("/")[0]) != network.network_address:
        raise ValueError(
            f"{quoted(text)} is no network, for its last bits are not 0; did you mean {network}?"
        )
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        plain = ip_network((int(network.network_address) & 0xFFFFFFFF, network.prefixlen - 96))
        raise ValueError(f"{quoted(text)}: IPv4 clients are known by their IPv4 addresses; write {plain}")


NetworkMember = Annotated[
    StrictStr,
    BeforeValidator(_member),
    WithJsonSchema({"type": "string", "pattern": rf"^({_NAME}|{_CIDR})$"}),
]
"""A network in CIDR notation, an address, the name of an entry of ``networks``, ``unix`` or ``all``."""


class NetworkList(tuple[str, ...]):
    """Members of a set of hosts as they are written; what their names stand for is known once the whole
    file is read (:class:`protocols.daemon.named_networks.NamedNetworks`)."""

    __slots__ = ()


NetworkMembers = Annotated[tuple[NetworkMember, ...], Listed(least=1), AfterValidator(NetworkList)]
"""One or a list of them; validated it is a :class:`NetworkList`, by which the check of names finds it."""


def network_lists(value: object, path: Path) -> Iterator[tuple[Path, NetworkList]]:
    """Every :class:`NetworkList` that was written in `value`, which stands at `path`."""
    if isinstance(value, NetworkList):
        yield path, value
    elif isinstance(value, Spec):
        for key in value.model_fields_set:
            yield from network_lists(getattr(value, key), (*path, key))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from network_lists(item, (*path, key))
    elif isinstance(value, tuple | list):
        for index, item in enumerate(value):
            yield from network_lists(item, (*path, index))
