"""What services take over from ``defaults``."""

from __future__ import annotations

from protocols.daemon.spec.config import DefaultsSpec
from protocols.daemon.spec.limits import LimitsSpec
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.service import ServiceSpec


def inherit(service: ServiceSpec, defaults: DefaultsSpec) -> ServiceSpec:
    """`service` with what `defaults` has for it.

    Each limit is inherited by itself; ``tls`` only where an address asks for it, so that a plain
    service stays plain; ``framing`` only where something is framed; ``access`` as a whole.
    """
    changes: dict[str, Spec] = {"limits": _limits(service.limits, defaults.limits)}
    if service.tls is None and defaults.tls is not None and has_scheme(service, "tls"):
        changes["tls"] = defaults.tls
    if service.framing is None and defaults.framing is not None and is_framed(service):
        changes["framing"] = defaults.framing
    if service.access is None and defaults.access is not None:
        changes["access"] = defaults.access
    return service.model_copy(update=changes)


def has_scheme(service: ServiceSpec, *schemes: str) -> bool:
    """Whether the service listens on an address of one of `schemes`."""
    return any(address.scheme in schemes for address in service.listen)


def has_stream(service: ServiceSpec) -> bool:
    """Whether the service may get streams: an address of systemd's may be of either family."""
    return any(address.family != "datagram" for address in service.listen)


def is_framed(service: ServiceSpec) -> bool:
    """Whether the service has a framing unless it says otherwise: a handler of messages, on a stream; a
    program that has a connection to itself is none."""
    if service.program is not None and service.program.mode not in ("message", "shared"):
        return False
    return has_stream(service) and service.kind in ("function", "program", "builtin", "channel")


def _limits(own: LimitsSpec, inherited: LimitsSpec) -> LimitsSpec:
    return inherited.model_copy(update={key: getattr(own, key) for key in own.model_fields_set})
