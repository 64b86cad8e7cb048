"""Lines kept in SQLite as a small program would: a transaction for each, on disk before it is answered."""

from __future__ import annotations

import sqlite3
import sys

from twisted.internet import epollreactor

epollreactor.install()

from twisted.internet import reactor  # noqa: E402
from twisted.internet.protocol import Factory  # noqa: E402
from twisted.protocols.basic import LineOnlyReceiver  # noqa: E402

database = sqlite3.connect(sys.argv[2], isolation_level=None)
database.execute("PRAGMA journal_mode=WAL")
database.execute("PRAGMA synchronous=FULL")
database.execute("CREATE TABLE messages (seq INTEGER PRIMARY KEY, body BLOB)")


class Publisher(LineOnlyReceiver):
    delimiter = b"\n"

    def lineReceived(self, line: bytes) -> None:
        kept = database.execute("INSERT INTO messages (body) VALUES (?)", (line,))
        self.sendLine(b"OK %d" % kept.lastrowid)


reactor.listenTCP(int(sys.argv[1]), Factory.forProtocol(Publisher), interface="127.0.0.1")
reactor.run()
