"""What systemd is told of how the daemon is doing."""

from __future__ import annotations

import os
import socket
import time

import pytest

from protocols.daemon.systemd import Notifier, notify
from protocols.daemon.systemd.notification import MOST_DESCRIPTORS
from protocols.daemon.systemd.notifier import LONGEST_STATUS


@pytest.fixture
def notifier(systemd):
    return Notifier(systemd.environment)


def test_a_message(systemd):
    assert notify("READY=1", "STATUS=fine", environment=systemd.environment)
    assert systemd.heard() == ["READY=1", "STATUS=fine"]


def test_the_environment_is_that_of_the_process_unless_said(systemd, monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", systemd.environment["NOTIFY_SOCKET"])
    assert notify("READY=1")
    Notifier().ready()
    assert systemd.heard() == systemd.heard() == ["READY=1"]


def test_an_address_in_the_abstract_namespace(abstract_systemd):
    assert notify("READY=1", environment=abstract_systemd.environment)
    assert abstract_systemd.heard() == ["READY=1"]


@pytest.mark.parametrize("place", ["", "vsock:2:1", "relative", "/nowhere/at/all", "/" + "x" * 200])
def test_where_nobody_hears_nothing_happens(place):
    environment = {"NOTIFY_SOCKET": place}
    assert not notify("READY=1", environment=environment)
    Notifier(environment).ready()
    with socket.socket() as one:
        Notifier(environment).store("a", [one])


def test_nothing_is_told_without_systemd():
    assert not notify("READY=1", environment={})
    assert not Notifier({}).is_heard
    Notifier({}).forget("a")


def test_a_systemd_that_does_not_read_does_not_stop_the_daemon(systemd, monkeypatch):
    monkeypatch.setattr("protocols.daemon.systemd.notification.PATIENCE", 0.01)
    told = [notify("STATUS=" + "x" * 1000, environment=systemd.environment) for _ in range(2000)]
    assert told[0]
    assert not told[-1]


@pytest.mark.parametrize(
    ("tell", "heard"),
    [
        (lambda n: n.ready(), ["READY=1"]),
        (lambda n: n.ready("serving 12 services"), ["READY=1", "STATUS=serving 12 services"]),
        (lambda n: n.stopping(), ["STOPPING=1", "STATUS=stopping"]),
        (lambda n: n.status("2 of 3 workers"), ["STATUS=2 of 3 workers"]),
        (lambda n: n.status("one\nREADY=1\n"), ["STATUS=one READY=1"]),
        (lambda n: n.status("x" * 9999), ["STATUS=" + "x" * LONGEST_STATUS]),
        (lambda n: n.status("\udcff"), ["STATUS=?"]),
        (lambda n: n.main_pid(4711), ["MAINPID=4711"]),
        (lambda n: n.alive(), ["WATCHDOG=1"]),
    ],
)
def test_what_is_told(systemd, notifier, tell, heard):
    tell(notifier)
    assert systemd.heard() == heard
    assert systemd.hears_no_more()


def test_a_reload_is_told_with_its_time(systemd, notifier):
    before = time.clock_gettime(time.CLOCK_MONOTONIC)
    notifier.reloading()
    after = time.clock_gettime(time.CLOCK_MONOTONIC)
    reloading, moment, status = systemd.heard()
    assert (reloading, status) == ("RELOADING=1", "STATUS=reloading")
    name, _, value = moment.partition("=")
    assert name == "MONOTONIC_USEC"
    assert before - 1e-5 <= int(value) / 1e6 <= after + 1e-5


def test_an_empty_status_is_not_told(systemd, notifier):
    notifier.status("")
    assert systemd.hears_no_more()


def same(one: socket.socket, descriptor: int) -> bool:
    return os.path.samestat(os.fstat(one.fileno()), os.fstat(descriptor))


def test_sockets_are_stored_under_the_name_of_their_service(systemd, notifier):
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        notifier.store("web", [one, other])
        assert systemd.heard() == ["FDSTORE=1", "FDNAME=polyport.stored.web", "FDPOLL=0"]
        assert [same(*pair) for pair in zip((one, other), systemd.descriptors, strict=True)] == [True, True]


def test_a_path_has_a_name_that_says_which_file_it_is(systemd, notifier, tmp_path):
    with socket.socket(socket.AF_UNIX) as path, socket.socket(socket.AF_UNIX) as abstract:
        path.bind(str(tmp_path / "s"))
        abstract.bind(f"\0polyport-{os.getpid()}")
        notifier.store("web", [path, abstract])
        found = (tmp_path / "s").stat()
        assert systemd.heard()[1] == f"FDNAME=polyport.stored.web.{found.st_dev:x}-{found.st_ino:x}"
        assert systemd.heard()[1] == "FDNAME=polyport.stored.web"
        (tmp_path / "s").unlink()
        notifier.forget("web")
        notifier.store("web", [path])
        heard = [systemd.heard()[1] for _ in range(3)]
        assert heard[-1] == "FDNAME=polyport.stored.web.gone"


def test_more_sockets_than_a_message_takes(systemd, notifier):
    sockets = [socket.socket() for _ in range(MOST_DESCRIPTORS + 2)]
    notifier.store("web", sockets)
    assert systemd.heard() == systemd.heard() == ["FDSTORE=1", "FDNAME=polyport.stored.web", "FDPOLL=0"]
    assert [same(*pair) for pair in zip(sockets, systemd.descriptors, strict=True)] == [True] * len(sockets)
    for one in sockets:
        one.close()


def test_what_was_stored_of_a_service_is_forgotten(systemd, notifier):
    with socket.socket() as one:
        notifier.store("web", [one])
        systemd.heard()
        notifier.forget("other")
        notifier.forget("web")
        assert systemd.heard() == ["FDSTOREREMOVE=1", "FDNAME=polyport.stored.web"]
        notifier.forget("web")
        assert systemd.hears_no_more()


def test_what_is_stored_takes_the_place_of_what_was(systemd, notifier):
    with socket.socket() as one, socket.socket() as other:
        notifier.store("web", [one])
        notifier.store("web", [other])
        assert [systemd.heard()[0] for _ in range(3)] == ["FDSTORE=1", "FDSTOREREMOVE=1", "FDSTORE=1"]
        assert same(other, systemd.descriptors[1])


def test_what_a_process_before_has_stored_is_forgotten(systemd, notifier):
    notifier.forget_stored(["polyport.stored.b", "polyport.stored.a"])
    assert systemd.heard() == ["FDSTOREREMOVE=1", "FDNAME=polyport.stored.a"]
    assert systemd.heard() == ["FDSTOREREMOVE=1", "FDNAME=polyport.stored.b"]
