"""From the specification of a forward to what passes on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from protocols.daemon.access_log import connection_log
from protocols.daemon.carriers import Carriers, Stop
from protocols.daemon.misfit import MisfitError
from protocols.daemon.spec.forward import ForwardCheckSpec, ForwardSpec
from protocols.daemon.unseen import passes_unseen
from protocols.framing import Raw
from protocols.handlers.forward import (
    Backend,
    Balance,
    DatagramForward,
    DirectForward,
    HealthChecks,
    StreamForward,
    header_of,
)
from protocols.handover import HandOverFactory
from protocols.outgoing_tls import OutgoingTLS
from protocols.proxy_header import ProxyHeader, encode_v1, encode_v2

if TYPE_CHECKING:
    from protocols.daemon.assembly import Assembly

WATCHING: Final = frozenset({"message_time", "output", "byte_rate", "message_rate"})
"""Limits for which somebody has to see what passes; silence a relay notices by itself."""

Ends = Callable[[Stop], object]
"""Is told of what has to be ended with the service."""


def forward_carriers(assembly: Assembly) -> Carriers:
    """What serves a service that passes everything on."""
    service, carriers, reactor = assembly.spec, assembly.carriers, assembly.reactor
    spec = service.forward
    assert spec is not None
    name, ends = carriers.journal.service, carriers.stops.append
    if not spec.is_stream:
        datagrams = DatagramForward(_balance(spec, name), reactor=reactor, replies=spec.replies)
        ends(datagrams.stop)
        return assembly.serve(None, datagrams, Raw())
    if not is_direct(assembly):
        try:
            handler = stream_forward(spec, reactor, name, ends)
        except (OSError, ValueError) as error:
            raise MisfitError(("forward", "tls"), str(error)) from error
        # What it is that goes by is not looked into.
        return assembly.serve(handler, None, assembly.framing(Raw()))
    direct = DirectForward(
        _checked(spec, reactor, name, ends),
        reactor=reactor,
        header=partial(header_of, send_proxy=spec.send_proxy),
        timeout=spec.connect,
        retry=spec.retry,
        idle=service.limits.idle,
        first_byte=service.limits.first_byte,
    )
    ends(direct.stop)
    carriers.stream = HandOverFactory(
        direct,
        journal=carriers.journal,
        clock=reactor,
        connections=service.limits.connections,
        tell=connection_log(service.log, carriers, reactor),
    )
    return carriers


def is_direct(assembly: Assembly) -> bool:
    """Whether the kernel passes the bytes on: nothing has to look at them."""
    spec = assembly.spec.forward
    assert spec is not None
    return all(target.scheme != "tls" for target in spec.to) and passes_unseen(assembly.spec, WATCHING)


def stream_forward(spec: ForwardSpec, reactor: Any, service: str, ends: Ends) -> StreamForward:
    """The handler that passes streams on to the targets of `spec`, which take them.

    Raises :class:`OSError` and :class:`ValueError` for files of its TLS that cannot be read or hold none.
    """
    proof = spec.tls
    tls = {
        target: OutgoingTLS(
            proof.name or target.host, ca=proof.ca, certificate=proof.certificate, key=proof.key
        )
        for target in spec.to
        if target.scheme == "tls"
    }
    return StreamForward(
        _checked(spec, reactor, service, ends),
        reactor=reactor,
        tls=tls,
        send_proxy=spec.send_proxy,
        timeout=spec.connect,
        retry=spec.retry,
    )


def _balance(spec: ForwardSpec, service: str) -> Balance:
    check = spec.check or ForwardCheckSpec()
    tells = spec.check is not None or len(spec.to) > 1
    backends = [Backend(target, service, rise=check.rise, fall=check.fall, tells=tells) for target in spec.to]
    return Balance(backends, spec.balance)


def _checked(spec: ForwardSpec, reactor: Any, service: str, ends: Ends) -> Balance:
    """The targets of `spec`, which are tried from time to time if that is of use."""
    balance = _balance(spec, service)
    if spec.check is not None or len(spec.to) > 1:
        check = spec.check or ForwardCheckSpec()
        checks = HealthChecks(
            balance.backends,
            reactor=reactor,
            every=check.every,
            timeout=check.timeout,
            only_down=spec.check is None,
            greeting=_GREETINGS[spec.send_proxy],
        )
        ends(checks.stop)
    return balance


_GREETINGS: Final = {None: b"", "v1": encode_v1(ProxyHeader()), "v2": encode_v2(ProxyHeader(is_local=True))}
"""What a target that expects a PROXY header is told by somebody who wants nothing of it."""
