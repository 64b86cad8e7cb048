"""Who may use a service: rules in order, of which the first that matches decides.

The objects here know no connection and no clock: whoever asks says what is known of a peer, and when it is.
So the same ones decide at run time and explain a decision beforehand.
"""

from protocols.guard.access.access import Access, Decision, Rule
from protocols.guard.access.admission import Admission
from protocols.guard.access.certificate_pattern import CertificatePattern
from protocols.guard.access.datagrams import guard_datagrams
from protocols.guard.access.factory import AccessFactory, Refusal
from protocols.guard.access.facts import UNKNOWN, Facts, Unknown, facts_of
from protocols.guard.access.hours import Hours
from protocols.guard.access.selector import Selector

__all__ = [
    "UNKNOWN",
    "Access",
    "AccessFactory",
    "Admission",
    "CertificatePattern",
    "Decision",
    "Facts",
    "Hours",
    "Refusal",
    "Rule",
    "Selector",
    "Unknown",
    "facts_of",
    "guard_datagrams",
]
