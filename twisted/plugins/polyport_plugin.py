"""Tells twistd that there are a sub-command and a reactor called ``polyport``, and imports neither."""

from twisted.application.reactors import Reactor
from twisted.application.service import ServiceMaker

polyport = ServiceMaker(
    "polyport",
    "protocols.daemon.twistd",
    "Functions, files and built-ins on TCP, UDP, Unix sockets, TLS and HTTP, from one YAML file.",
    "polyport",
)

reactor = Reactor("polyport", "protocols.reactor", "epoll(7) with asyncio inside, near uvloop's speed.")
