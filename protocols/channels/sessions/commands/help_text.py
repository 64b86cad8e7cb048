"""What HELP says."""

from __future__ import annotations

from typing import Final

HELP: Final = tuple(
    line.encode()
    for line in """\
PUB channel [key=K] [id=I] [type=T] [--] body    publish; answered OK and the seq (OK 7 again: id is known)
SUB channel [since=S] [key=K] [format=json]      read; since is new, last, all, a seq, 2h, or a time
SUB channel group=G [format=json]                share the messages; each is to be answered by ACK or NAK
   MSG channel seq body                          comes for each message; in a group MSG channel seq tries body
   JSON channel {...}                            the same as JSON, also where a line cannot hold the body
   MISSED channel n                              so many are left out before the next
   END channel reason                            no more will come
ACK channel seq ...                              these are dealt with
NAK channel seq [delay=2s] [reason]              this is not, and somebody shall try again
UNSUB channel                                    read no more
PING, HELP, QUIT
Values of options are percent-encoded: key=pump%203
A body that begins like an option stands behind --: PUB channel -- a=b
""".splitlines()
)
"""Each a line, of what a terminal holds beside its edge."""
