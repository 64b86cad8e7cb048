"""A log file that two processes write."""

from __future__ import annotations

from contextlib import closing

from protocols.daemon.log.shared_file import SharedLogFile


def opened(path):
    return closing(SharedLogFile.fromFullPath(str(path)))


def test_nobody_writes_over_what_another_has_written(tmp_path):
    path = tmp_path / "log"
    with opened(path) as former, opened(path) as latter:
        latter.write("a long line of the successor\n")
        former.write("last\n")
        latter.write("and on\n")
    assert path.read_text() == "a long line of the successor\nlast\nand on\n"


def test_nor_in_the_file_after_a_rotation(tmp_path):
    path = tmp_path / "log"
    with opened(path) as former:
        former.rotate()
        with opened(path) as latter:
            latter.write("a long line of the successor\n")
            former.write("last\n")
    assert path.read_text() == "a long line of the successor\nlast\n"


def test_a_device(tmp_path):
    with opened("/dev/null") as file:
        file.write("nothing\n")
