"""For authors of programs that serve all clients of a service (``program: {mode: shared}``).

It needs nothing but the standard library, and speaks to Polyport over standard input and output::

    from protocols.shared_program import Clients, Message

    clients = Clients()
    for event in clients:
        match event:
            case Message(client, data):
                clients.send(f"{client.peer.host}: {data}", but=client)

For shells there is ``functions.sh`` in the same folder, which programs find as ``$POLYPORT_KIT``.
"""

from pathlib import Path

from protocols.shared_program.clients import Client, Clients
from protocols.shared_program.events import (
    Close,
    End,
    Event,
    Message,
    Open,
    Peer,
    Ready,
    Slow,
    Tick,
)

FOLDER = str(Path(__file__).parent)
"""Where the files for authors are."""

__all__ = [
    "FOLDER",
    "Client",
    "Clients",
    "Close",
    "End",
    "Event",
    "Message",
    "Open",
    "Peer",
    "Ready",
    "Slow",
    "Tick",
]
