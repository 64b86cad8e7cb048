"""``dashboard``: the live page."""

from __future__ import annotations

from pydantic import StrictBool, StrictStr

from protocols.daemon.spec.model import Spec


class DashboardSpec(Spec):
    """A live page of how the daemon is: services, connections, workers, reloads, certificates. Without
    `auth`, or rules of `access` about certificates or users, it is for this machine only."""

    short = "title"

    title: StrictStr | None = None
    """What is looked at; unless said, the name of the machine."""
    actions: StrictBool = False
    """Whether whoever sees the page may reload, drain services, close connections, and forgive sources
    that are shut out."""
    tap: StrictBool = False
    """Whether whoever sees the page may see the messages of a service as they pass."""
