"""What is not to be read in logs and dead letters."""

from __future__ import annotations

import pytest

from protocols.channels.forward import ForwardSettings, WebhookURL
from protocols.channels.forward.mask import Mask

URL = WebhookURL.parse("https://example.org/services/T000/SECRET%2FPATH/x?token=t0ken%26more&a=1")


@pytest.fixture
def mask():
    settings = ForwardSettings(
        secrets=("whsec_c2VjcmV0LXNlY3JldA==",),
        headers=(
            ("Authorization", "Bearer s3cr3t-credential"),
            ("X-Api-Key", "k3y-of-mine"),
            ("X-Env", "a b"),
        ),
    )
    return Mask(URL, settings)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("POST /services/T000/SECRET%2FPATH/x?token=t0ken%26more&a=1 is unknown", "POST … is unknown"),
        ("/services/T000/SECRET%2FPATH/x was not found", "… was not found"),
        ("/services/T000/SECRET/PATH/x was not found", "… was not found"),
        ("no workflow SECRET%2FPATH", "no workflow …"),
        ("no workflow SECRET/PATH", "no workflow …"),
        ("?token=t0ken%26more&amp;a=1", "?…"),
        ("the token t0ken&amp;more is void", "the token … is void"),
        ("the token t0ken&more is void", "the token … is void"),
        ("invalid Bearer s3cr3t-credential", "invalid …"),
        ("invalid token s3cr3t-credential", "invalid token …"),
        ("invalid key K3Y-of-mine", "invalid key …"),
        ("known: whsec_c2VjcmV0LXNlY3JldA==, c2VjcmV0LXNlY3JldA==", "known: …, …"),
        ("Bearer of bad news: a b, T000, 1", "Bearer of bad news: a b, T000, 1"),
    ],
)
def test_what_is_said(mask, said, kept):
    assert mask.over(said) == kept


def test_where_there_is_nothing_to_hide():
    mask = Mask(WebhookURL.parse("https://example.org/"), ForwardSettings())
    assert mask.over("404 / not found") == "404 / not found"
