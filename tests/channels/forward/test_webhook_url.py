"""URLs that messages are posted to."""

from __future__ import annotations

import pytest

from protocols.channels.forward import WebhookURL, parse_way
from protocols.handlers.forward import Target


@pytest.mark.parametrize(
    ("text", "shown", "target"),
    [
        (
            "https://hooks.example.org/services/T0/s3cret?k=v",
            "https://hooks.example.org",
            "/services/T0/s3cret?k=v",
        ),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "/"),
        ("https://[::1]:8443/x", "https://[::1]:8443", "/x"),
        ("https://example.org:443/", "https://example.org", "/"),
        ("http://Example.ORG?q", "http://example.org", "/?q"),
    ],
)
def test_what_is_sent_and_what_is_shown(text, shown, target):
    url = WebhookURL.parse(text)
    assert str(url) == shown
    assert url.octets == (shown + target).encode()
    assert "s3cret" not in repr(url)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ftp://example.org/", "no URL to post to"),
        ("https:///path", "names no host"),
        ("https://a b/", "names no host"),
        ("https://example.org:0/", "port"),
        ("https://example.org:99999/", "port"),
        ("https://example.org:/", "port"),
        ("https://user:s3cret@example.org/", "credentials"),
        ("https://example.org/#s3cret", "fragment"),
        ("https://example.org/s3cret pa", "must be escaped"),
        ("https://example.org/s3cretä", "must be escaped"),
        ("https://[::1/s3cret", "no URL"),
    ],
)
def test_what_is_wrong_is_said_without_what_is_secret(text, words):
    with pytest.raises(ValueError, match=words) as caught:
        WebhookURL.parse(text)
    assert "s3cret" not in str(caught.value)


def test_the_scheme_says_which_way():
    assert isinstance(parse_way("https://example.org/"), WebhookURL)
    assert parse_way("udp://192.0.2.1:5") == Target("udp", "192.0.2.1", 5)
    assert parse_way("unix:/run/x") == Target("unix", path="/run/x")
    with pytest.raises(ValueError, match="no place to forward to"):
        parse_way("gopher://x")
