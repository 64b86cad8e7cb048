"""Secrets are kept out of texts."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.daemon.redaction import MASK, SHORTEST, Masks, Redactor


@pytest.mark.parametrize(
    ("values", "text", "expected"),
    [
        ((), "nothing is secret", "nothing is secret"),
        (("hunter2",), "the password hunter2, or hunter23", "the password ***, or ***3"),
        (("hunter2", "hunter2-long"), "hunter2-long hunter2", "*** ***"),
        (("short",), "a short one", "a short one"),
        (("a.c.e.g",), "abcdefg a.c.e.g", "abcdefg ***"),
        (("first line\nsecond line",), "second line of first line", "*** of ***"),
        (("a\nbcdefgh",), "a bcdefgh", "a ***"),
    ],
)
def test_texts(values: tuple[str, ...], text: str, expected: str) -> None:
    assert Redactor(values)(text) == expected


@given(st.text(min_size=SHORTEST))
def test_every_form_is_found(secret: str) -> None:
    redact = Redactor([secret])
    assert redact(secret) == MASK
    assert redact(f"<{json.dumps({'a': secret})}>") == f'<{{"a": "{MASK}"}}>'
    assert redact(f"<{json.dumps(secret, ensure_ascii=False)}>") == f'<"{MASK}">'
    assert redact(repr(secret))[1:-1] == MASK


def test_what_was_replaced_goes_on_with_its_secrets():
    masks = Masks()
    assert masks("secret-1, secret-2, secret-3") == "secret-1, secret-2, secret-3"
    for number, seen in enumerate(("***, secret-2, secret-3", "***, ***, secret-3", "secret-1, ***, ***"), 1):
        masks.take(Redactor([f"secret-{number}"]))
        assert masks("secret-1, secret-2, secret-3") == seen
