"""``trusted``: the proxies that are believed about who asks."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, StrictStr, WithJsonSchema
from pydantic_core import PydanticCustomError

from protocols.daemon.problems import quoted
from protocols.daemon.spec.choice import Known, Listed
from protocols.daemon.spec.model import Spec

UNIX = "unix"


def _proxy(value: Any) -> Any:
    if not isinstance(value, str) or value == UNIX:
        return value
    try:
        return str(ip_network(value))
    except ValueError as error:
        hint = "; its last bits must be 0" if "host bits" in str(error) else ""
        text = f"{quoted(value)} is no network such as 10.0.0.0/8 or ::1, nor {UNIX}{hint}"
        raise PydanticCustomError("network", "{problem}", {"problem": text}) from None


Proxy = Annotated[
    StrictStr,
    BeforeValidator(_proxy),
    WithJsonSchema({"type": "string", "pattern": rf"^({UNIX}|[0-9a-fA-F:.]+(/\d{{1,3}})?)$"}),
]
"""A network in CIDR notation, an address, or ``unix``."""


class TrustedSpec(Spec):
    """Proxies in front of HTTP, which are believed about who asks, by which scheme, and for which host."""

    short = "proxies"

    proxies: Annotated[tuple[Proxy, ...], Listed(least=1)]
    """Where they are: networks such as `10.0.0.0/8`, addresses, and `unix` for whoever comes by a Unix
    socket."""
    fields: Annotated[Literal["x-forwarded", "forwarded"], Known()] = "x-forwarded"
    """What they write: `x-forwarded` is X-Forwarded-For, -Proto and -Host, `forwarded` is RFC 7239's
    Forwarded. Only that is read, for what a proxy does not write it passes on from its client."""

    @classmethod
    def expand(cls, data: Any) -> Any:
        return {"proxies": data} if isinstance(data, list) else super().expand(data)
