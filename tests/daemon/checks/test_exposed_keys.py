"""Private keys that others can read."""

from __future__ import annotations

import pytest

from protocols.daemon.loader import load


@pytest.mark.parametrize(("mode", "count"), [(0o600, 0), (0o640, 0), (0o644, 1)])
def test_a_key_that_others_can_read(written, tmp_path, mode, count) -> None:
    yaml = "certificates: {main: {certificate: tls/localhost.pem, key: tls/localhost.key}}\n"
    file = written(yaml + "services: {a: {listen: 'tls://:0', tls: main, builtin: echo}}\n")
    (tmp_path / "tls" / "localhost.key").chmod(mode)
    warned = load(file).warnings
    assert len(warned) == count
    assert all(one.path == "certificates.main.key" for one in warned)
    assert all(one.message.startswith("tls/localhost.key has mode 0644: others should not") for one in warned)
