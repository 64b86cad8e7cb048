"""The sockets that systemd has kept."""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack

import pytest

from protocols.daemon.systemd import StoredSockets
from protocols.daemon.systemd.stored import PREFIX, stored_name

STREAM, DATAGRAM = socket.SOCK_STREAM, socket.SOCK_DGRAM


@pytest.fixture
def bound():
    """Makes sockets that are bound; they are closed after the test."""
    with ExitStack() as stack:

        def bind(family, kind, where, *, reuse=False, only_ipv6=False):
            one = stack.enter_context(socket.socket(family, kind))
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only_ipv6)
            if reuse:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            one.bind(where)
            return one

        yield bind


def stored(*sockets: socket.socket) -> StoredSockets:
    inherited: dict[str, list[socket.socket]] = {}
    for one in sockets:
        inherited.setdefault(stored_name("a", one), []).append(one)
    return StoredSockets(inherited)


def test_what_units_have_made_is_told_apart(bound):
    ours = bound(socket.AF_INET, STREAM, ("127.0.0.1", 0))
    theirs = bound(socket.AF_INET, STREAM, ("127.0.0.1", 0))
    found = StoredSockets({"web": [theirs], PREFIX + "web": [ours]})
    assert found.activated == {"web": [theirs]}
    assert found.names == [PREFIX + "web"]
    assert found.take(socket.AF_INET, STREAM, theirs.getsockname()) == []
    assert found.take(socket.AF_INET, STREAM, ours.getsockname()) == [ours]


@pytest.mark.parametrize("kind", [STREAM, DATAGRAM])
def test_a_socket_is_found_by_what_it_is_bound_to_once(bound, kind):
    one = bound(socket.AF_INET, kind, ("127.0.0.1", 0))
    found = stored(one)
    where = one.getsockname()
    assert found.take(socket.AF_INET, kind, ("127.0.0.1", where[1] - 1)) == []
    assert found.take(socket.AF_INET, kind, ("127.0.0.2", where[1])) == []
    assert found.take(socket.AF_INET, DATAGRAM if kind == STREAM else STREAM, where) == []
    assert found.take(socket.AF_INET6, kind, ("::1", where[1])) == []
    assert found.take(socket.AF_INET, kind, where) == [one]
    assert found.take(socket.AF_INET, kind, where) == []


def test_several_of_one_address(bound):
    one = bound(socket.AF_INET, STREAM, ("127.0.0.1", 0), reuse=True)
    other = bound(socket.AF_INET, STREAM, one.getsockname(), reuse=True)
    assert stored(one, other).take(socket.AF_INET, STREAM, one.getsockname()) == [one, other]


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_one_for_both_families_is_another_than_one_for_ipv6_only(bound):
    both = bound(socket.AF_INET6, STREAM, ("::", 0))
    port = both.getsockname()[1]
    found = stored(both)
    assert found.take(socket.AF_INET6, STREAM, ("::", port), only_ipv6=True) == []
    assert found.take(socket.AF_INET6, STREAM, ("::", port)) == [both]
    single = bound(socket.AF_INET6, STREAM, ("::1", 0), only_ipv6=True)
    found = stored(single)
    assert found.take(socket.AF_INET6, STREAM, single.getsockname()) == []
    assert found.take(socket.AF_INET6, STREAM, single.getsockname(), only_ipv6=True) == [single]


@pytest.mark.parametrize("kind", [STREAM, DATAGRAM])
def test_unix_sockets(bound, tmp_path, kind):
    path = bound(socket.AF_UNIX, kind, str(tmp_path / "s"))
    name = f"\0polyport-{os.getpid()}"
    abstract = bound(socket.AF_UNIX, kind, name)
    found = stored(path, abstract)
    assert found.take(socket.AF_UNIX, kind, str(tmp_path / "t")) == []
    assert found.take(socket.AF_UNIX, kind, str(tmp_path / "s")) == [path]
    assert found.take(socket.AF_UNIX, kind, name) == [abstract]


@pytest.mark.parametrize("replaced", [False, True])
def test_a_unix_socket_whose_path_is_gone_is_of_no_use(bound, tmp_path, replaced):
    one = bound(socket.AF_UNIX, STREAM, str(tmp_path / "s"))
    found = stored(one)
    (tmp_path / "s").rename(tmp_path / "moved")
    if replaced:
        bound(socket.AF_UNIX, STREAM, str(tmp_path / "s"))
    assert found.take(socket.AF_UNIX, STREAM, str(tmp_path / "s")) == []


def test_what_nobody_takes_is_closed(bound):
    taken = bound(socket.AF_INET, STREAM, ("127.0.0.1", 0))
    left = bound(socket.AF_INET, STREAM, ("127.0.0.1", 0))
    found = stored(taken, left)
    found.take(socket.AF_INET, STREAM, taken.getsockname())
    found.close_rest()
    assert left.fileno() == -1
    assert taken.fileno() != -1
    assert found.names == [PREFIX + "a"]


def test_a_multicast_group_of_one_link(bound):
    index, _ = socket.if_nameindex()[0]
    try:
        one = bound(socket.AF_INET6, DATAGRAM, ("ff02::1", 0, 0, index), only_ipv6=True)
    except OSError:
        pytest.skip("no IPv6 here")
    where = ("ff02::1", one.getsockname()[1], 0, index)
    found = stored(one)
    assert found.take(socket.AF_INET6, DATAGRAM, (*where[:3], index + 1), only_ipv6=True) == []
    assert found.take(socket.AF_INET6, DATAGRAM, where, only_ipv6=True) == [one]
