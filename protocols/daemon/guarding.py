"""What stands around a service, from the socket inwards::

    PROXY header → access by network → limits per source → TLS → access by certificate → service

Each is a factory around a factory, and a service without one of them pays nothing for it.  The PROXY header
is first, because it says whom the others are to look at; who may not come in does not cost a handshake.
"""

from __future__ import annotations

from twisted.internet.interfaces import IProtocolFactory

from protocols.daemon.access_rules import access_of
from protocols.daemon.carriers import Carriers, Gate
from protocols.daemon.loader import Loaded
from protocols.daemon.spec.address import Address
from protocols.daemon.spec.service import ServiceSpec
from protocols.datagram import DatagramServer
from protocols.guard.access import AccessFactory, Admission, guard_datagrams


def gate_of(spec: ServiceSpec, loaded: Loaded) -> Gate | None:
    """Who may come in to the service `spec`."""
    if spec.access is None:
        return None
    access = access_of(spec.access, loaded.networks)
    if spec.http is None:
        return Gate(access, spec.access.refuse)
    trusted = spec.trusted or loaded.config.server.trusted
    passes = None if trusted is None else loaded.networks.resolve(trusted.proxies)
    return Gate(access, spec.access.refuse, passes, by_request=True)


def guarded_streams(carriers: Carriers, address: Address) -> IProtocolFactory:
    """What serves the streams of `carriers` at `address`, inside of all that guards it."""
    factory, gate = carriers.stream, carriers.gate
    assert factory is not None
    tls = carriers.tls if address.scheme in ("tls", "fd") else None
    # From the inside out.
    if tls is not None:
        if gate is not None and (gate.access.asks_certificate or gate.access.asks_who):
            admission = _admission(carriers, gate, is_inside=True)
            factory = AccessFactory(factory, admission, refusal=gate.refusal)
        factory = tls.around(factory, carriers.journal)
    if carriers.fairness is not None:
        factory = carriers.fairness.around(factory, carriers.stream)
    if gate is not None:
        admission = _admission(carriers, gate, is_inside=tls is None)
        factory = AccessFactory(factory, admission, refusal=gate.refusal)
    if carriers.proxy_header is not None:
        factory = carriers.proxy_header(factory)
    return factory


def guarded_datagrams(carriers: Carriers) -> DatagramServer:
    """What serves one datagram socket of `carriers`, inside of all that guards it."""
    assert carriers.datagram is not None
    server = carriers.datagram()
    admission = datagram_admission(carriers)
    if admission is not None:
        guard_datagrams(server, admission)
    return server


def datagram_admission(carriers: Carriers) -> Admission | None:
    """Who may send datagrams to `carriers`; ``None``: everybody."""
    return None if carriers.gate is None else _admission(carriers, carriers.gate, is_inside=True)


def _admission(carriers: Carriers, gate: Gate, *, is_inside: bool) -> Admission:
    """Who may pass; `is_inside` of everything that can tell more of a peer, except for requests."""
    final = is_inside and not (gate.by_request and gate.access.asks_who)
    return Admission(gate.access, journal=carriers.journal, final=final, passes=gate.passes or ())
