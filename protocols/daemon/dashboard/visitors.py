"""Who may see the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from ipaddress import ip_address
from typing import Final

from protocols.guard.access import Access
from protocols.guard.access.admission import local_time
from protocols.guard.access.facts import facts_of
from protocols.http import HTTPError, RequestHead
from protocols.peer_address import without_port
from protocols.session import Peer

PASSED_ON: Final = (
    *("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"),
    *("x-real-ip", "via"),
)
"""Fields that say that a proxy has passed a request on, trusted or not."""

ADD: Final = "add `auth: {basic: users.htpasswd}` to it, or rules of `access` about certificates or users"

ELSEWHERE: Final = f"Without a login this page is for this machine only. For others, {ADD}, in the YAML"
PROXIED: Final = (
    f"A proxy has passed this on, and without a login this page is for this machine only. For others, {ADD}, "
    "in the YAML"
)
OTHER_NAME: Final = (
    "Without a login this page goes by the names localhost, 127.0.0.1 and [::1] only. For other names, "
    f"{ADD}, in the YAML"
)


class Visitors:
    """Lets those see the page who have proved who they are, and, where nobody has to, those of this machine.

    :param login: whether the route asks for a login: then whoever comes here has proved it.
    :param accesses: the rules that stand in front of the page; whoever may pass because of who they have
        proved to be, by a certificate or otherwise, may see it.
    :param certified: whether everybody who comes by TLS has to show a certificate.
    :param balanced: whether load balancers say whose connections they bring: this machine may be theirs.
    """

    def __init__(
        self,
        *,
        login: bool = False,
        accesses: Sequence[Access] = (),
        certified: bool = False,
        balanced: bool = False,
        moment: Callable[[], datetime] = local_time,
    ) -> None:
        self._login = login
        self._accesses = tuple(accesses)
        self._certified = certified
        self._balanced = balanced
        self._moment = moment

    def check(self, request: RequestHead) -> None:
        """Raises :class:`HTTPError` (403), which says what the operator can do about it, if whoever makes
        `request` may not see the page."""
        if self._login or self._has_proved(request.peer):
            return
        # Who stands behind a proxy is only as near as the proxy says, and not every one of them is named by
        # `trusted`: nothing that has been passed on counts as being from here.
        if any(name in request.headers for name in PASSED_ON):
            raise HTTPError(403, PROXIED)
        if self._balanced or not is_near(request.peer):
            raise HTTPError(403, ELSEWHERE)
        # A page of elsewhere whose name leads here all of a sudden (DNS rebinding) would read this one.
        if not is_near_name(request.host):
            raise HTTPError(403, OTHER_NAME)

    def _has_proved(self, peer: Peer) -> bool:
        if self._certified and peer.certificate is not None:
            return True
        facts = facts_of(peer, self._moment(), final=True)
        for access in self._accesses:
            decision = access.decide(facts)
            if decision.allowed and decision.index is not None:
                selector = access.rules[decision.index].selector
                if selector.certificates is not None or selector.users is not None:
                    return True
        return False


def is_near(peer: Peer) -> bool:
    """Whether `peer` is a process of this machine: it comes by a loopback address, or a Unix socket."""
    return peer.credentials is not None or _is_loopback(peer.host)


def is_near_name(host: str) -> bool:
    """Whether `host`, which may have a port, is what this machine calls itself."""
    name = without_port(host)
    return name.lower().rstrip(".") == "localhost" or _is_loopback(name.removeprefix("[").removesuffix("]"))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
