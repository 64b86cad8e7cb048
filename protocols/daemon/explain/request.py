"""What becomes of a request of HTTP."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from protocols.daemon.carriers import Gate
from protocols.daemon.explain.caller import Caller
from protocols.daemon.explain.decisions import WrittenAccess
from protocols.daemon.explain.explanation import Step
from protocols.daemon.origin import Origin
from protocols.daemon.overview import route_answers
from protocols.daemon.problems import Path
from protocols.daemon.redaction import SECRET
from protocols.daemon.spec.http import RouteSpec
from protocols.daemon.spec.service import ServiceSpec
from protocols.guard.access import Admission
from protocols.http import Headers, HTTPError, HTTPFactory, RequestHead
from protocols.http.policy.access import AccessRoute
from protocols.http.policy.around import AroundRoute
from protocols.http.policy.auth import AuthRoute
from protocols.http.routing import Entry, Match
from protocols.http.target import decode_path
from protocols.session import Peer


class Request:
    """One request of `caller` to the service `spec`, whose connection comes from `peer`.

    .. attribute:: route

       The route that answers it and where that stands, once :meth:`steps` has found it.

    .. attribute:: peer

       Who asks, as far as it is known.
    """

    def __init__(
        self,
        factory: HTTPFactory,
        spec: ServiceSpec,
        path: Path,
        origin: Origin,
        caller: Caller,
        peer: Peer,
    ) -> None:
        self._factory = factory
        self._spec = spec
        self._path = path
        self._origin = origin
        self._caller = caller
        self.route: tuple[Path, RouteSpec] | None = None
        scheme = "https" if peer.transport == "tls" else "http"
        self.peer = replace(peer, transport=scheme)
        self._scheme = scheme

    def steps(self, gate: Gate | None, access: WrittenAccess | None) -> Iterator[Step]:
        """From the request to its route, through all that wraps that."""
        try:
            request = self._head()
            found = self._factory.site.find(request)
        except HTTPError as error:
            yield Step("route", f"none: status {error.status}", allowed=False)
            return
        self.peer = request.peer
        if not isinstance(found, Match):
            place = Headers(found.headers).get("location")
            yield Step("route", f"none: status {found.status}{f', {place}' if place else ''}")
            return
        self.route = path, route = self._written(found.entry)
        hidden = self._origin.hides(self._origin.known(path))
        answers = f"{route.kind} {SECRET}" if hidden else route_answers(route)
        yield Step("route", f"{path[3]}: {answers}", str(self._origin.place(path, key=True)))
        yield from self._policies(found, gate, access)

    def _head(self) -> RequestHead:
        """Raises :class:`HTTPError` for a path that no request can have."""
        caller = self._caller
        target, _, _ = (caller.path or "/").partition("?")
        server = caller.server or "localhost"
        fields = [("Host", server)]
        if caller.via is not None:
            node = f"[{caller.host}]" if ":" in caller.host else caller.host
            fields += [("X-Forwarded-For", caller.host), ("Forwarded", f'for="{node}"')]
        request = RequestHead(
            caller.method,
            decode_path(target),
            headers=Headers(fields),
            peer=self.peer,
            scheme=self._scheme,
            host=server,
        )
        if self._factory.trusted is not None:
            self._factory.trusted.apply(request)
        return request

    def _written(self, entry: Entry) -> tuple[Path, RouteSpec]:
        """The route that `entry` has been made from; those of one path are in the order of the YAML."""
        written = defaultdict(list)
        for place, route in self._spec.routes:
            written[decode_path(str(place[1]))].append(((*self._path, *place), route))
        for path, each in self._factory.site.table.entries():
            found = written[path].pop(0)
            if each is entry:
                return found
        raise LookupError(entry)

    def _policies(self, found: Match, gate: Gate | None, access: WrittenAccess | None) -> Iterator[Step]:
        assert self.route is not None
        path, spec = self.route
        route = found.entry.route
        while isinstance(route, AroundRoute):
            if isinstance(route, AuthRoute):
                yield self._login(route, str(self._origin.place((*path, "auth"), key=True)))
            elif isinstance(route, AccessRoute):
                admission = route.admission
                assert isinstance(admission, Admission)
                if gate is not None and admission.access is gate.access:
                    topic, written = "access of the service", access
                else:
                    assert spec.access is not None
                    topic = "access of the route"
                    written = WrittenAccess(spec.access, (*path, "access"), self._origin)
                assert written is not None
                yield written.step(topic, admission, self.peer, self._caller.moment)
            route = route.inner

    def _login(self, route: AuthRoute, place: str) -> Step:
        user = self._caller.user
        if user is None:
            return Step("auth", "refused: nobody has logged in (status 401)", place, allowed=False)
        if route.users and user not in route.users:
            return Step("auth", f"refused: {user} is none of its users (status 403)", place, allowed=False)
        self.peer = replace(self.peer, user=user)
        return Step("auth", f"allowed: {user} has logged in", place, allowed=True)
