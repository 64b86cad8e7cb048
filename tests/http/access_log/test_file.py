from __future__ import annotations

import stat
from pathlib import Path

import pytest
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher

from protocols.http.access_log.file import COMPLAIN_EVERY, GATHERED, WRITE_EVERY, LineFile


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "access.log"


@pytest.fixture
def file(path, clock):
    file = LineFile(path, clock)
    yield file
    file.close()
    assert clock.getDelayedCalls() == []


def test_lines_are_gathered(file, path, clock) -> None:
    file.write("a\n")
    file.write("b\n")
    assert not path.exists()
    clock.advance(WRITE_EVERY)
    assert path.read_text() == "a\nb\n"
    assert clock.getDelayedCalls() == []


def test_many_are_written_at_once(file, path) -> None:
    line = "a" * 1023 + "\n"
    for _ in range(GATHERED // 1024):
        file.write(line)
    assert path.stat().st_size == GATHERED


def test_what_is_there_is_kept_and_not_for_everybody(file, path, clock) -> None:
    file.write("a\n")
    file.close()
    assert stat.S_IMODE(path.stat().st_mode) & 0o007 == 0
    again = LineFile(path, clock)
    again.write("b\n")
    again.close()
    assert path.read_text() == "a\nb\n"


def test_nothing_is_opened_for_nothing(file, path) -> None:
    file.rotate()
    file.close()
    assert not path.exists()


def test_rotation(file, path) -> None:
    for line in ("a\n", "b\n", "c\n"):
        file.write(line)
        file.rotate()
    file.write("d\n")
    file.flush()
    texts = {each.name: each.read_text() for each in path.parent.iterdir()}
    assert texts == {
        "access.log": "d\n",
        "access.log.1": "c\n",
        "access.log.2": "b\n",
        "access.log.3": "a\n",
    }


def test_others_of_the_folder_stay_where_they_are(file, path) -> None:
    for name in ("access.log.1.gz", "access.log.old", "accessXlog.1"):
        path.with_name(name).write_text(name)
    file.write("a\n")
    file.rotate()
    assert {each.name for each in path.parent.iterdir()} == {
        "access.log.1",
        "access.log.1.gz",
        "access.log.old",
        "accessXlog.1",
    }


def test_a_file_that_was_moved_by_somebody_else(file, path) -> None:
    file.write("a\n")
    file.flush()
    path.rename(path.with_name("moved"))
    file.write("b\n")
    file.rotate()
    file.write("c\n")
    file.flush()
    assert path.with_name("moved").read_text() == "a\nb\n"
    assert path.read_text() == "c\n"
    assert not path.with_name("access.log.1").exists()


def test_descriptors_are_closed(file, path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        file.write("a\n")
        file.rotate()
    file.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_disk_that_does_not_take_it(tmp_path, clock) -> None:
    said = []

    def observe(event) -> None:
        if event.get("log_namespace") == "polyport":
            said.append(event["log_format"].format(**event))

    globalLogPublisher.addObserver(observe)
    file = LineFile(tmp_path / "missing" / "access.log", clock)
    for _ in range(3):
        file.write("a\n")
        file.flush()
    assert len(said) == 1
    assert said[0].endswith("No such file or directory; lines of the access log are lost")
    clock.advance(COMPLAIN_EVERY)
    file.write("a\n")
    file.flush()
    file.rotate()
    globalLogPublisher.removeObserver(observe)
    assert len(said) == 2
