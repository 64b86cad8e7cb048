"""Binding: what each address becomes, and what is left behind when it cannot be had."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from protocols.daemon import sockets
from protocols.daemon.sockets import BindError, BoundSocket
from protocols.daemon.spec.address import Address


@pytest.fixture
def bind() -> Iterator[Callable[..., list[BoundSocket]]]:
    """Bind a URL; everything is closed after the test."""
    bound: list[BoundSocket] = []

    def bind(url: str, **inherited: list[socket.socket]) -> list[BoundSocket]:
        made = sockets.bind(Address.parse(url), inherited)
        bound.extend(made)
        return made

    yield bind
    for one in bound:
        one.close()


def option(bound: BoundSocket, level: int, name: int) -> int:
    return bound.socket.getsockopt(level, name)


@pytest.fixture
def two_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The host ``both.test`` has an IPv4 and an IPv6 address."""
    real = socket.getaddrinfo

    def both(host, port, **options):
        hosts = ("127.0.0.1", "::1") if host == "both.test" else (host,)
        return [found for each in hosts for found in real(each, port, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", both)


def test_no_host_is_both_families_on_one_socket(bind):
    [bound] = bind("tcp://:0")
    assert bound.socket.family == socket.AF_INET6
    assert option(bound, socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 0
    for host in ("127.0.0.1", "::1"):
        socket.create_connection((host, bound.address.port)).close()


def test_no_host_without_ipv6_is_ipv4(bind, monkeypatch):
    monkeypatch.setattr(socket, "has_ipv6", False)
    [bound] = bind("tcp://:0")
    assert bound.socket.family == socket.AF_INET
    assert bound.socket.getsockname()[0] == "0.0.0.0"


def test_an_ipv6_address_takes_ipv6_only(bind):
    [bound] = bind("tcp://[::1]:0")
    assert option(bound, socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 1


def test_port_0_becomes_the_port_that_was_chosen(bind):
    [bound] = bind("udp://127.0.0.1:0")
    assert bound.address.port == bound.socket.getsockname()[1] > 0
    assert str(bound.address) == f"udp://127.0.0.1:{bound.address.port}"


@pytest.mark.usefixtures("two_addresses")
def test_the_addresses_of_a_name_share_a_port(bind):
    first, second = bind("tcp://both.test:0")
    assert first.socket.family != second.socket.family
    assert first.address.port == second.address.port > 0
    assert {str(one.address) for one in (first, second)} == {
        f"tcp://127.0.0.1:{first.address.port}",
        f"tcp://[::1]:{first.address.port}",
    }


@pytest.mark.usefixtures("two_addresses")
def test_one_address_of_a_name_that_is_taken_frees_the_other(bind):
    [taken] = bind("tcp://[::1]:0")
    with pytest.raises(BindError, match=r"^Address already in use$"):
        bind(f"tcp://both.test:{taken.address.port}")
    # The first had been bound already, and is free again.
    assert bind(f"tcp://127.0.0.1:{taken.address.port}")


@pytest.mark.parametrize("scheme", ["tcp", "udp", "tls"])
def test_in_use(bind, scheme):
    [taken] = bind(f"{scheme}://127.0.0.1:0")
    with pytest.raises(BindError, match=r"^Address already in use$"):
        bind(str(taken.address))


def test_a_port_is_free_again_at_once(bind):
    [first] = bind("tcp://127.0.0.1:0")
    client = socket.create_connection(("127.0.0.1", first.address.port))
    served, _ = first.socket.accept()
    served.close()  # first, so that it is this side whose port the kernel keeps for a while
    client.close()
    first.close()
    assert bind(str(first.address))


@pytest.mark.parametrize("host", ["no.such.host.invalid", "a" * 64 + ".test"])
def test_a_host_nobody_knows(bind, host):
    with pytest.raises(BindError, match=f"the host {host} is not known: "):
        bind(f"tcp://{host}:0")


def test_sockets_do_not_block_and_are_closed_on_exec(bind, tmp_path):
    for url in ("tcp://127.0.0.1:0", "udp://127.0.0.1:0", f"unix:{tmp_path}/s", f"unixgram:{tmp_path}/g"):
        [bound] = bind(url)
        assert not bound.socket.getblocking()
        assert not bound.socket.get_inheritable()


# -- multicast ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("group", "family"), [("239.255.7.9", "igmp"), ("[ff02::4242]", "igmp6")])
def test_multicast_joins_on_the_interface_named(bind, group, family):
    before = Path(f"/proc/net/{family}").read_text()
    bind(f"udp://{group}:0%lo")
    joined = Path(f"/proc/net/{family}").read_text()
    assert joined != before
    written = "ff020000000000000000000000004242" if family == "igmp6" else "0907FFEF"
    assert written in joined


def test_multicast_receives_what_is_sent_to_the_group(bind):
    [bound] = bind("udp://239.255.7.10:0%lo")
    bound.socket.settimeout(20)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        sender.sendto(b"to all", ("239.255.7.10", bound.address.port))
    assert bound.socket.recv(100) == b"to all"


def test_two_daemons_may_be_in_one_group(bind):
    [first] = bind("udp://239.255.7.11:0%lo")
    assert bind(f"udp://239.255.7.11:{first.address.port}%lo")


def test_multicast_on_an_interface_that_is_not_there(bind):
    with pytest.raises(BindError, match="no interface with this name"):
        bind("udp://239.255.7.12:0%nosuchif0")


# -- Unix sockets ------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["unix", "unixgram"])
@pytest.mark.parametrize("umask", [0, 0o077])
def test_the_mode_is_right_from_the_first_moment(bind, tmp_path, monkeypatch, scheme, umask):
    seen = []
    real = os.lstat

    def looked_at(path):
        found = real(path)
        seen.append(stat.S_IMODE(found.st_mode))
        return found

    before = os.umask(umask)
    try:
        monkeypatch.setattr(os, "lstat", looked_at)
        monkeypatch.setattr(os, "chmod", None)  # it must not need one: there would be a moment before it
        bind(f"{scheme}:{tmp_path}/socket")
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    assert seen == [0o660]


def test_a_stale_socket_is_replaced(bind, tmp_path):
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
        with socket.socket(socket.AF_UNIX) as client, pytest.raises(ConnectionRefusedError):
            client.connect(str(path))
    bind(f"unix:{path}")
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))


@pytest.mark.parametrize("scheme", ["unix", "unixgram"])
def test_a_live_socket_is_refused_and_stays(bind, tmp_path, scheme):
    [live] = bind(f"{scheme}:{tmp_path}/socket")
    with pytest.raises(BindError, match="another process listens there"):
        bind(f"{scheme}:{tmp_path}/socket")
    assert Path(live.address.path).is_socket()


def test_a_live_socket_of_the_other_kind_is_refused(bind, tmp_path):
    bind(f"unix:{tmp_path}/socket")
    with pytest.raises(BindError, match="Address already in use"):
        bind(f"unixgram:{tmp_path}/socket")


def test_what_is_no_socket_is_refused_and_stays(bind, tmp_path):
    (tmp_path / "file").write_text("precious")
    with pytest.raises(BindError, match="the path exists, and is not a socket"):
        bind(f"unix:{tmp_path}/file")
    assert (tmp_path / "file").read_text() == "precious"


def test_a_link_is_no_socket(bind, tmp_path):
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "elsewhere"))
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BindError, match="is not a socket"):
        bind(f"unix:{tmp_path}/link")


def test_a_folder_that_is_not_there(bind, tmp_path):
    with pytest.raises(BindError, match="No such file or directory"):
        bind(f"unix:{tmp_path}/nowhere/socket")


def test_a_path_is_removed_when_it_is_closed(bind, tmp_path):
    [bound] = bind(f"unix:{tmp_path}/socket")
    bound.close()
    assert not Path(bound.address.path).exists()
    bound.close()


def test_a_path_that_is_another_ones_now_stays(bind, tmp_path):
    [bound] = bind(f"unix:{tmp_path}/socket")
    path = Path(bound.address.path)
    path.rename(tmp_path / "kept")  # keeps the inode from being used again
    path.write_text("another's")
    bound.close()
    assert path.read_text() == "another's"


def test_abstract(bind):
    name = f"polyport-test-{os.getpid()}"
    [bound] = bind(f"unix:@{name}")
    assert bound.socket.getsockname() == b"\0" + name.encode()
    assert bound.unlink is None
    with pytest.raises(BindError, match="Address already in use"):
        bind(f"unix:@{name}")


def test_the_path_is_removed_when_listening_fails(bind, tmp_path, monkeypatch):
    class Deaf(socket.socket):
        def listen(self, backlog: int = 0) -> None:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(socket, "socket", Deaf)
    with pytest.raises(BindError, match="Input/output error"):
        bind(f"unix:{tmp_path}/socket")
    assert list(tmp_path.iterdir()) == []


# -- sockets handed over -----------------------------------------------------------------------------


def test_every_socket_of_a_name_is_taken_and_kept_by_who_handed_it_over(bind):
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        taken = bind("fd://mine", mine=[one, two])
        assert [t.socket.getsockname() for t in taken] == [one.getsockname(), two.getsockname()]
        assert all(not t.socket.getblocking() for t in taken)
        for t in taken:
            t.close()
        socket.create_connection(one.getsockname()).close()


def test_one_that_does_not_listen_yet_is_made_to(bind):
    with socket.socket() as handed:
        handed.bind(("127.0.0.1", 0))
        bind("fd://mine", mine=[handed])
        socket.create_connection(handed.getsockname()).close()


def test_a_name_that_was_not_handed_over(bind):
    with pytest.raises(BindError, match=r"no socket of that name .*; handed over: none"):
        bind("fd://mine")
    with socket.socket() as other, pytest.raises(BindError, match="handed over: other"):
        bind("fd://mine", other=[other])
