"""What the kernel knows of a connection that nobody else keeps the time of."""

from __future__ import annotations

import socket
import struct
from types import SimpleNamespace

import pytest

from protocols.wire_silence import silence


class Told(socket.socket):
    """A socket of which the kernel says what the test wants."""

    info: bytes | OSError = b""

    def getsockopt(self, *arguments):
        if isinstance(self.info, OSError):
            raise self.info
        return self.info


@pytest.fixture
def told():
    with Told() as sock:
        yield sock


def tcp_info(sent, received):
    """``struct tcp_info`` up to its tcpi_last_data_recv."""
    return struct.pack("=8B9I3I", *range(8), *range(9), sent, 99_999, received)


@pytest.mark.parametrize(("sent", "received", "seconds"), [(1500, 2500, 1.5), (7_200_000, 250, 0.25)])
def test_whatever_moved_last_counts(told, sent, received, seconds):
    told.info = tcp_info(sent, received)
    assert silence(SimpleNamespace(socket=told)) == seconds


def test_a_connection_that_is_closed_says_nothing(told):
    told.info = OSError("not connected")
    assert silence(SimpleNamespace(socket=told)) == 0
    told.info = b""
    assert silence(SimpleNamespace(socket=told)) == 0


def test_nothing_is_known_of_unix_sockets_and_of_what_has_no_socket():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert silence(SimpleNamespace(socket=ours)) == 0
    assert silence(SimpleNamespace()) == 0
    assert silence(None) == 0


def test_the_kernel_means_what_we_read():
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname()) as theirs,
        listening.accept()[0] as ours,
    ):
        transport = SimpleNamespace(socket=ours)
        while (before := silence(transport)) < 0.05:
            pass
        theirs.sendall(b"x")
        ours.recv(1)
        assert silence(transport) < before
