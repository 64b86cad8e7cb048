"""Which socket belongs to which service."""

from __future__ import annotations

import pytest

from protocols.daemon.importers.imported import NotCarriedOver
from protocols.daemon.importers.place import SourceError
from protocols.daemon.importers.systemd.pairs import pairs_of

SOCKET = "[Socket]\nListenStream=80\n"
SERVICE = "[Service]\nExecStart=/bin/cat\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.socket").write_text(SOCKET)
    (tmp_path / "a.service").write_text(SERVICE)
    (tmp_path / "b.socket").write_text(f"{SOCKET}Accept=yes\n")
    (tmp_path / "b@.service").write_text(SERVICE)
    (tmp_path / "c.socket").write_text(f"{SOCKET}Service=a.service\n")
    return tmp_path


def pairs(folder, *names: str) -> list[tuple[str, str]]:
    missed: list[NotCarriedOver] = []
    found = pairs_of({str(folder / name): (folder / name).read_text() for name in names}, missed)
    assert not missed
    return [(pair.socket.name, pair.service.name) for pair in found]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.socket"], [("a.socket", "a.service")]),
        (["a.service"], [("a.socket", "a.service")]),
        (["a.service", "a.socket"], [("a.socket", "a.service")]),
        (["b.socket"], [("b.socket", "b@.service")]),
        (["b@.service"], [("b.socket", "b@.service")]),
        (["c.socket"], [("c.socket", "a.service")]),
        (["a.socket", "b.socket"], [("a.socket", "a.service"), ("b.socket", "b@.service")]),
    ],
)
def test_the_other_half_is_found(folder, names, expected):
    assert pairs(folder, *names) == expected


def test_the_other_half_may_lie_elsewhere(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other") / "a.service"
    other.write_text(SERVICE)
    (folder / "a.service").unlink()
    texts = {str(path): path.read_text() for path in (folder / "a.socket", other)}
    assert [pair.service.file for pair in pairs_of(texts, [])] == [str(other)]


def test_a_half_without_the_other(folder):
    (folder / "a.service").unlink()
    with pytest.raises(SourceError, match=r"there is no a\.service beside it"):
        pairs(folder, "a.socket")
    (folder / "d.service").write_text(SERVICE)
    with pytest.raises(SourceError, match=r"there is no d\.socket beside it"):
        pairs(folder, "d.service")


def test_drop_ins_are_told(folder):
    (folder / "a.socket.d").mkdir()
    missed: list[NotCarriedOver] = []
    pairs_of({str(folder / "a.socket"): SOCKET}, missed)
    assert [note.what for note in missed] == [str(folder / "a.socket.d")]


def test_systemd_has_several_folders(folder, monkeypatch):
    other = folder / "lib"
    other.mkdir()
    (folder / "a.service").rename(other / "a.service")
    monkeypatch.setattr("protocols.daemon.importers.systemd.pairs.UNIT_FOLDERS", (str(folder), str(other)))
    assert pairs(folder, "a.socket") == [("a.socket", "a.service")]
