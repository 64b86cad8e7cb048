from __future__ import annotations

from pathlib import Path

import pytest

from protocols.http import OriginURL


@pytest.mark.parametrize(
    ("text", "expected", "authority"),
    [
        ("http://a.test", OriginURL("http", "a.test", 80), "a.test"),
        ("http://a.test:80/", OriginURL("http", "a.test", 80, base="/"), "a.test"),
        ("https://a.test", OriginURL("https", "a.test", 443), "a.test"),
        ("https://a.test:80/b/%20c", OriginURL("https", "a.test", 80, base="/b/%20c"), "a.test:80"),
        ("http://[::1]:9000", OriginURL("http", "::1", 9000), "[::1]:9000"),
        ("http://127.0.0.1:9000/", OriginURL("http", "127.0.0.1", 9000, base="/"), "127.0.0.1:9000"),
        ("unix:a.sock", OriginURL("http", socket="a.sock"), "localhost"),
        ("unix:///run/a.sock:/b/", OriginURL("http", socket="/run/a.sock", base="/b/"), "localhost"),
        ("unix:/run/a.sock", OriginURL("http", socket="/run/a.sock"), "localhost"),
        ("unix:@a:/", OriginURL("http", socket="@a", base="/"), "localhost"),
    ],
)
def test_what_is_read(text: str, expected: OriginURL, authority: str) -> None:
    found = OriginURL.parse(text)
    assert found == expected
    assert found.authority == authority
    assert OriginURL.parse(str(found)) == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not the URL"),
        ("127.0.0.1:9000", "not the URL"),
        ("ftp://a", "not the URL"),
        ("http:a", "not the URL"),
        ("http://", "names no host"),
        ("http://:80", "names no host"),
        ("http://a b/", "names no host"),
        ("http://a:0", "the port"),
        ("http://a:", "the port"),
        ("http://a:x", "the port"),
        ("http://a:70000", "the port"),
        ("http://a/?b", "no query"),
        ("http://a?", "no query"),
        ("http://a/#b", "no query"),
        ("http://a/../b", "segment"),
        ("http://a/%2e%2E/b", "segment"),
        ("http://a//b", '"//"'),
        ("http://a/b c", "escaped"),
        ("http://a/%zz", "escape"),
        ("unix:", "names no socket"),
        ("unix:@", "names no socket"),
        ("unix:a/", "names no socket"),
        ("unix://run/a.sock", "two paths"),
        ("unix:" + "a" * 108, "107 bytes"),
    ],
)
def test_what_is_not(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        OriginURL.parse(text)


def test_credentials_are_refused_and_not_repeated() -> None:
    with pytest.raises(ValueError, match="credentials") as raised:
        OriginURL.parse("http://me:hunter2@a.test/")
    assert "hunter2" not in str(raised.value)


def test_sockets_in_the_folder_of_the_configuration() -> None:
    folder = Path("/etc/site")
    assert OriginURL.parse("unix:a.sock").within(folder).socket == "/etc/site/a.sock"
    assert OriginURL.parse("unix:/a.sock").within(folder).socket == "/a.sock"
    assert OriginURL.parse("unix:@a").within(folder).socket == "@a"
    assert OriginURL.parse("http://a").within(folder) == OriginURL.parse("http://a")
    with pytest.raises(ValueError, match="107 bytes"):
        OriginURL.parse("unix:a.sock").within(Path("/" + "x" * 107))
