"""Signatures, against the algorithm of Standard Webhooks written down anew."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from protocols.channels.forward.signature import Signer

KEY = b"0123456789abcdef0123456789abcdef"
SECRET = "whsec_" + base64.b64encode(KEY).decode()


def expected(key, name, timestamp, body):
    content = ".".join((name, str(timestamp), body.decode("latin-1"))).encode("latin-1")
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def test_the_vector_of_the_reference_libraries():
    # As in the tests of https://github.com/standard-webhooks/standard-webhooks.
    signer = Signer(["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
    signed = signer.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("body", [b"", b'{"a":1}', b"\x00\xff.\n."])
def test_a_secret_in_base64(body):
    assert Signer([SECRET]).sign("readings/1/2", 1700000000, body) == expected(
        KEY, "readings/1/2", 1700000000, body
    )


@pytest.mark.parametrize("secret", [SECRET, SECRET.removeprefix("whsec_"), SECRET.rstrip("=")])
def test_a_secret_is_base64_with_its_beginning_or_without(secret):
    # As in the reference libraries: a receiver that has one of these takes what any of them has signed.
    assert Signer([secret]).sign("x", 1, b"body") == expected(KEY, "x", 1, b"body")


def test_each_of_several_secrets_signs():
    signed = Signer(["bmV3", SECRET]).sign("x", 1, b"body")
    assert signed.split(" ") == [expected(b"new", "x", 1, b"body"), expected(KEY, "x", 1, b"body")]


def test_without_secrets_there_is_nothing_to_sign_with():
    assert not Signer([])
    assert Signer(["YQ=="])


@pytest.mark.parametrize("secret", ["whsec_n!o", "whsec_abcde", "n!o abc", "pässabcwort", "", "whsec_", "="])
def test_a_secret_that_is_none_is_not_shown(secret):
    with pytest.raises(ValueError, match=r"secret") as caught:
        Signer([secret])
    assert "n!o" not in str(caught.value)
    assert "abc" not in str(caught.value)
