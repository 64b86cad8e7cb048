"""Reading without waiting."""

from __future__ import annotations

import errno
import os

import pytest
from twisted.internet.defer import CancelledError, Deferred


def test_what_is_in_memory_comes_at_once(opened) -> None:
    file = opened(b"0123456789")
    assert file.read(2, 3) == b"234"
    assert file.read(8, 5) == b"89"
    assert file.read(10, 5) == b""
    assert file.whole(10) == b"0123456789"
    file.close()
    file.close()


@pytest.mark.usefixtures("cold")
def test_what_is_not_comes_from_a_thread(opened, clock) -> None:
    file = opened(b"0123456789")
    got: list[object] = []
    file.read(2, 3).addBoth(got.append)
    assert got == []
    clock.wait_for_thread()
    clock.advance(0)
    assert got == [b"234"]
    file.close()


def test_a_file_that_is_half_in_memory_comes_whole(opened, clock, monkeypatch) -> None:
    file = opened(b"0123456789")
    real = os.preadv
    monkeypatch.setattr(
        os, "preadv", lambda fd, buffers, at, flags: real(fd, [memoryview(buffers[0])[:4]], at, flags)
    )
    assert file.read(0, 10) == b"0123"
    whole = file.whole(10)
    assert isinstance(whole, Deferred)
    got: list[object] = []
    whole.addBoth(got.append)
    clock.wait_for_thread()
    clock.advance(0)
    assert got == [b"0123456789"]
    file.close()


@pytest.mark.usefixtures("cold")
def test_the_descriptor_stays_as_long_as_a_thread_reads_it(opened, clock, descriptors) -> None:
    before = descriptors()
    file = opened(b"0123456789")
    got: list[object] = []
    file.read(0, 5).addBoth(got.append)
    file.close()
    assert descriptors() == before + 1
    assert got[0].check(CancelledError)
    clock.wait_for_thread()
    clock.advance(0)
    assert descriptors() == before


def test_another_error_is_told(opened, monkeypatch) -> None:
    def broken(*arguments: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    file = opened(b"x")
    monkeypatch.setattr(os, "preadv", broken)
    with pytest.raises(OSError, match="Input/output"):
        file.read(0, 5)
    file.close()
