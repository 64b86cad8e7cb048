"""What the reactor uses of Twisted's inside: that it is all in the tables, and that changes are noticed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.internet import abstract, epollreactor, posixbase, tcp, udp, unix

import protocols.reactor
import twisted
from protocols.reactor import twisted_internals
from protocols.reactor.obstacle import obstacle
from protocols.reactor.twisted_internals import ATTRIBUTES, IN_INSTANCES, METHODS, TESTED, missing

PACKAGE = Path(protocols.reactor.__file__).parent
SOURCES = [path for path in sorted(PACKAGE.glob("*.py")) if path.stem != "twisted_internals"]


def test_nothing_is_missing_in_this_twisted():
    assert list(missing()) == []
    assert twisted.__version__ in TESTED


def test_a_method_that_has_gone(monkeypatch):
    monkeypatch.delattr(abstract.FileDescriptor, "_maybePauseProducer")
    assert list(missing()) == ["FileDescriptor._maybePauseProducer(self)"]


def test_a_method_that_wants_something_else(monkeypatch):
    monkeypatch.setattr(unix.DatagramPort, "_bindSocket", lambda self, address: None)
    assert list(missing()) == ["DatagramPort._bindSocket(self)"]


def test_a_parameter_with_a_default_is_no_change(monkeypatch):
    monkeypatch.setattr(unix.DatagramPort, "_bindSocket", lambda self, address=None: None)
    assert list(missing()) == []


def test_attributes_that_have_gone(monkeypatch):
    monkeypatch.delattr(tcp, "_reservedFD")
    monkeypatch.delattr(udp.Port, "_preexistingSocket")
    assert list(missing()) == ["twisted.internet.tcp._reservedFD", "Port._preexistingSocket"]


def test_attributes_that_are_not_set_any_more(monkeypatch):
    def no_buffer(self, reactor=None):
        self.reactor = reactor

    monkeypatch.setattr(abstract.FileDescriptor, "__init__", no_buffer)
    assert set(missing()) == {"FileDescriptor()._tempDataBuffer", "FileDescriptor()._tempDataLen"}
    monkeypatch.delattr(epollreactor.EPollReactor, "__init__")
    assert {"EPollReactor()._poller", "EPollReactor()._selectables"} <= set(missing())


def install_in_a_changed_twisted() -> None:
    """Install, in a Twisted without two things that the reactor uses."""
    from twisted.internet import tcp, unix

    del tcp._reservedFD
    unix.DatagramPort._bindSocket = lambda self, address: None
    from twisted.logger import eventAsText, globalLogPublisher

    events = []
    globalLogPublisher.addObserver(events.append)
    import protocols.reactor

    protocols.reactor.install()
    tcp._reservedFD = None
    from twisted.internet import reactor

    reactor.callWhenRunning(reactor.stop)
    reactor.run()
    print(type(reactor).__name__)
    print([eventAsText(e, includeTimestamp=False) for e in events if e["log_level"].name == "warn"])


def test_a_changed_twisted_gets_its_own_reactor_and_one_warning(in_child):
    name, warnings = in_child(install_in_a_changed_twisted, install=False).stdout.splitlines()
    assert name == "AsyncioSelectorReactor"
    (warning,) = ast.literal_eval(warnings)
    assert warning == (
        "[polyport#warn] Twisted's asyncio reactor is used, which is slower: this Twisted has no "
        "DatagramPort._bindSocket(self), twisted.internet.tcp._reservedFD"
    )


def install_without_epoll() -> None:
    """Install, on a system without epoll."""
    import asyncio
    import select

    del select.epoll
    from twisted.logger import globalLogPublisher

    events = []
    globalLogPublisher.addObserver(events.append)
    import protocols.reactor

    protocols.reactor.install()
    from twisted.internet import reactor

    async def stop():
        await asyncio.sleep(0)
        reactor.stop()

    reactor.callWhenRunning(lambda: tasks.append(asyncio.ensure_future(stop())))
    tasks = []
    reactor.run()
    print(type(reactor).__name__, [e["log_level"].name for e in events if e["log_namespace"] == "polyport"])
    print("epoll" in events[0]["why"])


def test_a_system_without_epoll_gets_twisteds_asyncio_reactor(in_child):
    said = in_child(install_without_epoll, install=False).stdout
    assert said == "AsyncioSelectorReactor ['warn']\nTrue\n"


def install_twice() -> None:
    """Install where there is a reactor."""
    from twisted.internet.error import ReactorAlreadyInstalledError

    import protocols.reactor

    try:
        protocols.reactor.install()
    except ReactorAlreadyInstalledError:
        print("refused")


def test_a_second_reactor_is_refused(in_child):
    assert in_child(install_twice).stdout == "refused\n"


def private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def used(tree: ast.AST) -> Iterator[str]:
    """The private names that a module reads, sets, imports or overrides."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ClassDef):
            yield from defined_by_class(node)


def defined_by_class(node: ast.ClassDef) -> Iterator[str]:
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef):
            yield statement.name
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield statement.target.id
        elif isinstance(statement, ast.Assign):
            yield from (target.id for target in statement.targets if isinstance(target, ast.Name))


def defined(tree: ast.AST) -> Iterator[str]:
    """The names that a module defines itself: functions, classes, and attributes that it sets."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.attr if isinstance(node, ast.Attribute) else node.id


def trees(paths: list[Path]) -> list[ast.AST]:
    return [ast.parse(path.read_text()) for path in paths]


OURS = trees(SOURCES)
USED = {name for tree in OURS for name in used(tree) if private(name)}
LISTED = {
    *(name for methods in METHODS.values() for name in methods),
    *(name for names in (*ATTRIBUTES.values(), *IN_INSTANCES.values()) for name in names),
}
TWISTED = Path(twisted.__file__).parent
THEIRS = {
    name
    for tree in trees(sorted((TWISTED / "internet").glob("*.py")))
    for name in (*defined(tree), *used(tree))
    if private(name)
}
"""The private names of everything that the reactor builds on."""


def test_every_private_name_of_twisteds_is_in_the_tables():
    """One of ours that Twisted has too would be a clash, which is found likewise."""
    modules = {"_newtls"}  # whose own names are in the tables
    assert (USED & THEIRS) - LISTED - modules == set()


def test_every_other_private_name_is_our_own():
    ours = {name for tree in OURS for name in defined(tree)}
    assert USED - LISTED - {"_newtls"} - ours == set()


def test_the_tables_list_nothing_that_is_not_used():
    public = {name for tree in OURS for name in used(tree)}
    assert LISTED - public == set()


@pytest.mark.parametrize("table", [METHODS, ATTRIBUTES, IN_INSTANCES])
def test_the_tables_are_about_twisted(table):
    for owner in table:
        name = getattr(owner, "__module__", owner.__name__)
        assert name.startswith("twisted."), owner


def test_the_module_says_so_of_a_reactor_that_lost_a_method(monkeypatch):
    monkeypatch.delattr(posixbase._PollLikeMixin, "_doReadOrWrite")
    assert obstacle() == ("this Twisted has no _PollLikeMixin._doReadOrWrite(self, selectable, fd, event)")
    monkeypatch.undo()
    assert obstacle() is None


def test_the_tables_stand_apart():
    """Nothing is imported from the reactor, which could not be imported where something is missing."""
    tree = ast.parse(Path(twisted_internals.__file__).read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not any(str(name).startswith("protocols") for name in imported)
