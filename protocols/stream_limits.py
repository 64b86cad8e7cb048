"""The limits of stream connections, each with its reason."""

CORK_LIMIT = 64 * 1024
"""Bytes of replies gathered before they are written although the read is not answered whole: what one
read can make a handler say is not bounded by the size of the read."""

CLOSE_NOTIFY = 10.0
"""Seconds a TLS peer may take to fetch the last of what was sent and to say that it closes too."""

BATCH = 16
"""Messages of one read that a session may answer before the size of its replies is looked at."""

LINGER = 2.0
"""Seconds a peer may go on sending after its connection was closed on it, so that it can read why."""

IDLE = 300.0
"""Seconds without a byte in either direction after which a connection is given up."""

CONNECTIONS = 1000
"""Connections of one factory at a time: well below the 1024 descriptors a process commonly may open."""

FIRST_BYTE = 30.0
"""Seconds after which a connection is given up on which nothing was ever said, by nobody: long enough for a
person who types, and all that connections cost which only hold a place."""

OUTPUT = 1024 * 1024
"""Bytes that a handler may say to a peer that does not read: what comes between being told to pause and doing
so.  A handler that never pauses would fill the memory."""

MESSAGE_TIME = 60.0
"""Seconds in which a message has to come whole that has begun, and one more for every :data:`MESSAGE_RATE`
bytes of it: time for a person who types and for the slowest line, and not for who only holds a place."""

MESSAGE_RATE = 500
"""Bytes a second, as the content of a request of HTTP has to come with."""

QUIET = 1.0
"""Seconds that a connection which has just come is given for its first message when its service ends: longer
than that takes to come."""
