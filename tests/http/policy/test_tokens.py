from __future__ import annotations

from hashlib import sha256

import pytest

from protocols.http.policy.tokens import Tokens, hash_token, parse_tokens

HEX = sha256(b"secret").hexdigest()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "tokens.txt"
    path.write_text(f"backup:{hash_token('secret')}\nold:{sha256(b'other').hexdigest()}\n")
    path.chmod(0o600)
    return path


def test_whose_token_that_is(file, clock) -> None:
    tokens = Tokens(file, clock)
    assert tokens.name_of("secret") == "backup"
    assert tokens.name_of("other") == "old"
    for wrong in ("", "Secret", HEX, "\udcff", "ü"):
        assert tokens.name_of(wrong) is None


def test_a_token_that_is_taken_away(file, clock) -> None:
    tokens = Tokens(file, clock)
    file.write_text("")
    assert tokens.name_of("secret") == "backup"
    clock.advance(1)
    assert tokens.name_of("secret") is None


@pytest.mark.parametrize("hashed", ["secret", "", HEX[:-1], f"sha512${HEX}", "$2y$04$abc"])
def test_what_is_no_hash_is_not_shown(hashed: str) -> None:
    with pytest.raises(ValueError, match="line 1: what stands for the token of backup") as raised:
        parse_tokens(f"backup:{hashed}")
    assert not hashed or hashed not in str(raised.value)


def test_a_token_of_two_names() -> None:
    with pytest.raises(ValueError, match="line 2: b has the same token as a"):
        parse_tokens(f"a:{HEX}\nb:sha256${HEX.upper()}")
