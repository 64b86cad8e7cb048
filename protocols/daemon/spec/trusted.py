"""``trusted``: the proxies that are believed about who asks."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from protocols.daemon.spec.choice import Known
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.networks import NetworkMembers


class TrustedSpec(Spec):
    """Proxies in front of HTTP, which are believed about who asks, by which scheme, and for which host."""

    short = "proxies"

    proxies: NetworkMembers
    """Where they are: networks such as `10.0.0.0/8`, addresses, names of `networks`, and `unix` for whoever
    comes by a Unix socket."""
    fields: Annotated[Literal["x-forwarded", "forwarded"], Known()] = "x-forwarded"
    """What they write: `x-forwarded` is X-Forwarded-For, -Proto and -Host, `forwarded` is RFC 7239's
    Forwarded. Only that is read, for what a proxy does not write it passes on from its client."""

    @classmethod
    def expand(cls, data: Any) -> Any:
        return {"proxies": data} if isinstance(data, list) else super().expand(data)
