"""The prefix of legacy log lines, found out when a line is written.

Twisted's reactors enter a logging context around each event, so that ``twisted.python.log`` can say whose
it was; that costs more than reading from a socket.  Here the reactor notes whom it serves, and the
outermost context, which is asked when something is logged, looks there.
"""

from __future__ import annotations

import threading
from typing import Any

from twisted.python import context
from twisted.python.log import ILogContext


class LogPrefix(dict[Any, Any]):
    """The outermost logging context of a process.

    .. attribute:: served

       The descriptor that the reactor is serving; ``None`` between two events.
    """

    def __init__(self, outermost: dict[Any, Any]) -> None:
        super().__init__(outermost)
        self.served: Any = None
        self._thread = threading.get_ident()

    def __getitem__(self, key: Any) -> Any:
        if key == "system" and self.served is not None and threading.get_ident() == self._thread:
            try:
                return self.served.logPrefix()
            except Exception:  # noqa: BLE001 - what is to be logged is logged all the same
                return "(buggy logPrefix method)"
        return super().__getitem__(key)

    def copy(self) -> dict[Any, Any]:
        return {key: self[key] for key in self}


PREFIX = LogPrefix(context.get(ILogContext) or {})
"""In use from the moment it is imported."""

context.setDefault(ILogContext, PREFIX)
