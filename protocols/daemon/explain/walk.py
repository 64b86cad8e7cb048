"""From an address inwards, as a connection, a datagram or a request would go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

from protocols.account_name import account_name
from protocols.daemon.carriers import Carriers
from protocols.daemon.explain.caller import Caller
from protocols.daemon.explain.decisions import WrittenAccess
from protocols.daemon.explain.explanation import Explanation, Step
from protocols.daemon.explain.limits import limits_of, limits_of_route
from protocols.daemon.explain.listeners import Listener
from protocols.daemon.explain.request import Request
from protocols.daemon.guarding import datagram_admission, guarded_streams
from protocols.daemon.loader import Loaded
from protocols.daemon.overview import shown_answers
from protocols.daemon.problems import Path
from protocols.daemon.redaction import SECRET
from protocols.guard import ProxyProtocolFactory, TLSFactory
from protocols.guard.access import AccessFactory, Admission
from protocols.handover import HandOverFactory
from protocols.http import HTTPFactory
from protocols.networks import UNIX
from protocols.session import Peer
from protocols.stream import StreamFactory


def explain(loaded: Loaded, carriers: Carriers, listener: Listener, caller: Caller) -> Explanation:
    """What becomes of `caller`, who comes to `listener`, which `carriers` serve."""
    return _Walk(loaded, carriers, listener, caller).explanation


class _Walk:
    """One way inwards, as far as it goes."""

    def __init__(self, loaded: Loaded, carriers: Carriers, listener: Listener, caller: Caller) -> None:
        self._origin = loaded.origin
        self._carriers = carriers
        self._caller = caller
        self._path: Path = ("services", listener.service)
        self._spec = loaded.config.services[listener.service]
        self._access = self._written_access()
        self._peer = _peer(listener, carriers, caller)
        self.explanation = Explanation()
        self._say("service", listener.service, self._path, key=True)
        self._say("address", str(listener.address), (*self._path, "listen", listener.index))
        is_datagram = listener.address.family == "datagram"
        if carriers.waiting is not None:
            self._steps(iter([Step("access", "everybody: the program accepts by itself")]))
        else:
            self._steps(self._datagram() if is_datagram else self._connection(listener))
        if self._spec.http is not None and self.explanation.allowed:
            self._ask()
        else:
            self._say("identity", self._identity(self._peer))
        if self._spec.http is None:
            self._framing(is_datagram)
            words = shown_answers(listener.service, self._spec, self._origin)
            self._say("handler", words, (*self._path, self._spec.kind))
        said = {limit.name for limit in self.explanation.limits}  # by the route
        of_service = limits_of(listener.service, self._spec, self._origin)
        self.explanation.limits += [limit for limit in of_service if limit.name not in said]

    def _say(
        self, topic: str, words: str, path: Path | None = None, *, key: bool = False, built_in: bool = False
    ) -> None:
        """Note `words`, which stand at `path`, or nowhere."""
        if path is not None and self._origin.hides(self._origin.known(path)) and not key:
            words = SECRET
        place = "built-in" if built_in else ""
        place = place if path is None else str(self._origin.place(path, key=key))
        self.explanation.steps.append(Step(topic, words, place))

    def _steps(self, steps: Iterator[Step]) -> None:
        """Go on until somebody refuses."""
        for step in steps:
            self.explanation.steps.append(step)
            if step.allowed is False:
                return

    def _written_access(self) -> WrittenAccess | None:
        if self._spec.access is None:
            return None
        own: Path = (*self._path, "access")
        path = own if self._origin.known(own) == own else ("defaults", "access")
        return WrittenAccess(self._spec.access, path, self._origin)

    def _decided(self, topic: str, admission: Admission) -> Step:
        assert self._access is not None
        return self._access.step(topic, admission, self._peer, self._caller.moment)

    def _datagram(self) -> Iterator[Step]:
        admission = datagram_admission(self._carriers)
        yield Step("access", "everybody") if admission is None else self._decided("access", admission)

    def _connection(self, listener: Listener) -> Iterator[Step]:
        """What stands around the service, from the socket inwards; what decides nothing by who comes is
        passed by."""
        factory: Any = guarded_streams(self._carriers, listener.address)
        if self._access is None:
            yield Step("access", "everybody")
        topic = "access"
        while factory is not self._carriers.stream:
            if isinstance(factory, ProxyProtocolFactory):
                yield Step("PROXY header", self._header(factory))
            elif isinstance(factory, AccessFactory):
                yield self._decided(topic, factory.admission)
            elif isinstance(factory, TLSFactory):
                yield self._shake_hands(factory)
                topic = "access, inside of TLS"
            factory = getattr(factory, "inner", None) or factory.wrappedFactory

    def _header(self, factory: ProxyProtocolFactory) -> str:
        host = UNIX if self._peer.transport == UNIX else self._peer.host
        if host in factory.proxies:
            return "must come first; what follows is about whom it names"
        return "is not looked for"

    def _shake_hands(self, factory: TLSFactory) -> Step:
        """What TLS wants to know, for the name that is asked for."""
        rule = factory.tls.table.find_host(self._caller.server).rule
        place = str(self._origin.place((*self._path, "tls"), key=True))
        certificate = self._caller.certificate
        if rule is None:
            return Step("TLS", "no certificate is asked for", place)
        if certificate is None:
            verdict = "refused: a certificate is needed" if rule.required else "allowed without a certificate"
            return Step("TLS", verdict, place, not rule.required)
        user = certificate.subject or self._peer.user
        self._peer = replace(self._peer, certificate=certificate, user=user)
        return Step("TLS", "allowed: such a certificate is asked for", place, allowed=True)

    def _ask(self) -> None:
        factory = self._carriers.stream
        assert isinstance(factory, HTTPFactory)
        request = Request(factory, self._spec, self._path, self._origin, self._caller, self._peer)
        self._steps(request.steps(self._carriers.gate, self._access))
        self._say("identity", self._identity(request.peer))
        if request.route is not None:
            path, route = request.route
            self.explanation.limits += limits_of_route(path, route, self._origin)

    def _identity(self, peer: Peer) -> str:
        """Who that turns out to be, and what is not known here."""
        known = [str(peer) if peer.host else UNIX]
        if peer.certificate is not None:
            known.append(
                f"certificate {peer.certificate.subject or ', '.join(peer.certificate.names)}".strip()
            )
        elif self._caller.certificate is not None:
            known.append("whose certificate is not asked for")
        if peer.credentials is not None:
            known.append(f"uid {peer.credentials.uid}, gid {peer.credentials.gid}")
        if peer.user is not None:
            known.append(f"user {peer.user}")
        elif self._caller.user is not None:
            known.append("whose user is not asked for")
        return ", ".join(known)

    def _framing(self, is_datagram: bool) -> None:
        stream = self._carriers.stream
        if self._carriers.waiting is not None:
            self._say("framing", "that of the program, which has the socket", built_in=True)
        elif isinstance(stream, HandOverFactory):
            self._say("framing", "that of the program, which has the connection", built_in=True)
        elif is_datagram:
            self._say("framing", "each datagram is a message", built_in=True)
        elif not isinstance(stream, StreamFactory):
            self._say("framing", "that of the factory", built_in=True)
        else:
            own: Path = (*self._path, "framing")
            written = next((p for p in (own, ("defaults", "framing")) if self._origin.known(p) == p), None)
            written = written if self._spec.framing is not None else None
            self._say("framing", _described(stream.framing), written, built_in=written is None)


def _peer(listener: Listener, carriers: Carriers, caller: Caller) -> Peer:
    """Who is at the other end of the socket, before anything is said."""
    scheme, host = listener.address.scheme, caller.via or caller.host
    if scheme == "fd":
        scheme = "tls" if carriers.tls is not None else "tcp"
        scheme = "unix" if host == UNIX else scheme
    credentials = caller.credentials
    user = None if credentials is None else account_name(credentials.uid)
    return Peer(scheme, "" if host == UNIX else host, user=user, credentials=credentials)


def _described(framing: object) -> str:
    name = type(framing).__name__.lower()
    if not is_dataclass(framing):
        return name
    settings = (f"{field.name} {_shown(getattr(framing, field.name))}" for field in fields(framing))
    return f"{name}: {', '.join(settings)}"


def _shown(value: object) -> str:
    return (
        str(value).lower()
        if isinstance(value, bool)
        else repr(value)
        if isinstance(value, bytes)
        else str(value)
    )
