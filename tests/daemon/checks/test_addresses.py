"""Two services on one address."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocols.daemon.loader import load
from protocols.daemon.problems import ConfigError


def clash(folder: Path, first: str, second: str) -> bool:
    """Whether the two addresses clash, whichever comes first."""
    found = set()
    for one, other in ((first, second), (second, first)):
        file = folder / "main.yaml"
        file.write_text(
            f'services:\n  one: {{listen: "{one}", builtin: echo}}\n'
            f'  other: {{listen: "{other}", builtin: echo}}\n'
            "defaults: {tls: {certificate: {certificate: 5, key: 5}}}\n"
        )
        with pytest.raises(ConfigError) as raised:
            load(file)
        messages = [p.message for p in raised.value.problems if p.path == "services.other.listen"]
        found.add(bool(messages))
        assert all("taken already by services.one.listen at" in text for text in messages)
    assert len(found) == 1
    return found.pop()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("tcp://:7000", "tcp://:7000"),
        ("tcp://:7000", "tcp://127.0.0.1:7000"),
        ("tcp://:7000", "tcp://[::1]:7000"),
        ("tcp://0.0.0.0:7000", "tls://127.0.0.1:7000"),
        ("tcp://[::]:7000", "tcp://[::1]:7000"),
        ("tcp://[::1]:7000", "tcp://[0:0:0:0:0:0:0:1]:7000"),
        ("tcp://[::ffff:127.0.0.1]:7000", "tcp://127.0.0.1:7000"),
        ("tcp://localhost:7000", "tcp://127.0.0.1:7000"),
        ("tcp://Example.test:7000", "tcp://example.test:7000"),
        ("tcp://example.test:7000", "tcp://:7000"),
        ("udp://:7000", "udp://127.0.0.1:7000"),
        ("udp://239.1.1.1:7000", "udp://239.1.1.1:7000"),
        ("udp://239.1.1.1:7000", "udp://:7000"),
        ("unix:a.sock", "unixgram:./a.sock"),
        ("unix:@a", "unix:@a"),
        ("fd://a", "fd://a"),
    ],
)
def test_taken(tmp_path: Path, first: str, second: str) -> None:
    assert clash(tmp_path, first, second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("tcp://0.0.0.0:7000", "tcp://[::]:7000"),
        ("tcp://:0", "tcp://:0"),
        ("tcp://:7000", "tcp://:7001"),
        ("tcp://:7000", "udp://:7000"),
        ("tcp://127.0.0.1:7000", "tcp://127.0.0.2:7000"),
        ("tcp://127.0.0.1:7000", "tcp://[::1]:7000"),
        ("tcp://0.0.0.0:7000", "tcp://[::1]:7000"),
        ("udp://239.1.1.1:7000", "udp://239.1.1.2:7000"),
        ("udp://239.1.1.1:7000%eth0", "udp://239.1.1.1:7000%eth1"),
        ("unix:a.sock", "unix:b.sock"),
        ("unix:@a", "unixgram:@a"),
        ("unix:@a", "unix:a"),
        ("fd://a", "fd://b"),
    ],
)
def test_not_taken(tmp_path: Path, first: str, second: str) -> None:
    assert not clash(tmp_path, first, second)


@pytest.mark.parametrize(
    ("own", "listen", "clashes"),
    [
        ("metrics: tcp://127.0.0.1:9117", "tcp://:9117", True),
        ("metrics: tcp://127.0.0.1:9117", "tcp://127.0.0.1:9118", False),
        ("metrics: unix:a.sock", "unix:./a.sock", True),
        ("control: unix:a.sock", "unix:a.sock", True),
        ("control: auto", "unix:a.sock", False),
    ],
)
def test_addresses_of_the_daemon_itself(tmp_path: Path, own: str, listen: str, clashes: bool) -> None:
    file = tmp_path / "main.yaml"
    file.write_text(f'server: {{{own}}}\nservices: {{one: {{listen: "{listen}", builtin: echo}}}}\n')
    if not clashes:
        assert load(file)
        return
    with pytest.raises(ConfigError) as raised:
        load(file)
    (problem,) = raised.value.problems
    assert problem.path == "services.one.listen"
    assert f"taken already by server.{own.partition(':')[0]} at" in problem.message
