"""One process, or few, for all clients, which speak a protocol on their standard input and output.

* what is said has a form (:mod:`~protocols.handlers.program.shared.json`,
  :mod:`~protocols.handlers.program.shared.netstrings`, :mod:`~protocols.handlers.program.shared.lines`);
* a :class:`SharedProgram` has places for processes (:mod:`~protocols.handlers.program.shared.instance`);
* a client is whoever has a connection (:mod:`~protocols.handlers.program.shared.session`) or sends datagrams
  (:class:`SharedDatagrams`).
"""

from collections.abc import Mapping
from typing import Final

from protocols.handlers.program.shared.actions import Wire
from protocols.handlers.program.shared.datagrams import SharedDatagrams
from protocols.handlers.program.shared.json import JsonWire
from protocols.handlers.program.shared.lines import LineWire
from protocols.handlers.program.shared.netstrings import NetstringWire
from protocols.handlers.program.shared.program import SharedProgram

WIRES: Final[Mapping[str, Wire]] = {"json": JsonWire(), "netstrings": NetstringWire(), "lines": LineWire()}
"""The forms of the protocol by their names."""

__all__ = [
    "WIRES",
    "JsonWire",
    "LineWire",
    "NetstringWire",
    "SharedDatagrams",
    "SharedProgram",
    "Wire",
]
