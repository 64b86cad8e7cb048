"""Sockets that are bound all or none, and stay over reloads."""

from __future__ import annotations

import os
import socket

import pytest

from protocols.daemon.kept_sockets import KeptSockets
from protocols.daemon.socket_table import Place, PlaceError, SocketTable, places_of
from protocols.daemon.spec.address import Address
from protocols.daemon.systemd import StoredSockets, stored_name


@pytest.fixture
def table():
    tables = []

    def make(inherited=None, copies=1, **settings):
        tables.append(SocketTable(inherited or {}, copies, **settings))
        return tables[-1]

    yield make
    for one in tables:
        one.close()


def places(*named: tuple[str, str]) -> list[Place]:
    """Places of services, each with the index it has there."""
    counts: dict[str, int] = {}
    made = []
    for service, url in named:
        made.append(Place(service, counts.get(service, 0), Address.parse(url)))
        counts[service] = counts.get(service, 0) + 1
    return made


def connects(port: int, host: str = "127.0.0.1") -> bool:
    try:
        socket.create_connection((host, port), 5).close()
    except ConnectionRefusedError:
        return False
    return True


def test_a_socket_stays_whoever_it_is_for(table, free_port):
    port, sockets = free_port(), table()
    first = sockets.bind(places(("a", f"tcp://127.0.0.1:{port}")))
    first.commit()
    [bound] = first.sockets()["a"]
    second = sockets.bind(places(("b", f"tcp://127.0.0.1:{port}")))
    second.commit()
    assert second.sockets() == {"b": [bound]}
    assert second.sockets()["b"][0].socket is bound.socket


def test_tls_is_a_matter_of_the_service(table, free_port):
    port, sockets = free_port(), table()
    sockets.bind(places(("a", f"tcp://127.0.0.1:{port}"))).commit()
    with_tls = sockets.bind(places(("a", f"tls://127.0.0.1:{port}")))
    with_tls.commit()
    assert str(with_tls.sockets()["a"][0].address) == f"tls://127.0.0.1:{port}"
    assert connects(port)


def test_a_port_that_the_kernel_chose_stays_with_its_service(table):
    sockets = table()
    first = sockets.bind(
        places(("a", "tcp://127.0.0.1:0"), ("a", "tcp://127.0.0.1:0"), ("b", "tcp://127.0.0.1:0"))
    )
    first.commit()
    again = sockets.bind(
        places(("a", "tcp://127.0.0.1:0"), ("b", "tcp://127.0.0.1:0"), ("c", "tcp://127.0.0.1:0"))
    )
    again.commit()
    assert again.sockets()["a"] == first.sockets()["a"][:1]
    assert again.sockets()["b"] == first.sockets()["b"]
    assert again.sockets()["c"] != first.sockets()["a"][1:]


def test_what_is_for_nobody_is_closed_and_not_before(table, free_port, tmp_path):
    port, sockets = free_port(), table()
    sockets.bind(places(("a", f"tcp://127.0.0.1:{port}"), ("a", f"unix://{tmp_path}/a"))).commit()
    nothing = sockets.bind([])
    assert connects(port)
    nothing.commit()
    assert not connects(port)
    assert not (tmp_path / "a").exists()


def test_all_or_none(table, free_port):
    old, new, sockets = free_port(), free_port(), table()
    sockets.bind(places(("a", f"tcp://127.0.0.1:{old}"))).commit()
    with pytest.raises(PlaceError) as raised:
        sockets.bind(places(("b", f"tcp://127.0.0.1:{new}"), ("b", "unix:/nowhere/at/all")))
    assert raised.value.place == Place("b", 1, Address.parse("unix:///nowhere/at/all"))
    assert connects(old)
    assert not connects(new)


def test_what_was_bound_in_vain_is_closed(table, free_port):
    port, sockets = free_port(), table()
    binding = sockets.bind(places(("a", f"tcp://127.0.0.1:{port}")))
    assert connects(port)
    binding.cancel()
    assert not connects(port)


def test_an_address_may_grow_to_every_interface_and_back(table, free_port):
    port, sockets = free_port(), table()
    sockets.bind(places(("a", f"tcp://127.0.0.1:{port}"), ("a", f"udp://127.0.0.1:{port}"))).commit()
    sockets.bind(places(("a", f"tcp://:{port}"), ("a", f"udp://:{port}"))).commit()
    assert connects(port)
    back = sockets.bind(places(("a", f"tcp://127.0.0.1:{port}"), ("a", f"udp://127.0.0.1:{port}")))
    back.commit()
    assert connects(port)
    for one in back.sockets()["a"]:
        # Or a second daemon could take the same address, and nobody would notice.
        assert one.socket.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT) == 0


def test_somebody_elses_address_is_not_taken(table, free_port):
    port, sockets = free_port(), table()
    with socket.create_server(("127.0.0.1", port)), pytest.raises(PlaceError, match="Address already in use"):
        sockets.bind(places(("a", f"tcp://127.0.0.1:{port}")))


def test_each_copy_has_a_socket_of_its_own_where_the_kernel_can_share(table, tmp_path):
    binding = table(copies=3).bind(
        places(("a", "tcp://127.0.0.1:0"), ("a", "udp://127.0.0.1:0"), ("a", f"unix://{tmp_path}/a"))
    )
    binding.commit()
    tcp, udp, unix = zip(*(binding.sockets(copy)["a"] for copy in range(3)), strict=True)
    for some in (tcp, udp):
        assert len({one.socket for one in some}) == 3
        assert len({one.socket.getsockname() for one in some}) == 1
        assert len({str(one.address) for one in some}) == 1
    assert len({one.socket for one in unix}) == 1


def test_paths_may_stay_for_somebody_who_has_the_sockets_still(table, tmp_path):
    sockets = table(leaves_paths=True)
    binding = sockets.bind(places(("a", f"unix://{tmp_path}/a")))
    binding.commit()
    binding.sockets()["a"][0].close()
    assert (tmp_path / "a").is_socket()


def test_letting_go_leaves_what_others_have(table, tmp_path, free_port):
    port, sockets = free_port(), table()
    binding = sockets.bind(places(("a", f"tcp://127.0.0.1:{port}"), ("a", f"unix://{tmp_path}/a")))
    binding.commit()
    with binding.sockets()["a"][0].socket.dup():
        sockets.let_go()
        assert connects(port)
        assert (tmp_path / "a").is_socket()
    assert sockets.sockets() == []


def test_places_are_those_of_enabled_services(written):
    from protocols.daemon.loader import load

    file = written("""
services:
  one: {listen: ["tcp://127.0.0.1:7001", "udp://127.0.0.1:7001"], builtin: echo}
  off: {enabled: false, listen: "tcp://127.0.0.1:7002", builtin: echo}
""")
    found = places_of(load(file).config)
    assert [(place.service, place.index, str(place.address)) for place in found] == [
        ("one", 0, "tcp://127.0.0.1:7001"),
        ("one", 1, "udp://127.0.0.1:7001"),
    ]


def test_processes_share_a_port_among_themselves_and_with_nobody_else(table):
    binding = table(copies=2).bind(places(("a", "tcp://127.0.0.1:0"), ("a", "udp://127.0.0.1:0")))
    first, second = binding.sockets(0)["a"], binding.sockets(1)["a"]
    binding.commit()
    assert [one.address for one in first] == [one.address for one in second]
    assert {one.socket.fileno() for one in first}.isdisjoint(one.socket.fileno() for one in second)
    for one in first:
        with pytest.raises(PlaceError, match="Address already in use"):
            table(copies=2).bind(places(("a", str(one.address))))


def test_processes_share_one_unix_socket(table, tmp_path):
    binding = table(copies=2).bind([Place("a", 0, Address("unix", path=str(tmp_path / "s")))])
    assert binding.sockets(0)["a"][0].socket is binding.sockets(1)["a"][0].socket
    binding.commit()


def test_processes_take_over_what_those_before_them_had(table):
    before = table(copies=2)
    binding = before.bind(places(("a", "tcp://127.0.0.1:0")))
    binding.commit()
    ours = [binding.sockets(copy)["a"][0] for copy in range(2)]
    handed = {}
    for one in ours:
        handed.setdefault(stored_name("", one.socket), []).append(one.socket.dup())
    after = table(copies=2, kept=KeptSockets(StoredSockets(handed)))
    taken = after.bind(places(("a", str(ours[0].address))))
    inodes = [os.fstat(taken.sockets(copy)["a"][0].socket.fileno()).st_ino for copy in range(2)]
    assert sorted(inodes) == sorted(os.fstat(one.socket.fileno()).st_ino for one in ours)
    taken.commit()
