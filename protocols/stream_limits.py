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
