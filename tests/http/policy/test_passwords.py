from __future__ import annotations

import bcrypt
import pytest

from protocols.handlers.threads import ThreadPool
from protocols.http import HTTPError
from protocols.http.policy import passwords
from protocols.http.policy.passwords import Passwords, hash_password, parse_passwords, verify


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "users.htpasswd"
    path.write_text(f"alice:{hash_password('wonderland', 4)}\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def users(file, clock):
    threads = ThreadPool(clock, 2, "auth")
    yield Passwords(file, threads, clock)
    threads.stop()


@pytest.fixture
def check(users, clock):
    def check(user: str, password: bytes) -> bool:
        outcome = users.check(user, password)
        clock.wait_for_thread()
        clock.advance(0)
        return outcome.result

    return check


def test_a_login_is_right_or_wrong(check) -> None:
    assert check("alice", b"wonderland") is True
    assert check("alice", b"Wonderland") is False
    assert check("bob", b"wonderland") is False
    assert check("alice", b"") is False


def test_what_htpasswd_writes() -> None:
    # htpasswd -nbB -C 4 alice wonderland
    written = bcrypt.hashpw(b"wonderland", bcrypt.gensalt(4)).replace(b"$2b$", b"$2y$")
    assert parse_passwords(f"alice:{written.decode()}") == {"alice": written}
    assert verify(b"wonderland", written)


@pytest.mark.parametrize(
    "hashed", ["{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "$apr1$abc$def", "plain", "", "$2y$99$" + "a" * 53]
)
def test_other_kinds_are_refused_and_not_shown(hashed: str) -> None:
    with pytest.raises(ValueError, match="line 2: the password of bob") as raised:
        parse_passwords(f"# users\nbob:{hashed}")
    assert not hashed or hashed not in str(raised.value)


def test_passwords_that_bcrypt_would_cut(check, file) -> None:
    for password, words in (("a" * 73, "73 bytes"), ("", "empty"), ("a\0b", "zero byte")):
        with pytest.raises(ValueError, match=words):
            hash_password(password)
    assert not verify(b"a" * 73, bcrypt.hashpw(b"a" * 72, bcrypt.gensalt(4)))
    assert not verify(b"", bcrypt.hashpw(b"-", bcrypt.gensalt(4)))


def test_a_right_login_is_remembered_for_a_while(users, check, clock) -> None:
    assert not users.remembers("alice", b"wonderland")
    check("alice", b"wrong")
    check("alice", b"wonderland")
    assert users.remembers("alice", b"wonderland")
    assert not users.remembers("alice", b"wrong")
    assert not users.remembers("bob", b"wonderland")
    clock.advance(passwords.REMEMBERED_FOR)
    assert not users.remembers("alice", b"wonderland")


def test_a_changed_password_is_not_remembered(users, check, clock, file) -> None:
    check("alice", b"wonderland")
    file.write_text(f"alice:{hash_password('wonderland', 4)}\n")
    clock.advance(1)
    assert not users.remembers("alice", b"wonderland")


def test_a_user_who_is_gone_is_not_remembered(users, check, clock, file) -> None:
    check("alice", b"wonderland")
    file.write_text("")
    clock.advance(1)
    assert not users.remembers("alice", b"wonderland")
    assert check("alice", b"wonderland") is False


def test_what_is_remembered_is_bounded(users, check, monkeypatch, clock, file) -> None:
    monkeypatch.setattr(passwords, "REMEMBERED", 2)
    names = ["a", "b", "c"]
    file.write_text("".join(f"{name}:{hash_password('x', 4)}\n" for name in names))
    clock.advance(1)
    for name in names:
        assert check(name, b"x")
    assert [users.remembers(name, b"x") for name in names] == [False, True, True]


def test_those_who_are_not_there_cost_the_same(file, clock, monkeypatch) -> None:
    file.write_text(f"alice:{hash_password('a', 4)}\nbob:{hash_password('b', 5)}\n")
    asked = []

    class Threads:
        def call(self, function, *arguments):
            from twisted.internet.defer import succeed

            asked.append(arguments[1])
            return succeed(function(*arguments))

    users = Passwords(file, Threads(), clock)
    for number in range(40):
        users.check(f"nobody {number}", b"a")
        users.check(f"nobody {number}", b"b")
    costs = [int(hashed[4:6]) for hashed in asked]
    assert set(costs) == {4, 5}
    assert costs[::2] == costs[1::2]


def test_too_many_at_a_time(users, clock) -> None:
    outcomes = [users.check("alice", b"wonderland") for _ in range(passwords.CHECKED)]
    with pytest.raises(HTTPError) as raised:
        users.check("alice", b"wonderland")
    assert raised.value.status == 503
    for outcome in outcomes:
        outcome.addErrback(lambda failure: None)
        outcome.cancel()
    users.check("alice", b"wonderland").addErrback(lambda failure: None).cancel()
