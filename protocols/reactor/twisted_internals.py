"""What this package uses of Twisted that Twisted does not promise, and whether it is still there.

All of it stands here, which a test compares with the code.  A Twisted that has changed is noticed before
the reactor is installed, and the program gets one of Twisted's own, with a warning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from inspect import signature
from typing import Any, Final

from twisted.internet import _newtls, abstract, epollreactor, posixbase, tcp, udp, unix

TESTED: Final = ("26.10.0",)
"""The versions of Twisted that the package was tested with."""

METHODS: Final[Mapping[Any, Mapping[str, str]]] = {
    posixbase.PosixReactorBase: {"_disconnectSelectable": "self, selectable, why, isRead"},
    posixbase._PollLikeMixin: {"_doReadOrWrite": "self, selectable, fd, event"},
    abstract.FileDescriptor: {"_maybePauseProducer": "self"},
    tcp.Connector: {"_makeTransport": "self"},
    unix.Connector: {"_makeTransport": "self"},
    tcp.Port: {
        "_buildAddr": "self, address",
        "_getLogPrefix": "self, applicationObject",
        "_fromListeningDescriptor": "reactor, fd, addressFamily, factory",
    },
    tcp.Server: {"_fromConnectedSocket": "fileDescriptor, addressFamily, factory, reactor"},
    unix.Server: {"_fromConnectedSocket": "fileDescriptor, factory, reactor"},
    unix.Port: {"_buildAddr": "self, name"},
    unix.DatagramPort: {"_bindSocket": "self"},
    udp.Port: {"_getLogPrefix": "self, applicationObject"},
    _newtls: {"startTLS": "transport, contextFactory, normal, bypass"},
}
"""Methods, with their parameters up to the first that has a default."""

ATTRIBUTES: Final[Mapping[Any, tuple[str, ...]]] = {
    posixbase: ("_NO_FILEDESC",),
    posixbase.PosixReactorBase: ("_supportedAddressFamilies", "_signals"),
    tcp: ("_reservedFD",),
    tcp.Port: ("_realPortNumber",),
    udp.Port: ("_preexistingSocket",),
    tcp.Server: (
        "_writeDisconnected",
        "_writeDisconnecting",
        "_aborting",
        "_shouldShutdown",
        "_addressType",
    ),
}
"""Attributes of classes and modules."""

IN_INSTANCES: Final[Mapping[Any, tuple[str, ...]]] = {
    abstract.FileDescriptor: ("_tempDataBuffer", "_tempDataLen"),
    unix._SendmsgMixin: ("_sendmsgQueue",),
    posixbase.PosixReactorBase: ("_started", "_justStopped"),
    epollreactor.EPollReactor: ("_poller", "_selectables"),
    unix.Port: ("_bindPath",),
    udp.Port: ("_connectedAddr",),
}
"""Attributes that ``__init__`` sets."""


def missing() -> Iterator[str]:
    """What is not, or not as it was, in the Twisted that runs."""
    for owner, methods in METHODS.items():
        for name, expected in methods.items():
            method = getattr(owner, name, None)
            found = None if method is None else _required(method)
            if found != expected:
                yield f"{_name(owner)}.{name}({expected})"
    for owner, names in ATTRIBUTES.items():
        yield from (f"{_name(owner)}.{name}" for name in names if not hasattr(owner, name))
    for owner, names in IN_INSTANCES.items():
        set_there = {name for base in owner.__mro__ for name in _assigned(base)}
        yield from (f"{_name(owner)}().{name}" for name in names if name not in set_there)


def _required(method: Any) -> str:
    parameters = signature(method).parameters.values()
    return ", ".join(p.name for p in parameters if p.default is p.empty)


def _assigned(owner: Any) -> tuple[str, ...]:
    code = getattr(vars(owner).get("__init__"), "__code__", None)
    return () if code is None else code.co_names


def _name(owner: Any) -> str:
    return str(getattr(owner, "__qualname__", owner.__name__))
