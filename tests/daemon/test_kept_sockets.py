"""Sockets that a process before this one has bound."""

from __future__ import annotations

import os
import socket

import pytest

from protocols.daemon.kept_sockets import KeptSockets
from protocols.daemon.socket_table import Place, SocketTable
from protocols.daemon.spec.address import Address
from protocols.daemon.systemd import StoredSockets, stored_name


@pytest.fixture
def bound():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        yield one


def kept(*sockets: socket.socket) -> KeptSockets:
    return KeptSockets(StoredSockets({stored_name("", one): [one.dup()] for one in sockets}))


def test_each_is_given_once(bound):
    found = KeptSockets(StoredSockets({stored_name("", bound): [bound.dup(), bound.dup()]}))
    where = bound.getsockname()
    first, second = (found.claim(socket.AF_INET, socket.SOCK_STREAM, where) for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.getsockname() == second.getsockname() == where
    assert first.getblocking() is False
    assert found.claim(socket.AF_INET, socket.SOCK_STREAM, where) is None
    first.close()
    second.close()


def test_another_kind_or_place_is_not_it(bound):
    found = kept(bound)
    host, port = bound.getsockname()
    assert found.claim(socket.AF_INET, socket.SOCK_DGRAM, (host, port)) is None
    assert found.claim(socket.AF_INET, socket.SOCK_STREAM, (host, port - 1)) is None
    found.close_rest()


def test_a_table_binds_nothing_anew_that_is_kept(bound):
    host, port = bound.getsockname()
    found = kept(bound)
    table = SocketTable({}, kept=found)
    binding = table.bind([Place("a", 0, Address.parse(f"tcp://{host}:{port}"))])
    binding.commit()
    [taken] = binding.sockets()["a"]
    client = socket.create_connection((host, port), 5)
    accepted, _ = bound.accept()
    assert taken.socket.getsockname() == bound.getsockname()
    for one in (client, accepted):
        one.close()
    table.close()


def test_what_nobody_claims_is_closed(tmp_path):
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(path)
        one.listen()
        found = kept(one)
    found.close_rest()
    with socket.socket(socket.AF_UNIX) as client, pytest.raises(ConnectionRefusedError):
        client.connect(path)


def test_a_path_is_taken_over_and_removed_in_the_end(tmp_path):
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))
        one.listen()
        table = SocketTable({}, kept=kept(one))
    table.bind([Place("a", 0, Address("unix", path=str(path)))]).commit()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
    table.close()
    assert not path.exists()


@pytest.mark.parametrize("scheme", ["tcp", "udp"])
def test_more_processes_than_before_share_an_address(scheme):
    before = SocketTable({})
    address = Address.parse(f"{scheme}://127.0.0.1:0")
    binding = before.bind([Place("a", 0, address)])
    binding.commit()
    [there] = binding.sockets()["a"]
    table = SocketTable({}, 3, kept=kept(there.socket))
    shared = table.bind([Place("a", 0, there.address)])
    shared.commit()
    found = [shared.sockets(copy)["a"][0].socket for copy in range(3)]
    assert {one.getsockname() for one in found} == {there.socket.getsockname()}
    assert len({os.fstat(one.fileno()).st_ino for one in found}) == 3
    table.close()
    before.close()
