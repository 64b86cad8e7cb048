"""Channels in NATS JetStream, for more than one machine.

It needs nats-py (``pip install 'polyport[nats]'``), and a reactor that runs asyncio; :func:`obstacle` says
what is missing.  All of this can be imported without either.
"""

from protocols.channels.nats.connection import NATSConnection
from protocols.channels.nats.obstacle import obstacle
from protocols.channels.nats.settings import NATSSettings
from protocols.channels.nats.store import NATSStore

__all__ = ["NATSConnection", "NATSSettings", "NATSStore", "obstacle"]
