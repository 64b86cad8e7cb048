"""Who may use a route: passwords (RFC 7617) and bearer tokens (RFC 6750)."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from protocols.http.contract import Answer, Route
from protocols.http.errors import HTTPError
from protocols.http.policy.around import AroundRoute
from protocols.http.policy.passwords import Passwords
from protocols.http.policy.rate import too_often
from protocols.http.policy.tokens import Tokens
from protocols.http.request import StreamingRequest
from protocols.http.response import Response
from protocols.journal import Journal
from protocols.source import source_of
from protocols.token_buckets import Buckets, TokenBuckets

GUESSES: Final = 10
"""Failed logins of one source before it is slowed down: a few mistyped ones, by several people."""

GUESS_EVERY: Final = 5.0
"""Seconds that a source which has failed so often waits for each further try."""


def failed_logins(made: Callable[[float, int], Buckets] = TokenBuckets) -> Buckets:
    """What slows down those who guess; may be shared by routes, and by processes.

    :param made: makes it, of a rate and a burst.
    """
    return made(1 / GUESS_EVERY, GUESSES)


class AuthRoute(AroundRoute):
    """Lets those ask `inner` who prove who they are; ``request.peer.user`` says who that is.

    Everybody else is answered with status 401 and how to do it, whoever is known and may not with 403, and
    a source that failed often with 429.  Logins that are remembered are never slowed down, so whoever
    guesses from the same address locks nobody out who is in.

    :param realm: what the login is for, as browsers show it: printable ASCII.
    :param passwords: who may log in with a password.
    :param tokens: who may come with a token.
    :param users: those of both who may use this route; none: all.
    :param failures: from :func:`failed_logins`.

    Raises :class:`ValueError` for a realm that no header can hold.
    """

    def __init__(
        self,
        inner: Route,
        *,
        realm: str,
        clock: IReactorTime,
        journal: Journal,
        failures: Buckets,
        passwords: Passwords | None = None,
        tokens: Tokens | None = None,
        users: Collection[str] = (),
    ) -> None:
        super().__init__(inner)
        self._passwords = passwords
        self._tokens = tokens
        self.users = frozenset(users)
        self._clock = clock
        self._journal = journal
        self._failures = failures
        Response(headers=[("WWW-Authenticate", realm)])
        quoted = realm.replace("\\", r"\\").replace('"', r"\"")
        self._basic = f'Basic realm="{quoted}", charset="UTF-8"'
        self._bearer = f'Bearer realm="{quoted}"'

    def respond(self, request: StreamingRequest, rest: str) -> Answer | Deferred[Any]:
        given = request.headers.all("authorization")
        if len(given) > 1:
            raise HTTPError(400, "There is more than one Authorization")
        scheme, _, credentials = given[0].partition(" ") if given else ("", "", "")
        if scheme.lower() == "basic" and self._passwords is not None:
            return self._log_in(request, rest, credentials.strip(), self._passwords)
        if scheme.lower() == "bearer" and self._tokens is not None:
            return self._take_token(request, rest, credentials.strip(), self._tokens)
        raise self._challenge("This needs a login" if self._passwords else "This needs a token")

    def _log_in(
        self, request: StreamingRequest, rest: str, credentials: str, passwords: Passwords
    ) -> Answer | Deferred[Any]:
        login = parse_login(credentials)
        if login is None:
            raise self._challenge("The login cannot be read")
        user, password = login
        if passwords.remembers(user, password):
            return self._admit(request, rest, user)
        # Taken before the check, or whoever guesses a thousand at once would not be slowed down.
        source = self._count_guess(request)

        def checked(right: bool) -> Answer | Deferred[Any]:
            if not right:
                raise self._refuse(request, "The user or the password is wrong")
            self._failures.give_back(source)
            return self._admit(request, rest, user)

        try:
            outcome = passwords.check(user, password)
        except HTTPError:
            self._failures.give_back(source)  # nobody has looked at it
            raise
        return outcome.addCallback(checked)

    def _take_token(
        self, request: StreamingRequest, rest: str, credentials: str, tokens: Tokens
    ) -> Answer | Deferred[Any]:
        name = tokens.name_of(credentials)
        if name is None:
            self._count_guess(request)
            raise self._refuse(request, "The token is not known", ', error="invalid_token"')
        return self._admit(request, rest, name)

    def _admit(self, request: StreamingRequest, rest: str, user: str) -> Answer | Deferred[Any]:
        known = request.with_peer(replace(request.peer, user=user))
        if self.users and user not in self.users:
            raise HTTPError(403, "This is not for you")
        return self._inner.respond(known, rest)

    def _count_guess(self, request: StreamingRequest) -> str:
        source = source_of(request.peer.host)
        wait = self._failures.take(source, self._clock.seconds())
        if wait:
            self._journal.counts.limited += 1
            raise too_often(wait)
        return source

    def _refuse(self, request: StreamingRequest, detail: str, error: str = "") -> HTTPError:
        self._journal.login_failed(request.peer)
        return self._challenge(detail, error)

    def _challenge(self, detail: str, error: str = "") -> HTTPError:
        ways = []
        if self._passwords is not None:
            ways.append(self._basic)
        if self._tokens is not None:
            ways.append(self._bearer + error)
        return HTTPError(401, detail, {"WWW-Authenticate": ", ".join(ways)})


def parse_login(credentials: str) -> tuple[str, bytes] | None:
    """User and password of what stands behind ``Basic``; ``None`` if it cannot be read."""
    try:
        user, colon, password = b64decode(credentials, validate=True).partition(b":")
        return (user.decode(), password) if colon else None
    except (binascii.Error, ValueError):
        return None
