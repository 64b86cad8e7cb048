"""Services of which nothing has to look at what passes."""

from __future__ import annotations

from collections.abc import Collection

from protocols.daemon.spec.framing import FramingSpec
from protocols.daemon.spec.service import ServiceSpec


def passes_unseen(service: ServiceSpec, watching: Collection[str]) -> bool:
    """Whether the connections of `service` may be given away as they are: they have no TLS, no header in
    front, no frames, and no log.

    :param watching: limits for which somebody has to see what passes, where they are set.
    """
    framing = service.framing
    return (
        service.tls is None
        and service.accept_proxy is None
        and (not isinstance(framing, FramingSpec) or framing.kind == "raw")
        and (service.log is None or service.log.access == "off")
        and service.limits.model_fields_set.isdisjoint(watching)
    )
