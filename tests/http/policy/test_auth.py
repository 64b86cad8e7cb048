from __future__ import annotations

from base64 import b64encode

import pytest

from protocols.handlers.threads import ThreadPool
from protocols.http import Request, function_route
from protocols.http.policy import passwords
from protocols.http.policy.auth import GUESS_EVERY, GUESSES, AuthRoute, failed_logins, parse_login
from protocols.http.policy.collecting import CollectingRoute
from protocols.http.policy.passwords import Passwords, hash_password
from protocols.http.policy.tokens import Tokens, hash_token


def who(request: Request) -> str:
    return f"{request.peer.user} {request.body.decode()}"


@pytest.fixture
def threads(clock):
    pool = ThreadPool(clock, 2, "auth")
    yield pool
    pool.stop()


@pytest.fixture
def guarded(tmp_path, clock, journal, threads):
    """A route that says who asks, inside of a login."""
    users, tokens = tmp_path / "users", tmp_path / "tokens"
    users.write_text(f"alice:{hash_password('wönder:land', 4)}\nbob:{hash_password('b', 4)}\n")
    tokens.write_text(f"backup:{hash_token('secret')}\n")
    for file in (users, tokens):
        file.chmod(0o600)

    def guarded(basic: bool = True, bearer: bool = True, **settings):
        inner = function_route(who, reactor=clock, journal=journal, run="loop")
        settings.setdefault("failures", failed_logins())
        return AuthRoute(
            CollectingRoute(inner, 100),
            realm=settings.pop("realm", "Prices"),
            clock=clock,
            journal=journal,
            passwords=Passwords(users, threads, clock) if basic else None,
            tokens=Tokens(tokens, clock) if bearer else None,
            **settings,
        )

    return guarded


def basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


@pytest.fixture
def log_in(clock):
    """Ask with a password, which a thread checks."""

    def log_in(client, user: str, password: str, **more):
        client.wire.clear()
        client.send(
            f"GET /f HTTP/1.1\r\nHost: a\r\nAuthorization: {basic(user, password)}\r\n\r\n".encode("latin-1")
        )
        while not client.wire.value():
            clock.wait_for_thread()
            client.turn()
        [answer] = client.answers()
        return answer

    return log_in


def test_who_does_not_say_is_told_how(connect, guarded) -> None:
    answer = connect({"/f": guarded()}).ask("GET", "/f")
    assert answer.status == 401
    assert (
        answer.headers["WWW-Authenticate"] == 'Basic realm="Prices", charset="UTF-8", Bearer realm="Prices"'
    )


def test_each_way_alone(connect, guarded) -> None:
    by_password, by_token = connect({"/f": guarded(bearer=False)}), connect({"/f": guarded(basic=False)})
    assert by_password.ask("GET", "/f").headers["WWW-Authenticate"] == 'Basic realm="Prices", charset="UTF-8"'
    assert by_token.ask("GET", "/f").headers["WWW-Authenticate"] == 'Bearer realm="Prices"'
    assert by_password.ask("GET", "/f", Authorization="Bearer secret").status == 401
    assert by_token.ask("GET", "/f", Authorization=basic("alice", "x")).status == 401


def test_a_realm_with_quotes(connect, guarded) -> None:
    client = connect({"/f": guarded(basic=False, realm='a "b\\c"')})
    assert client.ask("GET", "/f").headers["WWW-Authenticate"] == r'Bearer realm="a \"b\\c\""'
    with pytest.raises(ValueError, match="break the line"):
        guarded(realm="a\r\nb")


def test_a_password(connect, guarded, log_in, journal) -> None:
    client = connect({"/f": guarded()})
    assert log_in(client, "alice", "wönder:land").body == b"alice "
    assert log_in(client, "alice", "wonder:land").status == 401
    assert log_in(client, "carol", "wönder:land").status == 401
    assert journal.counts.failed_logins == 2


def test_a_login_that_is_remembered_needs_no_thread(connect, guarded, log_in, threads) -> None:
    client = connect({"/f": guarded()})
    log_in(client, "bob", "b")
    threads.stop()
    assert client.ask("GET", "/f", Authorization=basic("bob", "b")).body == b"bob "
    assert client.ask("GET", "/f", Authorization=basic("bob", "b").replace("Basic", "bAsIc")).status == 200


def test_the_content_is_not_asked_for_before(connect, guarded) -> None:
    client = connect({"/f": guarded()})
    client.send(b"POST /f HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
    assert client.answers()[0].status == 401
    client = connect({"/f": guarded()})
    answer = client.ask("POST", "/f", b"abc", Authorization="Bearer secret")
    assert answer.body == b"backup abc"


def test_content_that_comes_while_the_password_is_checked(connect, guarded, clock) -> None:
    client = connect({"/f": guarded()})
    authorization = f"Authorization: {basic('bob', 'b')}\r\n".encode()
    client.send(b"POST /f HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n" + authorization + b"\r\nab")
    clock.wait_for_thread()
    client.turn()
    client.send(b"c")
    client.turn()
    assert client.answers()[0].body == b"bob abc"


def test_a_token(connect, guarded, journal) -> None:
    client = connect({"/f": guarded()})
    assert client.ask("GET", "/f", Authorization="bearer secret").body == b"backup "
    answer = client.ask("GET", "/f", Authorization="Bearer Secret")
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].endswith('Bearer realm="Prices", error="invalid_token"')
    assert journal.counts.failed_logins == 1


@pytest.mark.parametrize(
    "given",
    ["", "Basic", "Basic !", "Basic YQ==", "Basic " + b64encode(b"\xff:a").decode(), "Digest a", "Bearer"],
)
def test_what_is_no_login(connect, guarded, given: str) -> None:
    assert connect({"/f": guarded()}).ask("GET", "/f", Authorization=given).status == 401


def test_two_logins_at_once(connect, guarded) -> None:
    client = connect({"/f": guarded()})
    client.send(
        b"GET /f HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer secret\r\nAuthorization: Basic a\r\n\r\n"
    )
    assert client.answers()[0].status == 400


def test_those_who_may(connect, guarded, log_in) -> None:
    client = connect({"/f": guarded(users=["alice", "backup"])})
    assert log_in(client, "alice", "wönder:land").status == 200
    assert log_in(client, "bob", "b").status == 403
    assert client.ask("GET", "/f", Authorization="Bearer secret").status == 200


def test_who_guesses_is_slowed_down(connect, guarded, log_in, journal, clock) -> None:
    client = connect({"/f": guarded()})
    assert log_in(client, "bob", "b").status == 200
    for _ in range(GUESSES):
        assert log_in(client, "alice", "guess").status == 401
    answer = log_in(client, "alice", "wönder:land")
    assert (answer.status, answer.headers["Retry-After"]) == (429, "5")
    assert client.ask("GET", "/f", Authorization="Bearer guess").status == 429
    # Who is in, from the same address, stays in.
    assert client.ask("GET", "/f", Authorization=basic("bob", "b")).status == 200
    assert client.ask("GET", "/f", Authorization="Bearer secret").status == 200
    assert (journal.counts.failed_logins, journal.counts.limited) == (GUESSES, 2)
    clock.advance(GUESS_EVERY)
    assert log_in(client, "alice", "wönder:land").status == 200


def test_guesses_all_at_once_are_slowed_down_too(connect, guarded, another) -> None:
    client = connect({"/f": guarded()})
    guess = f"GET /f HTTP/1.1\r\nHost: a\r\nAuthorization: {basic('alice', 'guess')}\r\n\r\n".encode()
    clients = [another(client) for _ in range(GUESSES + 3)]
    for one in clients:
        one.send(guess)
    refused = [one for one in clients if one.wire.value()]
    assert [one.answers()[0].status for one in refused] == [429] * 3
    for one in clients:
        one.leave()


def test_logins_that_nobody_looks_at_are_no_guesses(connect, guarded, monkeypatch) -> None:
    monkeypatch.setattr(passwords, "CHECKED", 0)
    client = connect({"/f": guarded()})
    statuses = {client.ask("GET", "/f", Authorization=basic("bob", "b")).status for _ in range(GUESSES + 1)}
    assert statuses == {503}


def test_right_logins_are_no_guesses(connect, guarded, log_in) -> None:
    failures = failed_logins()
    for _ in range(GUESSES + 1):
        # Another route of the same site, which remembers nothing yet.
        assert log_in(connect({"/f": guarded(failures=failures)}), "bob", "b").status == 200


def test_a_client_that_leaves_while_its_password_is_checked(
    connect, guarded, failures, another, log_in
) -> None:
    client = connect({"/f": guarded()})
    client.send(f"GET /f HTTP/1.1\r\nHost: a\r\nAuthorization: {basic('bob', 'b')}\r\n\r\n".encode())
    client.break_off()
    assert log_in(another(client), "alice", "wönder:land").status == 200
    assert failures == []


def test_the_server_knows_who_it_was(connect, guarded) -> None:
    seen = []
    client = connect({"/f": guarded()}, access=seen.append)
    client.ask("GET", "/f", Authorization="Bearer secret")
    client.ask("GET", "/f")
    assert [access.peer.user for access in seen] == ["backup", None]


def test_reading_a_login() -> None:
    assert parse_login(b64encode("ä:b:c".encode()).decode()) == ("ä", b"b:c")
    assert parse_login(b64encode(b":").decode()) == ("", b"")
    assert parse_login("YTpi\n") is None
