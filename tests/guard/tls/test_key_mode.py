from __future__ import annotations

import pytest

from protocols.guard.tls.key_mode import key_warning


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o640, 0o440, 0o700])
def test_a_key_that_few_can_read(tmp_path, mode):
    key = tmp_path / "a.key"
    key.touch()
    key.chmod(mode)
    assert key_warning(key) is None


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o604, 0o601, 0o650])
def test_a_key_that_others_can_read_or_change(tmp_path, mode):
    key = tmp_path / "a.key"
    key.touch()
    key.chmod(mode)
    text = key_warning(key)
    assert text == f"{key} can be read or changed by others (mode {mode:04o}); chmod 640 is enough"


def test_no_key(tmp_path):
    assert key_warning(tmp_path / "none") is None
