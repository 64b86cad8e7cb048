"""``polyport user`` and ``polyport token``."""

from __future__ import annotations

import os
import pty
import stat
import subprocess
import sys

import pytest

from protocols.http.policy.passwords import parse_passwords, verify
from protocols.http.policy.tokens import Tokens, hash_token, parse_tokens


@pytest.fixture
def users(tmp_path):
    return tmp_path / "users.htpasswd"


@pytest.fixture
def tokens(tmp_path):
    return tmp_path / "tokens.txt"


def mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_user(polyport, users) -> None:
    done = polyport("user", "add", users, "alice", stdin=b"wonderland\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"added alice\n", b"")
    assert verify(b"wonderland", parse_passwords(users.read_text())["alice"])
    assert mode(users) == 0o600
    assert [path.name for path in users.parent.iterdir()] == [users.name]


def test_a_password_that_changes_and_a_file_that_stays_as_it_is(polyport, users) -> None:
    kept = "# our users\nbob:$2y$04$" + "a" * 53
    users.write_text(f"{kept}\nalice:$2y$04${'b' * 53}\n")
    users.chmod(0o644)
    done = polyport("user", "add", users, "alice", stdin="wönderland".encode())
    assert done.stdout == b"changed the password of alice\n"
    assert users.read_text().startswith(f"{kept}\nalice:")
    assert users.read_text().count("\n") == 3
    assert verify("wönderland".encode(), parse_passwords(users.read_text())["alice"])
    assert mode(users) == 0o640


def test_a_link_stays_one(polyport, users, tmp_path) -> None:
    link = tmp_path / "link"
    link.symlink_to(users)
    assert polyport("user", "add", link, "alice", stdin=b"a\n").returncode == 0
    assert link.is_symlink()
    assert "alice" in users.read_text()


def test_a_terminal_is_asked_twice(users) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "protocols.daemon.command", "user", "add", str(users), "alice"]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    said = b""
    while b"assword: " not in said:
        said += os.read(ours, 1000)
    os.write(ours, b"wonderland\n")
    while b"confirmation: " not in said:
        said += os.read(ours, 1000)
    os.write(ours, b"wonderland\n")
    assert process.wait(20) == 0
    os.close(ours)
    assert b"wonderland" not in said
    assert verify(b"wonderland", parse_passwords(users.read_text())["alice"])


@pytest.mark.parametrize(
    ("name", "password", "words"),
    [
        ("a:b", b"x\n", b"no colon"),
        ("#a", b"x\n", b"no colon"),
        ("", b"x\n", b"no colon"),
        ("alice", b"", b"standard input is empty"),
        ("alice", b"a" * 73, b"bcrypt looks at 72"),
    ],
)
def test_what_cannot_be_a_user(polyport, users, name, password, words) -> None:
    done = polyport("user", "add", users, name, stdin=password)
    assert done.returncode == 2
    assert words in done.stderr
    assert not users.exists()


def test_a_file_that_is_something_else_is_left_alone(polyport, users, tmp_path) -> None:
    users.write_text("alice:{SHA}secret\n")
    done = polyport("user", "add", users, "bob", stdin=b"x\n")
    assert (done.returncode, b"not hashed with bcrypt" in done.stderr) == (1, True)
    assert users.read_text() == "alice:{SHA}secret\n"
    done = polyport("user", "add", tmp_path / "missing" / "users", "bob", stdin=b"x\n")
    assert (done.returncode, b"No such file or directory" in done.stderr) == (1, True)


def test_a_token(polyport, tokens, clock) -> None:
    done = polyport("token", "add", tokens, "backup")
    token = done.stdout.decode().strip()
    assert len(token) >= 40
    assert token not in tokens.read_text()
    assert mode(tokens) == 0o600
    assert Tokens(tokens, clock).name_of(token) == "backup"


def test_a_token_that_is_replaced(polyport, tokens) -> None:
    polyport("token", "add", tokens, "backup")
    polyport("token", "add", tokens, "other")
    before = parse_tokens(tokens.read_text())
    polyport("token", "add", tokens, "backup")
    after = parse_tokens(tokens.read_text())
    assert list(after.values()) == ["backup", "other"]
    assert len(before.keys() & after.keys()) == 1


def test_a_token_of_ones_own(polyport, tokens) -> None:
    own = "a-token-that-somebody-made"
    done = polyport("token", "add", "--stdin", tokens, "backup", stdin=own.encode())
    assert (done.returncode, done.stdout) == (0, b"")
    assert tokens.read_text() == f"backup:{hash_token(own)}\n"
    done = polyport("token", "add", "--stdin", tokens, "other", stdin=b"short\n")
    assert (done.returncode, b"could be guessed" in done.stderr) == (2, True)
    done = polyport("token", "add", "--stdin", tokens, "other", stdin=own.encode())
    assert (done.returncode, b"the same token" in done.stderr) == (1, True)
