"""Where things are passed on to."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocols.handlers.forward import Target


@pytest.mark.parametrize(
    ("text", "target", "is_address"),
    [
        ("tcp://127.0.0.1:9000", Target("tcp", "127.0.0.1", 9000), True),
        ("tls://db.example.org:5433", Target("tls", "db.example.org", 5433), False),
        ("tcp://[2001:db8::1]:1", Target("tcp", "2001:db8::1", 1), True),
        ("udp://localhost:53", Target("udp", "localhost", 53), False),
        ("unix:app.sock", Target("unix", path="app.sock"), False),
        ("unix:///run/app.sock", Target("unix", path="/run/app.sock"), False),
        ("unix:@abstract", Target("unix", path="@abstract"), False),
    ],
)
def test_every_form(text, target, is_address):
    parsed = Target.parse(text)
    assert parsed == target
    assert str(parsed) == text
    assert parsed.is_address == is_address
    assert parsed.is_stream == (target.scheme != "udp")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no place"),
        ("9000", "no place"),
        ("http://127.0.0.1:9000", "no place"),
        ("tcp", "no place"),
        ("tcp:127.0.0.1:9000", "of the form tcp://HOST:PORT"),
        ("tcp://127.0.0.1", "of the form"),
        ("tcp://:9000", "of the form"),
        ("tcp://127.0.0.1:9000/", "of the form"),
        ("tcp://2001:db8::1:9000", "of the form"),
        ("tcp://[2001:db8:::1]:9000", "not an IPv6 address"),
        ("tcp://127.0.0.256:9000", "not an IPv4 address"),
        ("tcp://127.0.0.01:9000", "not an IPv4 address"),
        ("tcp://127.0.0.1:0", "from 1 to 65535"),
        ("tcp://127.0.0.1:65536", "from 1 to 65535"),
        ("unix:", "names no socket"),
        ("unix:@", "names no socket"),
        ("unix:folder/", "names no socket"),
        ("unix://run/app.sock", "two paths"),
        ("unix:" + "x" * 108, "107 bytes"),
    ],
)
def test_what_is_none(text, problem):
    with pytest.raises(ValueError, match=problem):
        Target.parse(text)


def test_a_relative_path_begins_in_a_folder():
    assert str(Target.parse("unix:a/../app.sock").within(Path("/srv"))) == "unix:///srv/app.sock"
    for text in ("unix:/run/app.sock", "unix:@app", "tcp://localhost:1"):
        assert Target.parse(text).within(Path("/srv")) == Target.parse(text)
    with pytest.raises(ValueError, match="107 bytes"):
        Target.parse("unix:app.sock").within(Path("/" + "x" * 100))
