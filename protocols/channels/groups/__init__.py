"""Those who share the messages of a channel: each message goes to one of them, until it is dealt with."""

from protocols.channels.groups.group import Group
from protocols.channels.groups.membership import Member, Membership
from protocols.channels.groups.reading import GroupReading
from protocols.channels.groups.terms import GroupTerms

__all__ = ["Group", "GroupReading", "GroupTerms", "Member", "Membership"]
