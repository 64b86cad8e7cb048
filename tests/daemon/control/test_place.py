"""Where the control socket of a daemon is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from protocols.daemon.control.place import places
from protocols.daemon.spec.address import MAX_UNIX_PATH

NOBODY = 65_534


def found(config: str | Path, uid: int = NOBODY, **environment: str) -> list[str]:
    return [str(path) for path in places(Path(config), environment, uid)]


@pytest.fixture
def own(tmp_path):
    """A directory of this user."""
    return str(tmp_path)


def test_under_systemd_it_is_in_the_directory_of_the_unit(own):
    uid = os.getuid()
    first, second, *_ = found("a.yaml", uid, RUNTIME_DIRECTORY="/run/a", XDG_RUNTIME_DIR=own)
    assert first == "/run/a/control.sock"
    assert second.startswith(f"{own}/polyport-")


def test_a_unit_may_have_several_directories():
    assert found("a.yaml", RUNTIME_DIRECTORY="/run/a:/run/b") == [
        "/run/a/control.sock",
        "/run/b/control.sock",
    ]


def test_a_user_has_one_for_each_file(own, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    uid = os.getuid()
    names = {
        found(config, uid, XDG_RUNTIME_DIR=own)[0]
        for config in ("a.yaml", tmp_path / "a.yaml", "./x/../a.yaml", "b.yaml")
    }
    assert len(names) == 2
    assert {Path(name).parent for name in names} == {tmp_path}
    (tmp_path / "link.yaml").symlink_to("a.yaml")
    assert found("link.yaml", uid, XDG_RUNTIME_DIR=own)[0] not in names


def test_the_directory_of_somebody_else_is_not_used(own):
    assert found("a.yaml", os.getuid() + 1, XDG_RUNTIME_DIR=own) == []
    assert found("a.yaml", XDG_RUNTIME_DIR="/nowhere") == []


def test_root_has_one_anyway():
    (place,) = found("a.yaml", 0)
    assert place.startswith("/run/polyport-")


def test_nobody_else_has():
    assert found("a.yaml") == []


def test_a_name_is_short_however_long_that_of_the_file_is():
    (place,) = found("/a" * 1000 + ".yaml", 0)
    assert len(place) < MAX_UNIX_PATH / 2
