"""The kernel's word that something has happened."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from protocols import inotify
from protocols.inotify import Inotify


class Listening:
    """A reactor of readers only, and what was heard."""

    def __init__(self) -> None:
        self.readers: list[object] = []
        self.addReader = self.readers.append
        self.removeReader = self.readers.remove
        self.count = 0
        self.inotify = Inotify(self, self.happened)

    def happened(self) -> None:
        self.count += 1

    def heard(self) -> bool:
        """Whether the kernel has told of something since this was asked last; it does so at once."""
        before = self.count
        self.inotify.doRead()
        return self.count > before


@pytest.fixture
def listening() -> Iterator[Listening]:
    made = Listening()
    yield made
    made.inotify.stop()


def test_what_is_written_made_renamed_and_removed(tmp_path: Path, listening: Listening) -> None:
    listening.inotify.watch([tmp_path])
    assert not listening.heard()
    (tmp_path / "one").write_text("x")
    assert listening.heard()
    (tmp_path / "one").rename(tmp_path / "two")
    assert listening.heard()
    (tmp_path / "folder").mkdir()
    assert listening.heard()
    (tmp_path / "link").symlink_to("two")
    assert listening.heard()
    (tmp_path / "two").unlink()
    assert listening.heard()
    assert not listening.heard()


def test_a_file_that_is_opened_for_writing_and_closed(tmp_path: Path) -> None:
    class OfFiles(Listening):
        def __init__(self) -> None:
            super().__init__()
            self.inotify.stop()
            self.inotify = Inotify(self, self.happened, inotify.IN_CLOSE_WRITE)

    listening = OfFiles()
    bell = tmp_path / "bell"
    bell.touch()
    listening.inotify.watch([bell])
    (tmp_path / "other").touch()
    assert not listening.heard()
    bell.open("a").close()
    assert listening.heard()
    bell.open().close()
    assert not listening.heard()
    listening.inotify.stop()


def test_what_is_read_or_written_without_end_is_nothing(tmp_path: Path, listening: Listening) -> None:
    with (tmp_path / "log").open("w") as log:
        listening.inotify.watch([tmp_path])
        log.write("a line\n")
        log.flush()
        (tmp_path / "log").read_text()
        (tmp_path / "log").stat()
        assert not listening.heard()
    assert listening.heard()


def test_only_what_is_watched_now(tmp_path: Path, listening: Listening) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    listening.inotify.watch([one])
    listening.inotify.watch([one, two])
    (one / "file").touch()
    assert listening.heard()
    listening.inotify.watch([two, tmp_path / "missing", one / "file"])
    listening.heard()
    (one / "more").touch()
    assert not listening.heard()
    (two / "file").touch()
    assert listening.heard()


def test_a_directory_in_the_place_of_another(tmp_path: Path, listening: Listening) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    listening.inotify.watch([folder])
    folder.rename(tmp_path / "old")
    assert listening.heard()
    folder.mkdir()
    listening.inotify.watch([folder])
    listening.heard()
    (tmp_path / "old" / "file").touch()
    assert not listening.heard()
    (folder / "file").touch()
    assert listening.heard()
    (folder / "file").unlink()
    folder.rmdir()
    assert listening.heard()
    listening.inotify.watch([folder])
    assert not listening.heard()


def test_it_ends_once_and_leaves_no_descriptor(listening: Listening) -> None:
    assert listening.readers == [listening.inotify]
    assert listening.inotify.logPrefix() == "inotify"
    descriptor = listening.inotify.fileno()
    assert not os.get_inheritable(descriptor)
    listening.inotify.connectionLost(None)  # type: ignore[arg-type]  # the reason says nothing
    listening.inotify.stop()
    assert listening.readers == []
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def library(**functions: object) -> SimpleNamespace:
    return SimpleNamespace(**functions)


@pytest.mark.parametrize(
    ("functions", "number"),
    [({}, errno.ENOSYS), ({"inotify_init1": lambda flags: -1}, errno.EMFILE)],
)
def test_where_there_is_none(
    monkeypatch: pytest.MonkeyPatch, functions: dict[str, object], number: int
) -> None:
    monkeypatch.setattr(inotify.ctypes, "CDLL", lambda *arguments, **settings: library(**functions))
    monkeypatch.setattr(inotify.ctypes, "get_errno", lambda: errno.EMFILE)
    with pytest.raises(OSError, match=os.strerror(number)):
        Listening()


def test_a_directory_too_many(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, listening: Listening) -> None:
    monkeypatch.setattr(listening.inotify, "_library", library(inotify_add_watch=lambda *arguments: -1))
    monkeypatch.setattr(inotify.ctypes, "get_errno", lambda: errno.ENOSPC)
    with pytest.raises(OSError, match=f"No space left on device: '{tmp_path}'"):
        listening.inotify.watch([tmp_path])
