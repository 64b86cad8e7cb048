"""Fair limits: how much of a service one source may have, and what becomes of one that wants more.

Whom limits count as one, a *source*, is an IPv4 address, an IPv6 /64 or a user of this machine
(:class:`Sources`).  A :class:`Ledger` counts the connections of each, a :class:`Lobby` has those wait that
are too many, an :class:`AdmissionFactory` stands with it in front of a service; a :class:`Throttle` slows
down who sends too much, a :class:`DatagramLimits` drops it.  :class:`Penalties` remember who would not stop.
A :class:`DropWatch` counts what was too much for the kernel.
"""

from protocols.guard.limits.acquaintances import Acquaintances
from protocols.guard.limits.admission import AdmissionFactory
from protocols.guard.limits.datagrams import DatagramLimits
from protocols.guard.limits.drop_watch import DropWatch
from protocols.guard.limits.ledger import Ledger
from protocols.guard.limits.lobby import Lobby
from protocols.guard.limits.penalties import Penalties, Penalty
from protocols.guard.limits.source_limits import Over, SourceLimits
from protocols.guard.limits.sources import Sources
from protocols.guard.limits.throttle import Throttle

__all__ = [
    "Acquaintances",
    "AdmissionFactory",
    "DatagramLimits",
    "DropWatch",
    "Ledger",
    "Lobby",
    "Over",
    "Penalties",
    "Penalty",
    "SourceLimits",
    "Sources",
    "Throttle",
]
