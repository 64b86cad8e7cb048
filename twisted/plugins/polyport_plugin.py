"""Tells twistd that there is a ``polyport`` sub-command, and imports none of it."""

from twisted.application.service import ServiceMaker

polyport = ServiceMaker(
    "polyport",
    "protocols.daemon.twistd",
    "Functions, files and built-ins on TCP, UDP, Unix sockets, TLS and HTTP, from one YAML file.",
    "polyport",
)
